// Small line plots of the last minutes, drawn as SVG.

import { el, svg, setAttr, setText } from "./dom.js";
import { known, span, time } from "./format.js";

const WIDTH = 300;
const HEIGHT = 84;
const MIN_SPAN = 60_000; // A plot shows at least a minute.
const MIN_GAP = 5_000; // Points that are closer are joined.

// Series is what is known of one value: [time in ms, value or null], by time.
export class Series {
  points = [];

  // add appends points that are newer than those it has, and keeps at most capacity.
  add(points, capacity) {
    const last = this.points.at(-1)?.[0] ?? -Infinity;
    for (const point of points) if (point[0] > last) this.points.push(point);
    if (this.points.length > capacity) this.points.splice(0, this.points.length - capacity);
  }

  // gap is the time after which a value that has not come again is not known any more.
  get gap() {
    const { points } = this;
    if (points.length < 3) return MIN_GAP;
    return Math.max(MIN_GAP, (2.5 * (points.at(-1)[0] - points[0][0])) / (points.length - 1));
  }

  // value is the latest one, or null.
  get value() {
    const last = this.points.findLast((point) => known(point[1]));
    return last && this.points.at(-1)[0] - last[0] <= this.gap ? last[1] : null;
  }

  // at gives the point nearest to a time.
  at(t) {
    let best = null;
    for (const point of this.points) {
      if (!best || Math.abs(point[0] - t) < Math.abs(best[0] - t)) best = point;
    }
    return best;
  }
}

// Plot is a figure with the current values in words and a line for each series.
//
// Options: name (for data-plot), title, mid, format, floor (the least height of the
// scale), ceiling (its greatest), lines [{key, label, series}], onCursor(time|null).
export class Plot {
  #options;
  #values = [];
  #paths = [];
  #marks = [];
  #grid;
  #tops = [];
  #ages = [];
  #cursorLine;
  #readout;
  #none = el("span", { class: "none", text: "not measured yet", hidden: true });
  #picture;
  #from = 0;
  #to = 1;
  #top = 1;

  constructor(options) {
    this.#options = options;
    this.element = this.#build();
  }

