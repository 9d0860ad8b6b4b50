/** Files that lie, are cut off, loop or cost too much, by the names that the cases have for them. */
import { deflateSync } from 'node:zlib'
import { jpegFile, pdfFile, pdfOf, pdfStream, pngChunk, pngFile, pngOf, webpFile } from './files.ts'
import { scene, upright } from './scene.ts'
import { symbolOf } from './symbols.ts'

/** How a file is made: `make` names the way, the rest are its numbers. */
export interface BrokenFile {
  make: string
  [name: string]: string | number
}

type Maker = (of: BrokenFile) => Uint8Array | Promise<Uint8Array>

const number = (of: BrokenFile, name: string, fallback = 0) => Number(of[name] ?? fallback)

/** A small picture with a code on it. */
export async function sample() {
  const symbol = await symbolOf('HC1:NCF TEST 0123456789')
  return scene([160, 150], [{ symbol, corners: upright([80, 75], [100, 100], 3) }], { noise: 8, blur: 0.5 })
}

const rows = (width: number, height: number) => pngChunk('IDAT', deflateSync(new Uint8Array((width + 1) * height)))
const pngWith = (...chunks: Uint8Array[]) => pngOf({ width: 8, height: 8, depth: 8, colour: 0 }, ...chunks, rows(8, 8))

/** The file with the frame header of a JPEG changed. */
async function jpegFrame(change: (frame: Buffer) => void, progressive = false): Promise<Uint8Array> {
  const file = Buffer.from(await jpegFile(await sample(), progressive ? { progressive } : { baseline: true }))
  change(file.subarray(file.indexOf(Buffer.from([0xff, progressive ? 0xc2 : 0xc0]))))
  return file
}

/** A WebP of one frame in the extended form (VP8X). */
async function webpExtended(flags: number, width: number, height: number): Promise<Uint8Array> {
  const plain = Buffer.from(await webpFile(await sample()))
  const head = Buffer.alloc(18)
  head.write('VP8X')
  head.writeUInt32LE(10, 4)
  head[8] = flags
  head.writeUIntLE(width - 1, 12, 3)
  head.writeUIntLE(height - 1, 15, 3)
  const body = Buffer.concat([Buffer.from('WEBP'), head, plain.subarray(12)])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(body.length)
  return Buffer.concat([Buffer.from('RIFF'), size, body])
}

