/** PNG (W3C, third edition) to grey, row by row: what is unpacked is never held as a whole. */
import { type Grey, lumaOf, onPaper } from './grey.ts'
import { wrong } from './picture-fault.ts'
import { latin1 } from './picture-kind.ts'
import { checkSize, pictureLimits } from './picture-limits.ts'
import { inflatedRows, type RowSource } from './png-rows.ts'

interface PngHeader {
  width: number
  height: number
  depth: number
  /** Colour type: bit 1 palette, bit 2 colour, bit 4 alpha. */
  colour: number
  interlaced: boolean
}

interface PngParts {
  header: PngHeader
  palette: Uint8Array | undefined
  /** Alpha of palette entries, or the one colour that is transparent. */
  transparency: Uint8Array | undefined
  /** Contents of the IDAT chunks. */
  data: Uint8Array[]
}

/** Samples of a pixel and the depths that each colour type may have. */
const colourTypes: ReadonlyMap<number, { samples: number; depths: readonly number[] }> = new Map([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
])

/** The seven passes of an interlaced picture: where each begins, and how far its pixels are apart. */
const passes = [
  { x: 0, y: 0, right: 8, down: 8 },
  { x: 4, y: 0, right: 8, down: 8 },
  { x: 0, y: 4, right: 4, down: 8 },
  { x: 2, y: 0, right: 4, down: 4 },
  { x: 0, y: 2, right: 2, down: 4 },
  { x: 1, y: 0, right: 2, down: 2 },
  { x: 0, y: 1, right: 1, down: 2 },
]
const wholePass = [{ x: 0, y: 0, right: 1, down: 1 }]

/**
 * The picture in grey, as it looks on white paper.
 * @throws PictureFault for a file that is broken, animated, of another kind or too large
 */
export async function readPng(file: Uint8Array): Promise<Grey> {
  const parts = partsOf(file)
  const { header } = parts
  const samples = colourTypes.get(header.colour)?.samples ?? 1
  const pixelBytes = Math.max(1, (samples * header.depth) >> 3)
  const grey: Grey = {
    width: header.width,
    height: header.height,
    data: new Uint8Array(header.width * header.height),
  }
  const paint = painter(parts)
  const rows = inflatedRows(parts.data)
  try {
    for (const pass of header.interlaced ? passes : wholePass) {
      await paintPass({ rows, grey, pass, pixelBytes, pixelBits: samples * header.depth, paint })
    }
  } finally {
    await rows.end()
  }
  return grey
}

interface PassWork {
  rows: RowSource
  grey: Grey
  pass: (typeof passes)[number]
  pixelBytes: number
  pixelBits: number
  paint: Painter
}

async function paintPass({ rows, grey, pass, pixelBytes, pixelBits, paint }: PassWork): Promise<void> {
  const width = Math.ceil((grey.width - pass.x) / pass.right)
  const height = Math.ceil((grey.height - pass.y) / pass.down)
  if (width < 1 || height < 1) return
  const length = Math.ceil((width * pixelBits) / 8)
  let row = new Uint8Array(length)
  let above = new Uint8Array(length)
  for (let y = 0; y < height; y++) {
    const filter = rows.has(length + 1) ? rows.take(row) : await rows.wait(row)
    unfilter(filter, row, above, pixelBytes)
    paint(row, grey.data, { from: (pass.y + y * pass.down) * grey.width + pass.x, step: pass.right, width })
    const other = above
    above = row
    row = other
  }
}

/** Undoes the filter of a row (section 9). @throws PictureFault for a filter that does not exist */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, distance: number): void {
  const { length } = row
  switch (filter) {
    case 0:
      return
    case 1:
      for (let at = distance; at < length; at++) row[at] = (row[at] ?? 0) + (row[at - distance] ?? 0)
      return
    case 2:
      for (let at = 0; at < length; at++) row[at] = (row[at] ?? 0) + (above[at] ?? 0)
      return
    case 3:
      for (let at = 0; at < Math.min(distance, length); at++) row[at] = (row[at] ?? 0) + ((above[at] ?? 0) >> 1)
      for (let at = distance; at < length; at++)
        row[at] = (row[at] ?? 0) + (((row[at - distance] ?? 0) + (above[at] ?? 0)) >> 1)
      return
    case 4:
      for (let at = 0; at < Math.min(distance, length); at++) row[at] = (row[at] ?? 0) + (above[at] ?? 0)
      for (let at = distance; at < length; at++)
        row[at] = (row[at] ?? 0) + paeth(row[at - distance] ?? 0, above[at] ?? 0, above[at - distance] ?? 0)
      return
    default:
      throw wrong('The PNG is broken: a row has a filter that does not exist')
  }
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner)
  const toUp = Math.abs(left - corner)
  const toCorner = Math.abs(left + up - 2 * corner)
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

