/** Pictures as files: PNG and PDF written here, JPEG and WebP by encoders. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'
import { default as encodeJpeg, init as initJpeg } from '@jsquash/jpeg/encode.js'
import { default as encodeWebp, init as initWebp } from '@jsquash/webp/encode.js'
import type { Grey } from '../../../src/images/grey.ts'

const wasm = (name: string) =>
  WebAssembly.compile(new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve(name)))))

/** Red, green, blue, alpha. */
export interface Coloured {
  width: number
  height: number
  data: Uint8ClampedArray<ArrayBuffer>
  colorSpace: 'srgb'
}

/** Grey as colours; `alpha` per pixel when given. */
export function coloured({ width, height, data }: Grey, alpha?: Uint8Array): Coloured {
  const pixels = new Uint8ClampedArray(4 * width * height)
  for (let at = 0; at < data.length; at++) {
    pixels.fill(data[at] ?? 0, 4 * at, 4 * at + 3)
    pixels[4 * at + 3] = alpha?.[at] ?? 255
  }
  return { width, height, data: pixels, colorSpace: 'srgb' }
}

/** Options of MozJPEG that are used here. */
interface JpegOptions {
  quality?: number
  progressive?: boolean
  baseline?: boolean
  arithmetic?: boolean
  /** 1 grey, 2 RGB, 3 YCbCr. */
  color_space?: 1 | 2 | 3
  /** Colour at 1/n of the size. */
  chroma_subsample?: number
  auto_subsample?: boolean
}

/** A JPEG file. */
export async function jpegFile(picture: Grey | Coloured, options: JpegOptions = {}): Promise<Uint8Array> {
  jpegReady ??= wasm('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm').then((module) => initJpeg(module))
  await jpegReady
  return new Uint8Array(
    await encodeJpeg('colorSpace' in picture ? picture : coloured(picture), { progressive: false, ...options }),
  )
}
let jpegReady: Promise<unknown> | undefined

/** A WebP file. */
export async function webpFile(
  picture: Grey | Coloured,
  options: { quality?: number; lossless?: 0 | 1 } = {},
): Promise<Uint8Array> {
  webpReady ??= wasm('@jsquash/webp/codec/enc/webp_enc.wasm').then((module) => initWebp(module))
  await webpReady
  return new Uint8Array(await encodeWebp('colorSpace' in picture ? picture : coloured(picture), options))
}
let webpReady: Promise<unknown> | undefined

/** A chunk of a PNG, with its checksum. */
export function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(content.length + 12)
  chunk.writeUInt32BE(content.length)
  chunk.write(type, 4, 'latin1')
  chunk.set(content, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, content.length + 8)), content.length + 8)
  return chunk
}

/** What a PNG header says. */
export interface PngHeader {
  width: number
  height: number
  depth: number
  colour: number
  interlace?: number
}

/** A PNG of these chunks between its header and its end. */
export function pngOf({ width, height, depth, colour, interlace = 0 }: PngHeader, ...chunks: Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([depth, colour, 0, 0, interlace], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IEND', new Uint8Array()),
  ])
}

/** How a PNG is written. */
export interface PngOptions {
  depth?: 1 | 2 | 4 | 8 | 16
  colour?: 0 | 2 | 3 | 4 | 6
  interlaced?: boolean
  /** Filter of all rows; `cycle`: another one each row. */
  filter?: 0 | 1 | 2 | 3 | 4 | 'cycle'
  /** Alpha of each pixel, for colour types 4 and 6. */
  alpha?: Uint8Array
  /** Contents of tRNS. */
  transparency?: Uint8Array
}

const samplesOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

