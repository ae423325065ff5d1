// The two PeerConnections of a participant: "up" sends, "down" receives.
//
// Up offers and the program answers; the program offers and Down answers.
// Both handle one description at a time, in order.

const disconnectedPatience = 2000
const restartPatience = 6000
const answerPatience = 8000

/** The three layers of a camera, in the order Janus wants: high, medium, low. */
const layers = [
  { rid: 'h', maxBitrate: 1_500_000, scaleResolutionDownBy: 1 },
  { rid: 'm', maxBitrate: 450_000, scaleResolutionDownBy: 2 },
  { rid: 'l', maxBitrate: 150_000, scaleResolutionDownBy: 4 },
]

/** @typedef {'microphone'|'camera'|'screen'} Kind */

/**
 * @typedef {Object} PeerHandlers
 * @property {(message: Object) => void} send
 * @property {(connected: boolean) => void} changed  ICE has found a path, or has lost it.
 */

/** What Up and Down have in common: candidates, and watching over ICE. */
class Peer {
  #name
  #handlers
  #candidates = []
  #timer = 0
  closed = false

  /**
   * @param {'up'|'down'} name
   * @param {RTCIceServer[]} iceServers
   * @param {PeerHandlers} handlers
   */
  constructor(name, iceServers, handlers) {
    this.#name = name
    this.#handlers = handlers
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' })
    this.pc.onicecandidate = ({ candidate }) => this.#found(candidate)
    this.pc.oniceconnectionstatechange = () => this.#watch()
  }

  get connected() {
    return ['connected', 'completed'].includes(this.pc.iceConnectionState)
  }

  send(message) {
    if (!this.closed) this.#handlers.send(message)
  }

  /** Takes a candidate of Janus, which may come before the description it belongs to. */
  candidate(candidate) {
    if (!candidate) return
    if (this.pc.remoteDescription) this.#add(candidate)
    else this.#candidates.push(candidate)
  }

  /** Adds the candidates that came before the remote description. */
  addCandidates() {
    for (const candidate of this.#candidates.splice(0)) this.#add(candidate)
  }

  close() {
    this.closed = true
    clearTimeout(this.#timer)
    this.pc.onicecandidate = this.pc.oniceconnectionstatechange = null
    this.pc.close()
  }

  /** Asks for an ICE restart, and again until there is a connection. */
  restart() {
    if (this.closed) return
    this.restartICE()
    this.#restartIn(restartPatience)
  }

  #found(candidate) {
    if (candidate?.candidate === '') return
    const message = candidate && {
      candidate: candidate.candidate,
      sdpMid: candidate.sdpMid,
      sdpMLineIndex: candidate.sdpMLineIndex,
    }
    this.send({ type: 'candidate', pc: this.#name, candidate: message })
  }

  #add(candidate) {
    // A candidate from before an ICE restart is refused, and not needed.
    this.pc.addIceCandidate(candidate).catch(() => {})
  }

  #watch() {
    clearTimeout(this.#timer)
    switch (this.pc.iceConnectionState) {
      case 'connected':
      case 'completed':
        this.#handlers.changed(true)
        break
      case 'checking':
        this.#restartIn(2 * restartPatience)
        break
      case 'disconnected':
        this.#handlers.changed(false)
        this.#restartIn(disconnectedPatience)
        break
      case 'failed':
        this.#handlers.changed(false)
        this.restart()
        break
    }
  }

  #restartIn(milliseconds) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (!this.connected) this.restart()
    }, milliseconds)
  }
}

/** The PeerConnection that sends. */
export class Up extends Peer {
  /** @type {Map<Kind, RTCRtpTransceiver>} */
  #transceivers = new Map()
  #number = 0
  #open = null // the message whose answer is awaited
  #busy = false // an offer is made or an answer is taken
  #wanted = false
  #wantedRestart = false
  #waiting = 0 // timer

  #failed
  #unanswered

  /**
   * @param {RTCIceServer[]} iceServers
   * @param {PeerHandlers & {failed: () => void, unanswered: () => void}} handlers
   */
  constructor(iceServers, handlers) {
    super('up', iceServers, handlers)
    this.#failed = handlers.failed
    this.#unanswered = handlers.unanswered
  }

