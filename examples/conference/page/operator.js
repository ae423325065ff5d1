// The operator's page: who is in which room, with buttons to remove and to mute.

import { byID, icon, make } from './dom.js'
import { complete } from './participant.js'
import { Signaling } from './signaling.js'

const eventTime = 6000

/** What can be muted, and how a button and a list call it. */
const kinds = [
  { kind: 'microphone', verb: 'Mute', off: 'microphone off' },
  { kind: 'camera', verb: 'Stop', off: 'camera off' },
  { kind: 'screen', verb: 'Stop', off: '' },
]

/** @typedef {import('./participant.js').Participant} Participant */

/** @type {Map<string, Map<string, Participant>>} Participants by room. */
let rooms = new Map()
let password = ''
let accepted = false

const signaling = new Signaling({
  opened: () => signaling.send({ type: 'operator', password }),
  received: (message) => handlers[message.type]?.(message),
  lost: () => show(accepted ? 'waiting' : 'connecting', 'The conference server cannot be reached. Trying again …'),
})

/** What is done with each type of message. */
const handlers = {
  rooms: (message) => {
    accepted = true
    rows.clear()
    rooms = new Map(message.rooms.map(({ room, participants }) => [room, new Map(participants.map((p) => [p.id, complete(p)]))]))
    show('open', '')
    render()
  },
  participant: ({ room, participant }) => {
    const participants = rooms.get(room) ?? new Map()
    if (!participants.has(participant.id)) announce(`${participant.name} joined.`)
    rooms.set(room, participants.set(participant.id, complete(participant)))
    render()
  },
  left: ({ room, id }) => {
    const participant = rooms.get(room)?.get(id)
    if (!participant) return
    rooms.get(room).delete(id)
    rows.delete(`${room}/${id}`)
    announce(`${participant.name} left.`)
    render()
  },
  ended: ({ message }) => refuse(message),
  error: ({ message }) => {
    if (accepted) byID('notice').textContent = message
    else refuse(message)
  },
}

/** @param {'form'|'connecting'|'open'|'waiting'} state */
function show(state, notice) {
  const open = state === 'open' || state === 'waiting'
  document.body.dataset.state = state
  byID('entrance').hidden = open
  byID('participants').hidden = !open
  byID('notice').textContent = notice
}

function enter(event) {
  event.preventDefault()
  password = byID('password').value
  if (!password) return refuse('Please enter the password.')
  byID('error').textContent = ''
  connect()
}

function connect() {
  show('connecting', '')
  signaling.connect()
}

function refuse(message) {
  signaling.close()
  accepted = false
  show('form', '')
  byID('error').textContent = message
  byID('password').focus()
}

function announce(text) {
  const line = make('p', {}, text)
  byID('events').append(line)
  setTimeout(() => line.remove(), eventTime)
}

// The list. Rows stay the same elements for as long as the participant is there, so that a
// click is not lost when somebody begins to talk.

/** @type {Map<string, {update: (participant: Participant) => void, element: HTMLElement}>} Rows by room and participant. */
const rows = new Map()

function render() {
  const sections = [...rooms].map(([room, participants]) => section(room, participants))
  const shown = [...byID('participants').children]
  if (sections.length !== shown.length || sections.some((element, i) => element !== shown[i])) {
    byID('participants').replaceChildren(...sections)
  }
  const total = [...rooms.values()].reduce((sum, { size }) => sum + size, 0)
  byID('count').textContent = total === 1 ? '1 person' : `${total} people`
}

/** The part of the page for a room, made when it is needed for the first time. */
function section(room, participants) {
  const id = `room-${room}`
  const element = document.getElementById(id)?.closest('section') ?? emptySection(room, id)
  const list = element.querySelector('ul')
  const order = [...participants.values()].sort((a, b) => a.name.localeCompare(b.name))
  const wanted = order.map((participant) => row(room, participant))
  for (const child of [...list.children]) if (!wanted.includes(child)) child.remove()
  wanted.forEach((child, i) => {
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] ?? null)
  })
  list.hidden = wanted.length === 0
  element.querySelector('p').hidden = wanted.length > 0
  return element
}

function emptySection(room, id) {
  return make(
    'section',
    { class: 'room', 'aria-labelledby': id },
    make('h2', { id }, `Room ${room}`),
    make('p', { class: 'quiet' }, 'Nobody is here.'),
    make('ul', { 'aria-labelledby': id }),
  )
}

function row(room, participant) {
  const key = `${room}/${participant.id}`
  if (!rows.has(key)) rows.set(key, newRow(room, participant))
  rows.get(key).update(participant)
  return rows.get(key).element
}

function newRow(room, { id, name }) {
  const states = make('span', { class: 'states' })
  const buttons = kinds.map((what) => muteButton(room, id, name, what))
  const element = make(
    'li',
    { 'data-participant': id, 'data-room': room },
    make('div', { class: 'person' }, make('span', { class: 'who' }, name), states),
    make('div', { class: 'buttons' }, ...buttons.map((button) => button.element), kickButton(room, id, name)),
  )
  const update = (participant) => {
    element.dataset.talking = String(participant.talking)
    element.dataset.poor = String(Boolean(participant.poor))
    states.replaceChildren(...statesOf(participant))
    for (const button of buttons) button.update(participant)
  }
  return { element, update }
}

function statesOf(participant) {
  const states = []
  if (participant.talking) states.push(make('span', { class: 'state talking' }, icon('talking'), 'talking'))
  if (participant.poor) states.push(make('span', { class: 'state line' }, icon('line'), 'poor line'))
  for (const { kind, off } of kinds) {
    if (off && !participant[kind]) states.push(make('span', { class: 'state' }, icon(`${kind}-off`), off))
  }
  if (participant.screen) states.push(make('span', { class: 'state' }, icon('screen'), 'shares the screen'))
  return states
}

function muteButton(room, participant, name, { kind, verb }) {
  let muted = false
  const element = make(
    'button',
    { type: 'button', 'data-action': `mute-${kind}`, 'aria-label': `${verb} the ${kind} of ${name}` },
    icon(kind),
    verb,
  )
  element.onclick = () => signaling.send({ type: 'mute', room, participant, kind, muted: !muted })
  const update = (now) => {
    muted = now.muted.includes(kind)
    element.setAttribute('aria-pressed', String(muted))
    element.title = muted ? `Allow the ${kind} again` : `${verb} the ${kind}`
    element.hidden = kind === 'screen' && !now.screen && !muted
  }
  return { element, update }
}

function kickButton(room, id, name) {
  const button = make(
    'button',
    { type: 'button', 'data-action': 'kick', 'aria-label': `Remove ${name}` },
    icon('leave'),
    'Remove',
  )
  button.onclick = () => askKick(room, id, name)
  return button
}

function askKick(room, participant, name) {
  const dialog = byID('kick-dialog')
  byID('kick-title').textContent = `Remove ${name} from room ${room}?`
  dialog.returnValue = ''
  dialog.onclose = () => {
    if (dialog.returnValue === 'kick') signaling.send({ type: 'kick', room, participant })
  }
  dialog.showModal()
}

byID('operator-form').addEventListener('submit', enter)
window.addEventListener('online', () => document.body.dataset.state !== 'form' && connect())

// The password may stand behind the # of the address. It is taken out of sight.
if (location.hash.length > 1) {
  const { hash } = location
  history.replaceState(null, '', location.pathname + location.search)
  try {
    password = decodeURIComponent(hash.slice(1))
    connect()
  } catch {
    // It is no password of this program: the form asks for one.
  }
}