/** A PNG file; a palette is a ramp of greys. */
export function pngFile(grey: Grey, options: PngOptions = {}): Uint8Array {
  const { depth = 8, colour = 0, interlaced = false, filter = 0, alpha, transparency } = options
  const bits = samplesOf[colour] * depth
  const distance = Math.max(1, bits >> 3)
  const isPlain = depth === 8 && colour === 0 && !interlaced
  const rows: Uint8Array[] = []
  for (const [left, top, right, down] of interlaced ? adam7 : ([[0, 0, 1, 1]] as const)) {
    const width = Math.ceil((grey.width - left) / right)
    let above = new Uint8Array(Math.ceil((Math.max(0, width) * bits) / 8))
    for (let y = top; y < grey.height && width > 0; y += down) {
      const row = isPlain ? grey.data.slice(y * width, (y + 1) * width) : new Uint8Array(above.length)
      for (let x = 0; x < width && !isPlain; x++) {
        const at = y * grey.width + left + x * right
        putPixel(row, x, { value: grey.data[at] ?? 0, alpha: alpha?.[at] ?? 255, depth, colour })
      }
      const chosen = filter === 'cycle' ? y % 5 : filter
      rows.push(Uint8Array.of(chosen), chosen === 0 ? row : filtered(row, above, { filter: chosen, distance }))
      above = row
    }
  }
  const chunks = [pngChunk('IDAT', deflateSync(Buffer.concat(rows), { level: 6 }))]
  if (transparency) chunks.unshift(pngChunk('tRNS', transparency))
  if (colour === 3) {
    const entries = 2 ** depth
    chunks.unshift(
      pngChunk(
        'PLTE',
        Uint8Array.from({ length: 3 * entries }, (_, at) => (255 * Math.floor(at / 3)) / (entries - 1)),
      ),
    )
  }
  return pngOf({ width: grey.width, height: grey.height, depth, colour, interlace: interlaced ? 1 : 0 }, ...chunks)
}

function putPixel(
  row: Uint8Array,
  x: number,
  { value, alpha, depth, colour }: { value: number; alpha: number; depth: number; colour: 0 | 2 | 3 | 4 | 6 },
): void {
  if (depth < 8) {
    const step = Math.round((value * (2 ** depth - 1)) / 255)
    const at = (x * depth) >> 3
    row[at] = (row[at] ?? 0) | (step << (8 - depth - ((x * depth) & 7)))
    return
  }
  const samples = Array.from({ length: samplesOf[colour] }, (_, index) =>
    index === samplesOf[colour] - 1 && (colour & 4) !== 0 ? alpha : value,
  )
  const bytes = samples.flatMap((sample) => (depth === 16 ? [sample, sample] : [sample]))
  row.set(bytes, x * bytes.length)
}

function filtered(
  row: Uint8Array,
  above: Uint8Array,
  { filter, distance }: { filter: number; distance: number },
): Uint8Array {
  return row.map((value, at) => {
    const [left, up, corner] = [
      at < distance ? 0 : (row[at - distance] ?? 0),
      above[at] ?? 0,
      at < distance ? 0 : (above[at - distance] ?? 0),
    ]
    return value - ([0, left, up, (left + up) >> 1, nearest(left, up, corner)][filter] ?? 0)
  })
}

function nearest(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  return [left, up, corner].reduce((best, each) => (Math.abs(guess - each) < Math.abs(guess - best) ? each : best))
}

/** Objects of a PDF by number from 1; the first one is the catalogue. */
export function pdfOf(objects: (string | Uint8Array)[], trailer = ''): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')]
  const offsets: number[] = []
  let at = parts[0]?.length ?? 0
  for (const [index, object] of objects.entries()) {
    const part = Buffer.concat([
      Buffer.from(`${index + 1} 0 obj\n`),
      typeof object === 'string' ? Buffer.from(object) : object,
      Buffer.from('\nendobj\n'),
    ])
    offsets.push(at)
    at += part.length
    parts.push(part)
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  parts.push(
    Buffer.from(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  )
  return Buffer.concat(parts)
}

/** A stream object. */
export function pdfStream(dictionary: string, content: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from(`<< ${dictionary} /Length ${content.length} >>\nstream\n`),
    content,
    Buffer.from('\nendstream'),
  ])
}

/** A PDF of pages as wide as A4, each with a picture that fills it; `extra` goes into the catalogue. */
export function pdfFile(pages: Grey[], extra = ''): Uint8Array {
  const kids = pages.map((_, index) => `${3 + 3 * index} 0 R`).join(' ')
  const objects: (string | Uint8Array)[] = [
    `<< /Type /Catalog /Pages 2 0 R ${extra} >>`,
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
  ]
  for (const [index, { width, height, data }] of pages.entries()) {
    const own = 3 + 3 * index
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 ${Math.round((595 * height) / width)}] /Contents ${own + 1} 0 R /Resources << /XObject << /P ${own + 2} 0 R >> >> >>`,
      pdfStream('', Buffer.from(`q 595 0 0 ${Math.round((595 * height) / width)} 0 0 cm /P Do Q`)),
      pdfStream(
        `/Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode`,
        deflateSync(data),
      ),
    )
  }
  return pdfOf(objects)
}
