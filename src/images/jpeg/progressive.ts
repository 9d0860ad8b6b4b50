/** Blocks of progressive JPEG (ITU-T T.81, G): their coefficients come bit by bit in several scans, and are kept until the last. */
import type { Grey } from '../grey.ts'
import type { Bits } from './bits.ts'
import type { Component } from './frame.ts'
import { type BlockReader, needed, pastBlock, type Scan, type ScanComponent, zigzag } from './scan.ts'
import { drawBlock } from './sequential.ts'

/** The coefficients of a component, 64 a block. */
export interface Coefficients {
  values: Int16Array
  blocksAcross: number
}

/** Room for the blocks of a component; units may have more than it needs, at the right and below. */
export function coefficientsOf(
  { across, down }: Component,
  units: { unitsAcross: number; unitsDown: number },
): Coefficients {
  const blocksAcross = units.unitsAcross * across
  return { values: new Int16Array(64 * blocksAcross * units.unitsDown * down), blocksAcross }
}

/** Draws all blocks into a picture of the component's size. */
export function drawCoefficients(grey: Grey, { values, blocksAcross }: Coefficients, quantisation: Uint16Array): void {
  const block = new Int32Array(64)
  const natural = new Int32Array(64)
  for (let at = 0; at < 64; at++) natural[zigzag[at] ?? 0] = quantisation[at] ?? 0
  for (let row = 0; 8 * row < grey.height; row++) {
    for (let column = 0; 8 * column < grey.width; column++) {
      const from = 64 * (row * blocksAcross + column)
      let others = 0
      for (let at = 0; at < 64; at++) {
        const value = values[from + at] ?? 0
        block[at] = value * (natural[at] ?? 0)
        if (at > 0) others |= value
      }
      drawBlock(grey, { block, isFlat: others === 0 }, column, row)
    }
  }
}

/** How a scan reads its blocks. */
export function progressiveReader({ values, blocksAcross }: Coefficients, scan: Scan): BlockReader {
  const read = scan.from === 0 ? firstCoefficient(values, scan) : otherCoefficients(values, scan)
  return {
    restart: read.restart,
    past: (bits, of) => read.block(bits, of, undefined),
    block: (bits, of, column, row) => read.block(bits, of, 64 * (row * blocksAcross + column)),
  }
}

interface Reading {
  /** `from`: where the block begins; undefined when it is not kept. */
  block(bits: Bits, of: ScanComponent, from: number | undefined): void
  restart(): void
}

function firstCoefficient(values: Int16Array, { high, low }: Scan): Reading {
  const restart = () => undefined
  if (high > 0) {
    return {
      restart,
      block(bits, _of, from) {
        const bit = bits.bit()
        if (from !== undefined && bit === 1) values[from] = (values[from] ?? 0) | (1 << low)
      },
    }
  }
  return {
    restart,
    block(bits, of, from) {
      of.component.predicted += bits.signed(bits.symbol(needed(of.first)) & 15)
      if (from !== undefined) values[from] = of.component.predicted << low
    },
  }
}

/** Scans of other coefficients are of one component; a run of blocks in which nothing (more) comes may reach beyond a block. */
function otherCoefficients(values: Int16Array, scan: Scan): Reading {
  let run = 0
  const begin = scan.high === 0 ? beginCoefficients : refineCoefficients
  return {
    restart() {
      run = 0
    },
    block(bits, of, from = 0) {
      run = begin({ values, scan, bits, of }, from, run)
    },
  }
}

interface BlockWork {
  values: Int16Array
  scan: Scan
  bits: Bits
  of: ScanComponent
}

/** G.1.2.2. @returns the run that is left */
function beginCoefficients({ values, scan, bits, of }: BlockWork, from: number, run: number): number {
  if (run > 0) return run - 1
  const table = needed(of.others)
  for (let at = scan.from; at <= scan.to; at++) {
    const symbol = bits.symbol(table)
    const size = symbol & 15
    const zeros = symbol >> 4
    if (size === 0) {
      if (zeros < 15) return (1 << zeros) - 1 + bits.take(zeros)
      at += 15
      continue
    }
    at += zeros
    if (at > scan.to) pastBlock()
    values[from + (zigzag[at] ?? 0)] = bits.signed(size) << scan.low
  }
  return 0
}

/** G.1.2.3. @returns the run that is left */
function refineCoefficients(work: BlockWork, from: number, run: number): number {
  const { values, scan, bits, of } = work
  const table = needed(of.others)
  const unit = 1 << scan.low
  let at = scan.from
  let left = run
  while (left === 0 && at <= scan.to) {
    const symbol = bits.symbol(table)
    const zeros = symbol >> 4
    let fresh = 0
    if ((symbol & 15) !== 0) fresh = bits.bit() === 1 ? unit : -unit
    else if (zeros < 15) {
      left = (1 << zeros) + bits.take(zeros)
      break
    }
    at = refineUntil(work, { at, from }, zeros)
    if (fresh !== 0) {
      if (at > scan.to) pastBlock()
      values[from + (zigzag[at] ?? 0)] = fresh
    }
    at++
  }
  if (left === 0) return 0
  refineUntil(work, { at, from }, 64)
  return left - 1
}

/** Refines what is not zero, up to the place behind so many zeros. */
function refineUntil(
  { values, scan, bits }: BlockWork,
  { at, from }: { at: number; from: number },
  zeros: number,
): number {
  const unit = 1 << scan.low
  let left = zeros
  let place = at
  for (; place <= scan.to; place++) {
    const index = from + (zigzag[place] ?? 0)
    const value = values[index] ?? 0
    if (value === 0) {
      if (left-- === 0) break
    } else if (bits.bit() === 1 && (value & unit) === 0) values[index] = value > 0 ? value + unit : value - unit
  }
  return place
}
