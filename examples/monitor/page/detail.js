// The open handle: facts, plots of each medium, tables and handle_info.

import { byId, el, setAttr, setText } from "./dom.js";
import { bitrate, bytes, count, known, millis, NONE, plugin, plural, problem, ratio, span, time } from "./format.js";
import { showJSON } from "./json.js";
import { Plot, Series, windowOf } from "./plot.js";
import { lossLevel, stateOf } from "./tree.js";

const KEYS = ["in", "out", "lossIn", "lossOut", "rtt", "jitterIn", "jitterOut"];

const PLOTS = [
  { name: "bitrate", title: "Bitrate", format: bitrate, floor: 10_000, keys: ["in", "out"] },
  { name: "loss", title: "Loss", format: ratio, floor: 0.04, ceiling: 1, keys: ["lossIn", "lossOut"] },
  { name: "rtt", title: "Round-trip time", format: millis, floor: 20, keys: ["rtt"] },
  { name: "jitter", title: "Jitter", format: millis, floor: 20, keys: ["jitterIn", "jitterOut"] },
];

const TOTALS = [
  ["Bytes", bytes, "bytesIn", "bytesOut"],
  ["Packets", count, "packetsIn", "packetsOut"],
  ["Lost packets", count, "lostIn", "lostOut"],
  ["NACKs", count, "nacksIn", "nacksOut"],
  ["Retransmissions", count, "retransmissionsIn", null],
];

const SAMPLES = 12; // Rows of the table of a medium's figures.

// Detail shows one handle, or one session. onAction(name, target, facts) is called by
// its buttons.
export class Detail {
  points = 120; // Length of a series.
  #onAction;
  #root = byId("detail");
  #blank = byId("detail-empty");
  #view = null;

  constructor(onAction) {
    this.#onAction = onAction;
  }

