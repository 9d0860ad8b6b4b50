/** JPEG (ITU-T T.81) to grey: of the three components only the one that tells brightness is made into pixels. */
import type { Grey } from '../grey.ts'
import { costly, wrong } from '../picture-fault.ts'
import { latin1 } from '../picture-kind.ts'
import { pictureLimits } from '../picture-limits.ts'
import { Bits, type HuffmanTable, huffmanTable } from './bits.ts'
import { type Component, type Frame, readFrame } from './frame.ts'
import { type Coefficients, coefficientsOf, drawCoefficients, progressiveReader } from './progressive.ts'
import { readScan, type Scan } from './scan.ts'
import { sequentialReader } from './sequential.ts'

interface Picture {
  file: Uint8Array
  frame: Frame | undefined
  /** The component that becomes the picture. */
  wanted: Component | undefined
  grey: Grey | undefined
  coefficients: Coefficients | undefined
  quantisation: Map<number, Uint16Array>
  /** By class (0 first coefficients, 1 others) times 16 and number. */
  tables: Map<number, HuffmanTable>
  restartInterval: number
  scans: number
  /** Whether every block of a sequential picture was drawn, or a scan of a progressive one read. */
  isDrawn: boolean
  /** What the Adobe segment says of colours; 0: they are red, green and blue. */
  adobe: number | undefined
}

/**
 * The picture in grey.
 * @throws PictureFault for a file that is broken, of another kind (arithmetic coding, four colours, 12 bits) or too large
 */
