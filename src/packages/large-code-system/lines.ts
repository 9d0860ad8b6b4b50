/** Lines and records of a byte stream, cut without decoding, so that one bad character spoils one line. */

/** A line or record with where it begins. */
export interface SourceLine {
  /** From 1. */
  line: number
  /** Without the line break; undefined when it is no UTF-8. */
  text: string | undefined
  /** Set when a quote was opened and not closed: `text` is the first line alone, and reading goes on behind it. */
  open?: boolean
  /** Set when it is longer than allowed and was skipped. */
  tooLong?: boolean
}

/** How to cut. */
export interface CutOptions {
  /** Line breaks between double quotes belong to the record (RFC 4180). */
  quoted: boolean
  /** Whether a record of several lines is one: if not, a quote was not closed, and its first line stands alone. */
  isRecord?: (text: string) => boolean
  /** Longest record in bytes. */
  most: number
}

const LINE_FEED = 0x0a
const QUOTE = 0x22

/** Cuts a stream into lines or records; empty lines are left out. A byte order mark is skipped. */
export function* cutLines(chunks: Iterable<Uint8Array>, options: CutOptions): Generator<SourceLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (bytes: Uint8Array) => {
    try {
      return decoder.decode(bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes)
    } catch {
      return undefined
    }
  }
  let line = 1
  for (const record of cutRecords(chunks, options)) {
    const { bytes, tooLong, open } = record
    const text = decode(bytes)
    if (tooLong) yield { line, text: undefined, tooLong }
    else if (text !== '') yield { line, text, ...(open && { open }) }
    line += record.breaks
  }
}

interface Cut {
  bytes: Uint8Array
  /** Line breaks from its beginning to the beginning of the next one. */
  breaks: number
  open?: boolean
  tooLong?: boolean
}

function* cutRecords(chunks: Iterable<Uint8Array>, { quoted, most, isRecord }: CutOptions): Generator<Cut> {
  // One piece of memory for all that is unread, used again and again: pieces that wait for a collection fill far more.
  let memory = Buffer.allocUnsafeSlow(1 << 19)
  let rest: Buffer = memory.subarray(0, 0)
  let isFirst = true
  const source = chunks[Symbol.iterator]()
  /** Adds a chunk to what is unread; false at the end. */
  const more = (): boolean => {
    const next = source.next()
    if (next.done) return false
    const length = rest.length + next.value.length
    let start = rest.length === 0 ? 0 : rest.byteOffset
    if (start + length > memory.length) {
      if (length > memory.length) memory = Buffer.allocUnsafeSlow(rest.length === 0 ? length : 2 * length)
      memory.set(rest)
      start = 0
    }
    memory.set(next.value, start + rest.length)
    rest = memory.subarray(start, start + length)
    return true
  }
  const take = (end: number, bytes: Uint8Array = rest.subarray(0, end)) => {
    const breaks = countBreaks(rest.subarray(0, end + 1))
    rest = rest.subarray(Math.min(end + 1, rest.length))
    return { bytes, breaks }
  }
  for (;;) {
    let end = endOfRecord(rest, quoted)
    while (end < 0 && rest.length <= most && more()) end = endOfRecord(rest, quoted)
    if (isFirst && rest[0] === 0xef && rest[1] === 0xbb && rest[2] === 0xbf) {
      rest = rest.subarray(3)
      end = endOfRecord(rest, quoted)
    }
    isFirst = false
    if (end < 0 && rest.length === 0) return
    const whole = end >= 0 ? end : rest.length
    if (whole <= most && (!quoted || isOne(rest.subarray(0, whole), isRecord))) {
      yield take(whole)
      continue
    }
    const firstBreak = rest.indexOf(LINE_FEED)
    if (quoted && firstBreak >= 0 && firstBreak <= most) yield { ...take(firstBreak), open: true }
    else if (rest.length <= most) yield { ...take(rest.length), open: true }
    else {
      while (rest.indexOf(LINE_FEED) < 0) {
        rest = rest.subarray(rest.length)
        if (!more()) break
      }
      const behind = rest.indexOf(LINE_FEED)
      yield { ...take(behind < 0 ? rest.length : behind, new Uint8Array(0)), tooLong: true }
    }
  }
}

/** Whether bytes are one record: all quotes closed, and, over several lines, at the right places. */
function isOne(bytes: Buffer, isRecord: CutOptions['isRecord']): boolean {
  if (bytes.indexOf(QUOTE) < 0) return true
  if (countOf(bytes, QUOTE) % 2 === 1) return false
  return bytes.indexOf(LINE_FEED) < 0 || !isRecord || isRecord(bytes.toString('utf8').replace(/\r$/, ''))
}

/** Position of the line break that ends the record, -1 when it is not there yet. */
function endOfRecord(bytes: Buffer, quoted: boolean): number {
  let end = bytes.indexOf(LINE_FEED)
  if (!quoted || end < 0) return end
  let quotes = 0
  let from = 0
  for (; end >= 0; end = bytes.indexOf(LINE_FEED, end + 1)) {
    quotes += countOf(bytes.subarray(from, end), QUOTE)
    if (quotes % 2 === 0) return end
    from = end
  }
  return -1
}

function countOf(bytes: Buffer, wanted: number): number {
  let count = 0
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) count++
  return count
}

const countBreaks = (bytes: Buffer) => countOf(bytes, LINE_FEED)
