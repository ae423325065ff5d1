// The operator's page: who is in which room, with buttons to remove and to mute.

import { byID, icon, make } from './dom.js'
import { Signaling } from './signaling.js'

const eventTime = 6000

/** What can be muted, and how a button and a list call it. */
const kinds = [
  { kind: 'microphone', verb: 'Mute', off: 'microphone off' },
  { kind: 'camera', verb: 'Stop', off: 'camera off' },
  { kind: 'screen', verb: 'Stop', off: '' },
]

/** @typedef {import('./call.js').Participant} Participant */

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
    rooms = new Map(message.rooms.map(({ room, participants }) => [room, new Map(participants.map((p) => [p.id, p]))]))
    show('open', '')
    render()
  },
  participant: ({ room, participant }) => {
    const participants = rooms.get(room) ?? new Map()
    if (!participants.has(participant.id)) announce(`${participant.name} joined.`)
    rooms.set(room, participants.set(participant.id, participant))
    render()
  },
  left: ({ room, id }) => {
    const participant = rooms.get(room)?.get(id)
    if (!participant) return
    rooms.get(room).delete(id)
    announce(`${participant.name} left.`)
    render()
  },
  waiting: ({ message }) => show(accepted ? 'waiting' : 'connecting', message || 'The conference server is being restarted …'),
  restart: () => signaling.send({ type: 'operator', password }),
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

// The list

/** Draws the rooms anew, and keeps the focus where it was. */
function render() {
  const focused = document.activeElement?.id
  const sections = [...rooms].map(([room, participants]) => section(room, participants))
  byID('participants').replaceChildren(...sections)
  if (focused) document.getElementById(focused)?.focus()
  const total = [...rooms.values()].reduce((sum, { size }) => sum + size, 0)
  byID('count').textContent = total === 1 ? '1 person' : `${total} people`
}

function section(room, participants) {
  const title = make('h2', { id: `room-${room}` }, `Room ${room}`)
  const order = [...participants.values()].sort((a, b) => a.name.localeCompare(b.name))
  const list = order.length
    ? make('ul', { 'aria-labelledby': title.id }, ...order.map((participant) => item(room, participant)))
    : make('p', { class: 'quiet' }, 'Nobody is here.')
  return make('section', { class: 'room', 'aria-labelledby': title.id }, title, list)
}

function item(room, participant) {
  const { id, name, talking, poor } = participant
  const states = make('span', { class: 'states' })
  if (talking) states.append(make('span', { class: 'state talking' }, icon('talking'), 'talking'))
  if (poor) states.append(make('span', { class: 'state line' }, icon('line'), 'poor line'))
  for (const { kind, off } of kinds) {
    if (off && !participant[kind]) states.append(make('span', { class: 'state' }, icon(`${kind}-off`), off))
  }
  if (participant.screen) states.append(make('span', { class: 'state' }, icon('screen'), 'shares the screen'))
  return make(
    'li',
    { 'data-participant': id, 'data-room': room, 'data-talking': String(Boolean(talking)), 'data-poor': String(Boolean(poor)) },
    make('div', { class: 'person' }, make('span', { class: 'who' }, name), states),
    make('div', { class: 'buttons' }, ...kinds.map((what) => muteButton(room, participant, what)), kickButton(room, participant)),
  )
}

function muteButton(room, participant, { kind, verb }) {
  const muted = (participant.muted ?? []).includes(kind)
  const button = make(
    'button',
    {
      id: `mute-${kind}-${participant.id}`,
      type: 'button',
      'data-action': `mute-${kind}`,
      'aria-pressed': String(muted),
      'aria-label': `${verb} the ${kind} of ${participant.name}`,
      title: muted ? `Allow the ${kind} again` : `${verb} the ${kind}`,
    },
    icon(kind === 'screen' ? 'screen' : muted ? `${kind}-off` : kind),
    verb,
  )
  button.hidden = kind === 'screen' && !participant.screen && !muted
  button.onclick = () => signaling.send({ type: 'mute', room, participant: participant.id, kind, muted: !muted })
  return button
}

function kickButton(room, participant) {
  const button = make(
    'button',
    { id: `kick-${participant.id}`, type: 'button', 'data-action': 'kick', 'aria-label': `Remove ${participant.name}` },
    icon('leave'),
    'Remove',
  )
  button.onclick = () => askKick(room, participant)
  return button
}

function askKick(room, participant) {
  const dialog = byID('kick-dialog')
  byID('kick-title').textContent = `Remove ${participant.name} from room ${room}?`
  dialog.returnValue = ''
  dialog.onclose = () => {
    if (dialog.returnValue === 'kick') signaling.send({ type: 'kick', room, participant: participant.id })
  }
  dialog.showModal()
}

byID('operator-form').addEventListener('submit', enter)
window.addEventListener('online', () => document.body.dataset.state !== 'form' && connect())

// The password may stand behind the # of the address. It is taken out of sight.
if (location.hash.length > 1) {
  password = decodeURIComponent(location.hash.slice(1))
  history.replaceState(null, '', location.pathname + location.search)
  connect()
}
