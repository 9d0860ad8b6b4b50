import { constants, inflateRawSync, inflateSync } from 'node:zlib'

/** Credentials are small: zlib's default of 16 kB per call costs more than inflating them does. */
const CHUNK_BYTES = 1024

/**
 * Inflates zlib data (RFC 1950, as HCERT demands: no raw deflate, no gzip). Undefined when the data is broken, truncated,
 * fails its checksum, or grows beyond `maxBytes`: that limit is enforced while inflating, never read from the data. Bytes
 * after the stream are ignored: genuine cards in the field have them, and they reach nobody.
 */
export function inflateZlib(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  if (bytes[0] !== 0x78) return undefined
  return inflateShort(bytes, maxBytes, true) ?? inflate(inflateSync, bytes, maxBytes)
}

/** Inflates raw deflate data (RFC 1951, as SMART Health Cards demand); undefined as above. */
export function inflateRaw(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  return inflateShort(bytes, maxBytes, false) ?? inflate(inflateRawSync, bytes, maxBytes)
}

/** The same of data of which nothing may be left over. */
export function inflateRawWhole(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    const options = { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES, info: true }
    // With `info` the answer has another shape, which the types of Node do not know.
    const answer: unknown = inflateRawSync(bytes, options)
    return isWithEngine(answer) && answer.engine.bytesWritten === bytes.length ? answer.buffer : undefined
  } catch {
    return undefined // as below
  }
}

const isWithEngine = (answer: unknown): answer is { buffer: Buffer; engine: { bytesWritten: number } } =>
  typeof answer === 'object' && answer !== null && 'engine' in answer

function inflate(method: typeof inflateSync, bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    return method(bytes, { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES })
  } catch {
    return undefined // zlib's message says nothing a caller could act on, and every cause has the same status
  }
}

/** Where and why data cannot be inflated. */
interface InflateFault {
  /** Bytes of the data that could be read. */
  offset: number
  text: string
}

/** Why {@link inflateZlib} or, for `isRaw`, {@link inflateRaw} gives nothing; undefined when it does. Slower: for people. */
export function inflateFault(bytes: Uint8Array, maxBytes: number, isRaw: boolean): InflateFault | undefined {
  if (!isRaw && bytes[0] !== 0x78) return { offset: 0, text: 'no zlib stream begins here (78)' }
  const method = isRaw ? inflateRawSync : inflateSync
  if (inflate(method, bytes, maxBytes)) return undefined
  const fails = (length: number): string | undefined => {
    try {
      // A beginning is no fault: the end is only missed where the whole is read.
      method(bytes.subarray(0, length), { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH })
      return undefined
    } catch (error) {
      return error instanceof RangeError
        ? `it grows beyond ${maxBytes} bytes`
        : 'what follows is no deflate data, or its checksum is wrong'
    }
  }
  if (fails(bytes.length) === undefined) return { offset: bytes.length, text: 'it ends too early' }
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (fails(middle) === undefined) good = middle
    else bad = middle
  }
  return { offset: good, text: fails(bad) ?? '' }
}

/**
 * What is as short as a code that is scanned is inflated here: to set up an engine of zlib and to give it back costs several times what
 * it does. Whatever is in the least unusual is left to zlib, so that what is refused, and why, is as zlib has it. It stands in this file,
 * long as that makes it, for a verdict goes through as few files as it can (test/evaluate/way.test.ts).
 */
const SHORT_BYTES = 1200
const SHORT_TEXT_BYTES = 8192

/** RFC 1951 counts bits from the least significant one of the first byte on. */
interface BitReader {
  bytes: Uint8Array
  /** Next byte. */
  at: number
  /** Bits that were read and not taken, and how many. */
  held: number
  count: number
  /** More was taken than there is. */
  isOver: boolean
}

/** A Huffman code as RFC 1951, 3.2.2 defines it: how many codes there are of each length, and their symbols in order. */
interface HuffmanCode {
  counts: Uint16Array
  symbols: Uint16Array
  /** By the next bits: the symbol whose code they begin with, and in the last four bits its length; 0 where the code is longer. */
  quick: Uint16Array
}

const MAX_CODE_BITS = 15
const QUICK_BITS = 9
const QUICK_MASK = (1 << QUICK_BITS) - 1
const emptyCode = (symbols: number): HuffmanCode => ({
  counts: new Uint16Array(MAX_CODE_BITS + 1),
  symbols: new Uint16Array(symbols),
  quick: new Uint16Array(1 << QUICK_BITS),
})

