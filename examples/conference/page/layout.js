// Where the tiles go: plain arithmetic, without the document.

const gap = 8
const widest = 16 / 9
const smallestWidth = 132
const smallestHeight = 88

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

/**
 * Boxes for count tiles of one size, as large as they can be in the area. If they would get
 * too small, they go on below it.
 * @param {Box} area
 * @param {number} count
 * @returns {Box[]}
 */
export function grid(area, count) {
  // On a phone held upright pictures may be upright too.
  const narrowest = area.width > area.height ? 4 / 3 : 2 / 3
  let best = { columns: 1, width: 0, height: 0 }
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns)
    const width = (area.width - gap * (columns - 1)) / columns
    const height = (area.height - gap * (rows - 1)) / rows
    const tile = { width: Math.min(width, height * widest), height: Math.min(height, width / narrowest) }
    if (tile.width * tile.height > best.width * best.height) best = { columns, ...tile }
  }
  if (best.width < smallestWidth || best.height < smallestHeight) best = scrolling(area)
  return place(area, count, best)
}

/**
 * A big box for the first tile, and small ones for the others beside or below it.
 * @param {Box} area
 * @param {number} count
 * @returns {Box[]}
 */
export function spotlight(area, count) {
  if (count < 2) return grid(area, count)
  const landscape = area.width > 1.1 * area.height
  const [big, rest] = landscape ? beside(area) : below(area)
  return [big, ...grid(rest, count - 1)]
}

function beside({ x, y, width, height }) {
  const strip = Math.min(Math.max(width * 0.22, 160), 320)
  const main = width - strip - gap
  return [
    { x, y, width: main, height },
    { x: x + main + gap, y, width: strip, height },
  ]
}

function below({ x, y, width, height }) {
  const main = Math.min(width * 0.65, height * 0.6)
  return [
    { x, y, width, height: main },
    { x, y: y + main + gap, width, height: height - main - gap },
  ]
}

function scrolling(area) {
  const columns = Math.max(1, Math.floor((area.width + gap) / (smallestWidth + 20 + gap)))
  const width = (area.width - gap * (columns - 1)) / columns
  return { columns, width, height: width * 0.75 }
}

/** Rows in the middle of the area; the last one may be shorter. */
function place(area, count, { columns, width, height }) {
  const rows = Math.ceil(count / columns)
  const top = Math.max(0, (area.height - rows * (height + gap) + gap) / 2)
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns)
    const inRow = row < rows - 1 ? columns : count - columns * row
    const left = (area.width - inRow * (width + gap) + gap) / 2
    return {
      x: area.x + left + (i % columns) * (width + gap),
      y: area.y + top + row * (height + gap),
      width,
      height,
    }
  })
}
