/**
 * Inflates DEFLATE data (RFC 1951) of a few kilobytes. Node's zlib takes several times as long to be set up as it takes to read so little.
 * What zlib refuses is refused here: `test/base/inflate.test.ts` holds the two against each other.
 */

/** What is read, and what came of it. */
interface Stream {
  readonly input: Uint8Array
  /** Index of the next byte to hold. Those behind the end are read as zeros; {@link isBeyondEnd} tells. */
  at: number
  /** Bits that are held and not yet used, the next one lowest, and how many. */
  held: number
  bits: number
  output: Buffer
  size: number
  /** Most bytes of output. */
  readonly most: number
}

const isBeyondEnd = ({ at, bits, input }: Stream): boolean => at - (bits >> 3) > input.length

/**
 * Inflates what begins at `start`.
 * @param most bytes that may come of it
 * @returns the bytes, and the index behind the data; undefined when the data are broken, end too early, or come to more
 */
export function inflateShort(
  input: Uint8Array,
  start: number,
  most: number,
): { bytes: Buffer; end: number } | undefined {
  const output = Buffer.allocUnsafe(Math.min(most, 2 * input.length))
  const stream: Stream = { input, at: start, held: 0, bits: 0, output, size: 0, most }
  for (let isLast = false; !isLast; ) {
    isLast = take(stream, 1) === 1
    if (!readBlock(stream, take(stream, 2)) || isBeyondEnd(stream)) return undefined
  }
  return { bytes: stream.output.subarray(0, stream.size), end: stream.at - (stream.bits >> 3) }
}

function readBlock(stream: Stream, type: number): boolean {
  if (type === 0) return readStored(stream)
  if (type === 1) return readCoded(stream, fixedLiterals, fixedDistances)
  return type === 2 && readOwnCodes(stream) && readCoded(stream, ownLiterals, ownDistances)
}

/** The next bits as a number, at most 16. */
function take(stream: Stream, count: number): number {
  while (stream.bits < count) {
    stream.held |= (stream.input[stream.at++] ?? 0) << stream.bits
    stream.bits += 8
  }
  const taken = stream.held & ((1 << count) - 1)
  stream.held >>>= count
  stream.bits -= count
  return taken
}

/** A block without compression (RFC 1951, 3.2.4). */
function readStored(stream: Stream): boolean {
  const { input } = stream
  const at = stream.at - (stream.bits >> 3)
  const length = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
  const complement = (input[at + 2] ?? 0) | ((input[at + 3] ?? 0) << 8)
  const from = at + 4
  if ((length ^ complement) !== 0xffff || from + length > input.length) return false
  if (!hasRoom(stream, stream.size + length)) return false
  stream.output.set(input.subarray(from, from + length), stream.size)
  stream.size += length
  stream.at = from + length
  stream.held = 0
  stream.bits = 0
  return true
}

/** Makes room for so many bytes of output; false when that is more than there may be. */
function hasRoom(stream: Stream, size: number): boolean {
  const { output, most } = stream
  if (size <= output.length) return true
  if (size > most) return false
  stream.output = Buffer.allocUnsafe(Math.min(most, 2 * size))
  stream.output.set(output.subarray(0, stream.size))
  return true
}

/** Bits that a table answers at once. */
const TABLE_BITS = 9
const TABLE_MASK = (1 << TABLE_BITS) - 1
const LONGEST_CODE = 15

/** The Huffman codes of one alphabet (RFC 1951, 3.2.2). */
interface Codes {
  /** How many codes there are of each length. */
  counts: Uint16Array
  /** Symbols in the order of their codes. */
  symbols: Uint16Array
  /** By the next bits `symbol << 4 | length`; 0 where they are the beginning of a longer code, or of none. */
  table: Uint16Array
}

const noCodes = (symbols: number): Codes => ({
  counts: new Uint16Array(LONGEST_CODE + 1),
  symbols: new Uint16Array(symbols),
  table: new Uint16Array(TABLE_MASK + 1),
})