// Nothing is inflated while something is: all of this is used again.
const output = new Uint8Array(SHORT_TEXT_BYTES)
const lengths = new Uint8Array(320)
const offsets = new Uint16Array(MAX_CODE_BITS + 1)
const nextCodes = new Uint16Array(MAX_CODE_BITS + 1)
const codeOfLengths = emptyCode(19)
const ownLiterals = emptyCode(288)
const ownDistances = emptyCode(32)
const fixedLiterals = emptyCode(288)
const fixedDistances = emptyCode(32)

/** RFC 1951, 3.2.5. */
const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const distanceBases = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]
const distanceBits = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
/** The order in which lengths of the code of lengths come (RFC 1951, 3.2.7). */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const END_OF_BLOCK = 256

/** Undefined for whatever zlib is to judge. */
function inflateShort(bytes: Uint8Array, maxBytes: number, hasFrame: boolean): Buffer | undefined {
  if (bytes.length > SHORT_BYTES) return undefined
  // RFC 1950, 2.2: the second byte makes the first two a multiple of 31, and says whether a dictionary is needed.
  const flags = bytes[1] ?? 0
  if (hasFrame && (((0x78 << 8) | flags) % 31 !== 0 || (flags & 0x20) !== 0)) return undefined
  const reader: BitReader = { bytes, at: hasFrame ? 2 : 0, held: 0, count: 0, isOver: false }
  const length = inflateBlocks(reader)
  const isGood = length >= 0 && length <= maxBytes && (!hasFrame || hasChecksum(reader, length))
  const inflated = isGood ? Buffer.from(output.subarray(0, length)) : undefined
  // It is a person's.
  output.fill(0, 0, isGood ? length : SHORT_TEXT_BYTES)
  return inflated
}

/** Adler-32 (RFC 1950, 9), which stands behind the last block. */
function hasChecksum({ bytes, at: ahead, count }: BitReader, length: number): boolean {
  const at = ahead - (count >> 3)
  let a = 1
  let b = 0
  for (let i = 0; i < length; i++) {
    a += output[i] ?? 0
    b += a
  }
  // Of so few bytes the sums stay below 2^53.
  const sum = (b % 65_521) * 65_536 + (a % 65_521)
  const [b3 = 0, b2 = 0, b1 = 0, b0 = 0] = bytes.subarray(at, at + 4)
  return at + 4 <= bytes.length && ((b3 << 24) | (b2 << 16) | (b1 << 8) | b0) >>> 0 === sum
}

/** Inflates all blocks into `output`; answers how many bytes, or -1. */
function inflateBlocks(reader: BitReader): number {
  let length = 0
  for (;;) {
    const isLast = takeBits(reader, 1) === 1
    const kind = takeBits(reader, 2)
    if (reader.isOver) return -1
    if (kind === 1) length = inflateCodes(reader, length, fixedLiterals, fixedDistances)
    else if (kind === 2 && readCodes(reader)) length = inflateCodes(reader, length, ownLiterals, ownDistances)
    // A stored block is of no code that is scanned: it was not worth packing.
    else return -1
    if (length < 0 || isLast) return length
  }
}

function takeBits(reader: BitReader, wanted: number): number {
  while (reader.count < wanted) {
    const byte = reader.bytes[reader.at]
    if (byte === undefined) {
      reader.isOver = true
      return 0
    }
    reader.held |= byte << reader.count
    reader.at++
    reader.count += 8
  }
  const value = reader.held & ((1 << wanted) - 1)
  reader.held >>>= wanted
  reader.count -= wanted
  return value
}

/** The next symbol of a code; -1 where there is none. */
function takeSymbol(reader: BitReader, code: HuffmanCode): number {
  while (reader.count < QUICK_BITS) {
    const byte = reader.bytes[reader.at]
    if (byte === undefined) break
    reader.held |= byte << reader.count
    reader.at++
    reader.count += 8
  }
  const quick = code.quick[reader.held & QUICK_MASK] ?? 0
  const bits = quick & 0xf
  if (bits === 0 || bits > reader.count) return takeLongSymbol(reader, code)
  reader.held >>>= bits
  reader.count -= bits
  return quick >> 4
}

/** The same, bit by bit. */
function takeLongSymbol(reader: BitReader, { counts, symbols }: HuffmanCode): number {
  let code = 0
  let first = 0
  let index = 0
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    code |= takeBits(reader, 1)
    if (reader.isOver) return -1
    const ofLength = counts[bits] ?? 0
    if (code - ofLength < first) return symbols[index + code - first] ?? -1
    index += ofLength
    first = (first + ofLength) << 1
    code <<= 1
  }
  return -1
}

