/** Blocks of sequential JPEG (ITU-T T.81, F.2): each is whole when it was read, and becomes pixels at once. */
import type { Grey } from '../grey.ts'
import type { Bits } from './bits.ts'
import type { Component } from './frame.ts'
import { flatBlock, inverseTransform } from './inverse-transform.ts'
import { type BlockReader, needed, pastBlock, type ScanComponent, zigzag } from './scan.ts'

/** Draws the blocks of a component into a picture of its size. */
export function sequentialReader(grey: Grey, quantisation: Uint16Array): BlockReader {
  const block = new Int32Array(64)
  return {
    restart: () => undefined,
    past: (bits, of) => void coefficients(bits, of, undefined, quantisation),
    block(bits, of, column, row) {
      const last = coefficients(bits, of, block, quantisation)
      drawBlock(grey, { block, isFlat: last === 0 }, column, row)
    },
  }
}

/** Reads one block, into `block` if there is one, dequantised. @returns the place of the last coefficient in zigzag order */
function coefficients(bits: Bits, of: ScanComponent, block: Int32Array | undefined, quantisation: Uint16Array): number {
  const [first, others] = [needed(of.first), needed(of.others)]
  const component: Component = of.component
  component.predicted += bits.signed(bits.symbol(first) & 15)
  block?.fill(0)
  if (block) block[0] = component.predicted * (quantisation[0] ?? 0)
  let last = 0
  for (let at = 1; at < 64; at++) {
    const symbol = bits.symbol(others)
    const size = symbol & 15
    if (size === 0) {
      if (symbol !== 0xf0) break
      at += 15
      continue
    }
    at += symbol >> 4
    if (at > 63) pastBlock()
    const value = bits.signed(size)
    if (block) block[zigzag[at] ?? 0] = value * (quantisation[at] ?? 0)
    last = at
  }
  return last
}

/** Draws a block of dequantised coefficients, as far as it lies in the picture. */
export function drawBlock(
  { width, height, data }: Grey,
  { block, isFlat }: { block: Int32Array; isFlat: boolean },
  column: number,
  row: number,
): void {
  const columns = Math.min(8, width - 8 * column)
  const rows = Math.min(8, height - 8 * row)
  if (columns <= 0 || rows <= 0) return
  const place = { data, at: 8 * row * width + 8 * column, stride: width, columns, rows }
  if (isFlat) flatBlock(block[0] ?? 0, place)
  else inverseTransform(block, place)
}
