/**
 * Packs bytes as DEFLATE (RFC 1951) has it, the same bytes to the same bytes on every machine: what zlib makes of them differs between
 * its versions and processors. Greedy matches over a window of 32 kB, fixed codes; whoever unpacks needs to know none of that.
 */
import { finish, type Steps } from '../../workers/budget.ts'

const window = 32_768
const longestMatch = 258
/** Shorter repetitions are not looked for. */
const shortestMatch = 4
/** Earlier places with the same beginning that are tried. */
const mostTries = 24
const hashBits = 15
const storedBlock = 65_535
const endOfBlock = 256
/** Bytes that are packed in one step: a millisecond or so. */
const stepBytes = 8192

/** Base and extra bits of length codes 257 to 285, and of distance codes 0 to 29 (RFC 1951, 3.2.5). */
const lengthCodes = codesOf([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5], 3)
const distanceCodes = codesOf(
  [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13],
  1,
)
/** The code of every length, and of every distance up to 256 and beyond it in steps of 128. */
const codeOfLength = lengthTable()
const nearDistances = distanceTable((index) => index + 1)
const farDistances = distanceTable((index) => (index << 7) + 1)
const literalCodes = Array.from({ length: 288 }, (_, symbol) => fixedCode(symbol))

interface RangeCode {
  base: number
  extra: number
}

function codesOf(extraBits: readonly number[], first: number): RangeCode[] {
  let base = first
  return extraBits.map((extra) => {
    const code = { base, extra }
    base += 1 << extra
    return code
  })
}

function lengthTable(): Uint8Array {
  const table = new Uint8Array(longestMatch + 1)
  for (let length = 3; length < longestMatch; length++)
    table[length] = lengthCodes.findLastIndex(({ base }) => base <= length)
  // The longest has a code of its own, without extra bits.
  table[longestMatch] = lengthCodes.length
  return table
}

function distanceTable(distanceAt: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, index) =>
    distanceCodes.findLastIndex(({ base }) => base <= distanceAt(index)),
  )
}

/** The fixed code of a literal or length (RFC 1951, 3.2.6), first bit lowest. */
function fixedCode(symbol: number): { bits: number; count: number } {
  if (symbol < 144) return { bits: reversed(0x30 + symbol, 8), count: 8 }
  if (symbol < 256) return { bits: reversed(0x190 + symbol - 144, 9), count: 9 }
  if (symbol < 280) return { bits: reversed(symbol - 256, 7), count: 7 }
  return { bits: reversed(0xc0 + symbol - 280, 8), count: 8 }
}

function reversed(value: number, count: number): number {
  let result = 0
  for (let bit = 0; bit < count; bit++) result |= ((value >>> bit) & 1) << (count - 1 - bit)
  return result
}

/** Bits of a stream, the first in the lowest place. */
class BitWriter {
  #bytes: Buffer
  #length = 0
  #bits = 0
  #count = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.alloc(capacity)
  }

  put(value: number, count: number): void {
    this.#bits |= value << this.#count
    this.#count += count
    while (this.#count >= 8) {
      this.#byte(this.#bits & 0xff)
      this.#bits >>>= 8
      this.#count -= 8
    }
  }

  symbol(symbol: number): void {
    const code = literalCodes[symbol]
    if (code) this.put(code.bits, code.count)
  }

  /** Fills up the last byte. */
  align(): void {
    if (this.#count > 0) this.put(0, 8 - this.#count)
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#length + 64)])
    this.#bytes[this.#length++] = value
  }
}

/** What {@link deflateSteps} makes, at once. */
export const deflatePiece = (bytes: Uint8Array, form: { isLast?: boolean } = {}): Buffer =>
  finish(deflateSteps(bytes, form))

/**
 * A piece of a DEFLATE stream that ends at a byte and leans on nothing before it: pieces one after another, the last one marked, are a
 * stream. Bytes that would grow are stored as they are.
 */
export function* deflateSteps(bytes: Uint8Array, { isLast = false }: { isLast?: boolean } = {}): Steps<Buffer> {
  const writer = new BitWriter(Math.ceil(bytes.length / 3) + 64)
  writer.put(isLast ? 1 : 0, 1)
  writer.put(1, 2)
  yield* writeMatches(bytes, writer)
  writer.symbol(endOfBlock)
  if (!isLast) {
    // An empty stored block, which ends at a byte.
    writer.put(0, 3)
    writer.align()
    writer.put(0, 16)
    writer.put(0xffff, 16)
  }
  writer.align()
  const blocks = Math.max(1, Math.ceil(bytes.length / storedBlock))
  return writer.length <= bytes.length + 5 * blocks ? writer.done() : stored(bytes, isLast)
}