/** Literals and repetitions up to the end of a block. */
function inflateCodes(reader: BitReader, from: number, literals: HuffmanCode, distances: HuffmanCode): number {
  let length = from
  for (;;) {
    const symbol = takeSymbol(reader, literals)
    if (symbol < 0) return -1
    if (symbol === END_OF_BLOCK) return length
    if (symbol < END_OF_BLOCK) {
      if (length === SHORT_TEXT_BYTES) return -1
      output[length++] = symbol
      continue
    }
    const base = lengthBases[symbol - END_OF_BLOCK - 1]
    if (base === undefined) return -1
    const run = base + takeBits(reader, lengthBits[symbol - END_OF_BLOCK - 1] ?? 0)
    const place = takeSymbol(reader, distances)
    const distanceBase = distanceBases[place]
    if (distanceBase === undefined) return -1
    const distance = distanceBase + takeBits(reader, distanceBits[place] ?? 0)
    if (reader.isOver || distance > length || length + run > SHORT_TEXT_BYTES) return -1
    // One by one: what is repeated may be what is being written.
    for (let left = run; left > 0; left--, length++) output[length] = output[length - distance] ?? 0
  }
}

/** The codes that a block brings (RFC 1951, 3.2.7); false where they are not whole. */
function readCodes(reader: BitReader): boolean {
  const literals = takeBits(reader, 5) + 257
  const distances = takeBits(reader, 5) + 1
  const given = takeBits(reader, 4) + 4
  if (reader.isOver || literals > 286 || distances > 30) return false
  lengths.fill(0)
  for (let at = 0; at < given; at++) lengths[lengthOrder[at] ?? 0] = takeBits(reader, 3)
  if (reader.isOver || !makeCode(codeOfLengths, 0, 19)) return false
  lengths.fill(0, 0, 19)
  for (let at = 0; at < literals + distances; ) {
    const symbol = takeSymbol(reader, codeOfLengths)
    if (symbol < 0 || (symbol === 16 && at === 0)) return false
    if (symbol < 16) {
      lengths[at++] = symbol
      continue
    }
    const again = symbol === 16 ? (lengths[at - 1] ?? 0) : 0
    const times =
      symbol === 16 ? 3 + takeBits(reader, 2) : symbol === 17 ? 3 + takeBits(reader, 3) : 11 + takeBits(reader, 7)
    if (reader.isOver || at + times > literals + distances) return false
    lengths.fill(again, at, at + times)
    at += times
  }
  return (
    lengths[END_OF_BLOCK] !== 0 && makeCode(ownLiterals, 0, literals) && makeCode(ownDistances, literals, distances)
  )
}

/** A code of the lengths that stand in `lengths`; false unless every sequence of bits is one of it. */
function makeCode(code: HuffmanCode, from: number, many: number): boolean {
  const { counts, symbols, quick } = code
  counts.fill(0)
  for (let at = from; at < from + many; at++) add(counts, lengths[at] ?? 0)
  counts[0] = 0
  let left = 1
  let first = 0
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const ofLength = counts[bits] ?? 0
    left = left * 2 - ofLength
    if (left < 0) return false
    offsets[bits] = (offsets[bits - 1] ?? 0) + (counts[bits - 1] ?? 0)
    nextCodes[bits] = first
    first = (first + ofLength) << 1
  }
  if (left !== 0) return false
  quick.fill(0)
  for (let symbol = 0; symbol < many; symbol++) {
    const bits = lengths[from + symbol] ?? 0
    if (bits === 0) continue
    const place = offsets[bits] ?? 0
    symbols[place] = symbol
    offsets[bits] = place + 1
    const own = nextCodes[bits] ?? 0
    nextCodes[bits] = own + 1
    if (bits > QUICK_BITS) continue
    // Codes come with their first bit first: as a number of the bits that are held they stand the other way round.
    for (let at = reversed(own, bits); at <= QUICK_MASK; at += 1 << bits) quick[at] = (symbol << 4) | bits
  }
  return true
}

function add(counts: Uint16Array, bits: number): void {
  counts[bits] = (counts[bits] ?? 0) + 1
}

function reversed(code: number, bits: number): number {
  let turned = 0
  for (let at = 0; at < bits; at++) turned |= ((code >> at) & 1) << (bits - 1 - at)
  return turned
}

// The fixed codes (RFC 1951, 3.2.6).
lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288)
makeCode(fixedLiterals, 0, 288)
lengths.fill(5, 0, 32)
makeCode(fixedDistances, 0, 32)
