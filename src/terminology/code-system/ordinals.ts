/** Ascending lists of ordinals, and what several of them have in common. */

/** Position of the first number that is not below `wanted`. */
export function firstNotBelow(sorted: Int32Array, wanted: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** What both lists have: the shorter one is walked, and the longer one looked through by halves where it is much longer. */
export function commonOrdinals(a: Int32Array, b: Int32Array): Int32Array {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  return short.length * muchLonger < long.length ? foundIn(short, long) : merged(short, long)
}

const muchLonger = 16

function foundIn(short: Int32Array, long: Int32Array): Int32Array {
  const kept = new Int32Array(short.length)
  let count = 0
  let from = 0
  for (const each of short) {
    from += firstNotBelow(from === 0 ? long : long.subarray(from), each)
    if (long[from] === each) kept[count++] = each
  }
  return kept.slice(0, count)
}

/** Without branches, which would be guessed wrong half of the time: the sign of a difference says which list goes on. */
function merged(a: Int32Array, b: Int32Array): Int32Array {
  const kept = new Int32Array(Math.min(a.length, b.length) + 1)
  let count = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i] ?? 0
    const right = b[j] ?? 0
    const isNotAbove = (left - right - 1) >>> 31
    const isNotBelow = (right - left - 1) >>> 31
    kept[count] = left
    count += isNotAbove & isNotBelow
    i += isNotAbove
    j += isNotBelow
  }
  return kept.slice(0, count)
}

/** A bit for each of `count` ordinals, set for those of the list. */
export function bitsOf(list: Int32Array, count: number): Int32Array {
  const bits = new Int32Array((count + 31) >> 5)
  mark(bits, list)
  return bits
}

function mark(bits: Int32Array, list: Int32Array): void {
  for (let i = 0; i < list.length; i++) {
    const ordinal = list[i] ?? 0
    bits[ordinal >> 5] = (bits[ordinal >> 5] ?? 0) | (1 << (ordinal & 31))
  }
}

/** Memory for what a walk finds before it is known how much that is; used again by every walk. */
let room = new Int32Array(0)
/** A bit for each ordinal of the largest index so far; none is set between two walks. */
let marks = new Int32Array(0)

/** Numbers that memory is kept for. */
const largestRoom = 1 << 16

const roomFor = (most: number): Int32Array => {
  if (room.length < most) room = new Int32Array(most)
  return room
}

/** Those of a list whose bit is set, in its order and as often as they stand in it. */
export function withBit(list: Int32Array, bits: Int32Array): Int32Array {
  const kept = roomFor(list.length)
  let size = 0
  for (let i = 0; i < list.length; i++) {
    const ordinal = list[i] ?? 0
    kept[size] = ordinal
    size += ((bits[ordinal >> 5] ?? 0) >> (ordinal & 31)) & 1
  }
  return kept.slice(0, size)
}

/** Those of another list of ordinals below `count` that stand in a shorter one, each once, in no order. */
export function alsoIn(short: Int32Array, other: Int32Array, count: number): Int32Array {
  if (marks.length << 5 < count) marks = new Int32Array((count + 31) >> 5)
  mark(marks, short)
  const kept = roomFor(short.length + 1)
  let size = 0
  for (let i = 0; i < other.length; i++) {
    const ordinal = other[i] ?? 0
    const at = ordinal >> 5
    const isMarked = ((marks[at] ?? 0) >> (ordinal & 31)) & 1
    kept[size] = ordinal
    size += isMarked
    // What is taken is marked no more.
    marks[at] = (marks[at] ?? 0) & ~(isMarked << (ordinal & 31))
  }
  for (let i = 0; i < short.length; i++) marks[(short[i] ?? 0) >> 5] = 0
  return kept.slice(0, size)
}

/** The bits that are set in both. */
export function commonBits(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length)
  for (let i = 0; i < both.length; i++) both[i] = (a[i] ?? 0) & (b[i] ?? 0)
  return both
}

/** Ascending, each once, of lists one behind the other. */
export function united(all: Int32Array, count: number): Int32Array {
  return isFew(all, count) ? distinct(all.slice()) : listOf(bitsOf(all, count), Math.min(all.length, count))
}

/** The same of a list that nobody else has: it may be changed. */
export const ordered = (own: Int32Array, count: number): Int32Array =>
  isFew(own, count) ? distinct(own) : united(own, count)

/** Few are sorted sooner than all bits are looked through. */
const isFew = (list: Int32Array, count: number): boolean => list.length <= count >> sortedBelow

const sortedBelow = 9

/** The ordinals of bits, ascending; not more than `most`. */
export function listOf(bits: Int32Array, most: number): Int32Array {
  const found = most <= largestRoom ? roomFor(most) : new Int32Array(most)
  let size = 0
  for (let word = 0; word < bits.length; word++) {
    // Takes the lowest mark out until none is left.
    for (let left = bits[word] ?? 0; left !== 0; left &= left - 1) {
      found[size++] = (word << 5) + 31 - Math.clz32(left & -left)
    }
  }
  return found.slice(0, size)
}

function distinct(own: Int32Array): Int32Array {
  const sorted = own.sort()
  let size = 0
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[size++] = sorted[i] ?? 0
  return size === sorted.length ? sorted : sorted.slice(0, size)
}
