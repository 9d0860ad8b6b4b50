/** WebP (RFC 9649) to grey, by libwebp. */
import decoder from '@jsquash/webp/codec/dec/webp_dec.js'
import type { Grey } from './grey.ts'
import { wrong } from './picture-fault.ts'
import { latin1 } from './picture-kind.ts'
import { checkSize, pictureLimits } from './picture-limits.ts'
import { greyOf, type Pixels, provideImageData } from './rgba.ts'
import { type WasmBytes, type WasmProgram, wasmProgram } from './wasm-program.ts'

/** The decoder of one WebP file. */
export interface WebpDecoder {
  decode(file: Uint8Array): Pixels | null
}

/** Pixels of 24 megapixels, and what the decoder needs beside. */
const memoryBytes = 224_000_000

/** The decoder as a program. */
export function webpProgram(bytes: WasmBytes): WasmProgram<WebpDecoder> {
  return wasmProgram(
    bytes,
    (options) => {
      provideImageData()
      return decoder({ ...options, noInitialRun: true })
    },
    memoryBytes,
  )
}

/**
 * The picture in grey, as it looks on white paper.
 * @throws PictureFault for a file that is broken, animated or too large
 */
export async function readWebp(file: Uint8Array, program: WasmProgram<WebpDecoder>): Promise<Grey> {
  const size = checkHeader(file)
  const pixels = await program.use((decoder) => decoder.decode(file))
  if (!pixels || pixels.width !== size.width || pixels.height !== size.height) throw wrong('The WebP cannot be decoded')
  return greyOf(pixels)
}

interface Size {
  width: number
  height: number
}

/** Goes through the chunks as far as the picture, and holds every size on the way against the limits. */
function checkHeader(file: Uint8Array): Size {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 30 || view.getUint32(4, true) + 8 > file.length) throw wrong('The WebP ends before its end')
  let canvas: Size | undefined
  for (let at = 12, chunks = 0; at + 8 <= file.length && chunks < 100; chunks++) {
    const type = latin1(file.subarray(at, at + 4))
    const length = view.getUint32(at + 4, true)
    const content = file.subarray(at + 8, at + 8 + length)
    if (content.length < length) throw wrong('The WebP ends within a chunk')
    if (type === 'VP8X') canvas = canvasOf(content)
    else if (type === 'VP8 ' || type === 'VP8L') {
      const size = type === 'VP8 ' ? lossySize(content) : losslessSize(content)
      checkSize(size.width, size.height, type === 'VP8 ' ? undefined : pictureLimits.losslessWebpPixels)
      if (canvas && (canvas.width !== size.width || canvas.height !== size.height))
        throw wrong('The WebP tells two sizes')
      return size
    }
    at += 8 + length + (length % 2)
  }
  throw wrong('The WebP has no picture data')
}

/** Flag of VP8X: several pictures, one of which may hold another code. */
const animation = 2

function canvasOf(content: Uint8Array): Size {
  if (content.length < 10) throw wrong('The header of the WebP is broken')
  if (((content[0] ?? 0) & animation) !== 0) throw wrong('The WebP is animated; a still picture is needed')
  const number = (at: number) => (content[at] ?? 0) + 256 * (content[at + 1] ?? 0) + 65_536 * (content[at + 2] ?? 0)
  const size = { width: number(4) + 1, height: number(7) + 1 }
  checkSize(size.width, size.height)
  return size
}

function lossySize(content: Uint8Array): Size {
  const [tag = 1, , , ...rest] = content.subarray(0, 10)
  const [a, b, c, w0 = 0, w1 = 0, h0 = 0, h1 = 0] = rest
  if ((tag & 1) !== 0 || a !== 0x9d || b !== 0x01 || c !== 0x2a) throw wrong('The header of the WebP is broken')
  return { width: (w0 + 256 * w1) & 0x3fff, height: (h0 + 256 * h1) & 0x3fff }
}

function losslessSize(content: Uint8Array): Size {
  const [signature, b0 = 0, b1 = 0, b2 = 0, b3 = 0] = content.subarray(0, 5)
  if (signature !== 0x2f || content.length < 5) throw wrong('The header of the WebP is broken')
  const bits = b0 + (b1 << 8) + (b2 << 16) + b3 * 2 ** 24
  return { width: (bits & 0x3fff) + 1, height: ((bits / 2 ** 14) & 0x3fff) + 1 }
}
