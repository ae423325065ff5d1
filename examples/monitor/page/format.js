// Numbers and times as text.

const integer = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const NONE = "–";

export const known = (value) => typeof value === "number" && Number.isFinite(value);

export const count = (value) => (known(value) ? integer.format(value) : NONE);

// plural gives "1 handle", "3 handles".
export const plural = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

// digits rounds to three significant digits without an exponent: 1234 is 1234, 1.234 is 1.23.
function digits(value) {
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return integer.format(value);
  return value.toFixed(size >= 10 ? 1 : 2);
}

const scales = [[1e9, "Gbit/s", "G"], [1e6, "Mbit/s", "M"], [1e3, "kbit/s", "k"]];

// bitrate takes bit/s.
export function bitrate(value) {
  if (!known(value)) return NONE;
  for (const [size, unit] of scales) if (value >= size) return `${digits(value / size)} ${unit}`;
  return `${digits(Math.round(value))} bit/s`;
}

// bitrateShort is for narrow columns: "1.23 M".
export function bitrateShort(value) {
  if (!known(value)) return NONE;
  for (const [size, , unit] of scales) if (value >= size) return `${digits(value / size)} ${unit}`;
  return digits(Math.round(value));
}

// ratio takes 0..1 and gives percent.
export function ratio(value) {
  if (!known(value)) return NONE;
  const percent = value * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.1) return "<0.1 %";
  return `${percent.toFixed(percent >= 10 ? 0 : 1)} %`;
}

export function millis(value) {
  if (!known(value)) return NONE;
  return `${value >= 10 || value === 0 ? integer.format(value) : value.toFixed(1)} ms`;
}

export function bytes(value) {
  if (!known(value)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? integer.format(value) : digits(value)} ${units[unit]}`;
}

// time takes ms since the epoch and gives the local time of day.
export const time = (ms) => (known(ms) ? clock.format(ms) : NONE);

// timeFine adds the milliseconds.
export const timeFine = (ms) => (known(ms) ? `${clock.format(ms)}.${String(Math.floor(ms) % 1000).padStart(3, "0")}` : NONE);

// span gives a length of time in the two largest units: "2 min 5 s".
export function span(ms) {
  if (!known(ms) || ms < 0) return NONE;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${integer.format(Math.floor(hours / 24))} d ${hours % 24} h`;
}

// spanShort is span with one unit, for narrow places.
export function spanShort(ms) {
  if (!known(ms) || ms < 0) return "";
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${integer.format(Math.floor(seconds / 86400))} d`;
}

const causes = [
  [/error 403|unauthori[sz]ed/i, "Janus refuses the admin secret."],
  [/connection refused/i, "Nothing answers at its address: Janus is not running, or its Admin API is off."],
  [/no such host|lookup /i, "Its name has no address."],
  [/deadline|timeout|timed out/i, "Janus does not answer in time."],
  [/\bEOF\b|reset by peer|broken pipe|closed/i, "Janus has closed the connection."],
];

// problem says in plain words what an error of the Admin API means, if it is a known one.
export function problem(error) {
  if (!error) return "";
  const cause = causes.find(([pattern]) => pattern.test(error));
  return cause ? cause[1] : error;
}

// plugin shortens "janus.plugin.videoroom" to "videoroom".
export const plugin = (name) => (name ? String(name).replace(/^janus\.plugin\./, "") : "handle");
