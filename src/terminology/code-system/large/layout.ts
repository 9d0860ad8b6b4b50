/** How the concepts of a large code system lie in one file: sections one after the other, then a directory, then a footer. */

import type { Json } from '../../../base/json-value.ts'
import { fileOf, type IndexBytes, type IndexSource, type PagedBytes, pager } from './paged-bytes.ts'

/**
 * Of files that are written now; to be raised whenever they say more or something else than before. Of the first one, the flags of a
 * concept do not tell whether it has extensions; the second one has no runs of descendants and no kinds; in the third one releases of
 * SNOMED CT have codes, displays and states as any code system has them, which is not read any more.
 */
export const LAYOUT_VERSION = 4
/** Layouts that are read, each as what it is. */
const READ_LAYOUTS: readonly number[] = [1, 2, 3, LAYOUT_VERSION]

const MAGIC = 0x58494456 // "VDIX" in the byte order of the machine: a file of another order is refused
const FOOTER_BYTES = 16
const ALIGNMENT = 8

/** What stands in the directory of an index file. */
export interface IndexHeader {
  /** Number of concepts. */
  concepts: number
  caseSensitive: boolean
  hasInactive: boolean
  hierarchical: boolean
  /** Values of `status` that concepts have; sections name them by position + 1. */
  statuses: string[]
  /** Codes of the properties that concepts use. */
  used: string[]
  /** Those of them whose values are indexed, in the order of the sections `property/0`, `property/1`, … */
  indexed: string[]
  /** What reads the file, where that is more than a plain code system: who does not know the kind must not open it. */
  kind?: string
  /** What that kind says of its own sections. */
  own?: Json
}

interface Directory extends IndexHeader {
  /** Name → offset and length in bytes. */
  sections: Record<string, [number, number]>
}

/** Where an index is written; positions in bytes from the start of the file. */
export interface IndexFile {
  write(position: number, bytes: Uint8Array): void
}

/** Writes sections one behind the other. */
export interface SectionWriter {
  put(name: string, values: Int32Array | Uint32Array | Uint8Array): void
  /** A section of known size that is written piece by piece, beside others. */
  stream(name: string, bytes: number): { append(piece: Uint8Array): void; end(): void }
  /** A section of any size; nothing else is written before its end, which answers its bytes. */
  grow(name: string): { append(piece: Uint8Array): void; end(): number }
  /** Writes directory and footer; answers the size of the file in bytes. */
  finish(header: IndexHeader): number
}

const PIECE_BYTES = 1 << 18

/** Opens an empty file for sections. */
export function writeSections(file: IndexFile): SectionWriter {
  const sections: Directory['sections'] = {}
  let next = 0
  const reserve = (name: string, bytes: number) => {
    const offset = next
    sections[name] = [offset, bytes]
    next = Math.ceil((offset + bytes) / ALIGNMENT) * ALIGNMENT
    return offset
  }
  return {
    put: (name, values) => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      file.write(reserve(name, bytes.length), bytes)
    },
    stream: (name, bytes) => streamTo(file, reserve(name, bytes)),
    grow: (name) => {
      const pieces = streamTo(file, next)
      let bytes = 0
      return {
        append: (piece) => {
          bytes += piece.length
          pieces.append(piece)
        },
        end: () => {
          pieces.end()
          reserve(name, bytes)
          return bytes
        },
      }
    },
    finish: (header) => {
      const directory: Directory = { ...header, sections }
      const text = new TextEncoder().encode(JSON.stringify(directory))
      file.write(next, text)
      const end = Math.ceil((next + text.length) / ALIGNMENT) * ALIGNMENT
      const footer = Uint32Array.of(MAGIC, LAYOUT_VERSION, end - next, text.length)
      file.write(end, new Uint8Array(footer.buffer))
      return end + FOOTER_BYTES
    },
  }
}

