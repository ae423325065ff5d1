// The stream of events, newest first, with filters and a bounded number in the document.

import { byId, el, setText } from "./dom.js";
import { count, plural, timeFine } from "./format.js";
import { showJSON } from "./json.js";

const KEEP = 300;
const TYPES = ["session", "handle", "webrtc", "media", "jsep", "plugin", "transport", "core", "external"];

// Events calls onFilter() when other events are wanted and onOpen({server, session,
// handle}) for the handle of an event.
export class Events {
  #calls;
  #list = byId("events");
  #filter = byId("event-filter");
  #server = byId("event-server");
  #only = byId("event-only");
  #pause = byId("events-pause");
  #new = byId("events-new");
  #empty = byId("events-empty");
  #off = new Set();
  #paused = false;
  #waiting = []; // Events that came while the reader looks at older ones.
  #skipped = 0;
  #opened = null;
  #shown = new Map(); // The elements by the number of the event.
  #cleared = -1;
  #timer = 0;

  constructor(calls) {
    this.#calls = calls;
    this.#makeTypes();
    this.#filter.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#changed(), 200);
    });
    this.#server.addEventListener("change", () => this.#changed());
    this.#only.addEventListener("change", () => this.#changed());
    this.#pause.addEventListener("click", () => this.#setPaused(!this.#paused));
    byId("events-clear").addEventListener("click", () => this.#clear());
    this.#new.addEventListener("click", () => this.#toTop());
    this.#list.addEventListener("scroll", () => {
      if (this.#list.scrollTop < 8) this.#flush();
    }, { passive: true });
  }

  // look is the part of the look message that asks for events.
  get look() {
    if (this.#paused) return null;
    const types = TYPES.filter((type) => !this.#off.has(type));
    const words = [this.#filter.value.trim(), this.#only.checked && this.#opened ? this.#opened.handle : ""];
    return {
      server: this.#server.value || "all",
      types: this.#off.size ? types : null,
      search: words.filter(Boolean).join(" "),
    };
  }

  // update takes an events message.
  update({ events, replace, skipped }) {
    if (this.#paused) return;
    if (replace) this.#replace(events);
    else this.#add(events, skipped ?? 0);
    this.#state();
  }

  // restart forgets everything, because another run of the program counts anew.
  restart() {
    this.#cleared = -1;
    this.#replace([]);
  }

  // opened tells which handle is open, or null.
  set opened(target) {
    this.#opened = target;
    this.#only.disabled = !target;
    if (!this.#only.checked) return;
    if (!target) this.#only.checked = false;
    this.#changed();
  }

  // servers takes the names of the servers for the choice of one.
  set servers(names) {
    byId("event-server-label").hidden = names.length < 2;
    const have = [...this.#server.options].slice(1).map((option) => option.value);
    if (have.join("\n") === names.join("\n")) return;
    const chosen = this.#server.value;
    this.#server.replaceChildren(this.#server.options[0], ...names.map((name) => el("option", { value: name, text: name })));
    this.#server.value = names.includes(chosen) ? chosen : "";
  }

  #makeTypes() {
    for (const type of TYPES) {
      const box = el("input", { type: "checkbox", name: "event-type", value: type, checked: true });
      box.addEventListener("change", () => {
        if (box.checked) this.#off.delete(type);
        else this.#off.add(type);
        this.#changed();
      });
      byId("event-types").append(el("label", { class: "chip", "data-type": type }, box, el("span", { text: type })));
    }
  }

  #changed() {
    this.#waiting = [];
    this.#calls.onFilter();
  }

  #setPaused(paused) {
    this.#paused = paused;
    this.#pause.setAttribute("aria-pressed", String(paused));
    this.#state();
    this.#calls.onFilter();
  }

  #clear() {
    const newest = this.#waiting.at(-1)?.id ?? Math.max(-1, ...this.#shown.keys());
    this.#cleared = Math.max(this.#cleared, newest);
    this.#replace([]);
    this.#state();
  }

  #replace(events) {
    const before = this.#shown;
    this.#shown = new Map();
    this.#waiting = [];
    const items = [];
    for (const event of events.slice(-KEEP)) {
      if (event.id <= this.#cleared) continue;
      const item = before.get(event.id) ?? this.#item(event);
      this.#shown.set(event.id, item);
      items.unshift(item);
    }
    this.#list.replaceChildren(...items);
    this.#skipped = 0;
    this.#state();
  }

  #add(events, skipped) {
    this.#waiting.push(...events);
    this.#skipped += skipped;
    if (this.#waiting.length > KEEP) {
      this.#skipped += this.#waiting.length - KEEP;
      this.#waiting.splice(0, this.#waiting.length - KEEP);
    }
    if (this.#list.scrollTop < 8 && !this.#list.querySelector("details[open]")) this.#flush();
  }

  // flush shows the events that wait.
  #flush() {
    if (this.#waiting.length === 0) return;
    const items = document.createDocumentFragment();
    if (this.#skipped > 0) items.append(el("li", { class: "skipped", text: `${plural(this.#skipped, "event")} left out` }));
    for (const event of this.#waiting) {
      if (this.#shown.has(event.id) || event.id <= this.#cleared) continue;
      const item = this.#item(event);
      this.#shown.set(event.id, item);
      items.prepend(item);
    }
    this.#waiting = [];
    this.#skipped = 0;
    this.#list.prepend(items);
    while (this.#list.children.length > KEEP) this.#list.lastElementChild.remove();
    for (const id of this.#shown.keys()) {
      if (this.#shown.size <= KEEP) break;
      this.#shown.delete(id);
    }
    this.#state();
  }

  #toTop() {
    for (const details of this.#list.querySelectorAll("details[open]")) details.open = false;
    this.#list.scrollTop = 0;
    this.#flush();
    this.#list.focus();
  }

  #state() {
    const waiting = this.#waiting.length;
    this.#new.hidden = waiting === 0 || this.#paused;
    setText(this.#new, `Show ${count(waiting)} newer`);
    setText(byId("events-state"), this.#paused ? "Paused" : "");
    const filtered = this.#off.size > 0 || this.#filter.value.trim() || this.#server.value || this.#only.checked;
    this.#empty.hidden = this.#list.children.length > 0;
    setText(this.#empty, filtered ? "No event matches the filters yet." : "No events yet.");
  }

  #item(event) {
    const body = el("div", { class: "body" });
    const details = el("details", {},
      el("summary", {},
        el("time", { datetime: new Date(event.time).toISOString(), text: timeFine(event.time) }),
        el("span", { class: "who", text: event.handle || event.session }),
        el("span", { class: "type", text: event.type }),
        el("span", { class: "text", text: event.text || event.kind || event.type })),
      body);
    details.addEventListener("toggle", () => {
      if (details.open && !body.firstChild) this.#unfold(body, event);
    });
    return el("li", {
      "data-type": event.type, "data-kind": event.kind, "data-id": event.id, "data-server": event.server,
      "data-session": event.session || null, "data-handle": event.handle || null,
    }, details);
  }

  #unfold(body, event) {
    const facts = el("p", { class: "ids" });
    const fact = (name, value) => value && facts.append(el("span", {}, `${name} `, el("code", { text: value })), " ");
    fact("server", event.server);
    fact("session", event.session);
    fact("handle", event.handle);
    body.append(facts);
    if (event.session && event.handle) {
      body.append(el("button", { type: "button", text: "Open this handle", onclick: () => this.#calls.onOpen(event) }));
    }
    if (event.event) {
      const code = el("pre", { tabindex: 0, "aria-label": "Event as JSON", role: "region" });
      showJSON(code, event.event);
      body.append(code);
    } else {
      body.append(el("p", { class: "faint", text: "The event is large: the program does not keep its text." }));
    }
  }
}
