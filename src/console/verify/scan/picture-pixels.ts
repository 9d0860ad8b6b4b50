/** Pixels of pictures that a browser decoded. */
import { type Grey, lumaOf, onPaper } from '../../../images/grey.ts'

/**
 * The picture in grey, on white paper where it is transparent; made smaller when it has more pixels than that.
 * @throws Error when there is no memory for it
 */
export function pixelsToGrey(picture: ImageBitmap, mostPixels: number): Grey {
  const scale = Math.min(1, Math.sqrt(mostPixels / (picture.width * picture.height)))
  const scaled = (side: number) => Math.max(1, Math.round(side * scale))
  const [width, height] = [scaled(picture.width), scaled(picture.height)] as const
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('there is no canvas')
  context.imageSmoothingQuality = 'medium'
  context.drawImage(picture, 0, 0, width, height)
  const { data } = context.getImageData(0, 0, width, height)
  const grey = new Uint8Array(width * height)
  for (let at = 0, from = 0; at < grey.length; at++, from += 4) {
    const luma = lumaOf(data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0)
    const alpha = data[from + 3] ?? 255
    grey[at] = alpha === 255 ? luma : onPaper(luma, alpha)
  }
  // The memory goes now, not when somebody collects it.
  canvas.width = 0
  return { width, height, data: grey }
}
