/** Reads the codes of a file in the worker: as far as a browser can decode it, thoroughly. */
import type { Zxing } from '../../../images/code-reader.ts'
import { quickFinder, thoroughFinder } from '../../../images/find-codes.ts'
import type { Grey } from '../../../images/grey.ts'
import { joinSequences } from '../../../images/join-sequences.ts'
import { PictureFault } from '../../../images/picture-fault.ts'
import { pictureLimits } from '../../../images/picture-limits.ts'
import type { WasmProgram } from '../../../images/wasm-program.ts'
import { pixelsToGrey } from './picture-pixels.ts'
import { headerBytes, readFileHeader } from './picture-size.ts'
import type { FileOutcome } from './scan-messages.ts'

/** Pixels that are looked at, and that are held as the browser decodes them; what has more is made smaller. */
const [lookedAtPixels, wholePixels] = [12_000_000, 24_000_000]
/** Pixels that a browser may be asked to decode: it holds four bytes for each. */
const decodedPixels = 100_000_000
/** Bytes of a file that is decoded here; the server takes fewer. */
const mostBytes = 60_000_000

/** What the server reads (docs/evaluate.md). */
const ofServer = ['image/png', 'image/jpeg', 'image/webp', 'application/pdf']

/** Reads a file. @throws Error for a fault of the scanner itself, not of the file */
export async function readFile(program: WasmProgram<Zxing>, file: Blob): Promise<FileOutcome> {
  const start = await bytesOf(file.slice(0, headerBytes))
  if (!start) return { kind: 'broken' }
  const { contentType, width, height } = readFileHeader(start)
  if (!contentType) return { kind: 'unknown' }
  if (contentType === 'application/pdf') return toServer(file, contentType, 'large')
  if (width < 1 || height < 1) return { kind: 'broken' }
  if (width * height > decodedPixels || file.size > mostBytes) return { kind: 'huge' }
  const picture = await decoded(file, { width, height })
  if (!picture) return { kind: 'broken' }
  const found = await codesOf(program, picture)
  if (found && found.texts.length > 0 && !found.isUnread) return { kind: 'codes', texts: found.texts }
  return toServer(file, contentType, found && found.texts.length === 0 && !found.isUnread ? 'none' : 'unread')
}

async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch {
    // The file is gone, or may not be read.
    return undefined
  }
}

/** What the server does not read, or not at this size, stays here. */
async function toServer(file: Blob, contentType: string, otherwise: 'none' | 'unread' | 'large'): Promise<FileOutcome> {
  if (!ofServer.includes(contentType)) return { kind: otherwise }
  if (file.size > pictureLimits.bytes) return { kind: otherwise === 'none' ? 'large' : otherwise }
  const bytes = await bytesOf(file)
  return bytes ? { kind: 'server', bytes, contentType } : { kind: 'broken' }
}

/** The picture, made smaller where it has more pixels than are looked at; undefined when the browser cannot decode it. */
async function decoded(file: Blob, { width, height }: { width: number; height: number }): Promise<Grey | undefined> {
  // Whether the browser turns the picture as its camera was held is not known: so wide that it is no larger than that either way.
  const resizeWidth = Math.floor(Math.sqrt(wholePixels * Math.min(width / height, height / width)))
  const isWhole = width * height <= wholePixels
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(
      file,
      isWhole ? {} : { resizeWidth: Math.max(1, resizeWidth), resizeQuality: 'medium' },
    )
  } catch {
    return undefined
  }
  try {
    // A file whose header says one size and whose data another is not what it says.
    if (bitmap.width * bitmap.height > 1.1 * wholePixels) return undefined
    return pixelsToGrey(bitmap, lookedAtPixels)
  } finally {
    bitmap.close()
  }
}

/** All codes of the picture, looked for as the server does; undefined where that costs too much, or there are too many. */
async function codesOf(
  program: WasmProgram<Zxing>,
  picture: Grey,
): Promise<{ texts: string[]; isUnread: boolean } | undefined> {
  try {
    const quick = await quickFinder(program)(picture)
    const isDone = quick.codes.length > 0 && quick.unread.length === 0
    const { codes, unread } = isDone ? quick : await thoroughFinder(program)(picture, quick)
    const { whole, incomplete } = joinSequences(codes)
    return { texts: [...new Set(whole.map(({ text }) => text))], isUnread: unread.length > 0 || incomplete > 0 }
  } catch (error) {
    if (error instanceof PictureFault) return undefined
    throw error
  }
}