function stored(bytes: Uint8Array, isLast: boolean): Buffer {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length || at === 0; at += storedBlock) {
    const part = bytes.subarray(at, at + storedBlock)
    const head = Buffer.alloc(5)
    head[0] = isLast && at + storedBlock >= bytes.length ? 1 : 0
    head.writeUInt16LE(part.length, 1)
    head.writeUInt16LE(part.length ^ 0xffff, 3)
    parts.push(head, part)
  }
  return Buffer.concat(parts)
}

function* writeMatches(bytes: Uint8Array, writer: BitWriter): Steps<void> {
  const room = takeRoom(bytes.length)
  const finder = new MatchFinder(bytes, room)
  let pause = stepBytes
  for (let at = 0; at < bytes.length; ) {
    if (at >= pause) {
      yield
      pause = at + stepBytes
    }
    const { length, distance } = finder.longestAt(at)
    if (length < shortestMatch) {
      writer.symbol(bytes[at] ?? 0)
      at++
      continue
    }
    writeMatch(length, distance, writer)
    for (let inside = at + 1; inside < at + length; inside++) finder.add(inside)
    at += length
  }
  spare = room
}

function writeMatch(length: number, distance: number, writer: BitWriter): void {
  const lengthCode = codeOfLength[length] ?? 0
  writer.symbol(257 + lengthCode)
  const ofLength = lengthCodes[lengthCode]
  if (ofLength) writer.put(length - ofLength.base, ofLength.extra)
  const distanceCode = (distance <= 256 ? nearDistances[distance - 1] : farDistances[(distance - 1) >> 7]) ?? 0
  const ofDistance = distanceCodes[distanceCode]
  writer.put(reversed(distanceCode, 5), 5)
  if (ofDistance) writer.put(distance - ofDistance.base, ofDistance.extra)
}

/** Room for places. */
interface Room {
  /** By the hash of how they begin: the last one. */
  heads: Int32Array
  /** By place: the one before with the same hash. */
  before: Int32Array
}

/** What one piece leaves to the next: a kit has a thousand. Of two that are packed by turns the second makes its own. */
let spare: Room | undefined

function takeRoom(bytes: number): Room {
  const { heads, before } = spare ?? { heads: new Int32Array(1 << hashBits), before: new Int32Array(1 << 16) }
  spare = undefined
  return { heads: heads.fill(-1), before: before.length < bytes ? new Int32Array(bytes) : before }
}

/** Finds earlier places that begin like this one, nearest first, within the window; one at a time. */
class MatchFinder {
  readonly #bytes: Uint8Array
  readonly #heads: Int32Array
  readonly #before: Int32Array
  readonly #last: number

  constructor(bytes: Uint8Array, { heads, before }: Room) {
    this.#bytes = bytes
    this.#heads = heads
    this.#before = before
    this.#last = bytes.length - shortestMatch
  }

  /** Lets later places find this one. */
  add(at: number): void {
    if (at > this.#last) return
    const hash = this.#hashAt(at)
    this.#before[at] = this.#heads[hash] ?? -1
    this.#heads[hash] = at
  }

  /** The longest repetition here, and lets later places find this one. */
  longestAt(at: number): { length: number; distance: number } {
    let length = 0
    let distance = 0
    if (at > this.#last) return { length, distance }
    const most = Math.min(longestMatch, this.#bytes.length - at)
    let place = this.#heads[this.#hashAt(at)] ?? -1
    for (let tries = 0; tries < mostTries && place >= 0 && at - place <= window; tries++) {
      const found = this.#commonLength(place, at, most)
      if (found > length) {
        length = found
        distance = at - place
        if (length === most) break
      }
      place = this.#before[place] ?? -1
    }
    this.add(at)
    return { length, distance }
  }

  #commonLength(place: number, at: number, most: number): number {
    let length = 0
    while (length < most && this.#bytes[place + length] === this.#bytes[at + length]) length++
    return length
  }

  #hashAt(at: number): number {
    const bytes = this.#bytes
    const word =
      ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
    return Math.imul(word, 0x9e3779b1) >>> (32 - hashBits)
  }
}
