import { isUtf8 } from 'node:buffer'

/** A tagged item whose tag the decoder gives no meaning of its own. */
interface Tagged {
  tag: number | bigint
  value: CborValue
}
/** A whole number that was written as a floating-point one: the same value, but not the type that a count or a key has. */
interface WholeFloat {
  float: number
}
/** A simple value without a meaning in JavaScript. */
interface Simple {
  simple: number
}
/** A CBOR data item (RFC 8949): maps as Map, byte strings as views of the input, integers beyond 2^53 as bigint. */
export type CborValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | CborValue[]
  | CborMap
  | Tagged
  | WholeFloat
  | Simple
/** A CBOR map; keys keep their type, so that 1 and "1" differ. */
export type CborMap = Map<CborValue, CborValue>

/** Bounds of the decoder. */
export interface CborLimits {
  depth: number
  items: number
}

/** Ends the decoding of one message; caught by {@link decodeCbor} alone. */
const BREAK = Symbol('break')
const MALFORMED = new Error('malformed CBOR')

/**
 * Decodes exactly one item. Undefined in `value` is CBOR's undefined; the answer itself is undefined when the bytes are not
 * well-formed or not acceptable: duplicate map keys, invalid UTF-8, too deep, too many items, lengths beyond the input,
 * bytes after the item.
 */
export function decodeCbor(bytes: Buffer, limits: CborLimits): { value: CborValue } | undefined {
  const reader = { bytes, at: 0, depth: limits.depth, items: limits.items }
  try {
    const value = readItem(reader)
    return reader.at === bytes.length ? { value } : undefined
  } catch (error) {
    if (error === MALFORMED) return undefined
    throw error
  }
}

/** Where {@link decodeCbor} stops at bytes that it refuses; undefined for bytes that it decodes. */
export function cborFault(bytes: Buffer, limits: CborLimits): number | undefined {
  const reader = { bytes, at: 0, depth: limits.depth, items: limits.items }
  try {
    readItem(reader)
    return reader.at === bytes.length ? undefined : reader.at
  } catch (error) {
    if (error === MALFORMED) return Math.min(reader.at, bytes.length)
    throw error
  }
}

interface Reader {
  bytes: Buffer
  at: number
  /** What is left of the limits. */
  depth: number
  items: number
}

function readItem(reader: Reader): CborValue {
  const item = readItemOrBreak(reader)
  if (item === BREAK) throw MALFORMED
  return item
}

function readItemOrBreak(reader: Reader): CborValue | typeof BREAK {
  if (--reader.items < 0 || reader.at >= reader.bytes.length) throw MALFORMED
  const initial = reader.bytes[reader.at++] ?? 0
  const major = initial >> 5
  const info = initial & 31
  if (major === 7) return readSimple(reader, info)
  const indefinite = info === 31
  if (indefinite && (major < 2 || major === 6)) throw MALFORMED
  const argument = indefinite ? -1 : readArgument(reader, info)
  if (major === 0) return argument
  if (major === 1) return negative(argument)
  if (major === 2) return indefinite ? Buffer.concat(readChunks(reader, 2)) : readBytes(reader, argument)
  if (major === 3) return indefinite ? readChunkedText(reader) : readText(reader, argument)
  if (--reader.depth < 0) throw MALFORMED
  const item =
    major === 4 ? readArray(reader, argument) : major === 5 ? readMap(reader, argument) : readTagged(reader, argument)
  reader.depth++
  return item
}

/** The unsigned argument of an item's head; bigint only beyond 2^53. */
function readArgument(reader: Reader, info: number): number | bigint {
  if (info < 24) return info
  const size = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0
  const at = reader.at
  if (size === 0 || at + size > reader.bytes.length) throw MALFORMED
  reader.at += size
  if (size === 1) return reader.bytes[at] ?? 0
  if (size === 2) return reader.bytes.readUInt16BE(at)
  if (size === 4) return reader.bytes.readUInt32BE(at)
  const wide = reader.bytes.readBigUInt64BE(at)
  return wide <= Number.MAX_SAFE_INTEGER ? Number(wide) : wide
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument
  return -1n - BigInt(argument)
}

/** A length that the input can hold at least one byte per element of; so nothing is allocated on a mere promise. */
function checkedLength(reader: Reader, length: number | bigint): number {
  if (typeof length === 'bigint' || length > reader.bytes.length - reader.at) throw MALFORMED
  return length
}