export function readJpeg(file: Uint8Array): Grey {
  const picture: Picture = {
    file,
    frame: undefined,
    wanted: undefined,
    grey: undefined,
    coefficients: undefined,
    quantisation: new Map(),
    tables: new Map(),
    restartInterval: 0,
    scans: 0,
    isDrawn: false,
    adobe: undefined,
  }
  let at = 2
  for (let segments = 0; ; segments++) {
    if (segments > pictureLimits.segments) throw wrong(`The JPEG has more than ${pictureLimits.segments} segments`)
    at = nextMarker(file, at)
    const marker = file[at - 1] ?? 0
    if (marker === 0xd9) break
    // A file that ends without its last marker is whole when all its blocks are there; how many scans would follow nobody knows.
    if (at > file.length) {
      if (picture.isDrawn && !picture.coefficients) break
      throw wrong('The JPEG ends before its end')
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue
    at = readSegment(picture, marker, at)
  }
  return finished(picture)
}

/** The place behind the next marker; behind the end when there is none. */
function nextMarker(file: Uint8Array, from: number): number {
  for (let at = file.indexOf(0xff, from); at >= 0; at = file.indexOf(0xff, at + 1)) {
    const marker = file[at + 1] ?? 0
    if (marker !== 0 && marker !== 0xff) return at + 2
  }
  return file.length + 2
}

function readSegment(picture: Picture, marker: number, at: number): number {
  const { file } = picture
  const length = (file[at] ?? 0) * 256 + (file[at + 1] ?? 0)
  if (length < 2 || at + length > file.length) throw wrong('The JPEG ends within a segment')
  const segment = file.subarray(at + 2, at + length)
  const end = at + length
  if (marker === 0xda) return readScanSegment(picture, segment, end)
  if (marker === 0xdb) readQuantisation(picture, segment)
  else if (marker === 0xc4) readTables(picture, segment)
  else if (marker === 0xdd) picture.restartInterval = (segment[0] ?? 0) * 256 + (segment[1] ?? 0)
  else if (marker === 0xee && latin1(segment.subarray(0, 5)) === 'Adobe') picture.adobe = segment[11]
  else if (marker >= 0xc0 && marker <= 0xc2) begin(picture, segment, marker === 0xc2)
  else if (marker >= 0xc3 && marker <= 0xcf)
    throw wrong('The JPEG is lossless, hierarchical or of arithmetic coding; no such one is read')
  return end
}

function begin(picture: Picture, segment: Uint8Array, progressive: boolean): void {
  if (picture.frame) throw wrong('The JPEG has two frames')
  const frame = readFrame(segment, progressive)
  const [first, second] = frame.components
  // Of red, green and blue it is green that comes nearest to brightness.
  const isRgb = picture.adobe === 0 || String.fromCharCode(...frame.components.map(({ id }) => id)) === 'RGB'
  picture.wanted = isRgb && second ? second : first
  picture.frame = frame
}

function readQuantisation(picture: Picture, segment: Uint8Array): void {
  for (let at = 0; at < segment.length; ) {
    const told = segment[at++] ?? 0
    const bytes = told >> 4 === 0 ? 1 : 2
    if (at + 64 * bytes > segment.length) throw wrong('The JPEG is broken: a table of quantisation is cut off')
    const table = new Uint16Array(64)
    for (let each = 0; each < 64; each++, at += bytes) {
      table[each] = bytes === 1 ? (segment[at] ?? 0) : (segment[at] ?? 0) * 256 + (segment[at + 1] ?? 0)
    }
    picture.quantisation.set(told & 15, table)
  }
}

function readTables(picture: Picture, segment: Uint8Array): void {
  for (let at = 0; at < segment.length; ) {
    const told = segment[at] ?? 0
    const counts = segment.subarray(at + 1, at + 17)
    const total = counts.reduce((sum, each) => sum + each, 0)
    if (counts.length < 16 || total > 256 || at + 17 + total > segment.length)
      throw wrong('The JPEG is broken: a table of codes is cut off')
    picture.tables.set(told, huffmanTable(counts, segment.subarray(at + 17, at + 17 + total)))
    at += 17 + total
  }
}

function readScanSegment(picture: Picture, segment: Uint8Array, end: number): number {
  const { frame, wanted, file } = picture
  if (!frame || !wanted) throw wrong('The JPEG has a scan before its frame')
  if (++picture.scans > pictureLimits.scans) throw costly(`The JPEG has more than ${pictureLimits.scans} scans`)
  const scan = scanOf(picture, frame, segment)
  // A scan of colour alone.
  if (!scan.components.some(({ component }) => component === wanted)) return endOfScan(file, end)
  const bits = new Bits(file, end)
  readScan(frame, { scan, wanted }, bits, readerOf(picture, frame, scan))
  picture.isDrawn = true
  return bits.at
}

function readerOf(picture: Picture, frame: Frame, scan: Scan) {
  const { wanted } = picture
  if (!wanted) throw new Error('unreachable: a frame has a component')
  if (frame.progressive) {
    picture.coefficients ??= coefficientsOf(wanted, frame)
    return progressiveReader(picture.coefficients, scan)
  }
  if (picture.isDrawn) throw wrong('The JPEG is broken: it draws itself twice')
  return sequentialReader(greyOf(picture, wanted), quantisationOf(picture, wanted))
}

function greyOf(picture: Picture, { width, height }: Component): Grey {
  picture.grey ??= { width, height, data: new Uint8Array(width * height) }
  return picture.grey
}

function quantisationOf({ quantisation }: Picture, component: Component): Uint16Array {
  const table = quantisation.get(component.quantisation)
  if (!table) throw wrong('The JPEG is broken: it has no table of quantisation')
  return table
}

function scanOf({ tables, restartInterval }: Picture, frame: Frame, segment: Uint8Array): Scan {
  const count = segment[0] ?? 0
  if (count < 1 || count > frame.components.length || segment.length !== 4 + 2 * count)
    throw wrong('A scan header of the JPEG is broken')
  const components = Array.from({ length: count }, (_, index) => {
    const component = frame.components.find(({ id }) => id === segment[1 + 2 * index])
    const told = segment[2 + 2 * index] ?? 0
    if (!component) throw wrong('A scan header of the JPEG is broken')
    return { component, first: tables.get(told >> 4), others: tables.get(16 + (told & 15)) }
  })
  if (new Set(components.map(({ component }) => component)).size < count)
    throw wrong('A scan header of the JPEG is broken')
  const [from = 0, to = 0, bits = 0] = segment.subarray(1 + 2 * count)
  const scan: Scan = { components, from, to, high: bits >> 4, low: bits & 15, restartInterval }
  if (!frame.progressive) return { ...scan, from: 0, to: 63, high: 0, low: 0 }
  const isFirst = from === 0 && to === 0
  const isOther = from > 0 && from <= to && to < 64 && count === 1
  if ((!isFirst && !isOther) || scan.low > 13) throw wrong('A scan header of the JPEG is broken')
  return scan
}

/** The next marker that is none of the data of a scan. */
function endOfScan(file: Uint8Array, from: number): number {
  let at = nextMarker(file, from)
  while (at <= file.length && (file[at - 1] ?? 0) >= 0xd0 && (file[at - 1] ?? 0) <= 0xd7) at = nextMarker(file, at)
  return at - 2
}

function finished(picture: Picture): Grey {
  const { wanted, coefficients, isDrawn } = picture
  if (!wanted || !isDrawn) throw wrong('The JPEG has no picture data')
  const grey = greyOf(picture, wanted)
  if (coefficients) drawCoefficients(grey, coefficients, quantisationOf(picture, wanted))
  return grey
}
