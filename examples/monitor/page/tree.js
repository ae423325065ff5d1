// The tree of sessions and handles: a virtual list. Only the rows in sight are in the
// document; the program sends the window of rows that is asked for.

import { byId, el, setAttr, setText } from "./dom.js";
import { bitrateShort, count, known, millis, NONE, plugin, plural, ratio, spanShort } from "./format.js";

const MARGIN = 40; // Rows asked for above and below those in sight.
const SLACK = 12; // Less margin than this, and another window is asked for.
const MAX_LIMIT = 200;

export const keyOf = (row) => `${row.server}\n${row.session}\n${row.handle ?? ""}`;

// Tree calls onWindow() when it wants other rows, onOpen(row) for a row that is opened
// and onFold(row, expanded) to fold or unfold a session.
export class Tree {
  offset = 0; // The window that is asked for.
  limit = 60;
  #calls;
  #box = byId("tree");
  #spacer = this.#box.querySelector(".rows");
  #head = this.#box.querySelector(".thead");
  #rows = [];
  #first = 0; // Index of rows[0].
  #total = 0;
  #known = false; // Whether the program has sent rows yet.
  #slots = [];
  #height = 44; // Of a row.
  #boxHeight = 0;
  #room = 0; // Height of the box without its head.
  #active = 0;
  #activeKey = null;
  #openKey = null;
  #manyServers = false;
  #frame = 0;
  #scrolled = 0; // When the list was scrolled last.

