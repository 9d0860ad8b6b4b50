import { type Grey, lumaOf, onPaper } from './grey.ts'

/** What decoders give: red, green, blue and alpha of each pixel, rows from the top. */
export interface Pixels {
  width: number
  height: number
  data: Uint8ClampedArray
}

/**
 * Decoders hand their pixels on as the browser's ImageData, which servers do not have. One that made the class itself would be held by
 * it, with all its memory.
 */
export function provideImageData(): void {
  if ('ImageData' in globalThis) return
  Object.defineProperty(globalThis, 'ImageData', {
    value: class {
      readonly data: Uint8ClampedArray
      readonly width: number
      readonly height: number

      constructor(data: Uint8ClampedArray, width: number, height: number) {
        this.data = data
        this.width = width
        this.height = height
      }
    },
  })
}

/** Writes the grey of pixels, as they look on white paper, into `grey`, which may begin where they do. */
export function paintGrey(pixels: Uint8Array | Uint8ClampedArray, grey: Uint8Array): void {
  for (let at = 0, from = 0; at < grey.length; at++, from += 4) {
    const luma = lumaOf(pixels[from] ?? 0, pixels[from + 1] ?? 0, pixels[from + 2] ?? 0)
    const alpha = pixels[from + 3] ?? 0
    grey[at] = alpha === 255 ? luma : onPaper(luma, alpha)
  }
}

/** The grey of a picture, in the memory that its pixels had; they are used up, and what they had more is given back. */
export function greyOf({ width, height, data }: Pixels): Grey {
  const count = width * height
  const { buffer, byteOffset } = data
  if (!(buffer instanceof ArrayBuffer) || byteOffset > 0) throw new TypeError('pixels stand in a buffer of their own')
  paintGrey(data, new Uint8Array(buffer, 0, count))
  return { width, height, data: new Uint8Array(buffer.transfer(count)) }
}
