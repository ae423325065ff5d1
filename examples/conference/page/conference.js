// The page of the conference: the form, the buttons and what they do.

import { byID, make } from './dom.js'
import { Call } from './call.js'
import { canShareScreen, explain, open, openAll, openScreen } from './media.js'
import { showPeople } from './people.js'
import { summary, watchLine } from './quality.js'
import { Tiles } from './tiles.js'

const eventTime = 6000

const room = new URLSearchParams(location.search).get('room') ?? ''

/** @type {Map<import('./peers.js').Kind, MediaStreamTrack>} One's own camera, microphone and screen. */
const tracks = new Map()
/** Kinds that are being opened at the moment. */
const opening = new Set()

/** @type {Call|null} */
let call = null
/** @type {import('./peers.js').Incoming[]} What comes in. */
let streams = []
let interruption = '' // why the call stands still
let stalled = false // pictures and sound stand still
let offline = false
let problem = '' // what else the user should know
let attempt = 0 // counts the joins that were begun or canceled
let stopWatching = () => {}

const tiles = new Tiles(byID('tiles'), {
  layer: (mid, substream) => call?.sendLayer(mid, substream),
  blocked: () => (byID('sound').hidden = false),
})

// States of the page

/** @param {'form'|'joining'|'joined'|'reconnecting'|'ended'} state */
function setState(state) {
  document.body.dataset.state = state
  const inCall = state === 'joined' || state === 'reconnecting'
  byID('entrance').hidden = inCall || state === 'ended'
  byID('conference').hidden = !inCall
  byID('farewell').hidden = state !== 'ended'
  byID('join').setAttribute('aria-disabled', String(state === 'joining'))
  byID('join').textContent = state === 'joining' ? 'Joining …' : 'Join'
  byID('cancel').hidden = state !== 'joining'
}

function showNotice() {
  const trouble = troubleText()
  const text = trouble || problem
  if (byID('notice').textContent !== text) byID('notice').textContent = text
  byID('dismiss').hidden = !text || Boolean(trouble)
  if (call?.id) setState(interruption || offline ? 'reconnecting' : 'joined')
}

function troubleText() {
  if (offline) return 'There is no network. The call goes on when it is back.'
  if (interruption) return interruption
  return stalled ? 'Pictures and sound have stopped. Looking for another path …' : ''
}

function setInterruption(text) {
  interruption = text
  showNotice()
}

function setProblem(text) {
  problem = text
  showNotice()
}

function dismiss() {
  setProblem('')
  byID(call ? 'tiles' : 'name').focus()
}

/** Says for a short time what has happened. */
function announce(text) {
  const line = make('p', {}, text)
  byID('events').append(line)
  setTimeout(() => line.remove(), eventTime)
}

// Joining and leaving

async function join(event) {
  event.preventDefault()
  if (document.body.dataset.state !== 'form') return
  const name = byID('name').value.trim()
  if (!name) return refuse('Please enter your name.')
  setState('joining')
  byID('error').textContent = ''
  byID('name').removeAttribute('aria-invalid')
  const mine = ++attempt
  const sentence = await openDevices()
  if (mine !== attempt) return document.body.dataset.state === 'form' && closeTracks()
  setProblem(sentence)
  start(name)
}

/** Gives up joining, whatever it waits for. */
function cancel() {
  attempt++
  call?.leave()
  backToForm('')
  byID('name').focus()
}

function refuse(message) {
  setState('form')
  byID('error').textContent = message
  byID('name').setAttribute('aria-invalid', 'true')
  byID('name').focus()
}

/** Opens what is ticked in the form. Returns a sentence about what could not be opened. */
async function openDevices() {
  for (const kind of ['camera', 'microphone']) {
    if (!byID(`join-${kind}`).checked) closeTrack(kind)
  }
  const kinds = ['microphone', 'camera'].filter((kind) => byID(`join-${kind}`).checked && !tracks.has(kind))
  const opened = await openAll(kinds)
  for (const [kind, track] of Object.entries(opened.tracks)) keep(kind, track)
  const others = tracks.size > 0 ? '' : ' You can still watch and listen.'
  return opened.problem && opened.problem + others
}

function start(name) {
  call = new Call({
    joined,
    interrupted: setInterruption,
    stalled: (now) => {
      stalled = now
      showNotice()
    },
    refused,
    ended: end,
    notice: setProblem,
    participants: showAll,
    changed,
    left,
    streams: (now) => {
      streams = now
      tiles.setStreams(now, call?.participants ?? new Map())
    },
    layer: (mid, substream) => {
      const stream = streams.find((candidate) => candidate.mid === mid)
      if (stream) stream.layer = substream
    },
  })
  for (const [kind, track] of tracks) call.setTrack(kind, track)
  call.join(room, name)
}

function refused({ code, message }) {
  backToForm(message)
  if (code === 'bad-name') refuse(message)
}

