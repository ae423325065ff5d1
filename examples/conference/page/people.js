// The list of who is there.

import { icon, make } from './dom.js'

/** @typedef {import('./participant.js').Participant} Participant */

/**
 * Shows the participants in the list, oneself first.
 * @param {HTMLUListElement} list
 * @param {Iterable<Participant>} participants
 * @param {string} ownID
 */
export function showPeople(list, participants, ownID) {
  const order = [...participants].sort(
    (a, b) => Number(b.id === ownID) - Number(a.id === ownID) || a.name.localeCompare(b.name),
  )
  // Rows stay where they are, so that a screen reader keeps its place.
  const rows = new Map([...list.children].map((row) => [row.dataset.participant, row]))
  order.forEach((participant, i) => {
    const row = rows.get(participant.id) ?? make('li', { 'data-participant': participant.id })
    rows.delete(participant.id)
    fill(row, participant, participant.id === ownID)
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null)
  })
  for (const row of rows.values()) row.remove()
}

function fill(row, participant, own) {
  const { name, talking, poor, microphone, camera, screen, muted } = participant
  const states = make('span', { class: 'states' })
  const state = (on, picture, text) => {
    if (on) states.append(make('span', { class: `state ${picture}` }, icon(picture), text))
  }
  state(talking, 'talking', 'talking')
  state(poor, 'line', 'poor line')
  state(screen, 'screen', 'shares the screen')
  state(!microphone || muted.includes('microphone'), 'microphone-off', muted.includes('microphone') ? 'muted by the operator' : 'microphone off')
  state(!camera || muted.includes('camera'), 'camera-off', muted.includes('camera') ? 'camera stopped by the operator' : 'camera off')
  row.dataset.talking = String(talking)
  row.dataset.poor = String(Boolean(poor))
  const who = make('span', { class: 'who' }, own ? `${name} (you)` : name)
  if (!row.firstChild?.isEqualNode(who) || !row.lastChild.isEqualNode(states)) row.replaceChildren(who, states)
}
