import type { Sections, SectionWriter } from './layout.ts'

/** Strings in one block of UTF-8, made into JavaScript strings when they are asked for. */
export interface StringTable {
  readonly length: number
  /** The text of an entry; empty where there is none. */
  at(index: number): string
  /** Whether an entry is exactly that text; makes no string for plain text. */
  equals(index: number, text: string): boolean
}

/** The strings of sections `name` and `name.offsets`. */
export function stringTable(sections: Sections, name: string, length?: number): StringTable {
  const bytes = sections.bytes(name)
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const signed = sections.numbers(`${name}.offsets`, length === undefined ? undefined : length + 1)
  const offsets = new Uint32Array(signed.buffer, signed.byteOffset, signed.length)
  if ((offsets.at(-1) ?? -1) !== bytes.length) throw new Error(`the section ${name} is incomplete`)
  const at = (index: number) => block.toString('utf8', offsets[index] ?? 0, offsets[index + 1] ?? 0)
  return {
    length: offsets.length - 1,
    at,
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
