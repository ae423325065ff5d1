// Hang up, detach and destroy: each asks first.

import { byId, el } from "./dom.js";

const actions = {
  hangup: {
    title: "Hang up this PeerConnection?",
    text: "Its media stops at once. The handle stays, and its client may set up another PeerConnection.",
    yes: "Hang up",
    done: "Janus has hung up the PeerConnection.",
  },
  detach: {
    title: "Detach this handle?",
    text: "Its PeerConnection ends and Janus removes the handle. Its client has to attach again.",
    yes: "Detach",
    done: "Janus has detached the handle.",
  },
  destroy: {
    title: "Destroy this session?",
    text: "All handles and PeerConnections of the session end. Its client has to begin again with another session.",
    yes: "Destroy session",
    done: "Janus has destroyed the session.",
  },
};

// Actions asks with the dialog and posts to the program. onDone(text, name, target) is
// called when an action is done.
export class Actions {
  #dialog = byId("confirm");
  #yes = byId("confirm-yes");
  #no = byId("confirm-no");
  #error = byId("confirm-error");
  #onDone;
  #name = "";
  #target = null;
  #busy = false;

  constructor(onDone) {
    this.#onDone = onDone;
    this.#no.addEventListener("click", () => this.#dialog.close());
    this.#yes.addEventListener("click", () => this.#run());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  // ask shows the question. facts are pairs of a name and a value that say what it is about.
  ask(name, target, facts) {
    const action = actions[name];
    this.#name = name;
    this.#target = target;
    byId("confirm-title").textContent = action.title;
    byId("confirm-text").textContent = action.text;
    byId("confirm-what").replaceChildren(...facts.flatMap(([term, value]) => [el("dt", { text: term }), el("dd", { text: value })]));
    this.#yes.textContent = action.yes;
    this.#error.hidden = true;
    this.#setBusy(false);
    this.#dialog.showModal();
    this.#no.focus();
  }

  async #run() {
    if (this.#busy) return;
    this.#setBusy(true);
    const name = this.#name;
    const target = this.#target;
    const problem = await post(name, { server: target.server, session: target.session, handle: target.handle });
    if (!this.#dialog.open || name !== this.#name || target !== this.#target) {
      // It was closed meanwhile, and may ask something else now.
      this.#onDone(problem || actions[name].done, problem ? "" : name, target);
      return;
    }
    this.#setBusy(false);
    if (problem) {
      this.#error.textContent = problem;
      this.#error.hidden = false;
      return;
    }
    this.#dialog.close();
    this.#onDone(actions[name].done, name, target);
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.#yes.setAttribute("aria-disabled", String(busy));
  }
}

// post returns the problem as a sentence, or "" if there is none.
async function post(name, body) {
  let response;
  try {
    response = await fetch(`api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    return "The monitor program does not answer. Nothing may have happened: look again when the connection is back.";
  }
  if (response.ok) return "";
  try {
    const { error } = await response.json();
    if (error) return error;
  } catch {
    // The answer is no JSON: the status has to do.
  }
  return `The monitor program refused (status ${response.status}).`;
}
