/** Records of bytes: whole numbers in as few bytes as they need (LEB128), texts with their length, identifiers as numbers. */
import { highOf, idOf, isId, lowOf } from './id-table.ts'

/** Writes one record behind the other. */
export interface RecordWriter {
  /** Bytes so far. */
  readonly length: number
  byte(value: number): void
  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void
  /** A text; one that is an identifier takes less. */
  text(text: string): void
  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void
  /** What was written, as a view; begins anew. */
  take(): Uint8Array
}

/** An empty writer. */
export function recordWriter(): RecordWriter {
  let bytes = Buffer.allocUnsafe(1 << 12)
  let length = 0
  const room = (more: number) => {
    if (length + more <= bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, length + more))
    bytes.copy(larger, 0, 0, length)
    bytes = larger
  }
  const number = (value: number) => {
    room(8)
    let rest = value
    while (rest >= 0x80) {
      bytes[length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    bytes[length++] = rest
  }
  return {
    get length() {
      return length
    },
    byte: (value) => {
      room(1)
      bytes[length++] = value
    },
    number,
    text: (text) => {
      if (isId(text)) {
        number(1 + 2 * highOf(text))
        number(lowOf(text))
        return
      }
      const size = Buffer.byteLength(text)
      number(2 * size)
      room(size)
      length += bytes.write(text, length)
    },
    raw: (given) => {
      room(given.length)
      bytes.set(given, length)
      length += given.length
    },
    take: () => {
      const taken = bytes.subarray(0, length)
      length = 0
      return taken
    },
  }
}

/** Reads what {@link recordWriter} wrote. */
export interface RecordReader {
  readonly isAtEnd: boolean
  byte(): number
  number(): number
  text(): string
  raw(length: number): Uint8Array
}

/** A reader of the first bytes, all unless it is said. @throws Error when the record is cut short */
export function recordReader(given: Uint8Array, length = given.length): RecordReader {
  const bytes = given instanceof Buffer ? given : Buffer.from(given.buffer, given.byteOffset, given.length)
  let at = 0
  const byte = () => {
    if (at >= length) throw new Error('a record of the index file is cut short')
    return bytes[at++] ?? 0
  }
  const number = () => {
    let value = 0
    for (let factor = 1; ; factor *= 0x80) {
      const next = byte()
      value += (next & 0x7f) * factor
      if (next < 0x80) return value
    }
  }
  const skip = (size: number) => {
    if (at + size > length) throw new Error('a record of the index file is cut short')
    at += size
  }
  return {
    get isAtEnd() {
      return at >= length
    },
    byte,
    number,
    raw: (size) => {
      skip(size)
      return bytes.subarray(at - size, at)
    },
    text: () => {
      const kind = number()
      if (kind % 2 === 1) return idOf((kind - 1) / 2, number())
      const size = kind / 2
      skip(size)
      return bytes.toString('utf8', at - size, at)
    },
  }
}
