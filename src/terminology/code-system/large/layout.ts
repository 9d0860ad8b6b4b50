/** How the concepts of a large code system lie in one file: sections one after the other, then a directory, then a footer. */

/**
 * Of files that are written now; to be raised whenever they say more or something else than before. Of the first one, the flags of a
 * concept do not tell whether it has extensions.
 */
export const LAYOUT_VERSION = 2
/** Layouts that are read, each as what it is. */
const READ_LAYOUTS: readonly number[] = [1, LAYOUT_VERSION]

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

/** Sections of a file in memory, as views. */
export interface Sections {
  header: IndexHeader
  /** Layout of the file. */
  layout: number
  bytes(name: string): Uint8Array
  /** Whole numbers; `length` is how many there must be. */
  numbers(name: string, length?: number): Int32Array
}

/**
 * Reads the directory of an index file that is in memory whole.
 * @throws Error saying what is wrong when the file is cut, damaged or of another layout or byte order
 */
export function readSections(file: Uint8Array): Sections {
  // Views need aligned memory; a buffer cut out of a larger one may not be.
  const whole = file.byteOffset % ALIGNMENT === 0 ? file : new Uint8Array(file)
  const { directory, layout } = readDirectory(whole)
  const find = (name: string): [number, number] => {
    const section = Object.hasOwn(directory.sections, name) ? directory.sections[name] : undefined
    if (!section) throw new Error(`the section ${name} is missing`)
    const [offset, bytes] = section
    if (offset % ALIGNMENT !== 0 || offset < 0 || bytes < 0 || offset + bytes > whole.length) {
      throw new Error(`the section ${name} lies outside the file`)
    }
    return section
  }
  return {
    header: directory,
    layout,
    bytes: (name) => {
      const [offset, bytes] = find(name)
      return whole.subarray(offset, offset + bytes)
    },
    numbers: (name, length) => {
      const [offset, bytes] = find(name)
      if (bytes % 4 !== 0 || (length !== undefined && bytes !== length * 4)) {
        throw new Error(`the section ${name} has ${bytes} bytes`)
      }
      return new Int32Array(whole.buffer, whole.byteOffset + offset, bytes / 4)
    },
  }
}

function readDirectory(file: Uint8Array): { directory: Directory; layout: number } {
  if (file.length < FOOTER_BYTES || file.length % ALIGNMENT !== 0) throw new Error('the index file is cut short')
  const footer = new Uint32Array(file.buffer, file.byteOffset + file.length - FOOTER_BYTES, 4)
  const [magic, layout = 0, padded = 0, length = 0] = footer
  if (magic !== MAGIC) throw new Error('the index file is cut short, or of a machine with another byte order')
  if (!READ_LAYOUTS.includes(layout)) throw new Error(`the index file has layout ${layout}, not ${LAYOUT_VERSION}`)
  const start = file.length - FOOTER_BYTES - padded
  if (start < 0 || length > padded) throw new Error('the index file has no directory')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(start, start + length))
    return { directory: JSON.parse(text), layout }
  } catch {
    throw new Error('the directory of the index file cannot be read')
  }
}
