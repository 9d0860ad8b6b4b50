import { wrong } from '../picture-fault.ts'
import { checkSize } from '../picture-limits.ts'

/** One component of a frame: brightness, or one of the two that tell colour. */
export interface Component {
  id: number
  /** Blocks of a unit (MCU), across and down. */
  across: number
  down: number
  /** Which table of quantisation. */
  quantisation: number
  /** Its own size in pixels and in blocks. */
  width: number
  height: number
  blocksAcross: number
  blocksDown: number
  /** Last value of the first coefficient, from which the next one is told. */
  predicted: number
}

/** A frame header (ITU-T T.81, B.2.2). */
export interface Frame {
  progressive: boolean
  components: Component[]
  unitsAcross: number
  unitsDown: number
}

/**
 * Reads SOF0, SOF1 or SOF2.
 * @throws PictureFault for what cannot be, what is not read, and what is too large
 */
export function readFrame(segment: Uint8Array, progressive: boolean): Frame {
  const [precision, high = 0, low = 0, wide = 0, narrow = 0, count = 0] = segment
  const height = high * 256 + low
  const width = wide * 256 + narrow
  checkSize(width, height)
  if (precision !== 8) throw wrong('The JPEG does not have 8 bits a sample; no others are read')
  if (count !== 1 && count !== 3) throw wrong('The JPEG is neither grey nor of three colours; no others are read')
  if (segment.length !== 6 + 3 * count) throw wrong('The frame header of the JPEG is broken')
  const given = Array.from({ length: count }, (_, index) => segment.subarray(6 + 3 * index, 9 + 3 * index))
  const factors = given.map(([, factor = 0]) => [factor >> 4, factor & 15] as const)
  if (factors.some((pair) => pair.some((each) => each < 1 || each > 4)))
    throw wrong('The frame header of the JPEG is broken')
  const most = (index: 0 | 1) => Math.max(...factors.map((pair) => pair[index]))
  const [mostAcross, mostDown] = [most(0), most(1)]
  const components = given.map(([id = 0, , quantisation = 0], index): Component => {
    const [across, down] = factors[index] ?? [1, 1]
    const size = { width: Math.ceil((width * across) / mostAcross), height: Math.ceil((height * down) / mostDown) }
    const blocks = { blocksAcross: Math.ceil(size.width / 8), blocksDown: Math.ceil(size.height / 8) }
    return { id, across, down, quantisation, ...size, ...blocks, predicted: 0 }
  })
  return {
    progressive,
    components,
    unitsAcross: Math.ceil(width / (8 * mostAcross)),
    unitsDown: Math.ceil(height / (8 * mostDown)),
  }
}