function backToForm(message) {
  closeTracks()
  forgetCall()
  setProblem('')
  showPreview()
  setState('form')
  byID('error').textContent = message
}

function joined(welcome) {
  const first = document.body.dataset.state === 'joining'
  setInterruption('')
  byID('room-name').textContent = `Room ${welcome.room}`
  document.title = `Room ${welcome.room} – Conference`
  if (first) {
    byID('preview').srcObject = null
    byID('tiles').focus()
  }
  if (!welcome.resumed) watchQuality(call)
}

/** Tells the program about the line. To it, the line of somebody new is good. */
function watchQuality(watched) {
  stopWatching()
  stopWatching = watchLine(watched, (poor) => watched.send({ type: 'quality', poor }))
}

function leave() {
  call?.leave()
  end('You have left the room.')
}

function end(message) {
  closeTracks()
  forgetCall()
  tiles.clear()
  showPanel(false)
  byID('ended').textContent = message
  byID('count').textContent = ''
  setProblem('')
  setState('ended')
  byID('ended').focus()
}

function forgetCall() {
  stopWatching()
  call = null
  streams = []
  offline = stalled = false
  byID('sound').hidden = true
  setInterruption('')
}

function again() {
  setState('form')
  byID('error').textContent = ''
  showPreview()
  byID('name').focus()
}

// Participants

function showAll(participants) {
  tiles.setParticipants(participants, call.id)
  for (const [kind, track] of tracks) showOwn(kind, track)
  showOthers()
  render()
}

function changed(participant, before) {
  tiles.setParticipant(participant)
  if (participant.id === call.id) ownChanged(participant, before)
  else if (!before) announce(`${participant.name} joined.`)
  else if (participant.screen && !before.screen) announce(`${participant.name} shares the screen.`)
  else if (!participant.screen && before.screen) announce(`${participant.name} has stopped sharing the screen.`)
  showOthers()
}

/** Tells what the operator has done. */
function ownChanged(participant, before) {
  const now = participant.muted
  const earlier = before?.muted ?? []
  for (const kind of now) if (!earlier.includes(kind)) setProblem(mutedText(kind))
  if (now.length === 0 && earlier.length > 0) {
    setProblem('')
    announce(`The operator lets you use your ${earlier.join(' and ')} again.`)
  }
  render()
}

function mutedText(kind) {
  const verb = kind === 'microphone' ? 'muted' : 'stopped'
  return `The operator has ${verb} your ${kind}. Only the operator can change that.`
}

function left(participant, reason) {
  tiles.removeParticipant(participant.id)
  const how = { kicked: 'was removed by the operator', gone: 'has lost the connection' }[reason] ?? 'left'
  announce(`${participant.name} ${how}.`)
  showOthers()
}

function showOthers() {
  const { size } = call.participants
  showPeople(byID('people-list'), call.participants.values(), call.id)
  byID('count').textContent = size === 1 ? '1 person' : `${size} people`
  byID('alone').hidden = size > 1
}

// Camera, microphone and screen

function keep(kind, track) {
  closeTrack(kind)
  tracks.set(kind, track)
  track.onended = () => lost(kind)
}

function closeTrack(kind) {
  const track = tracks.get(kind)
  if (!track) return
  track.onended = null
  track.stop()
  tracks.delete(kind)
}

function closeTracks() {
  for (const kind of [...tracks.keys()]) closeTrack(kind)
}

/** Sends a track from now on, or nothing, and shows it. */
function use(kind, track) {
  if (track) keep(kind, track)
  else closeTrack(kind)
  call?.setTrack(kind, track)
  showOwn(kind, track)
  render()
}

function showOwn(kind, track) {
  const own = call?.participants.get(call.id)
  if (own && kind !== 'microphone') tiles.setOwn(own, kind, track)
}

/** Runs what opens a device, unless that is under way already. */
async function openOnce(kind, start) {
  if (opening.has(kind)) return
  opening.add(kind)
  try {
    const track = await start()
    if (call) use(kind, track)
    else track.stop()
  } finally {
    opening.delete(kind)
  }
}

async function openDevice(kind) {
  try {
    await openOnce(kind, () => open(kind))
    setProblem('')
  } catch (error) {
    setProblem(explain([kind], error))
  }
}

async function toggleMicrophone() {
  if (blocked('microphone')) return
  const track = tracks.get('microphone')
  if (!track) return openDevice('microphone')
  track.enabled = !track.enabled
  call.sendState()
  render()
}

async function toggleCamera() {
  if (blocked('camera')) return
  // A camera that is off is closed, so that its light goes out.
  if (tracks.has('camera')) use('camera', null)
  else await openDevice('camera')
}

