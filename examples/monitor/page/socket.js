// The connection to the program: one websocket that is dialed again when it ends.

const DELAYS = [250, 500, 1000, 2000, 4000, 8000];

// Connection calls onMessage for each message, onState({connected, wait}) when the
// state changes. wait is the time in ms until the next attempt.
export class Connection {
  #url;
  #onMessage;
  #onState;
  #socket = null;
  #attempt = 0;
  #timer = 0;
  #watchdog = 0;
  #heard = 0;
  #heartbeat = 0; // The longest time in ms between messages, as hello says; 0 is unknown.

  constructor(url, onMessage, onState) {
    this.#url = url;
    this.#onMessage = onMessage;
    this.#onState = onState;
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.retry();
    });
    this.#dial();
  }

  get connected() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(message) {
    if (!this.connected) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  // retry dials at once if there is no connection.
  retry() {
    if (this.#socket) return;
    this.#dial();
  }

  #dial() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#heard = performance.now();
      this.#watchdog = setInterval(() => this.#watch(socket), 2000);
      this.#onState({ connected: true, attempt: this.#attempt });
    });
    socket.addEventListener("message", (event) => {
      this.#heard = performance.now();
      this.#attempt = 0;
      const message = parse(event.data);
      if (message?.type === "hello") this.#heartbeat = message.heartbeat ?? 0;
      if (message) this.#onMessage(message);
    });
    socket.addEventListener("close", () => this.#lost(socket));
  }

  // watch gives up a connection that has been silent for too long. Browsers slow the
  // timers of hidden pages down, but not the messages.
  #watch(socket) {
    if (this.#heartbeat === 0 || performance.now() - this.#heard < 4 * this.#heartbeat) return;
    socket.close();
    this.#lost(socket);
  }

  #lost(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearInterval(this.#watchdog);
    const delay = DELAYS[Math.min(this.#attempt, DELAYS.length - 1)];
    const wait = delay * (0.8 + 0.4 * Math.random());
    this.#attempt++;
    this.#timer = setTimeout(() => this.#dial(), wait);
    this.#onState({ connected: false, wait, attempt: this.#attempt });
  }
}

function parse(data) {
  try {
    const message = JSON.parse(data);
    return message && typeof message.type === "string" ? message : null;
  } catch {
    return null;
  }
}
