// The page of the monitor: says to the program what it looks at, and hands what comes
// to the parts of the page.

import { Actions } from "./actions.js";
import { Connection } from "./socket.js";
import { Detail } from "./detail.js";
import { byId, el, setAttr, setText, store, stored } from "./dom.js";
import { Events } from "./events.js";
import { bitrate, count, known, plural, problem } from "./format.js";
import { keyOf, Tree } from "./tree.js";

const MAX_FOLDED = 10_000; // The program takes no more.
const narrow = matchMedia("(max-width: 799px), (max-height: 480px)"); // As in style.css.
let isNarrow = narrow.matches; // Asking the browser each time would cost a layout.

const state = {
  server: "all",
  search: "",
  open: null, // The open row, a handle's or a session's.
  folded: new Map(), // Sessions that are folded, by key.
  heard: false, // Whether this connection has brought anything.
};

const actions = new Actions(done);
const detail = new Detail((name, target, facts) => actions.ask(name, target, facts));
const tree = new Tree({ onWindow: look, onOpen: open, onFold: fold });
const events = new Events({ onFilter: look, onOpen: (event) => open({ kind: "handle", server: event.server, session: event.session, handle: event.handle }) });
const connection = new Connection(socketURL(), receive, connected);

// ---- to the program

let lookTimer = 0;

// look sends what the page looks at, at most ten times a second.
function look() {
  if (lookTimer) return;
  lookTimer = setTimeout(() => {
    lookTimer = 0;
    connection.send(looking());
  }, 100);
}

function looking() {
  const shown = (tab) => !isNarrow || document.body.dataset.tab === tab;
  const { open } = state;
  return {
    type: "look",
    server: state.server,
    search: state.search,
    offset: tree.offset,
    limit: shown("handles") ? tree.limit : 0,
    collapsed: [...state.folded.values()].slice(-MAX_FOLDED),
    open: open?.handle ? { server: open.server, session: open.session, handle: open.handle } : null,
    events: shown("events") ? events.look : null,
  };
}

function socketURL() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}

// ---- from the program

function receive(message) {
  if (!state.heard) {
    state.heard = true;
    setConnected(true);
  }
  switch (message.type) {
    case "hello":
      if (known(message.points)) detail.points = message.points;
      events.restart();
      break;
    case "servers": showServers(message.servers ?? []); break;
    case "tree": showTree(message); break;
    case "handle": detail.update(message); break;
    case "events": events.update(message); break;
    case "error": toast(message.message); break;
    default: // A newer program may say more.
  }
}

let announceCount = false;

function showTree(message) {
  tree.update(message);
  const row = state.open && !state.open.handle && (message.rows ?? []).find((row) => keyOf(row) === keyOf(state.open));
  if (row) detail.row(row);
  const empty = message.total === 0;
  byId("tree-empty").hidden = !empty;
  if (empty) {
    setText(byId("tree-empty"), state.search
      ? `Nothing matches “${state.search}”.`
      : "No sessions. They appear here when a client connects to Janus.");
  }
  setText(byId("tree-count"), state.search ? `${plural(message.total, "row")} found` : "");
  if (announceCount) {
    announceCount = false;
    setText(byId("announce"), empty ? "Nothing found" : `${plural(message.total, "row")} found`);
  }
}

function done(text, name, target) {
  toast(text);
  if (name === "destroy") detail.ended(target);
}

// ---- servers

const serverItems = new Map();
let allItem = null;

