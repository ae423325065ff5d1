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
  list.replaceChildren(...order.map((participant) => item(participant, participant.id === ownID)))
}

function item(participant, own) {
  const { id, name, talking, poor, microphone, camera, screen, muted } = participant
  const states = make('span', { class: 'states' })
  const state = (on, picture, text) => {
    if (on) states.append(make('span', { class: `state ${picture}` }, icon(picture), text))
  }
  state(talking, 'talking', 'talking')
  state(poor, 'line', 'poor line')
  state(screen, 'screen', 'shares the screen')
  state(!microphone || muted.includes('microphone'), 'microphone-off', muted.includes('microphone') ? 'muted by the operator' : 'microphone off')
  state(!camera || muted.includes('camera'), 'camera-off', muted.includes('camera') ? 'camera stopped by the operator' : 'camera off')
  return make(
    'li',
    { 'data-participant': id, 'data-talking': String(talking), 'data-poor': String(Boolean(poor)) },
    make('span', { class: 'who' }, own ? `${name} (you)` : name),
    states,
  )
}
