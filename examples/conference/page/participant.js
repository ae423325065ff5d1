// What the program says of a participant.

/**
 * @typedef {Object} Participant
 * @property {string} id
 * @property {string} name
 * @property {boolean} microphone  Sent, and not muted by the participant.
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {boolean} talking
 * @property {boolean} poor        The line is poor.
 * @property {string[]} muted      Kinds that the operator has muted.
 */

/**
 * Completes a participant as it comes. Somebody who is muted does not talk, even
 * if the last word of Janus was different.
 * @returns {Participant}
 */
export function complete(participant) {
  const muted = participant.muted ?? []
  const heard = participant.microphone && !muted.includes('microphone')
  return { ...participant, muted, talking: Boolean(participant.talking && heard) }
}
