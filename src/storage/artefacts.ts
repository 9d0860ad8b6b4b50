/**
 * Compiled artefacts that are too large for the store, such as indexes of code systems, kept where every replica comes to them. Each is one
 * stream under a name that no other content has, and never changes; a replica copies it and reads its copy.
 */
import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Where artefacts are kept. */
export interface Artefacts {
  has(name: string): Promise<boolean>
  /** Every name. */
  names(): Promise<string[]>
  /** Keeps one, whole or not at all. One that is there already stays: its name is that of its content. */
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>
  /** Its bytes; undefined when there is none. @throws Error when it cannot be read */
  get(name: string): Promise<AsyncIterable<Uint8Array> | undefined>
  close(): Promise<void>
}

/** Artefacts in a folder that all replicas see. */
export function folderArtefacts(folder: string): Artefacts {
  const has = async (name: string) => (await stat(join(folder, name)).catch(() => undefined)) !== undefined
  return {
    has,
    names: async () => (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')),
    async put(name, bytes) {
      if (await has(name)) return
      await mkdir(folder, { recursive: true })
      const making = join(folder, `.making-${randomUUID()}`)
      try {
        await pipeline(Readable.from(bytes), createWriteStream(making, { flags: 'wx' }))
        const handle = await open(making, 'r')
        await handle.sync().finally(() => handle.close())
        await rename(making, join(folder, name))
      } finally {
        await rm(making, { force: true })
      }
    },
    get: async (name) => ((await has(name)) ? createReadStream(join(folder, name)) : undefined),
    close: async () => {},
  }
}