// Made once: codes are written here, and what they are for is read before others are.
const ownLiterals = noCodes(288)
const ownDistances = noCodes(32)
const lengthCodes = noCodes(19)
const lengthsOfCodes = new Uint8Array(288 + 32)
const places = new Uint16Array(LONGEST_CODE + 2)

/**
 * Writes the codes of symbols that have these lengths. False for lengths that zlib refuses: too many, or too few, but for none and for
 * a single one of one bit where there `mayBeFew`.
 */
function setCodes(codes: Codes, lengths: Uint8Array, mayBeFew: boolean): boolean {
  const { counts, symbols } = codes
  counts.fill(0)
  for (let symbol = 0; symbol < lengths.length; symbol++)
    counts[lengths[symbol] ?? 0] = (counts[lengths[symbol] ?? 0] ?? 0) + 1
  const unused = counts[0] ?? 0
  counts[0] = 0
  places[1] = 0
  let left = 1
  for (let length = 1; length <= LONGEST_CODE; length++) {
    const count = counts[length] ?? 0
    left = 2 * left - count
    if (left < 0) return false
    places[length + 1] = (places[length] ?? 0) + count
  }
  const used = lengths.length - unused
  if (left > 0 && !(mayBeFew && used === (counts[1] ?? 0))) return false
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] ?? 0
    if (length === 0) continue
    const place = places[length] ?? 0
    symbols[place] = symbol
    places[length] = place + 1
  }
  fillTable(codes)
  return true
}

function fillTable({ counts, symbols, table }: Codes): void {
  table.fill(0)
  let at = 0
  // Codes stand in the data with their first bit lowest.
  let reversed = 0
  for (let length = 1; length <= TABLE_BITS; length++) {
    for (let left = counts[length] ?? 0; left > 0; left--) {
      const entry = ((symbols[at++] ?? 0) << 4) | length
      for (let bits = reversed; bits <= TABLE_MASK; bits += 1 << length) table[bits] = entry
      let bit = 1 << (length - 1)
      while ((reversed & bit) !== 0) bit >>= 1
      reversed = bit === 0 ? 0 : (reversed & (bit - 1)) | bit
    }
  }
}

/** The entry of a code that is longer than the table's; 0 for no code at all. */
function longEntry({ counts, symbols }: Codes, held: number): number {
  let code = 0
  let first = 0
  let at = 0
  for (let length = 1; length <= LONGEST_CODE; length++) {
    code |= (held >> (length - 1)) & 1
    const count = counts[length] ?? 0
    if (code - first < count) return ((symbols[at + code - first] ?? 0) << 4) | length
    at += count
    first = (first + count) << 1
    code <<= 1
  }
  return 0
}

/** The alphabets of a block without codes of its own (RFC 1951, 3.2.6). */
const fixedLiterals = noCodes(288)
const fixedDistances = noCodes(32)
setCodes(fixedLiterals, new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280), false)
setCodes(fixedDistances, new Uint8Array(32).fill(5), false)

/** In which order the lengths of the codes of lengths stand (RFC 1951, 3.2.7). */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const MOST_LITERALS = 286
const MOST_DISTANCES = 30
const END_OF_BLOCK = 256

