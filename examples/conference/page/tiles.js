// The pictures of the participants: one tile for each camera and each screen.

import { icon, make } from './dom.js'
import { grid, spotlight } from './layout.js'

const settleTime = 250

// A layer begins with a key frame, and Janus asks a sender for one at most once a second. What
// is asked for too soon after another layer, of anybody, has to be asked for again.
const retryTimes = [1500, 4000]

/** @typedef {import('./participant.js').Participant} Participant */
/** @typedef {import('./peers.js').Incoming} Incoming */

/** The picture of one camera (with the voice that belongs to it) or of one screen. */
class Tile {
  #mark
  #stream = new MediaStream()
  #track = null // of the picture
  visible = true
  mid = ''
  simulcast = false
  /** @type {number|undefined} The layer that was asked for. */
  asked = undefined
  retry = 0 // timer

  /**
   * @param {Participant} participant
   * @param {'camera'|'screen'} kind
   * @param {boolean} own
   * @param {{picture: () => void, enlarge: (tile: Tile) => void}} handlers
   */
  constructor(participant, kind, own, handlers) {
    this.kind = kind
    this.own = own
    this.initials = make('span', { class: 'initials', 'aria-hidden': 'true' })
    this.name = make('figcaption')
    this.video = make('video', { playsinline: true, autoplay: true, tabindex: '-1' })
    this.video.muted = own
    this.video.srcObject = this.#stream
    this.enlarge = make('button', { class: 'enlarge', type: 'button', 'aria-pressed': 'false' }, icon('enlarge'), icon('shrink'))
    this.enlarge.onclick = () => handlers.enlarge(this)
    this.element = make(
      'figure',
      { class: 'tile', 'data-participant': participant.id, 'data-kind': kind, 'data-own': own },
      this.initials,
      this.video,
      this.name,
      this.enlarge,
    )
    for (const event of ['resize', 'loadeddata', 'emptied']) {
      this.video.addEventListener(event, () => {
        this.#showPicture()
        handlers.picture()
      })
    }
    this.update(participant)
  }

  get height() {
    return this.element.clientHeight
  }

  /** Shows what is known of the participant. */
  update(participant) {
    this.participant = participant
    const label = this.#label()
    const { dataset } = this.element
    dataset.talking = String(this.kind === 'camera' && participant.talking)
    dataset.poor = String(this.kind === 'camera' && participant.poor)
    dataset.hue = String(hue(participant.name))
    this.initials.textContent = initials(participant.name)
    this.video.setAttribute('aria-label', label)
    this.enlarge.setAttribute('aria-label', `Enlarge: ${label}`)
    this.#caption(label)
    this.#showPicture()
  }

  /**
   * Sets what is played.
   * @param {MediaStreamTrack|undefined|null} picture
   * @param {MediaStreamTrack|undefined|null} sound
   */
  setTracks(picture, sound) {
    const tracks = [picture, sound].filter(Boolean)
    const before = this.#stream.getTracks()
    for (const track of before) if (!tracks.includes(track)) this.#stream.removeTrack(track)
    for (const track of tracks) if (!before.includes(track)) this.#stream.addTrack(track)
    this.#track = picture ?? null
    this.#showPicture()
  }

  /** The layer that fits the size of the tile. */
  wantedLayer() {
    if (!this.visible || document.hidden) return 0
    if (this.height >= 480) return 2
    return this.height >= 240 ? 1 : 0
  }

  remove() {
    clearTimeout(this.retry)
    this.video.srcObject = null
    this.element.remove()
  }

  #label() {
    const { name } = this.participant
    if (this.own) return this.kind === 'screen' ? 'Your screen' : `${name} (you)`
    return this.kind === 'screen' ? `${name}’s screen` : name
  }

  #caption(label) {
    const { microphone, muted, talking, poor } = this.participant
    const camera = this.kind === 'camera'
    const parts = []
    if (camera && (!microphone || muted.includes('microphone'))) {
      parts.push(mark('microphone-off', '', 'microphone off'))
    }
    if (camera && talking) parts.push(mark('talking', '', 'talking'))
    parts.push(make('span', { class: 'label' }, label))
    if (camera && poor) parts.push(mark('line', 'Poor line'))
    // The same again would be read out once more.
    const text = parts.map((part) => part.textContent).join('|')
    if (text === this.#mark) return
    this.#mark = text
    this.name.replaceChildren(...parts)
  }

  #showPicture() {
    const { camera, screen, muted } = this.participant
    const on = this.own || (this.kind === 'screen' ? screen : camera) !== false
    const shown = on && Boolean(this.#track) && this.video.videoWidth > 0 && !muted.includes(this.kind)
    this.element.dataset.video = String(shown)
  }
}