  // open shows a handle, of which only what the tree's row says is known at first.
  open(row) {
    this.#blank.hidden = true;
    this.#view = row.handle ? new HandleView(row, this.#onAction) : new SessionView(row, this.#onAction);
    setAttr(this.#root, "data-server", row.server);
    setAttr(this.#root, "data-session", row.session);
    setAttr(this.#root, "data-handle", row.handle || null);
    this.#root.replaceChildren(this.#view.element);
    byId("panel-detail").scrollTop = 0;
  }

  close() {
    this.#view = null;
    this.#root.replaceChildren();
    for (const name of ["data-server", "data-session", "data-handle"]) setAttr(this.#root, name, null);
    this.#blank.hidden = false;
  }

  // update takes a handle message.
  update(message) {
    const { handle, session, server } = this.#root.dataset;
    if (!this.#view || message.handle !== handle || message.session !== session || message.server !== server) return;
    this.#view.update(message, this.points);
  }

  // ended says that a session has been destroyed. Of handles the program says it.
  ended(target) {
    this.#view?.ended?.(target);
  }

  // row takes the open session's row when the tree has news of it.
  row(row) {
    this.#view?.row?.(row);
  }
}

// actionButton makes a button that begins an action.
function actionButton(name, text, onclick) {
  return el("button", { type: "button", "data-action": name, class: "danger-quiet", text, onclick });
}

class SessionView {
  #facts = factList();
  #note = el("p", { class: "note", text: "This session has ended.", hidden: true });
  #destroy;
  #last;

  constructor(row, onAction) {
    this.#last = row;
    this.#destroy = actionButton("destroy", "Destroy session", () => onAction("destroy", this.#last, [
      ["Session", this.#last.session], ["Handles", count(this.#last.handles)], ["Server", this.#last.server],
    ]));
    this.element = el("article", { class: "handle" },
      el("header", { class: "head" },
        el("h2", { text: "Session" }), el("div", { class: "actions" }, this.#destroy),
        el("p", { class: "ids" }, el("code", { text: row.session }))),
      this.#note, this.#facts.element,
      el("p", { class: "faint", text: "Choose one of its handles for plots and handle_info." }));
    this.row(row);
  }

  update() {}

  ended({ server, session }) {
    if (session !== this.#last.session || server !== this.#last.server) return;
    this.#note.hidden = false;
    this.#destroy.disabled = true;
  }

  row(row) {
    if (row.session !== this.#last.session || row.server !== this.#last.server) return;
    this.#last = row;
    this.#facts.show([
      ["Server", row.server],
      ["Handles", count(row.handles)],
      ["Transport", row.transport],
      ["Created", known(row.since) ? `${time(row.since)}, ${span(Date.now() - row.since)} ago` : ""],
    ]);
  }
}

class HandleView {
  #target;
  #onAction;
  #name = el("span");
  #opaque = el("span", { class: "opaque" });
  #ids = el("p", { class: "ids" });
  #badges = el("p", { class: "badges" });
  #note = el("p", { class: "note", hidden: true });
  #buttons = [];
  #tiles = new Tiles();
  #media = el("div", { class: "media-list" });
  #mediaEmpty = el("p", { class: "empty-line", text: "Waiting for the first figures." });
  #facts = factList();
  #texts = [];
  #views = new Map();
  #summary = {};

  constructor(row, onAction) {
    this.#target = { server: row.server, session: row.session, handle: row.handle };
    this.#onAction = onAction;
    this.#buttons = [
      actionButton("hangup", "Hang up", () => this.#act("hangup")),
      actionButton("detach", "Detach", () => this.#act("detach")),
      actionButton("destroy", "Destroy session", () => this.#act("destroy")),
    ];
    this.#makeTexts();
    this.element = el("article", { class: "handle" },
      el("header", { class: "head" },
        el("h2", {}, this.#name, this.#opaque),
        el("div", { class: "actions" }, ...this.#buttons),
        this.#ids, this.#badges),
      this.#note, this.#tiles.element, this.#mediaEmpty, this.#media,
      el("h3", { text: "Connection" }), this.#facts.element,
      ...this.#texts.map((text) => text.element));
    this.#ids.append(
      el("span", {}, "handle ", el("code", { text: row.handle })), " ",
      el("span", {}, "session ", el("code", { text: row.session })), " ",
      el("span", {}, row.server));
    this.#head(row, false);
  }

  #makeTexts() {
    this.#texts = [
      new Fold("Candidates", "candidates", ({ summary }) => candidates(summary)),
      new Fold("Local SDP (of Janus)", "sdp-local", ({ summary }) => summary.sdpLocal),
      new Fold("Remote SDP (of the peer)", "sdp-remote", ({ summary }) => summary.sdpRemote),
      new Fold("State of the plugin", "plugin-specific", ({ info }) => info?.plugin_specific, true),
      new Fold("handle_info", "handle-info", ({ info }) => info, true),
    ];
  }

  #act(name) {
    const facts = [["Server", this.#target.server], ["Session", this.#target.session]];
    if (name !== "destroy") facts.push(["Handle", this.#target.handle]);
    const what = [plugin(this.#summary.plugin), this.#summary.opaque].filter(Boolean).join(" · ");
    facts.push([name === "destroy" ? "Open handle" : "Plugin", name === "destroy" ? `${what} · ${this.#target.handle}` : what]);
    this.#onAction(name, this.#target, facts);
  }

  #head(summary, gone) {
    this.#summary = summary;
    setText(this.#name, plugin(summary.plugin));
    setText(this.#opaque, summary.opaque ? ` ${summary.opaque}` : "");
    const [state, word] = stateOf(summary);
    const badges = [gone ? ["Ended", ""] : [word, { up: "good", failed: "bad", shaky: "warn", connecting: "warn" }[state] ?? ""]];
    const over = gone || state === "none";
    if (summary.ice && !over) badges.push([`ICE ${summary.ice}`, grade(summary.ice)]);
    if (summary.dtls && !over) badges.push([`DTLS ${summary.dtls}`, grade(summary.dtls)]);
    if (summary.slow > 0) badges.push([plural(summary.slow, "slow link"), "warn"]);
    for (const codec of summary.codecs ?? []) badges.push([codec, ""]);
    const text = JSON.stringify(badges);
    if (this.#badges.dataset.text === text) return;
    this.#badges.dataset.text = text;
    this.#badges.replaceChildren(...badges.map(([label, level]) => el("span", { class: `badge ${level}`, text: label })));
  }

  update(message, points) {
    const { summary, media, gone, error } = message;
    this.#head(summary, gone);
    const note = gone ? `This handle does not exist any more.${media?.length ? " The figures are its last ones." : ""}`
      : error ? `The figures are the last ones. ${problem(error)}` : "";
    setAttr(this.#note, "title", error || null);
    setText(this.#note, note);
    this.#note.hidden = !note;
    this.element.classList.toggle("gone", Boolean(gone));
    for (const button of this.#buttons) button.disabled = Boolean(gone);
    if (stateOf(summary)[0] === "none") this.#buttons[0].disabled = true; // Nothing to hang up.
    this.#tiles.element.hidden = !media?.length;
    this.#showMedia(media ?? [], message, points);
    this.#tiles.show([...this.#views.values()].map((view) => view.values));
    this.#facts.show(connection(summary, message.updated));
    for (const text of this.#texts) text.show(message);
  }

  #showMedia(media, { append, summary }, points) {
    const ids = new Set(media.map(({ id }) => id));
    for (const [id, view] of this.#views) {
      if (ids.has(id)) continue;
      view.element.remove();
      this.#views.delete(id);
    }
    media.forEach((medium, i) => {
      let view = this.#views.get(medium.id);
      if (!view) {
        view = new MediumView(medium);
        this.#views.set(medium.id, view);
      }
      if (this.#media.children[i] !== view.element) this.#media.insertBefore(view.element, this.#media.children[i] ?? null);
      view.update(medium, append, points);
    });
    this.#mediaEmpty.hidden = media.length > 0;
    setText(this.#mediaEmpty, summary.up ? "No figures of media yet." : "No PeerConnection, so there is nothing to plot.");
  }
}

const grade = (state) => ({ connected: "good", ready: "good", failed: "bad" }[state] ?? "warn");

// candidates lists both sides' candidates as text.
function candidates({ local, remote }) {
  const part = (title, list) => (list?.length ? `${title}\n${list.map((line) => `  ${line}`).join("\n")}` : "");
  return [part("Janus", local), part("Peer", remote)].filter(Boolean).join("\n");
}

// connection gives the facts of a handle as pairs.
function connection(summary, updated) {
  return [
    ["Selected pair", summary.pair],
    ["ICE", [summary.ice, summary.iceRole, summary.iceMode].filter(Boolean).join(", ")],
    ["DTLS", [summary.dtls, summary.dtlsRole].filter(Boolean).join(", ")],
    ["SRTP", summary.srtp],
    ["Handshake", summary.handshakeRetransmissions > 0 ? plural(summary.handshakeRetransmissions, "retransmission") : ""],
    ["Plugin", summary.plugin],
    ["Opaque id", summary.opaque],
    ["Transport", summary.transport],
    ["Created", known(summary.since) ? `${time(summary.since)}, ${span(Date.now() - summary.since)} ago` : ""],
    ["Last hangup", summary.hangup],
    ["Slow links", summary.slow > 0 ? count(summary.slow) : ""],
    ["Queued packets", known(summary.queued) && summary.queued > 0 ? count(summary.queued) : ""],
    ["handle_info read", known(updated) ? time(updated) : "not yet"],
  ];
}

// factList is a list of names and values, of which the empty ones are left out.
function factList() {
  const element = el("dl", { class: "facts" });
  const nodes = new Map();
  const show = (facts) => {
    for (const [name, value] of facts) {
      let node = nodes.get(name);
      if (!node) {
        node = el("div", {}, el("dt", { text: name }), el("dd"));
        nodes.set(name, node);
        element.append(node);
      }
      node.hidden = !value;
      setText(node.lastElementChild, value || NONE);
    }
  };
  return { element, show };
}

// Tiles are the figures of the whole PeerConnection.
class Tiles {
  #values = {};
  element = el("div", { class: "tiles" });

  constructor() {
    for (const [key, label] of [["in", "In"], ["out", "Out"], ["loss", "Worst loss"], ["rtt", "Round-trip time"]]) {
      this.#values[key] = el("strong", { text: NONE });
      this.element.append(el("p", { class: `tile ${key}` }, el("span", { text: label }), this.#values[key]));
    }
  }

  // show takes the current values of each medium.
  show(media) {
    const all = (key) => media.map((values) => values[key]).filter(known);
    const sum = (values) => (values.length ? values.reduce((a, b) => a + b, 0) : null);
    const most = (values) => (values.length ? Math.max(...values) : null);
    const loss = most([...all("lossIn"), ...all("lossOut")]);
    setText(this.#values.in, bitrate(sum(all("in"))));
    setText(this.#values.out, bitrate(sum(all("out"))));
    setText(this.#values.loss, ratio(loss));
    setAttr(this.#values.loss, "data-level", lossLevel(loss));
    setText(this.#values.rtt, millis(most(all("rtt"))));
  }
}

// MediumView is one medium: its plots and tables.
class MediumView {
  #title = el("h3");
  #badges = el("p", { class: "badges" });
  #series = Object.fromEntries(KEYS.map((key) => [key, new Series()]));
  #plots;
  #totals = new Map();
  #table = el("tbody");
  #fold;

  constructor(medium) {
    const cursor = (t) => this.#plots.forEach((plot) => plot.cursor(t));
    this.#plots = PLOTS.map(({ keys, ...options }) => new Plot({
      ...options, mid: medium.id, onCursor: cursor,
      lines: keys.map((key, i) => ({ key: i === 0 && keys.length === 1 ? "one" : ["in", "out"][i], label: ["In", "Out"][i], series: this.#series[key] })),
    }));
    this.#fold = el("details", { class: "fold" }, el("summary", { text: "Totals and latest figures as tables" }),
      this.#totalsTable(), this.#samplesTable(medium.id));
    this.#fold.addEventListener("toggle", () => this.#fold.open && this.#fillTable());
    this.element = el("section", { class: "medium", "data-mid": medium.id, "data-kind": medium.kind },
      el("header", {}, this.#title, this.#badges),
      el("div", { class: "plots" }, ...this.#plots.map((plot) => plot.element)), this.#fold);
  }

  // values has the current value of each series.
  get values() {
    return Object.fromEntries(KEYS.map((key) => [key, this.#series[key].value]));
  }

  #totalsTable() {
    const cell = (key) => {
      if (!key) return el("td", { text: "" });
      const value = el("span", { "data-total": key, "data-value": "" });
      this.#totals.set(key, value);
      return el("td", {}, value);
    };
    return el("table", { class: "totals" }, el("caption", { text: "Totals" }),
      el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col", text: "In" }), el("th", { scope: "col", text: "Out" }))),
      el("tbody", {}, ...TOTALS.map(([title, , keyIn, keyOut]) =>
        el("tr", {}, el("th", { scope: "row", text: title }), cell(keyIn), cell(keyOut)))));
  }

  #samplesTable(id) {
    const heads = ["Time", "In", "Out", "Loss in", "Loss out", "RTT", "Jitter in", "Jitter out"];
    return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": `Latest figures of medium ${id}` },
      el("table", {}, el("caption", { text: "Latest figures" }),
        el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))), this.#table));
  }

  update(medium, append, points) {
    const layer = medium.layer > 0 ? `, layer ${medium.layer}` : "";
    setText(this.#title, `${{ audio: "Audio", video: "Video", data: "Data" }[medium.kind] ?? medium.kind} ${medium.mid}${layer}`);
    this.#showBadges(medium);
    const { t = [], ...columns } = medium.series ?? {};
    for (const key of KEYS) {
      const series = this.#series[key];
      if (!append) series.points = [];
      series.add(t.map((at, i) => [at, columns[key]?.[i] ?? null]), points);
    }
    const [from, to] = windowOf(Object.values(this.#series));
    for (const plot of this.#plots) plot.draw(from, to);
    for (const [, format, ...keys] of TOTALS) for (const key of keys) if (key) this.#showTotal(key, medium.totals?.[key], format);
    if (this.#fold.open) this.#fillTable();
  }

  #showBadges({ codec, receiving, slowIn, slowOut, slow, source }) {
    const badges = [];
    if (codec) badges.push([codec, ""]);
    if (receiving === true) badges.push(["receiving", "good"]);
    if (receiving === false) badges.push(["nothing received", "warn"]);
    if (slow > 0) badges.push([`${plural(slow, "slow link")} (${count(slowIn)} in, ${count(slowOut)} out)`, "warn"]);
    if (source === "polls") badges.push(["from handle_info", ""]);
    const text = JSON.stringify(badges);
    if (this.#badges.dataset.text === text) return;
    this.#badges.dataset.text = text;
    this.#badges.replaceChildren(...badges.map(([label, level]) => el("span", { class: `badge ${level}`, text: label })));
  }

  #showTotal(key, value, format) {
    const node = this.#totals.get(key);
    setAttr(node, "data-value", known(value) ? value : "");
    setText(node, format(value));
  }

  #fillTable() {
    const formats = { in: bitrate, out: bitrate, lossIn: ratio, lossOut: ratio };
    const points = this.#series.in.points;
    const rows = [];
    for (let i = points.length - 1; i >= 0 && rows.length < SAMPLES; i--) {
      const cells = KEYS.map((key) => el("td", { text: (formats[key] ?? millis)(this.#series[key].points[i]?.[1]) }));
      rows.push(el("tr", {}, el("th", { scope: "row", text: time(points[i][0]) }), ...cells));
    }
    this.#table.replaceChildren(...rows);
  }
}

// Fold is a text or JSON that is shown on demand and kept up to date while it is open.
class Fold {
  #get;
  #json;
  #code;
  #message = null;

  constructor(title, name, get, json = false) {
    this.#get = get;
    this.#json = json;
    this.#code = el("pre", { tabindex: 0, role: "region", "aria-label": title, "data-text": name });
    const copy = el("button", { type: "button", class: "quiet copy", text: "Copy", "aria-label": `Copy ${title}` });
    copy.addEventListener("click", () => this.#copy(copy));
    this.element = el("details", { class: "fold", hidden: true }, el("summary", { text: title }),
      el("div", { class: "code" }, copy, this.#code));
    this.element.addEventListener("toggle", () => this.#draw());
  }

  show(message) {
    this.#message = message;
    const value = this.#get(message);
    this.element.hidden = value === undefined || value === null || value === "";
    this.#draw();
  }

  // draw leaves the text alone while some of it is selected.
  #draw() {
    if (!this.element.open || !this.#message) return;
    const selection = getSelection();
    if (!selection.isCollapsed && this.#code.contains(selection.anchorNode)) return;
    const value = this.#get(this.#message);
    if (this.#json) showJSON(this.#code, value);
    else setText(this.#code, value ?? "");
  }

  async #copy(button) {
    try {
      await navigator.clipboard.writeText(this.#code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
}