  /**
   * Sends a track, another one in its place, or none. A camera or a microphone
   * that stops keeps its place, a screen is taken out of the description.
   * @param {Kind} kind
   * @param {MediaStreamTrack|null} track
   */
  async setTrack(kind, track) {
    const transceiver = this.#transceivers.get(kind)
    if (!transceiver) {
      if (track) this.#add(kind, track)
      return
    }
    const direction = !track && kind === 'screen' ? 'inactive' : 'sendonly'
    await transceiver.sender.replaceTrack(track).catch(() => this.#fail())
    if (this.closed || transceiver.direction === direction) return
    transceiver.direction = direction
    this.#negotiate()
  }

  restartICE() {
    if (this.#transceivers.size === 0) return
    this.#wantedRestart = true
    this.#negotiate()
  }

  /**
   * Takes the answer to the open offer. Others are dropped.
   * @param {{sdp: string, offer?: number}} answer
   */
  async answered(answer) {
    const expected = this.#open && (answer.offer ?? this.#open.offer) === this.#open.offer
    if (!expected || this.#busy) return
    this.#busy = true
    try {
      await this.pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp })
    } catch {
      return this.#fail()
    }
    this.#open = null
    this.#busy = false
    clearTimeout(this.#waiting)
    this.addCandidates()
    this.#next()
  }

  /** Sends the open offer again, with the candidates found by now. */
  resend() {
    if (this.#open) this.#publish({ ...this.#open, sdp: this.pc.localDescription.sdp })
  }

  close() {
    clearTimeout(this.#waiting)
    super.close()
  }

  /** The kind of what is sent as this mid. */
  kind(mid) {
    for (const [kind, transceiver] of this.#transceivers) {
      if (transceiver.mid === mid) return kind
    }
  }

  #add(kind, track) {
    const init = { direction: 'sendonly', streams: [new MediaStream([track])] }
    if (kind === 'camera') init.sendEncodings = layers.map((layer) => ({ ...layer }))
    this.#transceivers.set(kind, this.pc.addTransceiver(track, init))
    this.#negotiate()
  }

  #negotiate() {
    this.#wanted = true
    // What is added at the same time goes into the same offer.
    queueMicrotask(() => this.#next())
  }

  async #next() {
    if (!this.#wanted || this.#open || this.#busy || this.closed) return
    const restart = this.#wantedRestart
    this.#busy = true
    this.#wanted = this.#wantedRestart = false
    try {
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: restart }))
    } catch {
      return this.#fail()
    }
    this.#busy = false
    if (this.closed) return
    this.#publish({
      type: 'publish',
      offer: ++this.#number,
      sdp: this.pc.localDescription.sdp,
      streams: this.#streams(),
      restart,
    })
  }

  #publish(message) {
    this.#open = message
    this.send(message)
    clearTimeout(this.#waiting)
    this.#waiting = setTimeout(this.#unanswered, answerPatience)
  }

  #fail() {
    if (!this.closed) this.#failed()
  }

  #streams() {
    const streams = []
    for (const [kind, { mid, direction }] of this.#transceivers) {
      if (direction === 'sendonly') streams.push({ mid, kind })
    }
    return streams
  }
}

/**
 * @typedef {Object} Incoming  A stream that comes in.
 * @property {string} mid
 * @property {string} participant
 * @property {Kind} kind
 * @property {boolean} [simulcast]
 * @property {MediaStreamTrack} track
 * @property {number} [layer]  The layer that comes in, once the program has said so.
 */

/** The PeerConnection that receives. */
export class Down extends Peer {
  #streams
  #failed
  #chain = Promise.resolve()

  /**
   * @param {RTCIceServer[]} iceServers
   * @param {PeerHandlers & {streams: (streams: Incoming[]) => void, failed: () => void}} handlers
   */
  constructor(iceServers, handlers) {
    super('down', iceServers, handlers)
    this.#streams = handlers.streams
    this.#failed = handlers.failed
  }

  /** Takes an offer and answers it. Offers are taken in the order they come. */
  offered(offer) {
    this.#chain = this.#chain.then(() => this.#answer(offer)).catch(() => {
      if (!this.closed) this.#failed()
    })
  }

  restartICE() {
    this.send({ type: 'restart', pc: 'down' })
  }

  async #answer(offer) {
    if (this.closed) return
    await this.pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp })
    this.addCandidates()
    await this.pc.setLocalDescription(await this.pc.createAnswer())
    if (this.closed) return
    this.send({ type: 'answer', offer: offer.offer, sdp: this.pc.localDescription.sdp })
    this.#streams(this.#incoming(offer.streams ?? []))
  }

  #incoming(streams) {
    const transceivers = new Map(this.pc.getTransceivers().map((t) => [t.mid, t]))
    return streams
      .filter(({ mid }) => transceivers.get(mid)?.currentDirection === 'recvonly')
      .map((stream) => ({ ...stream, track: transceivers.get(stream.mid).receiver.track }))
  }
}
