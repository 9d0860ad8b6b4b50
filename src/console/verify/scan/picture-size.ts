/**
 * What a file says of its own size, before anything of it is decoded: so that a picture of gigapixels is refused by its header. Nothing here
 * knows of a browser.
 */
import { latin1 } from '../../../images/picture-kind.ts'

/** What a file is, as its first bytes say. */
export interface FileHeader {
  /** Its media type; undefined for a file that is none of those that are read. */
  contentType: string | undefined
  /** In pixels, 0 where the header does not tell. A PDF has none. */
  width: number
  height: number
}

/** Bytes of a file that its header is looked for in; cameras write a preview of some 60 kB before the size. */
export const headerBytes = 512 * 1024

/** Reads the header. @param bytes the first `headerBytes` of the file, or all of it */
export function readFileHeader(bytes: Uint8Array): FileHeader {
  const start = latin1(bytes.subarray(0, 1024))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader = readers.find(({ begins }) => begins.test(start))
  if (!reader) return { contentType: undefined, width: 0, height: 0 }
  try {
    const [width = 0, height = 0] = reader.size(view, start)
    return { contentType: reader.contentType, width, height }
  } catch (error) {
    // The file ends within its header.
    if (error instanceof RangeError) return { contentType: reader.contentType, width: 0, height: 0 }
    throw error
  }
}

interface HeaderReader {
  contentType: string
  begins: RegExp
  size(view: DataView, start: string): number[]
}

const readers: HeaderReader[] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes of a file
  { contentType: 'image/png', begins: /^\x89PNG\r\n\x1a\n/, size: (view) => [view.getUint32(16), view.getUint32(20)] },
  { contentType: 'image/jpeg', begins: /^\xff\xd8\xff/, size: jpegSize },
  { contentType: 'image/webp', begins: /^RIFF[\s\S]{4}WEBP/, size: webpSize },
  {
    contentType: 'image/gif',
    begins: /^GIF8[79]a/,
    size: (view) => [view.getUint16(6, true), view.getUint16(8, true)],
  },
  {
    contentType: 'image/bmp',
    begins: /^BM[\s\S]{12}[\x28\x6c\x7c]/,
    size: (view) => [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))],
  },
  { contentType: 'image/avif', begins: /^[\s\S]{4}ftyp(?:avif|avis)/, size: isoSize },
  { contentType: 'image/heic', begins: /^[\s\S]{4}ftyp(?:heic|heix|mif1|msf1|heim|heis)/, size: isoSize },
  // The mark may stand anywhere in the first kilobyte (ISO 32000-1, annex H), as far as the server goes along.
  { contentType: 'application/pdf', begins: /^[\0\s\ufeff\xef\xbb\xbf]{0,64}%PDF-/, size: () => [] },
]

/** The first frame header (ITU-T T.81, B.2.2). */
function jpegSize(view: DataView): number[] {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return []
    const marker = view.getUint8(at + 1)
    if (marker === 0xff) {
      at++
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)]
    at += 2 + view.getUint16(at + 2)
  }
  return []
}

/** Of all three kinds (RFC 9649, 2.5 to 2.7). */
function webpSize(view: DataView, start: string): number[] {
  const kind = start.slice(12, 16)
  if (kind === 'VP8 ') return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff]
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true)
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
  }
  if (kind !== 'VP8X') return []
  const three = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65_536 + 1
  return [three(24), three(27)]
}

/** The largest of the sizes that a file of ISO/IEC 23008-12 tells (box `ispe`): a preview has one, too. */
function isoSize(view: DataView): number[] {
  let largest = [0, 0]
  const end = Math.min(view.byteLength - 16, 65_536)
  for (let at = 4; at <= end; at++) {
    if (view.getUint32(at) !== 0x69737065) continue
    const size = [view.getUint32(at + 8), view.getUint32(at + 12)]
    if ((size[0] ?? 0) * (size[1] ?? 0) > (largest[0] ?? 0) * (largest[1] ?? 0)) largest = size
  }
  return largest
}
