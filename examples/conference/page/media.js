// Camera, microphone and screen, and sentences about what is wrong with them.

const constraints = {
  microphone: { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } },
  camera: {
    video: {
      width: { ideal: 1280 },
      height: { ideal: 720 },
      frameRate: { ideal: 30, max: 30 },
      facingMode: 'user',
    },
  },
}

const insecure = 'The browser lets a page use the camera and the microphone only over https. You can watch and listen.'

/**
 * Opens the camera or the microphone.
 * @param {'microphone'|'camera'} kind
 * @returns {Promise<MediaStreamTrack>}
 */
export async function open(kind) {
  return (await openTracks([kind]))[kind]
}

/**
 * Opens what it can of the given kinds, with one question to the user.
 * @param {('microphone'|'camera')[]} kinds
 * @returns {Promise<{tracks: Object<string, MediaStreamTrack>, problem: string}>} problem is a sentence, or empty.
 */
export async function openAll(kinds) {
  if (kinds.length === 0) return { tracks: {}, problem: '' }
  try {
    return { tracks: await openTracks(kinds), problem: '' }
  } catch (error) {
    if (kinds.length === 1 || !(await mayHelpToAskEach(kinds, error))) {
      return { tracks: {}, problem: explain(kinds, error) }
    }
  }
  const tracks = {}
  const problems = []
  for (const kind of kinds) {
    try {
      tracks[kind] = await open(kind)
    } catch (error) {
      problems.push({ kind, error })
    }
  }
  return { tracks, problem: explainAll(problems) }
}

/** Opens the screen or a window, which the user chooses. */
export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } })
  const [track] = stream.getVideoTracks()
  track.contentHint = 'detail'
  return track
}

/** Whether this browser can share its screen. Those of phones cannot. */
export const canShareScreen = Boolean(navigator.mediaDevices?.getDisplayMedia)

/**
 * Says what is wrong, and what the user can do.
 * @param {('microphone'|'camera')[]} kinds
 * @param {Error} error
 */
export function explain(kinds, error) {
  const what = kinds.map((kind) => `the ${kind}`).join(' and ')
  const buttons = kinds.map((kind) => (kind === 'camera' ? 'Camera' : 'Microphone')).join(' and ')
  const one = kinds.length === 1
  switch (error.name) {
    case 'InsecureError':
      return insecure
    case 'NotAllowedError':
    case 'SecurityError':
      return `You have not allowed this page to use ${what}. To change this, use the settings next to the page's address, then press ${buttons}.`
    case 'NotFoundError':
    case 'OverconstrainedError':
      return one
        ? `No ${kinds[0]} was found. Connect one, then press ${buttons}.`
        : `No camera and no microphone were found. Connect them, then press ${buttons}.`
    case 'NotReadableError':
    case 'AbortError':
      return `Another program may be using ${what}. Close it, then press ${buttons}.`
    default:
      return `The browser could not start ${what} (${error.name}).`
  }
}

function explainAll(problems) {
  const names = new Set(problems.map(({ error }) => error.name))
  if (problems.length > 1 && names.size === 1) {
    return explain(problems.map(({ kind }) => kind), problems[0].error)
  }
  return problems.map(({ kind, error }) => explain([kind], error)).join(' ')
}

async function openTracks(kinds) {
  if (!navigator.mediaDevices) throw new DOMException('no media devices', 'InsecureError')
  const wanted = Object.assign({}, ...kinds.map((kind) => constraints[kind]))
  const stream = await navigator.mediaDevices.getUserMedia(wanted)
  const tracks = {}
  for (const track of stream.getTracks()) {
    tracks[track.kind === 'audio' ? 'microphone' : 'camera'] = track
  }
  return tracks
}

/**
 * After a refusal the user is not asked again, except for what is not refused:
 * a browser that has the camera blocked refuses both without a question.
 */
async function mayHelpToAskEach(kinds, error) {
  if (error.name === 'InsecureError') return false
  if (error.name !== 'NotAllowedError') return true
  const states = await Promise.all(kinds.map(permission))
  return states.includes('denied') && states.some((state) => state !== 'denied')
}

async function permission(name) {
  try {
    return (await navigator.permissions.query({ name })).state
  } catch {
    return 'unknown'
  }
}
