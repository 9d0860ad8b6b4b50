/** Writes a backup as a stream. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import {
  type BackupAbout,
  type BackupCounts,
  BackupError,
  CONTENT_BYTES,
  FORMAT,
  FRAME_BYTES,
  ITEM_BYTES,
  MAGIC,
  recordItem,
  versionItem,
} from './format.ts'
import type { StoreSnapshot } from './snapshot.ts'

/** A file of DATA_DIR that belongs to a backup. */
export interface BackupFile {
  /** Relative to DATA_DIR, with `/`. */
  name: string
  path: string
}

/** What goes into a backup. */
export interface BackupContent {
  about: BackupAbout
  snapshot: StoreSnapshot
  files: readonly BackupFile[]
  /** Told versions and files so far, and how many there are. */
  progress?: (done: number, total: number) => void
}

/** Takes bytes in order, and says when it is ready for more. */
type Sink = (bytes: Uint8Array) => Promise<void>

const pack = promisify(deflateRaw)

/** Frames that are packed at the same time: packing is the work of other threads. */
const packedAtATime = 4

/**
 * Writes a backup into a sink.
 * @throws BackupError for a resource that no backup can hold; the errors of the sink and of the files
 */
export async function writeBackup(sink: Sink, content: BackupContent): Promise<BackupCounts> {
  const { about, snapshot, files, progress } = content
  const out = createFrames(sink)
  const contents = createHash('sha256')
  const counts = { versions: 0, records: 0, files: 0 }
  const total = snapshot.versionCount + files.length
  const { software, taken, revision, keys } = about
  await out.put(`${JSON.stringify({ item: 'about', software, taken, revision, keys })}\n`)
  const item = async (head: string, bytes: Buffer | undefined) => {
    if (Buffer.byteLength(head) > ITEM_BYTES || (bytes?.length ?? 0) > CONTENT_BYTES)
      throw new BackupError(`What the store holds is too big for a backup: ${head.slice(0, 200)}`)
    contents.update(head)
    await out.put(head)
    if (!bytes) return
    contents.update(bytes)
    await out.put(bytes)
    await out.put('\n')
  }
  for await (const version of snapshot.versions()) {
    const { head, content: bytes } = versionItem(version)
    await item(head, bytes)
    counts.versions++
    progress?.(counts.versions, total)
  }
  for await (const record of snapshot.records()) {
    const { head, content: bytes } = recordItem(record)
    await item(head, bytes)
    counts.records++
  }
  for (const file of files) {
    await putFile(file, out)
    counts.files++
    progress?.(counts.versions + counts.files, total)
  }
  const end = { ...counts, contents: contents.digest('hex') }
  await out.put(`${JSON.stringify({ item: 'end', ...end })}\n`)
  await out.finish()
  return end
}

/** A file is read by one handle: who replaces it meanwhile gives its name to another one. */
async function putFile({ name, path }: BackupFile, out: Frames): Promise<void> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    await out.put(`${JSON.stringify({ item: 'file', name, bytes: size })}\n`)
    for (let done = 0; done < size; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(FRAME_BYTES, size - done)))
      if (bytesRead === 0) throw new BackupError(`${path} became shorter while it was read.`)
      await out.put(buffer.subarray(0, bytesRead))
      done += bytesRead
    }
    await out.put('\n')
  } finally {
    await handle.close()
  }
}

interface Frames {
  put(bytes: Uint8Array | string): Promise<void>
  finish(): Promise<void>
}

function createFrames(sink: Sink): Frames {
  const whole = createHash('sha256')
  let pieces: Uint8Array[] = []
  let size = 0
  const packing: Promise<Buffer[]>[] = []
  let isBegun = false
  const write = async (bytes: Uint8Array) => {
    whole.update(bytes)
    await sink(bytes)
  }
  const begin = async () => {
    if (isBegun) return
    isBegun = true
    await write(Buffer.from(`${MAGIC}${FORMAT}\n`))
  }
  const settle = async (most: number) => {
    while (packing.length > most) for (const each of (await packing.shift()) ?? []) await write(each)
  }
  const cut = async () => {
    if (size === 0) return
    const data = Buffer.concat(pieces)
    pieces = []
    size = 0
    const packed = frameOf(data)
    // Who waits for it is told when its turn comes.
    packed.catch(() => undefined)
    packing.push(packed)
    await settle(packedAtATime)
  }
  return {
    async put(given) {
      await begin()
      let bytes = typeof given === 'string' ? Buffer.from(given) : given
      while (bytes.length > 0) {
        const part = bytes.subarray(0, FRAME_BYTES - size)
        pieces.push(part)
        size += part.length
        bytes = bytes.subarray(part.length)
        if (size === FRAME_BYTES) await cut()
      }
    },
    async finish() {
      await cut()
      await settle(0)
      await sink(Buffer.from(`0 0 ${whole.digest('hex')}\n`))
    },
  }
}

async function frameOf(data: Buffer): Promise<Buffer[]> {
  const sha256 = createHash('sha256').update(data).digest('hex')
  const packed = await pack(data, { level: 3 })
  return [Buffer.from(`${packed.length} ${data.length} ${sha256}\n`), packed]
}
