/** A world in memory: other servers, files, a disk for copies, and a clock; a process may end and begin again in it. */
import { createHash } from 'node:crypto'
import { checkTrustList } from '../../../src/trust/lists/check-list.ts'
import type { TrustReaders, TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists, type Trust } from '../../../src/trust/trust.ts'
import { type CopyStore, createCopyStore, type Disk } from '../../../src/trust/upkeep/copy-store.ts'
import { memoryReaders } from '../../support/memory-readers.ts'

/** What a server answers for an address: bytes, a status, or no answer. */
export type Answer = string | Buffer | object | number | Error

/** A disk in memory. */
export function memoryDisk(): Disk & { files: Map<string, Buffer>; isFull: boolean; isNearlyFull: boolean } {
  const files = new Map<string, Buffer>()
  let clock = 0
  const times = new Map<string, number>()
  const fault = (code: string, path: string) =>
    Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'open', path })
  const disk = {
    files,
    isFull: false,
    /** Full for lists; a few hundred bytes still go. */
    isNearlyFull: false,
    async read(path: string) {
      const found = files.get(path)
      if (!found) throw fault('ENOENT', path)
      return found
    },
    async write(path: string, bytes: Uint8Array) {
      if (disk.isFull || (disk.isNearlyFull && bytes.length > 2000)) throw fault('ENOSPC', path)
      files.set(path, Buffer.from(bytes))
      times.set(path, ++clock)
    },
    async remove(path: string) {
      for (const each of [...files.keys()]) if (each === path || each.startsWith(`${path}/`)) files.delete(each)
    },
    async list(folder: string) {
      const inside = [...files.keys()].filter((each) => each.startsWith(`${folder}/`))
      if (inside.length === 0) throw fault('ENOENT', folder)
      return inside.map((each) => each.slice(folder.length + 1))
    },
    async written(path: string) {
      if (!files.has(path)) throw fault('ENOENT', path)
      return times.get(path) ?? 0
    },
  }
  return disk
}

/** Everything outside of the process. */
export interface World {
  /** By address. */
  served: Record<string, Answer>
  files: Record<string, string | Buffer>
  disk: ReturnType<typeof memoryDisk>
  copies: CopyStore
  /** Every request: its address and the validators it sent. */
  asked: { url: string; tag: string | undefined; status: number }[]
  now: Date
  isOn: boolean
  start(sources: TrustSource[], more?: { keepsCopies?: boolean }): Promise<Trust>
}

/** Makes a world. */
export function world(served: World['served'], files: World['files'] = {}): World {
  const disk = memoryDisk()
  const made: World = {
    served,
    files,
    disk,
    copies: createCopyStore('/data/trust', disk),
    asked: [],
    now: new Date('2022-06-01T00:00:00Z'),
    isOn: true,
    start(sources, { keepsCopies = true } = {}) {
      const readers: TrustReaders = memoryReaders(files)
      if (made.isOn) readers.fetch = ({ url, headers }) => answer(made, url, headers?.['If-None-Match'])
      const { copies } = made
      return loadTrustLists(sources, { readers, now: () => made.now, check: checkTrustList, copies, keepsCopies })
    },
  }
  return made
}

async function answer({ served, asked }: World, url: string, tag: string | undefined) {
  const found = served[url] ?? 404
  const entry = { url, tag, status: 200 }
  asked.push(entry)
  if (found instanceof Error) throw found
  if (typeof found === 'number') {
    entry.status = found
    return { status: found, headers: {}, body: Buffer.from('<html>') }
  }
  const isBytes = typeof found === 'string' || Buffer.isBuffer(found)
  const body = Buffer.from(isBytes ? found : JSON.stringify(found))
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  if (tag === etag) {
    entry.status = 304
    return { status: 304, headers: { etag }, body: Buffer.alloc(0) }
  }
  return { status: 200, headers: { etag }, body }
}

/** An error as the guarded client has them. */
export const unreachable = (): Error =>
  Object.assign(new Error('the other server cannot be reached, or ended the connection'), { name: 'NetworkError' })
