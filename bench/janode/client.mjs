// This program is the contender Janode. Like the Go contenders it connects to a
// server, answers with a result, and then does the rounds of work that it reads
// from its standard input, one JSON object a line, each answered with a result.
//
//   node --expose-gc client.mjs ws://127.0.0.1:8188/

import { createInterface } from 'node:readline';
import Janode from 'janode';
import EchoTest from 'janode/plugins/echotest';
import VideoRoom from 'janode/plugins/videoroom';

const url = process.argv[2];
const attachesAtOnce = 64;

Janode.Logger.setLevel('none');

const connect = async () => {
  const connection = await Janode.connect({ address: { url } });
  return { connection, session: await connection.create() };
};

const main = await connect();
const handles = [];
const extra = [];
let echo;
let left = 0; // events of a stream that were not yet delivered
let allRead;

// spread calls f n times, inFlight at a time.
const spread = async (n, inFlight, f) => {
  let started = 0;
  const worker = async () => {
    while (started < n) {
      started++;
      await f();
    }
  };
  await Promise.all(Array.from({ length: Math.min(n, inFlight) }, worker));
};

const read = () => {
  if (--left === 0) allRead();
};

const attach = async (isRead) => {
  const handle = await main.session.attach(VideoRoom);
  if (isRead) handle.on(VideoRoom.EVENT.VIDEOROOM_PUB_LIST, read);
  handles.push(handle);
};

const works = {
  keepalive: ({ n, inFlight }) =>
    spread(n, inFlight, () => main.session.sendRequest({ janus: 'keepalive' })),
  message: async ({ n, inFlight }) => {
    echo ??= await main.session.attach(EchoTest);
    await spread(n, inFlight, () => echo.message({ audio: true }));
  },
  attach: ({ n }) => spread(n, attachesAtOnce, () => attach(true)),
  idle: ({ n }) => spread(n, attachesAtOnce, () => attach(false)),
  stream: async ({ n, handles: to }) => {
    left = n;
    const done = new Promise((resolve) => { allRead = resolve; });
    await handles[0].message({ request: 'stream', events: n, handles: to });
    await done;
  },
  sessions: ({ n }) => spread(n, attachesAtOnce, () => main.connection.create()),
  connect: ({ n }) => spread(n, 1, async () => extra.push(await connect())),
};

// heldBytes is what the heap holds when all garbage is gone.
const heldBytes = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

const play = async (round) => {
  const settled = round.work === 'idle' || round.work === 'sessions';
  const held = settled ? heldBytes() : 0;
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await works[round.work](round);
  const wallNs = Number(process.hrtime.bigint() - start);
  const { user, system } = process.cpuUsage(cpu);
  const result = { n: round.n, wallNs, cpuNs: (user + system) * 1000 };
  if (settled) result.held = heldBytes() - held;
  while (extra.length > 0) await extra.pop().connection.close();
  return result;
};

const answer = (result) => console.log(JSON.stringify(result));

answer({});
for await (const line of createInterface({ input: process.stdin })) {
  const round = JSON.parse(line);
  if (round.work in works) {
    answer(await play(round).catch((error) => ({ error: error.message || String(error) })));
  } else {
    answer({ error: 'unsupported operation' });
  }
}
process.exit();
