import { wrong } from '../picture-fault.ts'
import type { Bits, HuffmanTable } from './bits.ts'
import type { Component, Frame } from './frame.ts'

/** A component in a scan, with its tables. */
export interface ScanComponent {
  component: Component
  first: HuffmanTable | undefined
  others: HuffmanTable | undefined
}

/** A scan header (ITU-T T.81, B.2.3). */
export interface Scan {
  components: ScanComponent[]
  /** Which coefficients, first and last in zigzag order. */
  from: number
  to: number
  /** How many bits of them came before (0: none), and how many are still to come. */
  high: number
  low: number
  /** Units between two restart markers; 0 for none. */
  restartInterval: number
}

/** What becomes of a block of the component that is wanted. */
export interface BlockReader {
  /** Reads the block in that place. @throws PictureFault */
  block(bits: Bits, of: ScanComponent, column: number, row: number): void
  /** Reads past a block of a component that is not wanted. @throws PictureFault */
  past(bits: Bits, of: ScanComponent): void
  /** At the beginning and behind restart markers. */
  restart(): void
}

/**
 * Goes through the blocks of a scan in their order (A.2).
 * @param wanted the component that is kept
 * @throws PictureFault
 */
export function readScan(
  frame: Frame,
  { scan, wanted }: { scan: Scan; wanted: Component },
  bits: Bits,
  reader: BlockReader,
): void {
  const [only] = scan.components
  const isSingle = scan.components.length === 1 && only !== undefined
  const across = isSingle ? only.component.blocksAcross : frame.unitsAcross
  const units = across * (isSingle ? only.component.blocksDown : frame.unitsDown)
  const restart = () => {
    reader.restart()
    for (const { component } of scan.components) component.predicted = 0
  }
  restart()
  for (let unit = 0, row = 0, column = 0; unit < units; unit++) {
    if (unit > 0 && scan.restartInterval > 0 && unit % scan.restartInterval === 0) {
      bits.check()
      bits.restart()
      restart()
    }
    if (isSingle) reader.block(bits, only, column, row)
    else readUnit({ scan, wanted }, bits, reader, { column, row })
    bits.check()
    if (++column < across) continue
    column = 0
    row++
  }
}

function readUnit(
  { scan, wanted }: { scan: Scan; wanted: Component },
  bits: Bits,
  reader: BlockReader,
  { column, row }: { column: number; row: number },
): void {
  for (const each of scan.components) {
    const { component } = each
    for (let down = 0; down < component.down; down++) {
      for (let right = 0; right < component.across; right++) {
        if (component !== wanted) reader.past(bits, each)
        else reader.block(bits, each, column * component.across + right, row * component.down + down)
      }
    }
  }
}

/** Places of the coefficients in a block, in the order in which they come (figure 5). */
export const zigzag = new Uint8Array([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
])

/** A table that the scan needs. @throws PictureFault when the file did not give it */
export function needed(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw wrong('The JPEG is broken: a scan has no table of codes')
  return table
}

/** @throws PictureFault for a run that leaves the block */
export function pastBlock(): never {
  throw wrong('The JPEG is broken: more coefficients than a block has')
}