function streamTo(file: IndexFile, offset: number) {
  const buffer = new Uint8Array(PIECE_BYTES)
  let position = offset
  let used = 0
  const flush = () => {
    if (used > 0) file.write(position, buffer.subarray(0, used))
    position += used
    used = 0
  }
  return {
    append: (piece: Uint8Array) => {
      if (used + piece.length > PIECE_BYTES) flush()
      if (piece.length > PIECE_BYTES) {
        file.write(position, piece)
        position += piece.length
        return
      }
      buffer.set(piece, used)
      used += piece.length
    },
    end: flush,
  }
}

/** Sections of a file: those that are asked for whole are in memory from then on, the others stay where they are. */
export interface Sections {
  header: IndexHeader
  /** Layout of the file. */
  layout: number
  has(name: string): boolean
  bytes(name: string): Uint8Array
  /** Whole numbers; `length` is how many there must be. */
  numbers(name: string, length?: number): Int32Array
  /** A section that is read by position. */
  paged(name: string): PagedBytes
  /** Whole numbers that are read by position; `length` is how many there must be. */
  pagedNumbers(name: string, length?: number): PagedNumbers
}

/** Whole numbers that are read by position. */
export interface PagedNumbers {
  readonly length: number
  /** The number at an index; 0 beyond the end. */
  at(index: number): number
  /** Numbers from an index to before another, in memory of their own. */
  slice(from: number, to: number): Int32Array
}

/**
 * Reads the directory of an index file.
 * @throws Error saying what is wrong when the file is cut, damaged or of another layout or byte order
 */
export function readSections(given: IndexSource): Sections {
  const file = fileOf(given)
  const { directory, layout } = readDirectory(file)
  const find = (name: string): [number, number] => {
    const section = Object.hasOwn(directory.sections, name) ? directory.sections[name] : undefined
    if (!section) throw new Error(`the section ${name} is missing`)
    const [offset, bytes] = section
    if (offset % ALIGNMENT !== 0 || offset < 0 || bytes < 0 || offset + bytes > file.length) {
      throw new Error(`the section ${name} lies outside the file`)
    }
    return section
  }
  const findNumbers = (name: string, length: number | undefined): [number, number] => {
    const [offset, bytes] = find(name)
    if (bytes % 4 !== 0 || (length !== undefined && bytes !== length * 4)) {
      throw new Error(`the section ${name} has ${bytes} bytes`)
    }
    return [offset, bytes]
  }
  const page = pager(file)
  return {
    header: directory,
    layout,
    has: (name) => Object.hasOwn(directory.sections, name),
    bytes: (name) => file.read(...find(name)),
    numbers: (name, length) => numbersIn(file.read(...findNumbers(name, length))),
    paged: (name) => page(...find(name)),
    pagedNumbers: (name, length) => {
      const [offset, bytes] = findNumbers(name, length)
      return pagedNumbers(page(offset, bytes), bytes / 4)
    },
  }
}

/** Views need aligned memory; what was read as a part of something else may not be. */
function numbersIn(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
}

function pagedNumbers(bytes: PagedBytes, length: number): PagedNumbers {
  return {
    length,
    at: (index) => (index >= 0 && index < length ? bytes.number(index * 4) : 0),
    slice: (from, to) => {
      const start = Math.min(Math.max(from, 0), length)
      return numbersIn(bytes.slice(start * 4, Math.max(start, Math.min(to, length)) * 4).slice())
    },
  }
}

function readDirectory(file: IndexBytes): { directory: Directory; layout: number } {
  if (file.length < FOOTER_BYTES || file.length % ALIGNMENT !== 0) throw new Error('the index file is cut short')
  const footer = numbersIn(file.read(file.length - FOOTER_BYTES, FOOTER_BYTES))
  const [magic, layout = 0, padded = 0, length = 0] = new Uint32Array(footer.buffer, footer.byteOffset, 4)
  if (magic !== MAGIC) throw new Error('the index file is cut short, or of a machine with another byte order')
  if (!READ_LAYOUTS.includes(layout)) throw new Error(`the index file has layout ${layout}, not ${LAYOUT_VERSION}`)
  const start = file.length - FOOTER_BYTES - padded
  if (start < 0 || length > padded) throw new Error('the index file has no directory')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.read(start, length))
    return { directory: JSON.parse(text), layout }
  } catch {
    throw new Error('the directory of the index file cannot be read')
  }
}
