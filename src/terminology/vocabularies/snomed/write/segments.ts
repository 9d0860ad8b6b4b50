/** Growing columns in pieces: nothing is copied when they grow, so that memory holds each number once. */
const BITS = 16
const SIZE = 1 << BITS

type Numbers = Int32Array | Uint32Array | Float64Array

/** A growing column of numbers. */
export interface Segments {
  readonly length: number
  /** Writes the number at an index, which may be the next one. */
  put(index: number, value: number): void
  at(index: number): number
  /** All of them in one piece. */
  whole(): Int32Array
}

/** An empty column over a kind of typed array. */
function segments(make: (length: number) => Numbers): Segments {
  const pieces: Numbers[] = []
  let length = 0
  return {
    get length() {
      return length
    },
    put: (index, value) => {
      if (index === length) {
        if (length === pieces.length * SIZE) pieces.push(make(SIZE))
        length++
      }
      const piece = pieces[index >>> BITS]
      if (piece) piece[index & (SIZE - 1)] = value
    },
    at: (index) => pieces[index >>> BITS]?.[index & (SIZE - 1)] ?? 0,
    whole: () => {
      const all = new Int32Array(length)
      pieces.forEach((piece, i) => {
        all.set(piece.subarray(0, Math.min(SIZE, length - i * SIZE)), i * SIZE)
      })
      return all
    },
  }
}

/** Signed numbers of four bytes. */
export const integers = (): Segments => segments((length) => new Int32Array(length))
/** Numbers of four bytes that are not negative. */
export const counts = (): Segments => segments((length) => new Uint32Array(length))
/** Whole numbers up to 2^53. */
export const places = (): Segments => segments((length) => new Float64Array(length))
