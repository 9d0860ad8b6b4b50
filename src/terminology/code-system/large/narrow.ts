/** Whole numbers from 0 on in one, two or four bytes each, as the largest of them needs. */
import type { Sections, SectionWriter } from './layout.ts'

/** Numbers of one width. */
export type NarrowNumbers = Uint8Array | Uint16Array | Int32Array

/** Writes numbers from 0 to 2^31 - 1 as a section. */
export function writeNarrow(writer: SectionWriter, name: string, numbers: Int32Array): void {
  let most = 0
  for (const each of numbers) if (each > most) most = each
  if (most < 1 << 8) writer.put(name, Uint8Array.from(numbers))
  else if (most < 1 << 16) writer.put(name, new Uint8Array(Uint16Array.from(numbers).buffer))
  else writer.put(name, numbers)
}

/** Reads what {@link writeNarrow} wrote; `length` is how many there must be. @throws Error when there are not */
export function narrowNumbers(sections: Sections, name: string, length: number): NarrowNumbers {
  const bytes = sections.bytes(name)
  if (bytes.length === length) return bytes
  if (bytes.length !== 2 * length) return sections.numbers(name, length)
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  return new Uint16Array(aligned.buffer, aligned.byteOffset, length)
}
