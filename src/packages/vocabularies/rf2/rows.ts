/** Rows of a file in RF2: UTF-8, columns between tabs, told by the header (https://confluence.ihtsdotools.org/display/DOCRELFMT/3.1.1+Character+encoding). */
import { isUtf8 } from 'node:buffer'

/** Longest line in bytes: axioms have tens of thousands. */
const longestLine = 1 << 20

/** What is wrong with a file, and where. */
export interface RowFault {
  line: number
  text: string
}

/** Takes what is wrong; throws when it is enough. */
type TellFault = (fault: RowFault) => void

/** A file to be read. */
export interface RowReading {
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Names of the columns that must be there; the others are handed over behind them. */
  columns: readonly string[]
  /** Whether there may be others. */
  hasMore: boolean
  tell: TellFault
}

/**
 * Reads a file; `take` gets the values of the columns in the order in which they were named, then of the others, which `take.header` is
 * told before. Answers the number of rows.
 */
export async function readRows(
  reading: RowReading,
  take: { header?(more: readonly string[]): void; row(values: string[], line: number): string | undefined },
): Promise<number> {
  const { tell } = reading
  let order: number[] | undefined
  let width = 0
  let line = 0
  let rows = 0
  for await (const text of lineBlocks(reading.chunks)) {
    if (typeof text !== 'string') {
      tell({ line: line + text.line, text: text.fault })
      return rows
    }
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf('\n', from)
      const stop = end < 0 ? text.length : end
      const to = stop > from && text.charCodeAt(stop - 1) === RETURN ? stop - 1 : stop
      line++
      if (!order) {
        const header = headerOf(text.slice(from, to), reading)
        if (typeof header === 'string') {
          tell({ line, text: header })
          return rows
        }
        order = header.order
        width = order.length
        take.header?.(header.more)
      } else if (to > from) {
        const values = text.slice(from, to).split('\t')
        rows++
        const fault =
          values.length === width
            ? take.row(arranged(values, order), line)
            : `the row has ${values.length} columns instead of ${width}`
        if (fault !== undefined) tell({ line, text: fault })
      } else tell({ line, text: 'the line is empty' })
      from = stop + 1
    }
  }
  if (!order) tell({ line: 1, text: 'the file is empty' })
  return rows
}

const RETURN = 13
const LINE_FEED = 10

function arranged(values: string[], order: number[]): string[] {
  for (let i = 0; i < order.length; i++) if (order[i] !== i) return order.map((at) => values[at] ?? '')
  return values
}

/** Where the wanted columns stand, then the others; or what is wrong. */
function headerOf(text: string, { columns, hasMore }: RowReading): { order: number[]; more: string[] } | string {
  const names = text.replace(/^\uFEFF/, '').split('\t')
  const shown = (list: readonly string[]) =>
    list
      .slice(0, 12)
      .map((each) => `'${each.slice(0, 40)}'`)
      .join(', ')
  const missing = columns.filter((each) => !names.includes(each))
  if (missing.length > 0) return `the header has no column ${shown(missing)}; it has ${shown(names)}`
  if (new Set(names).size < names.length) return `the header has a column twice: ${shown(names)}`
  const more = names.filter((each) => !columns.includes(each))
  if (more.length > 0 && !hasMore) return `the header has columns that such a file has not: ${shown(more)}`
  if (more.some((each) => !/^[A-Za-z][A-Za-z0-9_]{0,60}$/.test(each)))
    return `the header has odd columns: ${shown(more)}`
  return { order: [...columns, ...more].map((each) => names.indexOf(each)), more }
}

interface BlockFault {
  /** Of the block, from 1. */
  line: number
  fault: string
}

/** Whole lines, many at once; or what is wrong with the next of them. Chunks are good until the next one. */
async function* lineBlocks(chunks: RowReading['chunks']): AsyncGenerator<string | BlockFault> {
  let rest: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const first = bytes.indexOf(LINE_FEED)
    const isLong = size + (first < 0 ? bytes.length : first) > longestLine
    if (isLong) {
      yield { line: 1, fault: `a line of more than ${longestLine} bytes` }
      return
    }
    let from = 0
    if (first >= 0 && size > 0) {
      const block = decode(Buffer.concat([...rest, bytes.subarray(0, first + 1)]))
      yield block
      if (typeof block !== 'string') return
      from = first + 1
      rest = []
      size = 0
    }
    const last = bytes.lastIndexOf(LINE_FEED)
    if (last >= from) {
      const block = decode(bytes.subarray(from, last + 1))
      yield block
      if (typeof block !== 'string') return
      from = last + 1
    }
    if (from < bytes.length) {
      rest.push(Buffer.from(bytes.subarray(from)))
      size += bytes.length - from
    }
  }
  if (size > 0) yield decode(Buffer.concat(rest))
}

function decode(bytes: Buffer): string | BlockFault {
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8')
    const at = text.indexOf('\0')
    return at < 0 ? text : { line: linesBefore(text, at), fault: 'there is a NUL character' }
  }
  let from = 0
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(LINE_FEED, from)
    const to = end < 0 ? bytes.length : end
    if (!isUtf8(bytes.subarray(from, to)))
      return {
        line,
        fault: line === 1 && isUtf16(bytes) ? 'the file is UTF-16, not UTF-8' : 'there are bytes that are no UTF-8',
      }
    from = to + 1
  }
}

const isUtf16 = ([first, second]: Buffer) => (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

const linesBefore = (text: string, at: number): number => text.slice(0, at).split('\n').length
