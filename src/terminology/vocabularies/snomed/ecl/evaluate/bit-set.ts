/** A bit for each of so many ordinals. */
export class BitSet {
  readonly #words: Int32Array
  #size = 0

  constructor(count: number) {
    this.#words = new Int32Array((count + 31) >> 5)
  }

  /** Adds an ordinal; false when it was there. */
  add(ordinal: number): boolean {
    const at = ordinal >> 5
    const word = this.#words[at] ?? 0
    const bit = 1 << (ordinal & 31)
    if (word & bit) return false
    this.#words[at] = word | bit
    this.#size++
    return true
  }

  has(ordinal: number): boolean {
    return (((this.#words[ordinal >> 5] ?? 0) >> (ordinal & 31)) & 1) === 1
  }

  /** What was added, ascending. */
  list(): Int32Array {
    const found = new Int32Array(this.#size)
    let size = 0
    for (let at = 0; at < this.#words.length; at++) {
      // Takes the lowest mark out until none is left.
      for (let left = this.#words[at] ?? 0; left !== 0; left &= left - 1)
        found[size++] = (at << 5) + 31 - Math.clz32(left & -left)
    }
    return found
  }
}
