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
  for (let i = 0; i < list.length; i++) {
    const ordinal = list[i] ?? 0
    bits[ordinal >> 5] = (bits[ordinal >> 5] ?? 0) | (1 << (ordinal & 31))
  }
  return bits
}

/** Those of a list whose bit is set. */
export function withBit(list: Int32Array, bits: Int32Array): Int32Array {
  const kept = new Int32Array(list.length)
  let count = 0
  for (let i = 0; i < list.length; i++) {
    const ordinal = list[i] ?? 0
    kept[count] = ordinal
    count += ((bits[ordinal >> 5] ?? 0) >> (ordinal & 31)) & 1
  }
  return kept.slice(0, count)
}

/** Ascending, each once, of lists one behind the other. */
export function united(all: Int32Array, count: number): Int32Array {
  if (all.length < count >> 5) return distinct(all)
  const bits = bitsOf(all, count)
  const found = new Int32Array(Math.min(all.length, count))
  let size = 0
  for (let word = 0; word < bits.length; word++) {
    // Takes the lowest mark out until none is left.
    for (let left = bits[word] ?? 0; left !== 0; left &= left - 1) {
      found[size++] = (word << 5) + 31 - Math.clz32(left & -left)
    }
  }
  return found.slice(0, size)
}

function distinct(all: Int32Array): Int32Array {
  const sorted = all.slice().sort()
  let size = 0
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[size++] = sorted[i] ?? 0
  return sorted.slice(0, size)
}
