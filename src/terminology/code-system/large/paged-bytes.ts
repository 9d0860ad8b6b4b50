/** Bytes of an index file read by position: pages of it that were asked for lately stay in memory, up to a bound. */
import { keep } from '../../../base/keep.ts'

/** An index file that is not in memory. What is read is never changed afterwards. */
export interface IndexBytes {
  /** Bytes. */
  readonly length: number
  /**
   * Bytes of the file; whoever asked may keep them.
   * @throws Error when the file is shorter than that, or cannot be read
   */
  read(position: number, length: number): Uint8Array
}

/** An index file: whole in memory, or read by position. */
export type IndexSource = Uint8Array | IndexBytes

/** A part of an index file. */
export interface PagedBytes {
  /** Bytes. */
  readonly length: number
  /** A text in UTF-8. */
  text(from: number, to: number): string
  /** Bytes as a view that must not be written to. */
  slice(from: number, to: number): Uint8Array
  /** A signed number of four bytes at a position that can be divided by four. */
  number(at: number): number
}

/** An index file by position, whatever it is. Parts of one in memory are views. */
export function fileOf(source: IndexSource): IndexBytes {
  if (!(source instanceof Uint8Array)) return source
  return wholeFile(source.byteOffset % 8 === 0 ? source : new Uint8Array(source))
}

const inMemory = new WeakSet<IndexBytes>()

function wholeFile(bytes: Uint8Array): IndexBytes {
  const file = { length: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) }
  inMemory.add(file)
  return file
}

/** Bytes that are read at once. */
const PAGE = 1 << 13
/** Bytes of a file that are kept. */
const KEPT = 16 << 20

/** Reads parts of a file: they share the pages that are kept. */
export function pager(file: IndexBytes): (offset: number, length: number) => PagedBytes {
  const pages = keep<number, Buffer>(KEPT, (_, page) => page.length)
  let last = -1
  let lastPage: Buffer = Buffer.alloc(0)
  const pageAt = (number: number): Buffer => {
    if (number === last) return lastPage
    lastPage = pages.of(number, () => {
      const start = number * PAGE
      return bufferOf(file.read(start, Math.min(PAGE, file.length - start)))
    })
    last = number
    return lastPage
  }
  return (offset, length) => {
    if (inMemory.has(file)) return residentBytes(file.read(offset, length))
    const slice = (from: number, to: number): Buffer => {
      const start = offset + from
      const end = offset + Math.min(to, length)
      if (start >= end) return NOTHING
      const first = Math.floor(start / PAGE)
      if (end > (first + PAGES_AT_ONCE) * PAGE) return bufferOf(file.read(start, end - start))
      const page = pageAt(first)
      const at = start - first * PAGE
      if (end <= (first + 1) * PAGE) return page.subarray(at, at + end - start)
      const parts = [page.subarray(at)]
      for (let next = first + 1; next * PAGE < end; next++) parts.push(pageAt(next).subarray(0, end - next * PAGE))
      return Buffer.concat(parts)
    }
    return {
      length,
      slice,
      text: (from, to) => {
        const start = offset + from
        const first = Math.floor(start / PAGE)
        const at = start - first * PAGE
        const size = Math.min(to, length) - from
        // Most lie in one page: no view of it is made.
        if (size > 0 && at + size <= PAGE) return pageAt(first).toString('utf8', at, at + size)
        return slice(from, to).toString('utf8')
      },
      // Sections begin at multiples of eight: a number never lies on two pages.
      number: (from) => {
        const start = offset + from
        const first = Math.floor(start / PAGE)
        return numberAt(pageAt(first), start - first * PAGE)
      },
    }
  }
}

/** Longer parts are read by themselves: they would drive everything else out. */
const PAGES_AT_ONCE = 8

/** Numbers lie in the byte order of the machine. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const numberAt = (block: Buffer, at: number): number => (isLittleEndian ? block.readInt32LE(at) : block.readInt32BE(at))

const NOTHING: Buffer = Buffer.alloc(0)

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** A part that is in memory. */
function residentBytes(bytes: Uint8Array): PagedBytes {
  const block = bufferOf(bytes)
  return {
    length: block.length,
    text: (from, to) => block.toString('utf8', from, to),
    slice: (from, to) => block.subarray(from, to),
    number: (at) => numberAt(block, at),
  }
}
