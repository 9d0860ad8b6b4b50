/** Reads bytes that come in chunks as if they lay in one piece; what is behind is forgotten. */

/** A place in a byte stream. */
export interface ByteReader {
  /** The byte at a distance from here, -1 behind the end. */
  peek(distance?: number): number
  /** Steps on. */
  skip(bytes: number): void
  /** Distance to the next such byte from `from` on, -1 when there is none before the end. */
  indexOf(byte: number, from: number): number
  /** The next bytes as a view; valid until the next call. */
  view(length: number): Buffer
  /** Line here, from 1. */
  line(): number
  /** Column here in bytes, from 1. */
  column(): number
}

const LINE_FEED = 0x0a

/** Makes a reader over chunks; a byte order mark is skipped. */
export function readBytes(chunks: Iterable<Uint8Array>): ByteReader {
  const source = chunks[Symbol.iterator]()
  let rest: Buffer = Buffer.alloc(0)
  let at = 0
  let line = 1
  let column = 1
  /** Position of the next line break, beyond the end when there is none in `rest`; -1 when not looked for. */
  let nextBreak = -1
  const findBreak = () => {
    const found = rest.indexOf(LINE_FEED, at)
    nextBreak = found < 0 ? Number.POSITIVE_INFINITY : found
  }
  /** Makes that many bytes available from here, if there are. */
  const need = (length: number): boolean => {
    if (rest.length - at >= length) return true
    const pieces: Buffer[] = [rest.subarray(at)]
    let have = rest.length - at
    while (have < length) {
      const next = source.next()
      if (next.done) break
      pieces.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length))
      have += next.value.length
    }
    if (pieces.length > 1) {
      rest = Buffer.concat(pieces)
      at = 0
      nextBreak = -1
    }
    return have >= length
  }
  const reader: ByteReader = {
    peek: (distance = 0) => (at + distance < rest.length || need(distance + 1) ? (rest[at + distance] ?? -1) : -1),
    skip: (bytes) => {
      need(bytes)
      const end = Math.min(at + bytes, rest.length)
      if (nextBreak < 0) findBreak()
      while (nextBreak < end) {
        line++
        column = 1
        at = nextBreak + 1
        findBreak()
      }
      column += end - at
      at = end
    },
    indexOf: (byte, from) => {
      let start = from
      for (;;) {
        const found = rest.indexOf(byte, at + start)
        if (found >= 0) return found - at
        start = Math.max(start, rest.length - at)
        if (!need(start + 1)) return -1
      }
    },
    view: (length) => {
      need(length)
      return rest.subarray(at, at + length)
    },
    line: () => line,
    column: () => column,
  }
  if (reader.peek(0) === 0xef && reader.peek(1) === 0xbb && reader.peek(2) === 0xbf) {
    reader.skip(3)
    column = 1
  }
  return reader
}
