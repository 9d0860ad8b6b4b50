/** Bytes of one hash: the first half of a SHA-256 (EU DCC gateway, revocation). */
export const HASH_BYTES = 16
/** A hash as four numbers, the first bytes first. */
export const HASH_WORDS = HASH_BYTES / 4

/** So many hashes may stand unsorted at the end: reading them costs less than sorting anew for each. */
const MOST_UNSORTED = 64
/** So many hashes may share their first number and be looked at one by one. */
const FEW = 8
/** Batches that two bytes can number. */
const NARROW_BATCHES = 0x1_0000

/**
 * Hashes that begin alike, each with the number of its batch: 18 bytes a hash (20 once there are more than 65,536 batches), sorted but
 * for a short end. Small enough that sorting or merging one holds nobody up.
 */
export class HashDrawer {
  #words = new Uint32Array(0)
  #batches: Uint16Array | Uint32Array = new Uint16Array(0)
  #count = 0
  #sorted = 0

  get count(): number {
    return this.#count
  }

  /** Adds the hash that stands at `at`, four numbers, in `words`. */
  add(words: Uint32Array, at: number, batch: number): void {
    if (this.#count === this.#batches.length) this.#resize(this.#count + (this.#count >> 5) + 8)
    if (batch >= NARROW_BATCHES && this.#batches instanceof Uint16Array) this.#batches = new Uint32Array(this.#batches)
    const to = this.#count * HASH_WORDS
    for (let word = 0; word < HASH_WORDS; word++) this.#words[to + word] = words[at + word] ?? 0
    this.#batches[this.#count++] = batch
  }

  /** Sorts what is not sorted, where there is much of it or `isAll`, and gives back spare room. */
  settle(isAll: boolean): void {
    const unsorted = this.#count - this.#sorted
    if (unsorted === 0 || (!isAll && unsorted <= MOST_UNSORTED)) return
    this.#sort(this.#sorted, this.#count)
    if (this.#sorted > 0) this.#merge(this.#sorted)
    this.#sorted = this.#count
    if (this.#batches.length - this.#count > this.#count >> 6) this.#resize(this.#count)
  }

  /** Hands out every hash, four numbers from a place on, with the number of its batch. */
  each(tell: (words: Uint32Array, at: number, batch: number) => void): void {
    for (let at = 0; at < this.#count; at++) tell(this.#words, at * HASH_WORDS, this.#batches[at] ?? 0)
  }

  /** Whether the hash stands in a batch that is meant. */
  has(hash: Uint32Array, isMeant: (batch: number) => boolean): boolean {
    for (let at = this.#firstOf(hash); at < this.#sorted; at++) {
      const difference = this.#compare(at, hash)
      if (difference > 0) break
      if (difference === 0 && isMeant(this.#batches[at] ?? 0)) return true
    }
    for (let at = this.#sorted; at < this.#count; at++)
      if (this.#compare(at, hash) === 0 && isMeant(this.#batches[at] ?? 0)) return true
    return false
  }

  /** Keeps the hashes whose batch has a new number, by the old one; the others go. */
  renumber(numbers: ReadonlyMap<number, number>): void {
    let to = 0
    let sorted = 0
    for (let at = 0; at < this.#count; at++) {
      const batch = numbers.get(this.#batches[at] ?? 0)
      if (batch === undefined) continue
      this.#words.copyWithin(to * HASH_WORDS, at * HASH_WORDS, (at + 1) * HASH_WORDS)
      this.#batches[to++] = batch
      if (at < this.#sorted) sorted++
    }
    this.#count = to
    this.#sorted = sorted
    this.#resize(to)
  }

  #resize(capacity: number): void {
    const words = new Uint32Array(capacity * HASH_WORDS)
    words.set(this.#words.subarray(0, this.#count * HASH_WORDS))
    this.#words = words
    const batches = this.#batches instanceof Uint16Array ? new Uint16Array(capacity) : new Uint32Array(capacity)
    batches.set(this.#batches.subarray(0, this.#count))
    this.#batches = batches
  }

  /** Index of the first sorted hash that is not less: by its first number, which nearly always tells hashes apart, else by all of it. */
  #firstOf(hash: Uint32Array): number {
    const words = this.#words
    const wanted = hash[0] ?? 0
    let low = 0
    let high = this.#sorted
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((words[middle * HASH_WORDS] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    const isCrowded = low + FEW < this.#sorted && words[(low + FEW) * HASH_WORDS] === wanted
    return isCrowded ? this.#firstWhole(hash, low) : low
  }

  #firstWhole(hash: Uint32Array, from: number): number {
    let low = from
    let high = this.#sorted
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(middle, hash) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #compare(at: number, hash: Uint32Array): number {
    const from = at * HASH_WORDS
    for (let word = 0; word < HASH_WORDS; word++) {
      const difference = (this.#words[from + word] ?? 0) - (hash[word] ?? 0)
      if (difference !== 0) return difference
    }
    return 0
  }

  #isLess(a: number, b: number): boolean {
    for (let word = 0; word < HASH_WORDS; word++) {
      const difference = (this.#words[a * HASH_WORDS + word] ?? 0) - (this.#words[b * HASH_WORDS + word] ?? 0)
      if (difference !== 0) return difference < 0
    }
    return false
  }

  #swap(a: number, b: number): void {
    for (let word = 0; word < HASH_WORDS; word++) {
      const kept = this.#words[a * HASH_WORDS + word] ?? 0
      this.#words[a * HASH_WORDS + word] = this.#words[b * HASH_WORDS + word] ?? 0
      this.#words[b * HASH_WORDS + word] = kept
    }
    const batch = this.#batches[a] ?? 0
    this.#batches[a] = this.#batches[b] ?? 0
    this.#batches[b] = batch
  }

  /** Heap sort: in place, and never slow, whatever somebody puts into a list. */
  #sort(start: number, end: number): void {
    const size = end - start
    for (let root = (size >> 1) - 1; root >= 0; root--) this.#sift(start, root, size)
    for (let last = size - 1; last > 0; last--) {
      this.#swap(start, start + last)
      this.#sift(start, 0, last)
    }
  }

  #sift(start: number, from: number, size: number): void {
    for (let root = from; ; ) {
      let child = 2 * root + 1
      if (child >= size) return
      if (child + 1 < size && this.#isLess(start + child, start + child + 1)) child++
      if (!this.#isLess(start + root, start + child)) return
      this.#swap(start + root, start + child)
      root = child
    }
  }

  /** Merges the sorted hashes from `middle` on into those before it, from the back. */
  #merge(middle: number): void {
    const words = this.#words.slice(middle * HASH_WORDS, this.#count * HASH_WORDS)
    const batches = this.#batches.slice(middle, this.#count)
    let left = middle - 1
    let right = batches.length - 1
    const hash = new Uint32Array(HASH_WORDS)
    for (let to = this.#count - 1; right >= 0; to--) {
      hash.set(words.subarray(right * HASH_WORDS, (right + 1) * HASH_WORDS))
      if (left >= 0 && this.#compare(left, hash) > 0) {
        this.#words.copyWithin(to * HASH_WORDS, left * HASH_WORDS, (left + 1) * HASH_WORDS)
        this.#batches[to] = this.#batches[left--] ?? 0
      } else {
        this.#words.set(hash, to * HASH_WORDS)
        this.#batches[to] = batches[right--] ?? 0
      }
    }
  }
}
