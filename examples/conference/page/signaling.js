// The websocket to the program. It is connected again whenever it is lost.

const shortestPause = 250
const longestPause = 4000
const connectTimeout = 5000

/**
 * @typedef {Object} SignalingHandlers
 * @property {() => void} opened   A socket is open; nothing has been sent on it.
 * @property {(message: any) => void} received
 * @property {() => void} lost     The socket was lost or could not be opened.
 */

export class Signaling {
  #handlers
  #timer = 0
  #pause = shortestPause
  #closed = false

  /** @type {WebSocket|null} The present socket. */
  socket = null

  /** @param {SignalingHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers
  }

  /** Gives up the present socket, if any, and opens another one at once. */
  connect() {
    clearTimeout(this.#timer)
    this.#closed = false
    this.#drop()
    const socket = new WebSocket(new URL('ws', location.href))
    this.socket = socket
    this.#timer = setTimeout(() => this.#failed(socket), connectTimeout)

    socket.onopen = () => {
      clearTimeout(this.#timer)
      this.#handlers.opened()
    }
    socket.onmessage = (event) => {
      this.#pause = shortestPause
      this.#handlers.received(JSON.parse(event.data))
    }
    socket.onclose = () => this.#failed(socket)
  }

  /** Sends a message. What is sent while there is no open socket is lost. */
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return
    this.socket.send(JSON.stringify(message))
  }

  /** Closes the socket for good. */
  close() {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#drop()
  }

  #failed(socket) {
    if (socket !== this.socket || this.#closed) return
    clearTimeout(this.#timer)
    this.#drop()
    this.#timer = setTimeout(() => this.connect(), this.#pause * (0.75 + Math.random() / 2))
    this.#pause = Math.min(2 * this.#pause, longestPause)
    this.#handlers.lost()
  }

  #drop() {
    if (!this.socket) return
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null
    this.socket.close()
    this.socket = null
  }
}
