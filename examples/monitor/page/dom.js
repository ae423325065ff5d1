// Helpers to make and change elements. Text from the network only ever becomes a
// text node or an attribute value, never markup.

// el makes an element. In attrs, "text" sets the text, names that begin with "on" add
// a listener, and null, undefined and false leave an attribute out.
export function el(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

// svg makes an SVG element.
export function svg(tag, attrs = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

// setText changes the text of an element if it differs.
export function setText(node, text) {
  text = String(text);
  if (node.textContent !== text) node.textContent = text;
}

// setAttr changes an attribute if it differs; null removes it.
export function setAttr(node, name, value) {
  if (value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, String(value));
  }
}

// byId is document.getElementById for elements that index.html is known to have.
export const byId = (id) => document.getElementById(id);

// stored and store keep a preference; a browser that forbids storage forgets it.
export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing depends on it.
  }
}