/** A PDF of empty pages. */
function emptyPages(count: number, box = '0 0 595 842'): Uint8Array {
  const kids = Array.from({ length: count }, (_, index) => `${index + 3} 0 R`).join(' ')
  const page = `<< /Type /Page /Parent 2 0 R /MediaBox [${box}] >>`
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${count} >>`,
    ...Array<string>(count).fill(page),
  ])
}

async function whole(of: string): Promise<Uint8Array> {
  const picture = await sample()
  switch (of) {
    case 'png':
      return pngFile(picture)
    case 'webp':
      return webpFile(picture)
    case 'pdf':
      return pdfFile([picture])
    default:
      return jpegFile(picture, { progressive: of === 'progressive' })
  }
}

async function manyCodes(count: number): Promise<Uint8Array> {
  const side = Math.ceil(Math.sqrt(count))
  const cell = 66
  const symbols = await Promise.all(Array.from({ length: count }, (_, index) => symbolOf(`HC1:${index}`)))
  const placed = symbols.map((symbol, index) => {
    const middle: [number, number] = [cell * ((index % side) + 0.5), cell * (Math.floor(index / side) + 0.5)]
    return { symbol, corners: upright(middle, [50, 50]) }
  })
  return pngFile(scene([side * cell, side * cell], placed))
}

const scan = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0x10])

/** A form that draws another one twice, 25 deep: 33 million times. */
export function endlessPdf(): Uint8Array {
  const form = (index: number) =>
    pdfStream(
      `/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /F ${index + 1} 0 R >> >>`,
      Buffer.from('/F Do /F Do'),
    )
  const last = pdfStream('/Type /XObject /Subtype /Form /BBox [0 0 595 842]', Buffer.from('0 0 9 9 re f'))
  const page =
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>'
  const forms = Array.from({ length: 25 }, (_, index) => form(index + 5))
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    page,
    pdfStream('', Buffer.from('/F Do')),
    ...forms,
    last,
  ])
}

const makers: Record<string, Maker> = {
  bytes: ({ hex }) => Buffer.from(String(hex), 'hex'),
  text: ({ text }) => Buffer.from(String(text)),
  png: () => whole('png'),
  jpeg: () => whole('jpeg'),
  padded: async (of) =>
    Buffer.concat([await whole('png'), Buffer.alloc(number(of, 'bytes'))]).subarray(0, number(of, 'bytes')),
  'png-header': (of) =>
    pngOf(
      {
        width: number(of, 'width'),
        height: number(of, 'height'),
        depth: number(of, 'depth', 8),
        colour: number(of, 'colour'),
      },
      rows(10, 10),
    ),
  'png-lie': (of) =>
    pngOf({ width: number(of, 'width'), height: number(of, 'height'), depth: 8, colour: 0 }, rows(10, 10)),
  'png-twice': () => pngWith(pngChunk('IHDR', new Uint8Array(13))),
  'png-empty': () => pngOf({ width: 8, height: 8, depth: 8, colour: 0 }),
  'png-noise': () =>
    pngOf({ width: 8, height: 8, depth: 8, colour: 0 }, pngChunk('IDAT', Buffer.from('no zlib at all'))),
  'png-filter': () =>
    pngOf({ width: 2, height: 1, depth: 8, colour: 0 }, pngChunk('IDAT', deflateSync(Uint8Array.of(9, 1, 1)))),
  'png-chunk': ({ type }) => pngWith(pngChunk(String(type), new Uint8Array(8))),
  'png-chunks': (of) => pngWith(...Array<Uint8Array>(number(of, 'count')).fill(pngChunk('tEXt', new Uint8Array()))),
  'jpeg-size': (of) =>
    jpegFrame((frame) => {
      frame.writeUInt16BE(number(of, 'height'), 5)
      frame.writeUInt16BE(number(of, 'width'), 7)
      // One component in the first scan, of three.
      if (of.scanned) frame.writeUInt8(1, frame.indexOf(Buffer.from([0xff, 0xda])) + 4)
    }, of.of === 'progressive'),
  'jpeg-precision': (of) => jpegFrame((frame) => void frame.writeUInt8(number(of, 'bits'), 4)),
  'jpeg-broken': async () => {
    const file = Buffer.from(await whole('jpeg'))
    return Buffer.concat([file.subarray(0, -1500), Buffer.alloc(600), file.subarray(-900)])
  },
  'jpeg-marker': (of) => jpegFrame((frame) => void frame.writeUInt8(number(of, 'marker'), 1)),
  'jpeg-components': (of) => jpegFrame((frame) => void frame.writeUInt8(number(of, 'count'), 9)),
  'jpeg-two-frames': async () => {
    const file = Buffer.from(await jpegFile(await sample(), { baseline: true }))
    const at = file.indexOf(Buffer.from([0xff, 0xc0]))
    return Buffer.concat([
      file.subarray(0, at),
      file.subarray(at, at + 2 + file.readUInt16BE(at + 2)),
      file.subarray(at),
    ])
  },
  'jpeg-scans': async (of) => {
    const file = Buffer.from(await whole('progressive'))
    // Scans of the first coefficient's last bit, which may come as often as one likes.
    const again = Buffer.concat([scan, Buffer.alloc(60)])
    return Buffer.concat([file.subarray(0, -2), ...Array<Buffer>(number(of, 'count')).fill(again), file.subarray(-2)])
  },
  'webp-canvas': (of) => webpExtended(0, number(of, 'width'), number(of, 'height')),
  'webp-animated': () => webpExtended(2, 160, 150),
  'webp-lossless-size': async () => {
    const file = Buffer.from(await webpFile(await sample(), { lossless: 1 }))
    file.writeUInt32LE(0x0fffffff, file.indexOf('VP8L') + 9)
    return file
  },
  cut: async ({ of, share }) => {
    const file = await whole(String(of))
    return file.subarray(0, Math.floor(file.length * Number(share)))
  },
  'pdf-pages': (of) => emptyPages(number(of, 'count')),
  'pdf-box': ({ box }) => emptyPages(1, String(box)),
  'pdf-loop': () =>
    pdfOf(['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>']),
  // Of the standard handler, revision 3, with keys that belong to no empty password.
  'pdf-locked': () =>
    pdfOf(
      [
        '<< /Type /Catalog /Pages 2 0 R >>',
        '<< /Type /Pages /Kids [] /Count 0 >>',
        `<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <${'5a'.repeat(32)}> /U <${'3c'.repeat(32)}> >>`,
      ],
      `/Encrypt 3 0 R /ID [<${'01'.repeat(16)}> <${'01'.repeat(16)}>]`,
    ),
  'pdf-script': async () => {
    const picture = await sample()
    return pdfFile(
      [picture],
      '/OpenAction << /S /JavaScript /JS (while\\(true\\){}) >> /AA << /WC << /S /JavaScript /JS (app.alert\\(1\\)) >> >>',
    )
  },
  // 400 MB of zeros behind 400 kB.
  'pdf-bomb': () => {
    const zeros = deflateSync(Buffer.alloc(400_000_000), { level: 9 })
    const image = pdfStream(
      '/Type /XObject /Subtype /Image /Width 20000 /Height 20000 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode',
      zeros,
    )
    const page =
      '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /P 5 0 R >> >> >>'
    return pdfOf([
      '<< /Type /Catalog /Pages 2 0 R >>',
      '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
      page,
      pdfStream('', Buffer.from('q 595 0 0 842 0 0 cm /P Do Q')),
      image,
    ])
  },
  'pdf-endless': endlessPdf,
  'many-codes': (of) => manyCodes(number(of, 'count')),
}

/** The file of a case. */
export async function brokenFile(of: BrokenFile): Promise<Uint8Array> {
  const maker = makers[of.make]
  if (!maker) throw new Error(`nobody makes ${of.make}`)
  return maker(of)
}
