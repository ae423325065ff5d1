// Short ways to find and make elements.

/** The element with this id, which must exist. */
export function byID(id) {
  const element = document.getElementById(id)
  if (!element) throw new Error(`no element ${id}`)
  return element
}

/**
 * Makes an element.
 * @param {string} name
 * @param {Object<string, string|boolean|null|undefined>} [attributes] Those that are null, undefined or false are left out.
 * @param {...(Node|string)} children
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, '')
    else if (value || value === '') element.setAttribute(key, value)
  }
  element.append(...children)
  return element
}

const svg = 'http://www.w3.org/2000/svg'

/** Makes a picture out of icons.svg. Screen readers skip it. */
export function icon(name) {
  const picture = document.createElementNS(svg, 'svg')
  picture.setAttribute('class', 'icon')
  picture.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `icons.svg#${name}`)
  picture.append(use)
  return picture
}