async function toggleScreen() {
  if (tracks.has('screen')) return use('screen', null)
  try {
    await openOnce('screen', openScreen)
  } catch (error) {
    // Somebody who closes the browser's question knows that.
    if (error.name !== 'NotAllowedError') setProblem(`The screen cannot be shared (${error.name}).`)
  }
}

function blocked(kind) {
  const muted = call.participants.get(call.id)?.muted ?? []
  if (muted.includes(kind)) setProblem(mutedText(kind))
  return muted.includes(kind)
}

/** The device has gone, or the browser has ended the sharing of the screen. */
async function lost(kind) {
  if (!call) {
    closeTrack(kind)
    return showPreview()
  }
  use(kind, null)
  if (kind === 'screen') return
  await openDevice(kind) // another device, if there is one
  const track = tracks.get(kind)
  if (track) setProblem(`The ${kind} was disconnected. In use now: ${track.label}.`)
}

function render() {
  const muted = call?.participants.get(call.id)?.muted ?? []
  const on = {
    microphone: tracks.get('microphone')?.enabled && !muted.includes('microphone'),
    camera: tracks.has('camera') && !muted.includes('camera'),
    screen: tracks.has('screen'),
  }
  for (const [kind, state] of Object.entries(on)) byID(kind).setAttribute('aria-pressed', String(Boolean(state)))
}

// The preview before joining

async function togglePreview() {
  if (tracks.has('camera')) {
    closeTrack('camera')
    return showPreview()
  }
  const { tracks: opened, problem: sentence } = await openAll(['camera'])
  if (opened.camera && document.body.dataset.state === 'form') keep('camera', opened.camera)
  showPreview(sentence)
}

function showPreview(text = '') {
  const track = tracks.get('camera')
  const preview = byID('preview')
  preview.srcObject = track ? new MediaStream([track]) : null
  if (track) preview.play().catch(() => {})
  byID('preview-button').setAttribute('aria-pressed', String(Boolean(track)))
  byID('preview-text').textContent = track ? '' : text || 'Nobody sees you before you join.'
  byID('preview-text').hidden = Boolean(track)
}

// People, keys and the rest

function showPanel(shown) {
  byID('people-panel').hidden = !shown
  byID('people').setAttribute('aria-expanded', String(shown))
}

function togglePeople() {
  const shown = byID('people-panel').hidden
  showPanel(shown)
  if (shown) byID('people-title').focus()
}

function closePeople() {
  showPanel(false)
  byID('people').focus()
}

const keys = { m: 'microphone', v: 'camera', s: 'screen', p: 'people' }

function pressed(event) {
  if (!call || byID('conference').hidden) return
  if (event.key === 'Escape' && !byID('people-panel').hidden) return closePeople()
  const other = event.ctrlKey || event.metaKey || event.altKey || event.repeat
  if (other || !byID('shortcuts').checked) return
  const id = keys[event.key?.toLowerCase()] // a form that is filled in has no key
  if (id && !byID(id).hidden) byID(id).click()
}

async function copyLink() {
  const link = new URL(location.pathname, location.href)
  const name = byID('room-name').textContent.replace('Room ', '')
  link.searchParams.set('room', name)
  try {
    await navigator.clipboard.writeText(link.href)
    announce('The link is copied.')
  } catch {
    setProblem(`The link to this room: ${link.href}`)
  }
}

function networkLost() {
  offline = Boolean(call)
  showNotice()
}

function networkFound() {
  offline = false
  call?.networkChanged()
  showNotice()
}

function playSound() {
  byID('sound').hidden = true
  byID('tiles').focus()
  tiles.playAll()
}

byID('join-form').addEventListener('submit', join)
byID('cancel').addEventListener('click', cancel)
byID('preview-button').addEventListener('click', togglePreview)
byID('microphone').addEventListener('click', toggleMicrophone)
byID('camera').addEventListener('click', toggleCamera)
byID('screen').addEventListener('click', toggleScreen)
byID('people').addEventListener('click', togglePeople)
byID('people-close').addEventListener('click', closePeople)
byID('leave').addEventListener('click', leave)
byID('again').addEventListener('click', again)
byID('copy').addEventListener('click', copyLink)
byID('sound').addEventListener('click', playSound)
byID('dismiss').addEventListener('click', dismiss)
document.addEventListener('keydown', pressed)
window.addEventListener('offline', networkLost)
window.addEventListener('online', networkFound)
navigator.connection?.addEventListener?.('typechange', () => call?.networkChanged())
window.addEventListener('pagehide', () => call && leave())

byID('screen').hidden = !canShareScreen
if (room) byID('room-name').textContent = `Room ${room}`

// For tests, and for a look from the console.
window.conference = {
  get up() {
    return call?.up?.pc ?? null
  },
  get down() {
    return call?.down?.pc ?? null
  },
  get socket() {
    return call?.socket ?? null
  },
  stats: () => summary(call ?? {}, streams),
}