function showServers(servers) {
  const names = servers.map(({ name }) => name);
  for (const [name, item] of serverItems) {
    if (names.includes(name)) continue;
    item.element.remove();
    serverItems.delete(name);
  }
  const list = byId("servers");
  if (servers.length > 1 && !allItem) {
    allItem = serverItem("all", true);
    setText(allItem.title, "All servers");
    list.prepend(allItem.element);
  }
  for (const server of servers) {
    let item = serverItems.get(server.name);
    if (!item) {
      item = serverItem(server.name, servers.length > 1);
      serverItems.set(server.name, item);
      list.append(item.element);
    }
    fillServer(item, server);
  }
  const sum = (key) => servers.reduce((total, server) => total + (server[key] ?? 0), 0);
  if (allItem) fillCounts(allItem, { sessions: sum("sessions"), handles: sum("handles"), peerConnections: sum("peerConnections") });
  setText(byId("totals"), totals(servers, sum));
  document.title = servers.length ? `${plural(sum("handles"), "handle")} – Janus monitor` : "Janus monitor";
  tree.manyServers = servers.length > 1;
  events.servers = names;
  if (state.open && !names.includes(state.open.server)) close(); // An old address.
  markServer();
}

function totals(servers, sum) {
  if (!servers.some(({ bitrateIn, bitrateOut }) => known(bitrateIn) || known(bitrateOut))) return "";
  return `In ${bitrate(sum("bitrateIn"))} · Out ${bitrate(sum("bitrateOut"))}`;
}

// serverItem makes the entry of a server; name "all" is the one of all together. With
// only one server there is nothing to choose, and the entry is no button.
function serverItem(name, choosable) {
  const item = { title: el("strong"), version: el("span", { class: "version" }), state: el("span", { class: "state" }), counts: {} };
  item.word = el("span", { class: "hidden" });
  item.note = el("span", { class: "problem" });
  const counts = el("span", { class: "counts" });
  for (const [key, attr, word] of [["sessions", "data-sessions", "session"], ["handles", "data-handles", "handle"], ["peerConnections", "data-peerconnections", "PeerConnection"]]) {
    const number = el("span", { [attr]: "" });
    const unit = el("span");
    item.counts[key] = { number, unit, attr, word };
    counts.append(el("span", {}, number, " ", unit));
  }
  item.state.append(item.word);
  const parts = [item.state, el("span", { class: "name" }, item.title, " ", item.version), counts, item.note];
  item.button = choosable
    ? el("button", { type: "button", "aria-pressed": "false", onclick: () => chooseServer(name) }, ...parts)
    : el("div", { class: "only" }, ...parts);
  item.element = el("li", {}, item.button);
  if (name !== "all") item.element.dataset.server = name;
  return item;
}

function fillServer(item, server) {
  setText(item.title, server.title || server.name);
  setText(item.version, [server.title ? server.name : "", server.version].filter(Boolean).join(" · "));
  setAttr(item.element, "data-up", String(Boolean(server.up)));
  setAttr(item.state, "data-state", server.up ? "up" : "failed");
  setText(item.word, server.up ? "Up: " : "Down: ");
  fillCounts(item, server);
  setText(item.note, trouble(server));
  setAttr(item.note, "title", server.error || server.api?.error || null);
  item.note.hidden = !item.note.textContent;
}

function fillCounts(item, values) {
  for (const [key, { number, unit, attr, word }] of Object.entries(item.counts)) {
    const value = values[key] ?? 0;
    setAttr(number, attr, value);
    setText(number, count(value));
    setText(unit, value === 1 ? word : `${word}s`);
  }
}

// trouble says in a sentence what is wrong with a server, if anything.
function trouble({ up, error, events, hidden, api }) {
  if (!up) return problem(error) || "The Admin API does not answer.";
  if (api && !api.up) return `The Janus API does not work. ${problem(api.error)}`.trim();
  if (hidden > 0) return `${plural(hidden, "more handle")} counted, but not shown.`;
  if (!events) return "No events yet: figures come from the Admin API only.";
  return "";
}

function chooseServer(name) {
  state.server = state.server === name ? "all" : name;
  markServer();
  tree.reset();
  look();
}

function markServer() {
  if (state.server !== "all" && !serverItems.has(state.server)) state.server = "all";
  allItem?.button.setAttribute("aria-pressed", String(state.server === "all"));
  for (const [name, item] of serverItems) {
    if (item.button.tagName === "BUTTON") setAttr(item.button, "aria-pressed", String(state.server === name));
  }
}

