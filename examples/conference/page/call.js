// A participant's side of the protocol: joining, the two PeerConnections, and going on after
// the loss of the socket, of the network or of Janus. It knows nothing of the document.

import { Signaling } from './signaling.js'
import { complete } from './participant.js'
import { Down, Up } from './peers.js'

const longestPause = 8000
const joinAttempts = 20
const quiet = 30_000 // without a failure for so long, the next one is the first again

/** @typedef {import('./peers.js').Kind} Kind */
/** @typedef {import('./peers.js').Incoming} Incoming */
/** @typedef {import('./participant.js').Participant} Participant */

/**
 * @typedef {Object} CallHandlers
 * @property {(welcome: {id: string, room: string, resumed: boolean}) => void} joined
 * @property {(problem: string) => void} interrupted  The call goes on by itself.
 * @property {(stalled: boolean) => void} stalled  Pictures and sound have stopped, or go on.
 * @property {(error: {code: string, message: string}) => void} refused  The first join was refused.
 * @property {(message: string) => void} ended
 * @property {(message: string) => void} notice
 * @property {(participants: Participant[]) => void} participants  All who are there, at the start or after a gap.
 * @property {(participant: Participant, before: Participant|undefined) => void} changed
 * @property {(participant: Participant, reason: string) => void} left
 * @property {(streams: Incoming[]) => void} streams
 * @property {(mid: string, substream: number) => void} layer
 */

export class Call {
  #on
  #signaling
  #request // room and name
  #token = ''
  #joined = false // what is sent now reaches the program
  #wasJoined = false
  #attempts = 0
  #unanswered = 0
  #pause = 0
  #failurePause = 0
  #failedAt = -quiet
  #timer = 0
  #held = [] // candidates found while there was no socket
  #networkChanged = false
  #iceServers = []
  /** @type {Map<Kind, MediaStreamTrack>} */
  #tracks = new Map()

  id = ''
  /** @type {Map<string, Participant>} */
  participants = new Map()
  /** @type {Up|null} */
  up = null
  /** @type {Down|null} */
  down = null