/** Reads the codes of a block that has its own (RFC 1951, 3.2.7). */
function readOwnCodes(stream: Stream): boolean {
  const literals = take(stream, 5) + 257
  const distances = take(stream, 5) + 1
  const lengths = take(stream, 4) + 4
  if (literals > MOST_LITERALS || distances > MOST_DISTANCES) return false
  lengthsOfCodes.fill(0)
  for (let at = 0; at < lengths; at++) lengthsOfCodes[LENGTH_ORDER[at] ?? 0] = take(stream, 3)
  if (!setCodes(lengthCodes, lengthsOfCodes.subarray(0, LENGTH_ORDER.length), false)) return false
  lengthsOfCodes.fill(0)
  const all = literals + distances
  for (let at = 0; at < all; ) {
    const entry = lengthCodes.table[peek(stream)] ?? 0
    const symbol = entry >> 4
    take(stream, entry & 15)
    if (symbol < 16) {
      lengthsOfCodes[at++] = symbol
      continue
    }
    if (symbol === 16 && at === 0) return false
    const repeated = symbol === 16 ? (lengthsOfCodes[at - 1] ?? 0) : 0
    const times = symbol === 16 ? take(stream, 2) + 3 : symbol === 17 ? take(stream, 3) + 3 : take(stream, 7) + 11
    if (at + times > all) return false
    lengthsOfCodes.fill(repeated, at, at + times)
    at += times
  }
  if (lengthsOfCodes[END_OF_BLOCK] === 0) return false
  return (
    setCodes(ownLiterals, lengthsOfCodes.subarray(0, literals), true) &&
    setCodes(ownDistances, lengthsOfCodes.subarray(literals, all), true)
  )
}

/** The next bits without using them, as a table has them. */
function peek(stream: Stream): number {
  while (stream.bits < TABLE_BITS) {
    stream.held |= (stream.input[stream.at++] ?? 0) << stream.bits
    stream.bits += 8
  }
  return stream.held & TABLE_MASK
}

/** Least values and extra bits of the symbols from 257 on, which are lengths, and of distances (RFC 1951, 3.2.5). */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]

/** Literals and copies up to the end of a block. In variables what a stream holds: nearly all the time goes here. */
function readCoded(stream: Stream, literals: Codes, distances: Codes): boolean {
  const { input } = stream
  const end = input.length
  let { at, held, bits, output, size } = stream
  for (;;) {
    for (; bits < LONGEST_CODE; bits += 8, at++) held |= (at < end ? (input[at] ?? 0) : 0) << bits
    const entry = literals.table[held & TABLE_MASK] || longEntry(literals, held)
    held >>>= entry & 15
    bits -= entry & 15
    const symbol = entry >> 4
    if (entry === 0 || at - (bits >> 3) > end) return false
    if (symbol === END_OF_BLOCK) break
    const code = symbol - END_OF_BLOCK - 1
    let length = 1
    if (code >= 0) {
      const extra = LENGTH_BITS[code] ?? 0
      for (; bits < extra; bits += 8, at++) held |= (at < end ? (input[at] ?? 0) : 0) << bits
      length = (LENGTHS[code] ?? 0) + (held & ((1 << extra) - 1))
      held >>>= extra
      bits -= extra
      if (code >= LENGTHS.length) return false
    }
    if (size + length > output.length) {
      stream.size = size
      if (!hasRoom(stream, size + length)) return false
      output = stream.output
    }
    if (code < 0) {
      output[size++] = symbol
      continue
    }
    for (; bits < LONGEST_CODE; bits += 8, at++) held |= (at < end ? (input[at] ?? 0) : 0) << bits
    const far = distances.table[held & TABLE_MASK] || longEntry(distances, held)
    held >>>= far & 15
    bits -= far & 15
    const extra = Math.max(0, ((far >> 4) >> 1) - 1)
    for (; bits < extra; bits += 8, at++) held |= (at < end ? (input[at] ?? 0) : 0) << bits
    const distance = (DISTANCES[far >> 4] ?? Number.POSITIVE_INFINITY) + (held & ((1 << extra) - 1))
    held >>>= extra
    bits -= extra
    if (far === 0 || distance > size) return false
    for (const behind = size + length; size < behind; size++) output[size] = output[size - distance] ?? 0
  }
  stream.at = at
  stream.held = held
  stream.bits = bits
  stream.size = size
  return true
}

/** The checksum behind zlib data (RFC 1950, 9). */
export function adler32(bytes: Uint8Array): number {
  let low = 1
  let high = 0
  for (let at = 0; at < bytes.length; ) {
    // So many that the sums stay small integers.
    for (const end = Math.min(bytes.length, at + 2048); at < end; at++) {
      low += bytes[at] ?? 0
      high += low
    }
    low %= 65_521
    high %= 65_521
  }
  return high * 65_536 + low
}
