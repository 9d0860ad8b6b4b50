import { costly, wrong } from './picture-fault.ts'

/** What a picture may cost (docs/security.md). */
export const pictureLimits = {
  /** Of the file. */
  bytes: 10_000_000,
  /** Of one picture, by its header. */
  pixels: 24_000_000,
  /** Of a WebP without loss: its decoder holds 12 bytes for each. */
  losslessWebpPixels: 16_000_000,
  /** Of a JPEG that comes in several scans (a progressive one): its decoder holds up to ten bytes for each, and gives four. */
  scannedJpegPixels: 16_000_000,
  /** Of the longer side: decoders hold some rows. A JPEG cannot have more. */
  side: 65_535,
  /** Of a PDF. */
  pages: 5,
  /** Read of one page; a page with more is not read in part. */
  codesOfPage: 50,
  /** Of a progressive JPEG: each goes through the whole picture. Encoders write about ten. */
  scans: 40,
  /** Blocks of a file (PNG, JPEG): a picture has some dozen, and a few hundred when its data are cut into pieces. */
  segments: 20_000,
} as const

/**
 * Holds the size that a header tells against the limit, before anything is decoded.
 * @throws PictureFault
 */
export function checkSize(width: number, height: number, pixels: number = pictureLimits.pixels): void {
  if (width < 1 || height < 1) throw wrong('The picture has no pixels')
  if (width * height > pixels) throw costly(`The picture has more than ${pixels / 1_000_000} megapixels`)
  if (Math.max(width, height) > pictureLimits.side)
    throw costly(`The picture has more than ${pictureLimits.side} pixels on a side`)
}
