import type { Sections, SectionWriter } from './layout.ts'
import type { PagedBytes } from './paged-bytes.ts'

/** Strings in one block of UTF-8, made into JavaScript strings when they are asked for. */
export interface StringTable {
  readonly length: number
  /** The text of an entry; empty where there is none. */
  at(index: number): string
  /** Whether an entry is exactly that text; makes no string for plain text. */
  equals(index: number, text: string): boolean
  /** Below zero when an entry stands before a text in the order of code units, above it behind. */
  compare(index: number, text: string): number
  /** Whether an entry begins with that text; makes no string for plain text. */
  begins(index: number, text: string): boolean
  /** Looks at entries that are about to be read, without reading them (`CodeSystemProvider.approach`); answers anything. */
  glance(indexes: readonly number[]): number
}

/** The strings of sections `name` and `name.offsets`, all in memory: for those that are looked for. */
export function stringTable(sections: Sections, name: string, length?: number): StringTable {
  const { block, offsets } = stringsOf(sections, name, length)
  const text = (from: number, to: number) => block.toString('utf8', from, to)
  const at = textsInRuns(runsBy(text, offsets))
  return {
    length: offsets.length - 1,
    at,
    glance: (indexes) => {
      let seen = 0
      for (let i = 0; i < indexes.length; i++) seen ^= offsets[indexes[i] ?? 0] ?? 0
      for (let i = 0; i < indexes.length; i++) seen ^= block[offsets[indexes[i] ?? 0] ?? 0] ?? 0
      return seen
    },
    compare: (index, text) => {
      const from = offsets[index] ?? 0
      const size = (offsets[index + 1] ?? 0) - from
      const most = Math.min(size, text.length)
      for (let i = 0; i < most; i++) {
        const own = block[from + i] ?? 0
        const other = text.charCodeAt(i)
        // Beyond plain text the order of bytes is not that of code units.
        if (own > PLAIN || other > PLAIN) return compareText(at(index), text)
        if (own !== other) return own - other
      }
      return size - text.length
    },
    begins: (index, text) => {
      const from = offsets[index] ?? 0
      for (let i = 0; i < text.length; i++) {
        const other = text.charCodeAt(i)
        if (other > PLAIN) return at(index).startsWith(text)
        // The bytes of what is not plain are never those of what is.
        if (block[from + i] !== other || from + i >= (offsets[index + 1] ?? 0)) return false
      }
      return true
    },
    equals: (index, text) => {
      const from = offsets[index] ?? 0
      const size = (offsets[index + 1] ?? 0) - from
      // As many bytes as code units: the text can only be plain. Any other text has more bytes.
      if (size !== text.length) return size > text.length && at(index) === text
      for (let i = 0; i < size; i++) if (block[from + i] !== text.charCodeAt(i)) return false
      return true
    },
  }
}

/**
 * The bytes of all strings of sections `name` and `name.offsets`, and where each begins; one more at the end.
 * @throws Error when they do not belong together
 */
export function stringsOf(sections: Sections, name: string, length?: number): { block: Buffer; offsets: Uint32Array } {
  const bytes = sections.bytes(name)
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { block, offsets: offsetsOf(sections, name, { length, bytes: bytes.length }) }
}

/** The texts of sections `name` and `name.offsets`, read by position: for those that are only shown. */
export function textTable(
  sections: Sections,
  name: string,
  length?: number,
): Pick<StringTable, 'length' | 'at' | 'glance'> {
  const bytes: PagedBytes = sections.paged(name)
  const offsets = offsetsOf(sections, name, { length, bytes: bytes.length })
  return {
    length: offsets.length - 1,
    at: textsInRuns(runsBy(bytes.text, offsets)),
    glance: (indexes) => bytes.glance(indexes.map((index) => offsets[index] ?? 0)),
  }
}

const runsBy = (text: PagedBytes['text'], offsets: Uint32Array): TextRuns => ({
  length: offsets.length - 1,
  text,
  begin: (index) => offsets[index] ?? 0,
})

function offsetsOf(
  sections: Sections,
  name: string,
  known: { length: number | undefined; bytes: number },
): Uint32Array {
  const { length, bytes } = known
  const signed = sections.numbers(`${name}.offsets`, length === undefined ? undefined : length + 1)
  const offsets = new Uint32Array(signed.buffer, signed.byteOffset, signed.length)
  if ((offsets.at(-1) ?? -1) !== bytes) throw new Error(`the section ${name} is incomplete`)
  return offsets
}

/** The last byte of plain text. */
const PLAIN = 0x7f

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Entries that are read at once when one after the other is asked for, as on the page of an expansion. */
const RUN = 16

/** Texts one behind the other. */
export interface TextRuns {
  /** How many. */
  readonly length: number
  /** A part in UTF-8, from one byte to before another. */
  text(from: number, to: number): string
  /** The first byte of a text; of `length`, the byte behind the last one. */
  begin(index: number): number
}

/** Reads entries one by one, or a run of them in one piece where they are plain text and asked for in order. */
export function textsInRuns({ text: textOf, begin, length }: TextRuns): StringTable['at'] {
  const one = (index: number) => (index >= 0 && index < length ? textOf(begin(index), begin(index + 1)) : '')
  let last = -2
  let first = 0
  let behind = 0
  let run = ''
  /** Entries of a run that was found to be none: they are read one by one, and not as the beginning of another. */
  let singlesFrom = 0
  let singlesBehind = 0
  const read = (from: number): boolean => {
    if (from >= singlesFrom && from < singlesBehind) return false
    const to = Math.min(from + RUN, length)
    singlesFrom = from
    singlesBehind = to
    const start = begin(from)
    const end = begin(to)
    if (end - start > RUN * longestOfRun) return false
    const text = textOf(start, end)
    // Fewer characters than bytes: some are of several, and where an entry begins is not known.
    if (text.length !== end - start) return false
    singlesBehind = from
    first = from
    behind = to
    run = text
    return true
  }
  return (index) => {
    const isNext = index === last + 1
    last = index
    const isInRun = index >= first && index < behind
    if (!isInRun && !(isNext && index >= 0 && read(index))) return one(index)
    const start = begin(first)
    return run.slice(begin(index) - start, begin(index + 1) - start)
  }
}

/** Bytes of an entry, on average of a run, beyond which reading ahead would cost more than it saves. */
const longestOfRun = 200

/** Writes strings as sections `name` and `name.offsets`. */
export function writeStrings(writer: SectionWriter, name: string, strings: readonly string[]): void {
  const offsets = new Uint32Array(strings.length + 1)
  strings.forEach((text, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + Buffer.byteLength(text)
  })
  const block = writer.stream(name, offsets.at(-1) ?? 0)
  for (const text of strings) block.append(Buffer.from(text))
  block.end()
  writer.put(`${name}.offsets`, offsets)
}
