/** Choices that follow from a seed alone. */
export interface Random {
  /** 0 ≤ result < limit. */
  below(limit: number): number
  of<T>(list: readonly T[]): T
  /** Lower-case letters. */
  letters(length: number): string
}

/** Mulberry32: small, fast, and the same on every machine; what it draws is drawn again with the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    of: <T>(list: readonly T[]) => list[below(list.length)] as T, // never asked of an empty list
    letters: (length) => Array.from({ length }, () => String.fromCharCode(97 + below(26))).join(''),
  }
}
