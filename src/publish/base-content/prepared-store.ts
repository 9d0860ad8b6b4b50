/**
 * A store that has the base content already, made once where the software is installed: a first start copies it in place of reading
 * 50 MB of packages. It says of which packages and which source files it was made, and is used for nothing else.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createZstdDecompress } from 'node:zlib'
import { isJsonObject } from '../../base/json.ts'
import { errorText } from '../../base/system-error.ts'
import { type BaseContentOptions, findBaseContent } from '../../packages/base-content.ts'
import { sourceHash } from './sources.ts'

/** Where `npm ci` and `npm run build:content` put it. */
export const defaultPreparedStore = fileURLToPath(new URL('../../../content/prepared-store.zst', import.meta.url))

/** Raised when the file is built otherwise. */
const formatVersion = 1

/** First line of the file; a packed SQLite file follows. */
export interface PreparedHeader {
  format: number
  /** Which packages: the stamp that the store has. */
  stamp: string
  /** Hash of the source files that made it. */
  sources: string
  /** Size and hash of the unpacked store. */
  bytes: number
  sha256: string
}

/** No header is longer. */
const headerBytes = 4096

/** What a prepared store has to say of itself to be used now. */
export async function preparedFor(
  options: BaseContentOptions = {},
): Promise<Pick<PreparedHeader, 'format' | 'stamp' | 'sources'>> {
  const { stamp } = await findBaseContent(options)
  return { format: formatVersion, stamp, sources: sourceHash() }
}

/** The first line of a prepared store, and where the store begins; undefined for what is none. */
export async function readPreparedHeader(path: string): Promise<{ header: PreparedHeader; start: number } | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0)
    const end = buffer.subarray(0, bytesRead).indexOf('\n')
    if (end < 0) return undefined
    const header: unknown = JSON.parse(buffer.toString('utf8', 0, end))
    return isHeader(header) ? { header, start: end + 1 } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  } finally {
    await file.close()
  }
}

function isHeader(value: unknown): value is PreparedHeader {
  if (!isJsonObject(value)) return false
  const { format, stamp, sources, bytes, sha256 } = value
  const numbers = [format, bytes].every((each) => typeof each === 'number')
  return numbers && [stamp, sources, sha256].every((each) => typeof each === 'string')
}

/** What came of it: `absent` is said of nothing, as there is a slower way that always works. */
export type Placing =
  | { kind: 'placed'; stamp: string }
  | { kind: 'there' | 'absent' }
  | { kind: 'unused'; reason: string }

/** Where a store is to be begun. */
export interface EmptyPlace {
  isFree(): boolean
  /** Answers whether it was this one that began it. */
  begin(pieces: AsyncIterable<Uint8Array>): Promise<boolean>
}

/**
 * Begins a store with the prepared one, where there is none yet. Whatever is wrong with it, it is as if there were no prepared store:
 * nothing is left behind, and the loading does the work.
 */
export async function placePreparedStore(
  place: EmptyPlace,
  options: BaseContentOptions & { prepared?: string } = {},
): Promise<Placing> {
  const { prepared = defaultPreparedStore, ...content } = options
  if (!place.isFree()) return { kind: 'there' }
  if (!existsSync(prepared)) return { kind: 'absent' }
  try {
    const read = await readPreparedHeader(prepared)
    if (!read) return { kind: 'unused', reason: 'it is damaged' }
    const { header, start } = read
    const wanted = await preparedFor(content)
    for (const name of ['format', 'stamp', 'sources'] as const)
      if (header[name] !== wanted[name])
        return { kind: 'unused', reason: `it was made of other ${name}; "npm run build:content" makes it anew` }
    const isPlaced = await place.begin(unpacked(prepared, header, start))
    return isPlaced ? { kind: 'placed', stamp: header.stamp } : { kind: 'there' }
  } catch (error) {
    return { kind: 'unused', reason: errorText(error) }
  }
}

/** Larger pieces would have the C library keep what is given back for as long as the process lives: its bound is the largest piece it saw. */
const bytesAtOnce = 2 ** 16

/** The store as it was packed. @throws Error when it is not what the header says */
async function* unpacked(path: string, { bytes, sha256 }: PreparedHeader, start: number): AsyncGenerator<Uint8Array> {
  const store = createZstdDecompress({ chunkSize: bytesAtOnce })
  const feeding = feed(store, path, start).catch((error: Error) => void store.destroy(error))
  const hash = createHash('sha256')
  let length = 0
  try {
    for await (const piece of store as AsyncIterable<Buffer>) {
      length += piece.length
      if (length > bytes) throw new Error('it is damaged: it is longer than it says')
      hash.update(piece)
      yield piece
      giveBack(piece)
    }
  } finally {
    store.destroy()
    await feeding
  }
  if (length !== bytes || hash.digest('hex') !== sha256) throw new Error('it is damaged')
}

/** Has a packed file unpacked, out of one piece of memory. @throws the error of the operating system, or of the stream */
async function feed(store: Writable, path: string, start: number): Promise<void> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafeSlow(bytesAtOnce)
    for (let at = start; ; ) {
      const { bytesRead } = await file.read(buffer, 0, bytesAtOnce, at)
      if (bytesRead === 0) break
      at += bytesRead
      const piece = buffer.subarray(0, bytesRead)
      await new Promise<void>((done, fail) => store.write(piece, (error) => (error ? fail(error) : done())))
    }
    store.end()
  } finally {
    await file.close()
  }
}

/**
 * Gives the memory of a piece back at once when it was the last of its buffer: nothing else asks for memory meanwhile, so that no garbage
 * is collected, and a server would keep the size of the whole store for as long as it lives.
 */
function giveBack({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteOffset + byteLength === buffer.byteLength) buffer.transfer(0)
}
