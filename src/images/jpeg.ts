/** JPEG (ITU-T T.81) to grey, by MozJPEG; what a file says of itself is held against the limits before. */
import decoder from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js'
import type { Grey } from './grey.ts'
import { costly, wrong } from './picture-fault.ts'
import { checkSize, pictureLimits } from './picture-limits.ts'
import { greyOf, type Pixels, provideImageData } from './rgba.ts'
import { type WasmBytes, type WasmProgram, wasmProgram } from './wasm-program.ts'

/** The decoder of one JPEG file. */
export interface JpegDecoder {
  /** Pixels; and the first thing that it did not like, for it draws broken data as far as they go. */
  decode(file: Uint8Array): { pixels: Pixels | null; complaint: string | undefined }
}

/** Pixels and coefficients of what `checkCost` lets pass, and the file twice. */
const memoryBytes = 192_000_000

/** The decoder as a program. */
export function jpegProgram(bytes: WasmBytes): WasmProgram<JpegDecoder> {
  const begin: Parameters<typeof wasmProgram<JpegDecoder>>[1] = async (options) => {
    provideImageData()
    let complaint: string | undefined
    const printErr = (line: string) => {
      complaint ??= line
    }
    const program = await decoder({ ...options, noInitialRun: true, printErr })
    return {
      decode(file) {
        complaint = undefined
        // Codes are read whichever way the camera was held.
        return { pixels: program.decode(file, false), complaint }
      },
    }
  }
  return wasmProgram(bytes, begin, memoryBytes)
}

/**
 * The picture in grey.
 * @throws PictureFault for a file that is broken, of another kind (arithmetic coding, four colours, 12 bits) or too large
 */
export async function readJpeg(file: Uint8Array, program: WasmProgram<JpegDecoder>): Promise<Grey> {
  const { width, height, isEnded } = readHeaders(file)
  const { pixels, complaint } = await program.use((each) => each.decode(isEnded ? file : ended(file)))
  if (complaint !== undefined && !isHarmless(complaint))
    throw wrong(isEnded ? 'The data of the JPEG are broken' : 'The JPEG ends before its end')
  if (!pixels || pixels.width !== width || pixels.height !== height) throw wrong('The JPEG cannot be decoded')
  return greyOf(pixels)
}

/** Some cameras write more behind the last block of the last scan. */
const isHarmless = (complaint: string) => /^Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9$/.test(complaint)

/** With its last marker: the decoder then says whether all blocks are there. */
const ended = (file: Uint8Array) => Buffer.concat([file, Uint8Array.of(0xff, 0xd9)])

interface Frame {
  width: number
  height: number
  progressive: boolean
  components: number
}

/** Goes through the segments up to the end of the picture; what lies behind it (phones write a second picture there) is not read. */
function readHeaders(file: Uint8Array): Frame & { isEnded: boolean } {
  let frame: Frame | undefined
  let scans = 0
  let at = nextMarker(file, 2)
  for (let segments = 0; at <= file.length && file[at - 1] !== 0xd9; segments++) {
    if (segments > pictureLimits.segments) throw wrong(`The JPEG has more than ${pictureLimits.segments} segments`)
    const marker = file[at - 1] ?? 0
    const length = (file[at] ?? 0) * 256 + (file[at + 1] ?? 0)
    if (length < 2 || at + length > file.length) throw wrong('The JPEG ends within a segment')
    const segment = file.subarray(at + 2, at + length)
    if (marker >= 0xc0 && marker <= 0xc2) {
      if (frame) throw wrong('The JPEG has two frames')
      frame = frameOf(segment, marker === 0xc2)
    } else if (marker > 0xc2 && marker <= 0xcf && marker !== 0xc4) {
      throw wrong('The JPEG is lossless, hierarchical or of arithmetic coding; no such one is read')
    } else if (marker === 0xda) {
      if (!frame) throw wrong('The JPEG has a scan before its frame')
      checkCost(frame, segment, ++scans)
    }
    at = nextMarker(file, at + length)
  }
  if (!frame || scans === 0) throw wrong('The JPEG has no picture data')
  const isEnded = at <= file.length
  // How many scans would follow nobody knows.
  if (frame.progressive && !isEnded) throw wrong('The JPEG ends before its end')
  return { ...frame, isEnded }
}

/** The place behind the next marker but those that stand within the data of a scan; behind the end when there is none. */
function nextMarker(file: Uint8Array, from: number): number {
  for (let at = from; at + 1 < file.length; at++) {
    if (file[at] !== 0xff) continue
    const marker = file[at + 1] ?? 0
    const isWithin = marker <= 0x01 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)
    if (!isWithin) return at + 2
  }
  return file.length + 1
}

/** A frame header (B.2.2). */
function frameOf(segment: Uint8Array, progressive: boolean): Frame {
  const [precision, high = 0, low = 0, wide = 0, narrow = 0, components = 0] = segment
  const frame = { width: wide * 256 + narrow, height: high * 256 + low, progressive, components }
  checkSize(frame.width, frame.height)
  if (precision !== 8) throw wrong('The JPEG does not have 8 bits a sample; no others are read')
  if (components !== 1 && components !== 3)
    throw wrong('The JPEG is neither grey nor of three colours; no others are read')
  return frame
}

/** Where a picture comes in several scans, its coefficients are held until the last. */
function checkCost({ width, height, progressive, components }: Frame, scan: Uint8Array, scans: number): void {
  if (scans > pictureLimits.scans) throw costly(`The JPEG has more than ${pictureLimits.scans} scans`)
  if (progressive || (scan[0] ?? 0) < components) checkSize(width, height, pictureLimits.scannedJpegPixels)
}