interface Place {
  from: number
  step: number
  width: number
}

/** Writes the pixels of a row where they belong. */
type Painter = (row: Uint8Array, data: Uint8Array, place: Place) => void

function painter(parts: PngParts): Painter {
  const { depth, colour } = parts.header
  if (depth < 8 || colour === 3) return indexPainter(parts)
  const bytes = depth >> 3
  const samples = colourTypes.get(colour)?.samples ?? 1
  const hasColour = (colour & 2) !== 0
  const hasAlpha = (colour & 4) !== 0
  const size = samples * bytes
  const clear = hasAlpha ? undefined : parts.transparency
  return (row, data, { from, step, width }) => {
    for (let x = 0, at = 0, to = from; x < width; x++, at += size, to += step) {
      const first = row[at] ?? 0
      const grey = hasColour ? lumaOf(first, row[at + bytes] ?? 0, row[at + 2 * bytes] ?? 0) : first
      if (hasAlpha) data[to] = onPaper(grey, row[at + size - bytes] ?? 0)
      else data[to] = clear && isClear(row.subarray(at, at + size), clear, bytes) ? 255 : grey
    }
  }
}

/** Whether a pixel is the one colour that tRNS calls transparent, whose samples are of two bytes each. */
function isClear(pixel: Uint8Array, clear: Uint8Array, bytes: number): boolean {
  for (let at = 0; at < pixel.length; at++) {
    const sample = bytes === 1 ? clear[2 * at + 1] : clear[at]
    if (pixel[at] !== sample) return false
  }
  return true
}

/** Palettes and grey of few bits: each value that a pixel can have is a grey value. */
function indexPainter({ header, palette, transparency }: PngParts): Painter {
  const { depth, colour } = header
  const values = new Uint8Array(1 << depth)
  if (colour === 3) {
    if (!palette) throw wrong('The PNG is broken: it has no palette')
    for (let entry = 0; entry < values.length; entry++) {
      const grey = lumaOf(palette[3 * entry] ?? 0, palette[3 * entry + 1] ?? 0, palette[3 * entry + 2] ?? 0)
      values[entry] = onPaper(grey, transparency?.[entry] ?? 255)
    }
  } else {
    for (let value = 0; value < values.length; value++) values[value] = (255 * value) / (values.length - 1)
    const clear = transparency?.[1]
    if (clear !== undefined && clear < values.length) values[clear] = 255
  }
  const perByte = 8 / depth
  const mask = values.length - 1
  return (row, data, { from, step, width }) => {
    for (let x = 0, to = from; x < width; x++, to += step) {
      const shift = 8 - depth * ((x % perByte) + 1)
      data[to] = values[((row[Math.floor(x / perByte)] ?? 0) >> shift) & mask] ?? 0
    }
  }
}

function partsOf(file: Uint8Array): PngParts {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let header: PngHeader | undefined
  let palette: Uint8Array | undefined
  let transparency: Uint8Array | undefined
  const data: Uint8Array[] = []
  let chunks = 0
  for (let at = 8; ; ) {
    if (at + 12 > file.length) throw wrong('The PNG ends before its last chunk')
    const length = view.getUint32(at)
    const type = latin1(file.subarray(at + 4, at + 8))
    if (length > file.length - at - 12) throw wrong('The PNG ends within a chunk')
    if (++chunks > pictureLimits.segments) throw wrong(`The PNG has more than ${pictureLimits.segments} chunks`)
    const content = file.subarray(at + 8, at + 8 + length)
    at += length + 12
    if (!header && type !== 'IHDR') throw wrong('The PNG does not begin with its header')
    if (type === 'IHDR') header = headerOf(content, header)
    else if (type === 'PLTE') palette = content
    else if (type === 'tRNS') transparency = content
    else if (type === 'IDAT') data.push(content)
    // Other frames are other pictures, and one of them may hold another code.
    else if (type === 'acTL') throw wrong('The PNG is animated; a still picture is needed')
    else if (type === 'IEND') break
    else if (isCritical(type)) throw wrong('The PNG has a chunk that must be understood and is not known')
  }
  if (!header || data.length === 0) throw wrong('The PNG has no picture data')
  return { header, palette, transparency, data }
}

const isCritical = (type: string) => /^[A-Z]/.test(type)

function headerOf(content: Uint8Array, before: PngHeader | undefined): PngHeader {
  if (before || content.length !== 13) throw wrong('The header of the PNG is broken')
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  const [depth = 0, colour = 0, compression, filter, interlace = 0] = content.subarray(8)
  checkSize(width, height)
  const isKnown = colourTypes.get(colour)?.depths.includes(depth) === true
  if (!isKnown || compression !== 0 || filter !== 0 || interlace > 1) throw wrong('The header of the PNG is broken')
  return { width, height, depth, colour, interlaced: interlace === 1 }
}
