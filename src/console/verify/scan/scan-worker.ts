/** The worker in which pictures of the camera, and files that somebody gives, are looked at. The page ends it when it has no more of them. */
import wasm from 'zxing-wasm/reader/zxing_reader.wasm'
import { codeProgram } from '../../../images/code-reader.ts'
import { createFrameLooks, type FrameLook } from './frame-looks.ts'
import { nativeReader } from './native-detector.ts'
import { pixelsToGrey } from './picture-pixels.ts'
import { readFile } from './read-file.ts'
import type { FromScanWorker, ToScanWorker } from './scan-messages.ts'

/** The program; its bytes come from this server, when the first picture does. */
const program = codeProgram(async () => {
  const response = await fetch(wasm)
  if (!response.ok) throw new Error(`the program of the scanner: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
})
const lookAt = createFrameLooks(program)
const native = nativeReader()

/** Pixels of a camera's picture that are looked at: those of a full HD one. */
const framePixels = 2_100_000

const tell = (message: FromScanWorker, transfer: Transferable[] = []) => postMessage(message, { transfer })

/** Our own program as it begins; until it is there the browser's reader does alone, where there is one. */
let begun: Promise<void> | undefined
let isBeginning = true
const begin = () => {
  const ended = () => {
    isBeginning = false
  }
  begun ??= program.use(() => undefined)
  begun.then(ended, ended)
  return begun
}

async function readFrame(frame: ImageBitmap): Promise<FrameLook> {
  const begins = begun ?? begin()
  const read = (await native)?.(frame)
  if (read && isBeginning) {
    const texts = await read
    if (isBeginning) return { texts, isUnread: false }
  }
  await begins
  const look = await lookAt(pixelsToGrey(frame, framePixels))
  if (look.texts.length > 0) return look
  const texts = (await read) ?? []
  return { texts, isUnread: look.isUnread && texts.length === 0 }
}

async function answer(message: ToScanWorker): Promise<void> {
  try {
    if (message.kind === 'frame') return tell({ kind: 'frame', ...(await readFrame(message.frame)) })
    const outcome = await readFile(program, message.file)
    tell({ kind: 'file', outcome }, outcome.kind === 'server' ? [outcome.bytes.buffer] : [])
  } catch {
    // Not the fault of a file: that is an outcome. Most often the program of the scanner did not come.
    tell({ kind: 'failed' })
  } finally {
    if (message.kind === 'frame') message.frame.close()
  }
}

let before = Promise.resolve()
addEventListener('message', ({ data }: MessageEvent<ToScanWorker>) => {
  before = before.then(() => answer(data))
})