// ---- the open handle

function open(row) {
  const same = state.open && keyOf(state.open) === keyOf(row);
  if (!same) {
    state.open = row;
    tree.open = keyOf(row);
    detail.open(row);
    events.opened = row.handle ? row : null;
    rememberOpen(row);
    look();
  }
  showTab("detail");
  if (isNarrow) byId("panel-detail").focus({ preventScroll: true });
}

function close() {
  state.open = null;
  tree.open = null;
  detail.close();
  events.opened = null;
  history.replaceState(null, "", location.pathname + location.search);
  look();
}

function fold(row, expanded) {
  const key = keyOf(row);
  if (expanded) state.folded.delete(key);
  else state.folded.set(key, { server: row.server, session: row.session });
  look();
}

// rememberOpen keeps the open handle in the address, so that a reload opens it again.
function rememberOpen({ server, session, handle }) {
  const parts = handle ? [server, session, handle].map(encodeURIComponent).join("/") : "";
  history.replaceState(null, "", parts ? `#${parts}` : location.pathname + location.search);
}

function openFromAddress() {
  const parts = location.hash.slice(1).split("/");
  if (parts.length !== 3) return;
  try {
    const [server, session, handle] = parts.map(decodeURIComponent);
    if (server && session && handle) open({ kind: "handle", server, session, handle });
  } catch {
    // Not an address of ours.
  }
}

// ---- connection, notices, tabs, theme

let countdown = 0;

// connected takes the state of the websocket. The page counts as connected when the
// first message has come.
function connected({ connected, wait, attempt }) {
  state.heard = false;
  if (connected) {
    connection.send(looking());
    return;
  }
  setConnected(false);
  if (attempt < 2) return; // The first attempt comes at once: nothing to read yet.
  const due = performance.now() + wait;
  clearInterval(countdown);
  const show = () => {
    const seconds = Math.ceil((due - performance.now()) / 1000);
    setText(byId("retry"), seconds > 0 ? `Try now (${seconds} s)` : "Trying…");
  };
  show();
  countdown = setInterval(show, 1000);
  setText(byId("notice-text"), "No connection to the monitor program. The figures are old. Is it still running?");
  byId("notice").hidden = false;
}

function setConnected(on) {
  document.body.dataset.connected = String(on);
  setText(byId("connection-text"), on ? "Live" : "Not connected");
  if (!on) return;
  clearInterval(countdown);
  byId("notice").hidden = true;
}

let toastTimer = 0;

function toast(text) {
  clearTimeout(toastTimer);
  setText(byId("toast"), text);
  toastTimer = setTimeout(() => setText(byId("toast"), ""), 6000);
}

function showTab(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll("#tabs button")) setAttr(button, "aria-current", button.dataset.tab === tab ? "page" : null);
  look();
}

const themes = ["auto", "light", "dark"];

function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  setText(byId("theme-name"), theme);
  store("theme", theme);
}

let searchTimer = 0;

function searchChanged() {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => {
    const text = byId("search").value.trim();
    if (text === state.search) return;
    state.search = text;
    announceCount = true;
    tree.reset();
    look();
  }, 150);
}

function shortcuts(event) {
  const typing = event.target.closest?.("input, select, textarea, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    if (isNarrow) showTab("handles");
    byId("search").focus();
  }
  if (event.target.id !== "search") return;
  if (event.key === "Enter" || event.key === "ArrowDown") {
    event.preventDefault();
    tree.focus();
  }
}

byId("search").addEventListener("input", searchChanged);
byId("retry").addEventListener("click", () => connection.retry());
byId("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? "auto";
  setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
});
byId("tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("button")?.dataset.tab;
  if (tab) showTab(tab);
});
document.addEventListener("keydown", shortcuts);
narrow.addEventListener("change", () => {
  isNarrow = narrow.matches;
  look();
});
if (themes.includes(stored("theme"))) setTheme(stored("theme"));
openFromAddress();
