// Numbers about the call: a summary of getStats, and whether the line is poor.

import { Call } from './call.js'

const interval = 2000
const poorLoss = 0.05
const poorRoundTrip = 0.4

/**
 * A plain summary of getStats of both PeerConnections.
 * @param {Call} call
 * @param {import('./peers.js').Incoming[]} streams
 */
export async function summary(call, streams) {
  const [up, down] = await Promise.all([reports(call.up), reports(call.down)])
  const known = new Map(streams.map((stream) => [stream.mid, stream]))
  return {
    up: up
      .filter(({ type }) => type === 'outbound-rtp')
      .map((report) => ({
        mid: report.mid,
        kind: call.up?.kind(report.mid),
        rid: report.rid,
        bytesSent: report.bytesSent,
        packetsSent: report.packetsSent,
        framesSent: report.framesSent,
        width: report.frameWidth,
        height: report.frameHeight,
      })),
    down: down
      .filter(({ type }) => type === 'inbound-rtp')
      .map((report) => ({
        mid: report.mid,
        participant: known.get(report.mid)?.participant,
        kind: known.get(report.mid)?.kind,
        simulcast: known.get(report.mid)?.simulcast,
        layer: known.get(report.mid)?.layer,
        bytesReceived: report.bytesReceived,
        packetsReceived: report.packetsReceived,
        packetsLost: report.packetsLost,
        framesDecoded: report.framesDecoded,
        framesPerSecond: report.framesPerSecond,
        width: report.frameWidth,
        height: report.frameHeight,
        jitter: report.jitter,
      })),
    roundTripTime: roundTrip([...up, ...down]),
  }
}

/**
 * Watches the line of a call, and says when it gets poor or good again: after
 * two measurements that agree.
 * @param {Call} call
 * @param {(poor: boolean) => void} changed
 * @returns {() => void} stops
 */
export function watchLine(call, changed) {
  let before = { received: 0, lost: 0 }
  let said = false
  let agreed = 0
  const timer = setInterval(async () => {
    const [up, down] = await Promise.all([reports(call.up), reports(call.down)])
    const now = received(down)
    const poor =
      lossUp(up) > poorLoss || lossDown(before, now) > poorLoss || (roundTrip([...up, ...down]) ?? 0) > poorRoundTrip
    before = now
    agreed = poor === said ? 0 : agreed + 1
    if (agreed < 2) return
    said = poor
    agreed = 0
    changed(poor)
  }, interval)
  return () => clearInterval(timer)
}

async function reports(peer) {
  if (!peer || peer.closed) return []
  return [...(await peer.pc.getStats()).values()]
}

/** The loss that the receiver of our media has seen last, as a fraction. */
function lossUp(up) {
  const losses = up.filter(({ type }) => type === 'remote-inbound-rtp').map(({ fractionLost }) => fractionLost ?? 0)
  return Math.max(0, ...losses)
}

function received(down) {
  const inbound = down.filter(({ type }) => type === 'inbound-rtp')
  return {
    received: inbound.reduce((sum, { packetsReceived = 0 }) => sum + packetsReceived, 0),
    lost: inbound.reduce((sum, { packetsLost = 0 }) => sum + packetsLost, 0),
  }
}

function lossDown(before, now) {
  const packets = now.received - before.received
  const lost = now.lost - before.lost
  return packets > 0 && lost > 0 ? lost / (packets + lost) : 0
}

/** The longest round trip of the paths in use, in seconds. */
function roundTrip(reports) {
  const trips = reports
    .filter(({ type, state, nominated }) => type === 'candidate-pair' && state === 'succeeded' && nominated)
    .map(({ currentRoundTripTime }) => currentRoundTripTime)
    .filter((trip) => trip !== undefined)
  return trips.length > 0 ? Math.max(...trips) : undefined
}