/** A small icon in a caption, with text beside it or only for screen readers. */
function mark(name, text, hidden = '') {
  const words = text ? make('span', {}, text) : make('span', { class: 'hidden' }, `, ${hidden}`)
  return make('span', { class: `mark ${name}` }, icon(name), words)
}

function initials(name) {
  const words = name.trim().split(/\s+/)
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return letters.map((word) => [...word][0] ?? '').join('').toUpperCase()
}

/** One of six colors for a name. */
function hue(name) {
  let sum = 0
  for (const character of name) sum = (sum * 7 + character.codePointAt(0)) % 1009
  return sum % 6
}

/** All tiles, and where they are. */
export class Tiles {
  #container
  #on
  /** @type {Map<string, Tile>} by participant and kind */
  #tiles = new Map()
  /** @type {Map<Element, Tile>} */
  #byElement = new Map()
  /** @type {Map<string, Incoming>} by participant and kind */
  #streams = new Map()
  #enlarged = null
  #timer = 0
  #frame = 0
  #ownID = ''
  #sizes
  #sights

  /**
   * @param {HTMLElement} container
   * @param {{layer: (mid: string, substream: number) => void, blocked: () => void}} handlers
   */
  constructor(container, handlers) {
    this.#container = container
    this.#on = handlers
    this.#sizes = new ResizeObserver((entries) => {
      if (entries.some(({ target }) => target === container)) this.#arrangeSoon()
      this.#askSoon()
    })
    this.#sights = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const tile = this.#byElement.get(target) // which may have been removed
        if (tile) tile.visible = isIntersecting
      }
      this.#askSoon()
    })
    this.#sizes.observe(container)
    document.addEventListener('visibilitychange', () => this.#askSoon())
  }

  /** Starts again with only these participants. */
  setParticipants(participants, ownID) {
    this.#ownID = ownID
    const present = new Set(participants.map(({ id }) => id))
    for (const tile of this.#tiles.values()) {
      if (!present.has(tile.participant.id)) this.#remove(tile)
    }
    participants.forEach((participant) => this.setParticipant(participant))
    // A new session at the program starts with the largest layers.
    for (const tile of this.#tiles.values()) tile.asked = undefined
    this.#askSoon()
  }

  setParticipant(participant) {
    this.#tile(participant, 'camera')
    if (this.#streams.has(key(participant.id, 'screen'))) this.#tile(participant, 'screen')
    for (const tile of this.#tiles.values()) {
      if (tile.participant.id === participant.id) tile.update(participant)
    }
  }

  removeParticipant(id) {
    for (const tile of this.#tiles.values()) if (tile.participant.id === id) this.#remove(tile)
  }

  /** Removes all tiles. */
  clear() {
    for (const tile of this.#tiles.values()) this.#remove(tile)
    this.#streams.clear()
  }

  /**
   * Plays what comes in. A stream that is not named has ended.
   * @param {Incoming[]} streams
   * @param {Map<string, Participant>} participants
   */
  setStreams(streams, participants) {
    this.#streams = new Map(streams.map((stream) => [key(stream.participant, stream.kind), stream]))
    for (const { participant, kind } of streams) {
      const known = participants.get(participant)
      if (known && kind === 'screen') this.#tile(known, 'screen')
    }
    for (const tile of this.#tiles.values()) if (!tile.own) this.#attach(tile)
  }

  /** Shows one's own camera or screen. */
  setOwn(participant, kind, track) {
    const existing = this.#tiles.get(key(participant.id, kind))
    if (kind === 'screen' && !track) {
      if (existing) this.#remove(existing)
      return
    }
    const tile = existing ?? this.#tile(participant, kind)
    tile.setTracks(track, null)
    this.#play(tile)
  }

  /** Plays with sound, after the browser has refused to and the user has asked for it. */
  playAll() {
    for (const tile of this.#tiles.values()) {
      tile.video.muted = tile.own
      this.#play(tile)
    }
  }

  #tile(participant, kind) {
    const name = key(participant.id, kind)
    const existing = this.#tiles.get(name)
    if (existing) return existing
    const tile = new Tile(participant, kind, participant.id === this.#ownID, {
      picture: () => this.#askSoon(),
      enlarge: (chosen) => this.#enlarge(chosen),
    })
    this.#tiles.set(name, tile)
    this.#byElement.set(tile.element, tile)
    // One's own tiles come last.
    const next = tile.own ? null : this.#container.querySelector('.tile[data-own]')
    this.#container.insertBefore(tile.element, next)
    this.#sizes.observe(tile.element)
    this.#sights.observe(tile.element)
    this.#attach(tile)
    this.#arrangeSoon()
    return tile
  }

  #attach(tile) {
    if (tile.own) return
    const { id } = tile.participant
    const picture = this.#streams.get(key(id, tile.kind))
    if (tile.kind === 'screen' && !picture) return this.#remove(tile)
    const sound = tile.kind === 'camera' ? this.#streams.get(key(id, 'microphone')) : undefined
    const mid = picture?.mid ?? ''
    if (mid !== tile.mid) tile.asked = undefined
    tile.mid = mid
    tile.simulcast = Boolean(picture?.simulcast)
    tile.setTracks(picture?.track, sound?.track)
    if (picture || sound) this.#play(tile)
    this.#askSoon()
  }

  #remove(tile) {
    this.#sizes.unobserve(tile.element)
    this.#sights.unobserve(tile.element)
    this.#tiles.delete(key(tile.participant.id, tile.kind))
    this.#byElement.delete(tile.element)
    if (this.#enlarged === tile) this.#enlarged = null
    tile.remove()
    this.#arrangeSoon()
  }

  #play(tile) {
    tile.video.play().catch((error) => {
      if (error.name !== 'NotAllowedError') return
      // Pictures without sound are always allowed.
      tile.video.muted = true
      tile.video.play().catch(() => {})
      this.#on.blocked()
    })
  }

  // Places

  #enlarge(tile) {
    this.#enlarged = this.#enlarged === tile ? null : tile
    this.#arrangeSoon()
  }

  /** Several changes at once are one new arrangement. */
  #arrangeSoon() {
    cancelAnimationFrame(this.#frame)
    this.#frame = requestAnimationFrame(() => this.#arrange())
  }

  #arrange() {
    const tiles = [...this.#container.children].map((element) => this.#byElement.get(element))
    const big = this.#enlarged ?? tiles.find((tile) => tile.kind === 'screen' && !tile.own)
    const order = big ? [big, ...tiles.filter((tile) => tile !== big)] : tiles
    const area = { x: 0, y: 0, width: this.#container.clientWidth, height: this.#container.clientHeight }
    const boxes = big ? spotlight(area, order.length) : grid(area, order.length)
    order.forEach((tile, i) => {
      const { element, enlarge } = tile
      const box = boxes[i]
      element.style.translate = `${round(box.x)}px ${round(box.y)}px`
      element.style.width = `${round(box.width)}px`
      element.style.height = `${round(box.height)}px`
      enlarge.setAttribute('aria-pressed', String(tile === this.#enlarged))
      enlarge.hidden = order.length < 2
    })
  }

  // Layers

  #askSoon() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ask(), settleTime)
  }

  #ask() {
    for (const tile of this.#tiles.values()) {
      if (!tile.mid || !tile.simulcast) continue
      const wanted = tile.wantedLayer()
      if (wanted === tile.asked) continue
      this.#request(tile, wanted, retryTimes)
    }
  }

  /** Asks for a layer, and again if another one arrives after some time. */
  #request(tile, layer, [time, ...rest]) {
    const { mid } = tile
    tile.asked = layer
    this.#on.layer(mid, layer)
    clearTimeout(tile.retry)
    if (!time) return
    tile.retry = setTimeout(() => {
      const stream = this.#streams.get(key(tile.participant.id, tile.kind))
      if (tile.mid === mid && tile.asked === layer && stream?.layer !== layer) this.#request(tile, layer, rest)
    }, time)
  }
}

function key(participant, kind) {
  return `${participant}/${kind}`
}

function round(x) {
  return Math.round(x * 100) / 100
}