  #build() {
    const { name, title, mid, lines } = this.#options;
    const values = el("div", { class: "values" });
    for (const line of lines) {
      const value = el("span", { "data-value": "", "data-direction": lines.length > 1 ? line.key : null });
      const label = lines.length > 1 ? el("span", { class: `key ${line.key}`, text: line.label }) : null;
      values.append(el("span", { class: "value" }, label, value));
      this.#values.push(value);
    }
    this.#picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    this.#grid = svg("path", { class: "grid", d: `M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}` });
    this.#cursorLine = svg("path", { class: "cursor", d: "" });
    this.#picture.append(this.#grid);
    lines.forEach((line, i) => {
      const area = svg("path", { class: `area ${line.key}` });
      const stroke = svg("path", { class: `line ${line.key}` });
      if (i === 0) this.#picture.append(area);
      this.#picture.append(stroke);
      this.#paths.push({ area, stroke });
    });
    this.#picture.append(this.#cursorLine);
    this.#tops = [el("span", { class: "tick top" }), el("span", { class: "tick half" })];
    this.#ages = [el("span"), el("span", { text: "now" })];
    this.#readout = el("span", { class: "readout", hidden: true });
    const frame = el("div", { class: "frame" }, this.#picture, ...this.#tops, this.#none, this.#readout);
    frame.addEventListener("pointermove", (event) => this.#point(event, frame));
    frame.addEventListener("pointerleave", () => this.#options.onCursor?.(null));
    return el("figure", { class: "plot", "data-plot": name, "data-mid": mid },
      el("figcaption", {}, el("span", { class: "title", text: title }), values),
      frame,
      el("div", { class: "ages", "aria-hidden": "true" }, ...this.#ages));
  }

  #point(event, frame) {
    const box = frame.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.#options.onCursor?.(this.#from + share * (this.#to - this.#from));
  }

  // draw shows the window that ends at the time "to".
  draw(from, to) {
    const { lines, format, floor, ceiling, title, mid } = this.#options;
    this.#from = from;
    this.#to = to;
    let highest = -1;
    for (const line of lines) {
      for (const [t, value] of line.series.points) if (t >= from && known(value) && value > highest) highest = value;
    }
    this.#none.hidden = highest >= 0;
    this.#top = scale(Math.max(highest, floor));
    if (ceiling && highest <= ceiling) this.#top = Math.min(this.#top, ceiling);
    const words = [];
    lines.forEach((line, i) => {
      const value = line.series.value;
      setAttr(this.#values[i], "data-value", value ?? "");
      setText(this.#values[i], format(value));
      words.push(lines.length > 1 ? `${line.label} ${format(value)}` : format(value));
      const [stroke, area] = this.#paint(line.series);
      setAttr(this.#paths[i].stroke, "d", stroke);
      setAttr(this.#paths[i].area, "d", i === 0 ? area : "");
    });
    setText(this.#tops[0], tick(format(this.#top)));
    setText(this.#tops[1], tick(format(this.#top / 2)));
    setText(this.#ages[0], ago(to - from));
    setAttr(this.#picture, "aria-label",
      `${title}, medium ${mid}, last ${span(to - from)}: now ${words.join(", ")}; highest ${format(highest < 0 ? null : highest)}`);
  }

  #x(t) {
    return ((t - this.#from) / (this.#to - this.#from)) * WIDTH;
  }

  #y(value) {
    return HEIGHT - 1 - (Math.min(Math.max(value, 0), this.#top) / this.#top) * (HEIGHT - 3);
  }

  // paint gives the path of the line and of the area under it.
  #paint({ points, gap }) {
    let stroke = "";
    let area = "";
    let start = null;
    let end = null;
    const close = () => {
      if (start === null) return;
      area += `L${end} ${HEIGHT}L${start} ${HEIGHT}Z`;
      if (start === end) stroke += `h.1`;
      start = null;
    };
    let before = null;
    for (const [t, value] of points) {
      if (!known(value)) continue;
      if (before !== null && t - before > gap) close();
      before = t;
      const x = this.#x(t).toFixed(1);
      const step = `${start === null ? "M" : "L"}${x} ${this.#y(value).toFixed(1)}`;
      stroke += step;
      area += step;
      start ??= x;
      end = x;
    }
    close();
    return [stroke, area];
  }

  // cursor marks a time, or nothing if it is null.
  cursor(t) {
    const nearest = t === null ? null : this.#options.lines[0].series.at(t);
    if (!nearest || nearest[0] < this.#from) {
      setAttr(this.#cursorLine, "d", "");
      this.#readout.hidden = true;
      return;
    }
    const x = this.#x(nearest[0]);
    setAttr(this.#cursorLine, "d", `M${x.toFixed(1)} 0V${HEIGHT}`);
    const values = this.#options.lines.map((line) => {
      const point = line.series.at(nearest[0]);
      return this.#options.format(point ? point[1] : null);
    });
    setText(this.#readout, `${time(nearest[0])}  ${values.join(" / ")}`);
    this.#readout.classList.toggle("left", x > WIDTH / 2);
    this.#readout.hidden = false;
  }
}

// windowOf gives the span of time that holds all points of the series, at least a minute.
export function windowOf(seriesList) {
  let first = Infinity;
  let last = -Infinity;
  for (const { points } of seriesList) {
    if (points.length === 0) continue;
    first = Math.min(first, points[0][0]);
    last = Math.max(last, points.at(-1)[0]);
  }
  if (last === -Infinity) last = Date.now();
  return [Math.min(first, last - MIN_SPAN), last];
}

// tick shortens "60.0 kbit/s" to "60 kbit/s".
const tick = (text) => text.replace(/\.0+(?= )/, "");

// ago gives a length of time in seconds or, from a minute and a half on, in minutes.
function ago(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}

// scale gives the next number of 1, 2, 4, 6, 8 or 10 times a power of ten.
function scale(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 4, 6, 8]) if (value <= step * power * 1.0001) return step * power;
  return 10 * power;
}