  /** @param {CallHandlers} handlers */
  constructor(handlers) {
    this.#on = handlers
    this.#signaling = new Signaling({
      opened: () => this.#sendJoin(),
      received: (message) => this.#receive(message),
      lost: () => this.#lost(),
    })
  }

  get socket() {
    return this.#signaling.socket
  }

  /** Joins a room. The tracks can be set before or after that. */
  join(room, name) {
    this.#request = { room, name }
    this.#signaling.connect()
  }

  /** Leaves for good. The tracks stay with the caller. */
  leave() {
    this.#signaling.send({ type: 'leave' })
    this.#close()
  }

  send(message) {
    if (this.#joined) this.#signaling.send(message)
    else if (message.type === 'candidate') this.#held.push(message)
  }

  /**
   * Sends a track from now on, or nothing. Whether its track is enabled tells
   * the others that a microphone is muted: see sendState.
   * @param {Kind} kind
   * @param {MediaStreamTrack|null} track
   */
  setTrack(kind, track) {
    if (track) this.#tracks.set(kind, track)
    else this.#tracks.delete(kind)
    this.up?.setTrack(kind, track)
    this.sendState()
  }

  /** Tells the others whether camera and microphone are on. */
  sendState() {
    const on = (kind) => Boolean(this.#tracks.get(kind)?.enabled)
    this.send({ type: 'state', camera: on('camera'), microphone: on('microphone') })
  }

  /** Asks for a layer of a camera: 0 is the smallest, 2 the largest. */
  sendLayer(mid, substream) {
    this.send({ type: 'layer', mid, substream })
  }

  /** The network has changed: the socket and the paths of the media may be dead. */
  networkChanged() {
    if (!this.#request) return
    this.#networkChanged = true
    this.#interrupt('The network has changed. Connecting again …')
    this.#signaling.connect()
  }

  // Joining

  #sendJoin() {
    clearTimeout(this.#timer)
    const resume = this.#token || undefined
    this.#signaling.send({ type: 'join', ...this.#request, resume })
  }

  #lost() {
    this.#interrupt(
      this.#wasJoined
        ? 'The connection is lost. Connecting again …'
        : 'The conference server cannot be reached. Trying again …',
    )
  }

  #interrupt(problem) {
    this.#joined = false
    this.#on.interrupted(problem)
  }

  #receive(message) {
    // What concerns the PeerConnections of before a restart is out of date.
    const ofPeers = ['answer', 'offer', 'candidate', 'pc'].includes(message.type)
    if (ofPeers && !this.#joined) return
    this.#handlers[message.type]?.(message)
  }

  /** What is done with each type of message. Types that are not known are ignored. */
  #handlers = {
    welcome: (message) => this.#welcome(message),
    waiting: ({ message }) => this.#waiting(message),
    restart: () => this.#rejoin('The conference server was restarted. Joining again …'),
    ended: ({ message }) => this.#end(message),
    error: (message) => this.#error(message),
    participant: ({ participant }) => this.#changed(participant),
    left: ({ id, reason }) => this.#left(id, reason),
    answer: (message) => {
      this.#unanswered = 0
      this.up?.answered(message)
    },
    offer: (message) => this.#offered(message),
    candidate: ({ pc, candidate }) => this.#peer(pc)?.candidate(candidate),
    pc: ({ pc, state }) => state === 'hangup' && this.#hungUp(pc),
    layer: ({ mid, substream }) => this.#on.layer(mid, substream),
  }

  #welcome(message) {
    this.id = message.id
    this.#token = message.token
    this.#iceServers = message.iceServers ?? []
    this.#joined = this.#wasJoined = true
    this.#attempts = 0
    this.participants = new Map(message.participants.map((p) => [p.id, complete(p)]))
    if (!message.resumed) this.#closePeers()
    this.#on.joined({ id: message.id, room: message.room, resumed: message.resumed })
    this.#on.participants([...this.participants.values()])
    if (message.resumed) this.#resume()
    else this.#openUp()
    this.sendState()
  }

  /** Sends what was lost with the socket, and looks for new paths if it seems necessary. */
  #resume() {
    if (this.up) this.up.resend()
    else this.#openUp()
    for (const message of this.#held.splice(0)) this.send(message)
    for (const peer of [this.up, this.down]) {
      if (peer && (this.#networkChanged || !peer.connected)) peer.restart()
    }
    this.#networkChanged = false
  }

  /** There is no Janus. The program says when to join again. */
  #waiting(message) {
    this.#token = ''
    this.#interrupt(message || 'The conference server is being restarted …')
  }

  #rejoin(problem) {
    this.#leaveBehind(problem)
    this.#sendJoin()
  }

  /** Forgets the PeerConnections and who one was. */
  #leaveBehind(problem) {
    this.#token = ''
    this.#closePeers()
    this.#interrupt(problem)
  }

  #error({ code, message }) {
    if (this.#joined) {
      this.#on.notice(message)
    } else if (!this.#wasJoined && code !== 'janus') {
      this.#close()
      this.#on.refused({ code, message })
    } else if (++this.#attempts >= joinAttempts) {
      this.#end(message)
    } else {
      this.#token = ''
      this.#interrupt(message)
      this.#timer = setTimeout(() => this.#sendJoin(), 500)
    }
  }

  #end(message) {
    this.#close()
    this.#on.ended(message)
  }

  #close() {
    this.#joined = false
    this.#request = undefined
    clearTimeout(this.#timer)
    this.#signaling.close()
    this.#closePeers()
  }

  // Participants

  #changed(changed) {
    const participant = complete(changed)
    const before = this.participants.get(participant.id)
    this.participants.set(participant.id, participant)
    this.#on.changed(participant, before)
  }

  #left(id, reason) {
    const participant = this.participants.get(id)
    if (!participant) return
    this.participants.delete(id)
    this.#on.left(participant, reason)
  }

  // PeerConnections

  #peer(name) {
    return name === 'up' ? this.up : this.down
  }

  #openUp() {
    this.up?.close()
    this.up = new Up(this.#iceServers, {
      send: (message) => this.send(message),
      changed: (connected) => {
        if (connected) this.#pause = 0
        this.#pathsChanged()
      },
      failed: () => this.#peerFailed(),
      unanswered: () => this.#publishUnanswered(),
    })
    for (const [kind, track] of this.#tracks) this.up.setTrack(kind, track)
  }

  /** Makes a new "up" after a pause that gets longer from one failure to the next. */
  #openUpLater() {
    this.up?.close()
    this.up = null
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#joined && this.#openUp(), this.#pause)
    this.#pause = Math.min(2 * this.#pause + 500, longestPause)
  }

  #openDown() {
    this.down?.close()
    this.down = new Down(this.#iceServers, {
      send: (message) => this.send(message),
      changed: () => this.#pathsChanged(),
      streams: (streams) => this.#on.streams(streams),
      failed: () => this.#peerFailed(),
    })
  }

  #offered(offer) {
    if (offer.fresh || !this.down) this.#openDown()
    this.down.offered(offer)
  }

  /** Makes everything anew, after a pause that gets longer while failures follow each other. */
  #peerFailed() {
    if (!this.#joined) return
    const now = performance.now()
    const again = now - this.#failedAt < quiet
    this.#failurePause = again ? Math.min(2 * this.#failurePause + 500, longestPause) : 0
    this.#failedAt = now
    this.#leaveBehind('The connection has to be made anew. Joining again …')
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#sendJoin(), this.#failurePause)
  }

  /** The socket may be dead without the browser knowing. If another one is no better, all is made anew. */
  #publishUnanswered() {
    if (!this.#joined) return
    if (++this.#unanswered > 1) return this.#rejoin('The conference server does not answer. Joining again …')
    this.#lost()
    this.#signaling.connect()
  }

  #pathsChanged() {
    const stalled = [this.up, this.down].some((peer) => ['disconnected', 'failed'].includes(peer?.pc.iceConnectionState))
    this.#on.stalled(stalled)
  }

  #hungUp(name) {
    if (name === 'up') this.#openUpLater()
    else this.#closeDown()
  }

  #closeDown() {
    this.down?.close()
    this.down = null
    this.#pathsChanged()
    this.#on.streams([])
  }

  #closePeers() {
    this.up?.close()
    this.up = null
    this.#closeDown()
    this.#held = []
    this.#networkChanged = false
  }
}
