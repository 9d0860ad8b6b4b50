/** Indexes of code systems as one stream each, for replicas that share a place to keep them, and back into a folder. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkIndex, FILES, readIndexFolder, syncToDisk } from './code-system-index.ts'

/** Where streams are kept under the names of their indexes. */
export interface IndexPlace {
  has(name: string): Promise<boolean>
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>
  get(name: string): Promise<AsyncIterable<Uint8Array> | undefined>
}

/** First word of a stream, and the form that this software writes. */
const MAGIC = 'vidimus-index 1'

/** Bytes of its first line at most, and of a manifest. */
const longestHead = 100
const longestManifest = 10_000_000

/** What an interrupted copy left is thrown away after that time, milliseconds. */
const leftoverMilliseconds = 6 * 3_600_000

/**
 * Keeps the index of a folder at the place, unless it is there.
 * @returns whether it is there now; false when the folder has none either
 * @throws Error when the index is damaged: that is kept nowhere
 */
export async function shareIndex(folder: string, name: string, place: IndexPlace): Promise<boolean> {
  if (await place.has(name)) return true
  if (!(await stat(join(folder, name)).catch(() => undefined))) return false
  await checkIndex(folder, name)
  await place.put(name, packed(join(folder, name)))
  return true
}

async function* packed(path: string): AsyncGenerator<Uint8Array> {
  const manifest = await readFile(join(path, FILES.manifest))
  const { size } = await stat(join(path, FILES.index))
  yield Buffer.from(`${MAGIC} ${manifest.length} ${size}\n`)
  yield manifest
  yield* createReadStream(join(path, FILES.index))
}

/**
 * Copies an index into a folder, where it gets its name when it is whole, on the disk, and as its manifest says.
 * @returns false when there is none at the place
 * @throws Error saying what is wrong with it
 */
export async function bringIndex(folder: string, name: string, place: IndexPlace): Promise<boolean> {
  const bytes = await place.get(name)
  if (!bytes) return false
  await mkdir(folder, { recursive: true })
  await removeLeftovers(folder)
  const working = join(folder, `.fetching-${randomUUID()}`)
  await mkdir(working)
  try {
    await unpack(bytes, working)
    ;(await readIndexFolder(working)).index.close()
    for (const file of Object.values(FILES)) await syncToDisk(join(working, file))
    await syncToDisk(working)
    await rename(working, join(folder, name)).catch(async (error: unknown) => {
      // Another process of this machine was faster.
      if (!(await checkIndex(folder, name).catch(() => undefined))) throw error
    })
    await syncToDisk(folder)
    return true
  } finally {
    await rm(working, { recursive: true, force: true })
  }
}

async function unpack(bytes: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  let head: Buffer = Buffer.alloc(0)
  let sizes: { manifest: number; index: number } | undefined
  let file: FileHandle | undefined
  let left = 0
  try {
    for await (const chunk of bytes) {
      let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      if (!file) {
        head = Buffer.concat([head, rest])
        sizes ??= sizesIn(head)
        if (!sizes) continue
        const begin = head.indexOf(0x0a) + 1
        if (head.length < begin + sizes.manifest) continue
        await writeFile(join(folder, FILES.manifest), head.subarray(begin, begin + sizes.manifest))
        rest = head.subarray(begin + sizes.manifest)
        file = await open(join(folder, FILES.index), 'wx')
        left = sizes.index
      }
      if (rest.length > left) throw new Error('it is longer than it says')
      left -= rest.length
      await file.writeFile(rest)
    }
  } finally {
    await file?.close()
  }
  if (!file || left > 0) throw new Error('it ends too early')
}

/** Lengths of manifest and index; undefined while the first line is not whole. @throws Error for another stream */
function sizesIn(head: Buffer): { manifest: number; index: number } | undefined {
  const end = head.indexOf(0x0a)
  if (end < 0 && head.length <= longestHead) return undefined
  const line = head.subarray(0, Math.max(0, Math.min(end, longestHead))).toString('latin1')
  const parts = line.startsWith(`${MAGIC} `) ? /^(\d{1,8}) (\d{1,11})$/.exec(line.slice(MAGIC.length + 1)) : null
  const [manifest, index] = [Number(parts?.[1]), Number(parts?.[2])]
  if (!parts || manifest > longestManifest) throw new Error('it is no index of a code system')
  return { manifest, index }
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('.fetching-')) continue
    const made = (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0
    if (Date.now() - made > leftoverMilliseconds) await rm(join(folder, name), { recursive: true, force: true })
  }
}
