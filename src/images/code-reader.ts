import { prepareZXingModule, type ZXingReaderModule } from 'zxing-wasm/reader'
import { textOfCode } from './code-text.ts'
import type { Grey } from './grey.ts'
import { costly } from './picture-fault.ts'
import { type WasmBytes, type WasmProgram, wasmProgram } from './wasm-program.ts'

/** The middle of a code, as share of the picture's width and height. */
export interface Place {
  x: number
  y: number
}

/** A code that was found. */
export interface FoundCode {
  text: string
  bytes: Uint8Array
  /** The name that ZXing has for its kind: `QRCode`, `MicroQRCode`, `RMQRCode`, `Aztec`, `DataMatrix`, `PDF417`. */
  symbology: string
  /** Its place among the symbols that hold one message together (structured append), and which message that is. */
  sequence: { id: string; index: number; size: number } | undefined
  middle: Place
}

/** What one look at a picture found. */
export interface Look {
  codes: FoundCode[]
  /** Middles of QR codes that are there and could not be read. */
  unread: Place[]
  /** Whether there may be more than `most`. */
  isCutOff: boolean
}

/** How hard a look looks. */
export interface LookOptions {
  /** `qr`: QR, Micro QR and rMQR; `matrix`: Aztec and DataMatrix; `stacked`: PDF417. */
  kinds: 'qr' | 'matrix' | 'stacked'
  /** Most codes that are told. */
  most: number
  /** One threshold for the whole picture instead of one for each place. */
  global?: boolean
  /** QR codes that are there and cannot be read are told; of the other kinds every pattern would be one. */
  unread?: boolean
  /** Small specks are filled first. */
  denoise?: boolean
}

/** ZXing as it is begun. */
export type Zxing = ZXingReaderModule

const memoryBytes = 224_000_000

/** ZXing as a program. */
export function codeProgram(bytes: WasmBytes): WasmProgram<Zxing> {
  return wasmProgram(
    bytes,
    // Without `instantiateWasm` this package would fetch its program from a CDN.
    (options) => prepareZXingModule({ overrides: { ...options }, equalityFn: () => false, fireImmediately: true }),
    memoryBytes,
  )
}

const formats = { qr: 'QRCode,MicroQRCode,RMQRCode', matrix: 'AztecCode,DataMatrix', stacked: 'PDF417' }

/** Numbers of ZXing's options: LocalAverage, GlobalHistogram; plain text; any character set; add-ons of EAN are no matter here. */
const [localAverage, globalHistogram, plainText, anyCharacters, ignoreAddOns] = [0, 1, 0, 0, 0]

/**
 * Looks for codes, upright, turned, mirrored or inverted.
 * @throws PictureFault when the picture needs too much memory
 */
export function lookForCodes(program: WasmProgram<Zxing>, grey: Grey, options: LookOptions): Promise<Look> {
  const { width, height, data } = grey
  return program.use((zxing) => {
    const at = zxing._malloc(data.length)
    if (at === 0) throw costly('The picture needs more memory than it may')
    try {
      zxing.HEAPU8.set(data, at)
      const results = zxing.readBarcodesFromPixmap(at, width, height, zxingOptions(options))
      const look: Look = { codes: [], unread: [], isCutOff: results.size() >= options.most }
      for (let index = 0; index < results.size(); index++) note(look, results.get(index), grey)
      results.delete()
      return look
    } finally {
      zxing._free(at)
    }
  })
}

type Options = Parameters<Zxing['readBarcodesFromPixmap']>[3]
type Result = ReturnType<ReturnType<Zxing['readBarcodesFromPixmap']>['get']>

function zxingOptions({ kinds, most, global = false, denoise = false, unread = false }: LookOptions): Options {
  return {
    formats: formats[kinds],
    tryHarder: true,
    tryRotate: true,
    tryInvert: true,
    tryDownscale: true,
    tryDenoise: denoise,
    binarizer: global ? globalHistogram : localAverage,
    isPure: false,
    downscaleFactor: 2,
    downscaleThreshold: 500,
    minLineCount: 2,
    maxNumberOfSymbols: most,
    validateOptionalChecksum: false,
    returnErrors: unread,
    eanAddOnSymbol: ignoreAddOns,
    textMode: plainText,
    characterSet: anyCharacters,
    tryCode39ExtendedMode: false,
  }
}

/** Pixels along the side of a QR code that might be read; what is smaller is a pattern of something else. */
const leastSide = 30

function note(look: Look, result: Result, { width, height }: Grey): void {
  if (!result) return
  const { topLeft, topRight, bottomLeft, bottomRight } = result.position
  const corners = [topLeft, topRight, bottomLeft, bottomRight]
  const mean = (axis: 'x' | 'y') => corners.reduce((sum, corner) => sum + corner[axis], 0) / 4
  const middle = { x: mean('x') / width, y: mean('y') / height }
  if (!result.isValid) {
    const side = Math.hypot(topRight.x - topLeft.x, topRight.y - topLeft.y)
    if (result.format === 'QRCode' && side >= leastSide) look.unread.push(middle)
    return
  }
  const { format, sequenceSize: size, sequenceIndex: index, sequenceId: id } = result
  // A view into the program's memory would change with it.
  const bytes = new Uint8Array(result.bytes)
  const text = textOfCode({ bytes, text: result.text, hasECI: result.hasECI })
  const sequence = size > 1 || index > 0 ? { id, index, size } : undefined
  look.codes.push({ text, bytes, symbology: format, sequence, middle })
}
