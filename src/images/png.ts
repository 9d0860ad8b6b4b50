/** PNG (W3C, third edition) to grey, by the image-rs decoder; what a file says of itself is held against the limits before. */
import type { InitOutput } from '@jsquash/png/codec/pkg/squoosh_png.js'
import type { Grey } from './grey.ts'
import { wrong } from './picture-fault.ts'
import { latin1 } from './picture-kind.ts'
import { checkSize, pictureLimits } from './picture-limits.ts'
import { paintGrey } from './rgba.ts'
import { type WasmBytes, type WasmProgram, type WasmStart, wasmProgram } from './wasm-program.ts'

/** The decoder of one PNG file. */
export interface PngDecoder {
  /** The picture as it looks on white paper, of a file that is given in parts. @throws PictureFault */
  decode(parts: readonly Uint8Array[]): Grey
}

/**
 * More than what `checkSize` lets pass can need (216 MB: colours are made into colours with alpha in a second place). It is no bound: the
 * program grows its memory without asking.
 */
const memoryBytes = 256_000_000

/** The decoder as a program. */
export function pngProgram(bytes: WasmBytes): WasmProgram<PngDecoder> {
  return wasmProgram(bytes, begin, memoryBytes)
}

/**
 * The imports of the program. The package's own JavaScript begins it once for good; a program that broke must be begun afresh, and its
 * pixels need not be copied before they are made grey.
 */
async function begin({ instantiateWasm }: WasmStart): Promise<PngDecoder> {
  let exports: InitOutput | undefined
  let grey: Grey | undefined
  const unused = () => {
    throw new Error('unreachable: nobody asks for 16 bits')
  }
  const takePixels = (at: number, length: number, width: number, height: number) => {
    if (!exports) return
    grey = { width, height, data: new Uint8Array(width * height) }
    paintGrey(new Uint8Array(exports.memory.buffer, at >>> 0, length >>> 0), grey.data)
    exports.__wbindgen_free(at, length, 1)
  }
  const wbg = {
    __wbg_newwithownedu8clampedarrayandsh_91db5987993a08fb: takePixels,
    __wbindgen_throw: () => {
      throw wrong('The PNG is broken')
    },
    __wbindgen_memory: unused,
    __wbg_buffer_a448f833075b71ba: unused,
    __wbg_newwithbyteoffsetandlength_099217381c451830: unused,
    __wbindgen_object_drop_ref: unused,
  }
  instantiateWasm({ wbg }, (instance) => {
    exports = instance.exports as unknown as InitOutput // as the package declares it
  })
  return {
    decode(parts) {
      if (!exports) throw new Error('unreachable: it was begun')
      grey = undefined
      const length = parts.reduce((sum, part) => sum + part.length, 0)
      const start = exports.__wbindgen_malloc(length, 1) >>> 0
      const memory = new Uint8Array(exports.memory.buffer, start, length)
      for (let index = 0, at = 0; index < parts.length; at += parts[index++]?.length ?? 0)
        memory.set(parts[index] ?? [], at)
      // It frees the file itself.
      exports.decode(start, length)
      if (!grey) throw wrong('The PNG cannot be decoded')
      return grey
    },
  }
}

/**
 * The picture in grey, as it looks on white paper.
 * @throws PictureFault for a file that is broken, animated, of another kind or too large
 */
export async function readPng(file: Uint8Array, program: WasmProgram<PngDecoder>): Promise<Grey> {
  const { size, parts } = readChunks(file)
  const grey = await program.use((decoder) => decoder.decode(parts))
  if (grey.width !== size.width || grey.height !== size.height) throw wrong('The PNG tells two sizes')
  return grey
}

interface Size {
  width: number
  height: number
}

/** Chunks that make the picture; of the others (text, profiles of colour) the decoder sees nothing. */
const wanted: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'])

/** Goes through all chunks: none may be of another picture, or one that must be understood and is not. */
function readChunks(file: Uint8Array): { size: Size; parts: Uint8Array[] } {
  const parts = [file.subarray(0, 8)]
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let size: Size | undefined
  let hasData = false
  for (let at = 8, chunks = 1; ; chunks++) {
    if (at + 12 > file.length) throw wrong('The PNG ends before its last chunk')
    const length = view.getUint32(at)
    const type = latin1(file.subarray(at + 4, at + 8))
    const end = at + 12 + length
    if (end > file.length) throw wrong('The PNG ends within a chunk')
    if (chunks > pictureLimits.segments) throw wrong(`The PNG has more than ${pictureLimits.segments} chunks`)
    if ((type === 'IHDR') !== (chunks === 1)) throw wrong('The header of the PNG is broken')
    if (wanted.has(type)) parts.push(file.subarray(at, end))
    if (type === 'IHDR') size = sizeOf(file.subarray(at + 8, end - 4))
    else if (type === 'IDAT') hasData = true
    // Other frames are other pictures, and one of them may hold another code.
    else if (/^(acTL|fcTL|fdAT)$/.test(type)) throw wrong('The PNG is animated; a still picture is needed')
    else if (type === 'IEND') break
    else if (/^[A-Z]/.test(type) && !wanted.has(type))
      throw wrong('The PNG has a chunk that must be understood and is not known')
    at = end
  }
  if (!size || !hasData) throw wrong('The PNG has no picture data')
  return { size, parts }
}

function sizeOf(header: Uint8Array): Size {
  if (header.length !== 13) throw wrong('The header of the PNG is broken')
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const size = { width: view.getUint32(0), height: view.getUint32(4) }
  checkSize(size.width, size.height)
  return size
}