  constructor(calls) {
    this.#calls = calls;
    this.#box.addEventListener("scroll", () => {
      this.#scrolled = performance.now();
      this.#schedule();
    }, { passive: true });
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#spacer.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.#measure()).observe(this.#box);
    this.#measure();
  }

  // update takes a tree message.
  update({ rows, offset, total }) {
    const index = this.#topIndex();
    const top = this.#row(index);
    this.#rows = rows ?? [];
    this.#first = offset;
    this.#total = total;
    this.#known = true;
    this.#follow();
    if (top) this.#hold(keyOf(top), index);
    this.#schedule();
  }

  #topIndex() {
    return Math.floor(this.#box.scrollTop / this.#height);
  }

  // hold scrolls so that the row at the top stays there when rows before it come and
  // go, unless the list is being scrolled or is at its beginning.
  #hold(key, index) {
    if (this.#box.scrollTop === 0 || performance.now() - this.#scrolled < 200) return;
    const found = this.#rows.findIndex((row) => keyOf(row) === key);
    if (found < 0 || this.#first + found === index) return;
    this.#stretch();
    this.#box.scrollTop += (this.#first + found - index) * this.#height;
  }

  // stretch gives the list its height.
  #stretch() {
    const height = `${this.#total * this.#height}px`;
    if (this.#spacer.style.height !== height) this.#spacer.style.height = height;
  }

  // reset goes back to the top, for another search or server.
  reset() {
    this.#active = 0;
    this.#activeKey = null;
    this.#rows = [];
    this.offset = 0;
    this.#box.scrollTop = 0;
    this.#schedule();
  }

  set open(key) {
    this.#openKey = key;
    this.#schedule();
  }

  set manyServers(many) {
    if (this.#manyServers === many) return;
    this.#manyServers = many;
    this.#schedule();
  }

  get total() {
    return this.#known ? this.#total : null;
  }

  focus() {
    this.#box.focus();
  }

  // row gives the row of an index if it is in the window.
  #row(index) {
    return this.#rows[index - this.#first];
  }

  // follow keeps the active row the same one when rows before it come and go.
  #follow() {
    this.#active = Math.max(0, Math.min(this.#active, this.#total - 1));
    const here = this.#row(this.#active);
    if (here && keyOf(here) === this.#activeKey) return;
    const index = this.#rows.findIndex((row) => keyOf(row) === this.#activeKey);
    if (index >= 0) this.#active = this.#first + index;
    else if (here) this.#activeKey = keyOf(here);
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.#box).getPropertyValue("--row")) || 44;
    this.#boxHeight = this.#box.clientHeight;
    this.#room = this.#boxHeight - this.#head.offsetHeight;
    const slots = Math.ceil(this.#boxHeight / height) + 4;
    if (height !== this.#height || slots !== this.#slots.length) {
      this.#height = height;
      this.#slots = Array.from({ length: slots }, (_, i) => makeRow(i));
      this.#spacer.replaceChildren(...this.#slots.map((slot) => slot.element));
    }
    this.#schedule();
  }

  // inSight gives the indices of the first row in sight and of the one after the last.
  #inSight() {
    const first = Math.max(0, this.#topIndex());
    return [first, Math.min(this.#total, first + Math.ceil(this.#room / this.#height) + 1)];
  }

  #schedule() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    this.#stretch();
    const [first, end] = this.#inSight(); // Before the rows change, which would cost a layout.
    setAttr(this.#box, "aria-rowcount", this.#total + 1);
    const now = Date.now();
    const used = new Set();
    for (let index = first; index < end && used.size < this.#slots.length; index++) {
      const slot = this.#slots[index % this.#slots.length];
      used.add(slot);
      this.#place(slot, index);
      this.#fill(slot, this.#row(index), now);
    }
    for (const slot of this.#slots) if (!used.has(slot)) hide(slot);
    const active = this.#slots[this.#active % this.#slots.length];
    setAttr(this.#box, "aria-activedescendant", active && used.has(active) && active.index === this.#active ? active.element.id : null);
    this.#ask(first, end);
  }

  #place(slot, index) {
    const { element } = slot;
    if (slot.index !== index) {
      slot.index = index;
      element.style.transform = `translateY(${index * this.#height}px)`;
      setAttr(element, "aria-rowindex", index + 2);
    }
    if (element.hidden) element.hidden = false;
    element.classList.toggle("active", index === this.#active);
    element.classList.toggle("even", index % 2 === 0);
  }

  #fill(slot, row, now) {
    slot.row = row;
    const { element } = slot;
    setAttr(element, "data-kind", row?.kind ?? "none");
    setAttr(element, "data-server", row?.server);
    setAttr(element, "data-session", row?.session);
    setAttr(element, "data-handle", row?.handle);
    const open = row !== undefined && keyOf(row) === this.#openKey;
    setAttr(element, "aria-selected", row ? String(open) : null);
    if (!row) {
      fillNothing(slot);
    } else if (row.kind === "session") {
      fillSession(slot, row, this.#manyServers, now);
    } else {
      fillHandle(slot, row);
    }
  }

  // ask wants another window if the rows in sight come near the edge of this one.
  #ask(first, end) {
    const limit = Math.min(MAX_LIMIT, Math.ceil(this.#boxHeight / this.#height) + 2 * MARGIN);
    const near = first < this.offset + SLACK && this.offset > 0;
    const far = end > this.offset + this.limit - SLACK && this.offset + this.limit < this.#total;
    if (!near && !far && limit === this.limit) return;
    const offset = Math.max(0, first - MARGIN);
    if (offset === this.offset && limit === this.limit) return;
    this.offset = offset;
    this.limit = limit;
    this.#calls.onWindow();
  }

  #click(event) {
    const slot = this.#slots.find(({ element }) => element.contains(event.target));
    if (!slot?.row) return;
    this.#activate(slot.index);
    if (event.target.closest(".chevron") && slot.row.kind === "session") this.#fold(slot.row, !slot.row.expanded);
    else this.#calls.onOpen(slot.row);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#total === 0) return;
    const page = Math.max(1, Math.floor(this.#room / this.#height) - 1);
    const row = this.#row(this.#active);
    switch (event.key) {
      case "ArrowDown": this.#activate(this.#active + 1); break;
      case "ArrowUp": this.#activate(this.#active - 1); break;
      case "PageDown": this.#activate(this.#active + page); break;
      case "PageUp": this.#activate(this.#active - page); break;
      case "Home": this.#activate(0); break;
      case "End": this.#activate(this.#total - 1); break;
      case "ArrowRight":
        if (row?.kind === "session" && !row.expanded) this.#fold(row, true);
        else if (row?.kind === "session" && row.handles > 0) this.#activate(this.#active + 1);
        break;
      case "ArrowLeft":
        if (row?.kind === "session" && row.expanded) this.#fold(row, false);
        else if (row?.kind === "handle") this.#activate(row.parent);
        break;
      case " ":
        if (row?.kind === "session") this.#fold(row, !row.expanded);
        else if (row) this.#calls.onOpen(row);
        break;
      case "Enter":
        if (row) this.#calls.onOpen(row);
        break;
      default: return;
    }
    event.preventDefault();
  }

  #fold(row, expanded) {
    row.expanded = expanded;
    this.#calls.onFold(row, expanded);
    this.#schedule();
  }

  // activate makes a row the active one and scrolls it into sight.
  #activate(index) {
    this.#active = Math.max(0, Math.min(index, this.#total - 1));
    const row = this.#row(this.#active);
    this.#activeKey = row ? keyOf(row) : null;
    const top = this.#active * this.#height;
    if (top < this.#box.scrollTop) this.#box.scrollTop = top;
    else if (top + this.#height > this.#box.scrollTop + this.#room) this.#box.scrollTop = top + this.#height - this.#room;
    this.#schedule();
  }
}

function makeRow(number) {
  const slot = { index: -1, row: undefined };
  slot.word = el("span", { class: "hidden" });
  slot.state = el("span", { class: "state" }, slot.word);
  slot.title = el("b");
  slot.opaque = el("span");
  slot.main = el("span", { class: "main" }, slot.title, slot.opaque);
  slot.sub = el("span", { class: "sub" });
  slot.name = el("span", { role: "gridcell", class: "name" },
    el("span", { class: "chevron", "aria-hidden": "true" }), slot.state, el("span", { class: "lines" }, slot.main, slot.sub));
  slot.numbers = ["in", "out", "loss", "rtt"].map((name) => el("span", { role: "gridcell", class: `num ${name}` }));
  slot.element = el("div", { role: "row", id: `row-${number}`, class: "row", hidden: true }, slot.name, ...slot.numbers);
  return slot;
}

function hide(slot) {
  slot.row = undefined;
  if (slot.element.hidden) return;
  slot.element.hidden = true;
  for (const name of ["data-server", "data-session", "data-handle"]) setAttr(slot.element, name, null);
}

function fillNothing(slot) {
  setAttr(slot.element, "aria-level", null);
  setAttr(slot.element, "aria-expanded", null);
  setText(slot.title, "…");
  setText(slot.opaque, "");
  setText(slot.sub, "");
  setText(slot.word, "");
  setNumbers(slot, null);
}

function fillSession(slot, row, manyServers, now) {
  setAttr(slot.element, "aria-level", 1);
  setAttr(slot.element, "aria-expanded", row.handles > 0 ? String(Boolean(row.expanded)) : null);
  setNumbers(slot, null);
  setText(slot.word, "Session");
  setText(slot.title, row.session);
  setText(slot.opaque, "");
  const transport = (row.transport ?? "").replace(/^janus\.transport\./, "");
  const age = known(row.since) ? spanShort(now - row.since) : "";
  setText(slot.sub, [manyServers ? row.server : "", plural(row.handles, "handle"), transport, age].filter(Boolean).join(" · "));
}

function fillHandle(slot, row) {
  setAttr(slot.element, "aria-level", 2);
  setAttr(slot.element, "aria-expanded", null);
  const [state, word] = stateOf(row);
  setAttr(slot.state, "data-state", state);
  setAttr(slot.state, "title", word);
  setText(slot.word, word);
  setText(slot.title, plugin(row.plugin));
  setText(slot.opaque, row.opaque ? ` ${row.opaque}` : "");
  setText(slot.sub, [row.handle, row.slow > 0 ? `${count(row.slow)} slow` : ""].filter(Boolean).join(" · "));
  setAttr(slot.element, "data-slow", row.slow > 0 ? row.slow : null);
  setNumbers(slot, row.up || known(row.bitrateIn) || known(row.bitrateOut)
    ? [bitrateShort(row.bitrateIn), bitrateShort(row.bitrateOut), ratio(row.loss), millis(row.rtt)]
    : null);
  setAttr(slot.numbers[2], "data-level", lossLevel(row.loss));
}

// setNumbers fills the columns of numbers. With null the name takes their place.
function setNumbers(slot, texts) {
  setAttr(slot.name, "aria-colspan", texts ? null : 5);
  slot.numbers.forEach((cell, i) => {
    if (cell.hidden === Boolean(texts)) cell.hidden = !texts;
    if (texts) setText(cell, texts[i] === NONE ? "" : texts[i]);
  });
}

// lossLevel grades a loss: two percent can be heard, five can be seen.
export function lossLevel(loss) {
  if (!known(loss) || loss < 0.02) return null;
  return loss < 0.05 ? "poor" : "bad";
}

// stateOf gives a handle's state for its mark, and in words.
export function stateOf({ up, ice, dtls }) {
  if (ice === "failed" || dtls === "failed") return ["failed", ice === "failed" ? "ICE failed" : "DTLS failed"];
  if (up) return ice === "disconnected" ? ["shaky", "ICE disconnected"] : ["up", "PeerConnection is up"];
  if (dtls === "connected") return ["none", "PeerConnection has ended"];
  if (ice && ice !== "disconnected") return ["connecting", `Connecting: ICE ${ice}`];
  return ["none", "No PeerConnection"];
}