function readBytes(reader: Reader, length: number | bigint): Buffer {
  const size = checkedLength(reader, length)
  const start = reader.at
  reader.at += size
  return reader.bytes.subarray(start, reader.at)
}

function readText(reader: Reader, length: number | bigint): string {
  const size = checkedLength(reader, length)
  const { bytes, at: start } = reader
  const end = start + size
  reader.at = end
  let all = 0
  for (let i = start; i < end; i++) all |= bytes[i] ?? 0
  // Nearly every text is ASCII, of which UTF-8 need not be asked.
  if (all < 128) return size < 24 ? shortText(bytes, start, end) : bytes.toString('latin1', start, end)
  const part = bytes.subarray(start, end)
  if (!isUtf8(part)) throw MALFORMED
  return part.toString('utf8')
}

/** A few characters of ASCII: building them here is quicker than crossing into native code. */
function shortText(bytes: Buffer, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

/** Chunks of an indefinite-length string: definite strings of the same major type (RFC 8949, 3.2.3). */
function readChunks(reader: Reader, major: 2 | 3): Buffer[] {
  const chunks: Buffer[] = []
  for (;;) {
    const initial = reader.bytes[reader.at++]
    if (initial === 0xff) return chunks
    if (initial === undefined || initial >> 5 !== major || (initial & 31) === 31 || --reader.items < 0) throw MALFORMED
    const chunk = readBytes(reader, readArgument(reader, initial & 31))
    if (major === 3 && !isUtf8(chunk)) throw MALFORMED
    chunks.push(chunk)
  }
}

function readChunkedText(reader: Reader): string {
  return Buffer.concat(readChunks(reader, 3)).toString('utf8')
}

function readArray(reader: Reader, length: number | bigint): CborValue[] {
  const items: CborValue[] = []
  if (length === -1) {
    for (;;) {
      const item = readItemOrBreak(reader)
      if (item === BREAK) return items
      items.push(item)
    }
  }
  const count = checkedLength(reader, length)
  for (let i = 0; i < count; i++) items.push(readItem(reader))
  return items
}

function readMap(reader: Reader, length: number | bigint): CborMap {
  const map: CborMap = new Map()
  let compound: Set<string> | undefined
  const count = length === -1 ? Number.POSITIVE_INFINITY : checkedLength(reader, length)
  for (let i = 0; i < count; i++) {
    const start = reader.at
    const key = readItemOrBreak(reader)
    if (key === BREAK) {
      if (length !== -1) throw MALFORMED
      break
    }
    // A float that equals an integer is one key to some readers and another to others.
    if (typeof key === 'object' && key !== null && 'float' in key) throw MALFORMED
    if (typeof key === 'object' && key !== null) {
      // Map compares objects by identity; equal compound keys are found by their encoding.
      const encoded = reader.bytes.toString('latin1', start, reader.at)
      compound ??= new Set()
      if (compound.has(encoded)) throw MALFORMED
      compound.add(encoded)
    } else if (map.has(key)) throw MALFORMED
    map.set(key, readItem(reader))
  }
  return map
}

/** Bignums of reasonable size become bigint; any other tag is kept. */
function readTagged(reader: Reader, tag: number | bigint): CborValue {
  const value = readItem(reader)
  if ((tag === 2 || tag === 3) && value instanceof Uint8Array && value.length <= 64) {
    const magnitude = BigInt(`0x0${Buffer.from(value).toString('hex')}`)
    return tag === 2 ? magnitude : -1n - magnitude
  }
  return { tag, value }
}

function readSimple(reader: Reader, info: number): CborValue | typeof BREAK {
  if (info === 31) return BREAK
  if (info >= 25) {
    const float = readFloat(reader, info)
    return Number.isInteger(float) ? { float } : float
  }
  if (info === 20) return false
  if (info === 21) return true
  if (info === 22) return null
  if (info === 23) return undefined
  if (info < 20) return { simple: info }
  const value = reader.bytes[reader.at++]
  if (value === undefined || value < 32) throw MALFORMED
  return { simple: value }
}

function readFloat(reader: Reader, info: number): number {
  const size = info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0
  const at = reader.at
  if (size === 0 || at + size > reader.bytes.length) throw MALFORMED
  reader.at += size
  if (size === 4) return reader.bytes.readFloatBE(at)
  if (size === 8) return reader.bytes.readDoubleBE(at)
  return halfPrecision(reader.bytes.readUInt16BE(at))
}

function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 0x3ff
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25))
}
