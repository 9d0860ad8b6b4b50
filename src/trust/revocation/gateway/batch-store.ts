/** Where batches are written down, so that a server that starts without the network knows what is revoked. */

import { join } from 'node:path'
import { sha256Hex } from '../../../base/crypto/sha256.ts'
import { isSystemError } from '../../../base/system-error.ts'
import { type BatchBook, readBook, writeBook } from './batch-book.ts'

/** What is kept on: each write whole or not at all, and on the disk when it resolves. */
interface BatchDisk {
  read(path: string): Promise<Buffer>
  write(path: string, bytes: Uint8Array): Promise<void>
  /** In silence where there is none. */
  remove(path: string): Promise<void>
}

/** The batches of one source. What cannot be read is undefined, and fetched again. */
export interface BatchStore {
  book(gateway: string): Promise<BatchBook | undefined>
  saveBook(book: BatchBook): Promise<void>
  /** The hashes of a batch, if they are those that were written down. */
  hashes(id: string, print: string): Promise<Buffer | undefined>
  /** SHA-256 of the hashes, in hex. */
  saveHashes(id: string, hashes: Uint8Array): Promise<string>
  remove(id: string): Promise<void>
}

/** A store in a folder. */
export function createBatchStore(folder: string, disk: BatchDisk): BatchStore {
  const bookPath = join(folder, 'book.json')
  // An id is of another server, and no name of a file.
  const pathOf = (id: string) => join(folder, `${sha256Hex(Buffer.from(id)).slice(0, 40)}.hashes`)
  return {
    async book(gateway) {
      const bytes = await unlessUnreadable(disk.read(bookPath))
      return bytes && readBook(bytes, gateway)
    },
    saveBook: (book) => disk.write(bookPath, writeBook(book)),
    async hashes(id, print) {
      const bytes = await unlessUnreadable(disk.read(pathOf(id)))
      return bytes && sha256Hex(bytes) === print ? bytes : undefined
    },
    async saveHashes(id, hashes) {
      await disk.write(pathOf(id), hashes)
      return sha256Hex(hashes)
    },
    remove: (id) => disk.remove(pathOf(id)),
  }
}

/** Nothing is kept beyond this process. */
export const noStore: BatchStore = {
  book: async () => undefined,
  saveBook: async () => {},
  hashes: async () => undefined,
  saveHashes: async (_, hashes) => sha256Hex(hashes),
  remove: async () => {},
}

async function unlessUnreadable(reading: Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}
