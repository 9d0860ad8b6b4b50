/** The inverse cosine transform of 8 by 8 coefficients (ITU-T T.81, A.3.3), in whole numbers, after Loeffler, Ligtenberg and Moschytz. */

/** Bits behind the point of the constants. */
const constantBits = 13
/** Bits that the first pass keeps more than it must. */
const passBits = 2
const fixed = (value: number) => Math.round(value * (1 << constantBits))

const F0298 = fixed(0.298631336)
const F0390 = fixed(0.390180644)
const F0541 = fixed(0.5411961)
const F0765 = fixed(0.765366865)
const F0899 = fixed(0.899976223)
const F1175 = fixed(1.175875602)
const F1501 = fixed(1.50132111)
const F1847 = fixed(1.847759065)
const F1961 = fixed(1.96157056)
const F2053 = fixed(2.053119869)
const F2562 = fixed(2.562915447)
const F3072 = fixed(3.072711026)

/** Where a block goes: its corner in the picture, and how much of the block lies in it. */
export interface BlockPlace {
  data: Uint8Array
  at: number
  stride: number
  columns: number
  rows: number
}

/** Writes the pixels of a block of dequantised coefficients, in their natural order; the block is used up. */
export function inverseTransform(block: Int32Array, { data, at, stride, columns, rows }: BlockPlace): void {
  for (let column = 0; column < 8; column++) transform(block, column, 8, constantBits - passBits)
  for (let row = 0, from = 0, to = at; row < rows; row++, from += 8, to += stride) {
    transform(block, from, 1, constantBits + passBits + 3)
    for (let x = 0; x < columns; x++) data[to + x] = clamped((block[from + x] ?? 0) + 128)
  }
}

/** Writes a block whose coefficients but the first are zero: one grey. */
export function flatBlock(mean: number, { data, at, stride, columns, rows }: BlockPlace): void {
  const grey = clamped(((mean + 4) >> 3) + 128)
  for (let row = 0, to = at; row < rows; row++, to += stride) data.fill(grey, to, to + columns)
}

const clamped = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value)

/** One dimension: eight values, `step` apart; what comes out is shifted to the right. */
function transform(values: Int32Array, from: number, step: number, shift: number): void {
  const v0 = values[from] ?? 0
  const v1 = values[from + step] ?? 0
  const v2 = values[from + 2 * step] ?? 0
  const v3 = values[from + 3 * step] ?? 0
  const v4 = values[from + 4 * step] ?? 0
  const v5 = values[from + 5 * step] ?? 0
  const v6 = values[from + 6 * step] ?? 0
  const v7 = values[from + 7 * step] ?? 0
  const half = 1 << (shift - 1)
  if ((v1 | v2 | v3 | v4 | v5 | v6 | v7) === 0) {
    const flat = ((v0 << constantBits) + half) >> shift
    for (let each = 0; each < 8; each++) values[from + each * step] = flat
    return
  }
  // Even part.
  const z1 = (v2 + v6) * F0541
  const even2 = z1 - v6 * F1847
  const even3 = z1 + v2 * F0765
  const even0 = (v0 + v4) << constantBits
  const even1 = (v0 - v4) << constantBits
  const a0 = even0 + even3 + half
  const a3 = even0 - even3 + half
  const a1 = even1 + even2 + half
  const a2 = even1 - even2 + half
  // Odd part.
  const z5 = (v7 + v3 + v5 + v1) * F1175
  const y1 = -(v7 + v1) * F0899
  const y2 = -(v5 + v3) * F2562
  const y3 = z5 - (v7 + v3) * F1961
  const y4 = z5 - (v5 + v1) * F0390
  const b0 = v7 * F0298 + y1 + y3
  const b1 = v5 * F2053 + y2 + y4
  const b2 = v3 * F3072 + y2 + y3
  const b3 = v1 * F1501 + y1 + y4
  values[from] = (a0 + b3) >> shift
  values[from + 7 * step] = (a0 - b3) >> shift
  values[from + step] = (a1 + b2) >> shift
  values[from + 6 * step] = (a1 - b2) >> shift
  values[from + 2 * step] = (a2 + b1) >> shift
  values[from + 5 * step] = (a2 - b1) >> shift
  values[from + 3 * step] = (a3 + b0) >> shift
  values[from + 4 * step] = (a3 - b0) >> shift
}
