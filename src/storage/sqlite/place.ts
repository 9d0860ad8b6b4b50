/** A store that is begun with a file that was made before. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isSystemError } from '../../base/system-error.ts'
import { beginFile, growerOf, isGrowing } from '../../files/growing-file.ts'
import { removeLeftBehind } from '../../files/left-behind.ts'

/** SQLite's files beside a store: what an earlier store left of itself must not be taken for a part of the new one. */
const besides = ['-wal', '-shm', '-journal']

/** Whether a store may be begun in that place: nothing is there, and nothing of an earlier one. */
export const isFree = (file: string): boolean => !['', ...besides].some((end) => existsSync(`${file}${end}`))

/**
 * Puts a whole store where none is: under its name there is nothing of it before all of it is on the disk, and of two processes that do it
 * together one comes first.
 * @param pieces bytes of the file
 * @returns whether it was this one; false when there was or came to be a store
 * @throws the error of the operating system, or of `pieces`; nothing is left behind then
 */
export async function placeSqlite(file: string, pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
  await removeLeftovers(file)
  if (!isFree(file)) return false
  // As SQLite makes a file: whoever the operator lets, reads it.
  const made = await beginFile(file, 0o644)
  try {
    for await (const piece of pieces) await made.write(piece)
    if (!isFree(file)) return false
    await made.finish(false)
    return true
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false
    throw error
  } finally {
    await made.abandon()
  }
}

/** What processes that were killed meanwhile have left. */
async function removeLeftovers(file: string): Promise<void> {
  const folder = dirname(file)
  if (!existsSync(folder)) return
  await removeLeftBehind(folder, {
    pidOf: (name) => (name.startsWith(basename(file)) ? growerOf(name.slice(basename(file).length)) : undefined),
    isInWork: (name) => isGrowing(join(folder, name)),
  })
}
