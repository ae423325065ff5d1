// JSON as coloured text.

import { el } from "./dom.js";

const token = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;
const COLOURED = 60_000; // Longer texts stay plain: colours are not worth the wait.

// showJSON fills an element with a value as indented JSON.
export function showJSON(target, value) {
  const text = JSON.stringify(value, null, 2) ?? "";
  if (target.jsonText === text) return;
  target.jsonText = text;
  if (text.length > COLOURED) {
    target.textContent = text;
    return;
  }
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > end) parts.append(text.slice(end, match.index));
    end = match.index + match[0].length;
    parts.append(el("span", { class: kind(match), text: match[0] }));
  }
  parts.append(text.slice(end));
  target.replaceChildren(parts);
}

function kind(match) {
  if (match[1] !== undefined) return "j-key";
  if (match[0][0] === '"') return "j-string";
  return /^[tfn]/.test(match[0]) ? "j-word" : "j-number";
}
