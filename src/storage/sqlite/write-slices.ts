/**
 * A large transaction that does not hold the event loop: a connection of its own works it off in slices, while readers see the store as
 * it was and other writers wait. What it writes goes to the disk as it comes, so that little is left for the commit.
 */
import { open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { shuttingDown } from '../closing.ts'
import type { Write, Written } from '../storage.ts'
import { type WriteContext, workAtOnce, writeOne } from '../write.ts'
import { type Database, openBeside, storageError } from './database.ts'
import { beginWrites, createIndexWriter } from './write.ts'

/** Writes that are carried out at one go. */
export const mostAtOnce = 20

/** Time after which others have a turn. */
const sliceMilliseconds = 10

/** Writes after which the log is forced to the disk, in another thread. */
const writesPerSync = 250

/** A transaction that has begun. */
export interface Slices {
  file: string
  database: Database
  context: WriteContext
}

/** Begins one. @throws FhirError 503 while another process writes, 409 when one was judged by what is no more */
export function beginSlices(file: string, now: () => number, writes: readonly Write[]): Slices {
  // A small cache: what is changed is written to the log soon. The log is emptied by whoever writes little next.
  let database: Database | undefined
  try {
    database = openBeside(file, 'PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 0')
    database.connection.exec('BEGIN IMMEDIATE')
    const context = beginWrites({ database, index: createIndexWriter(database) }, now(), writes)
    return { file, database, context }
  } catch (error) {
    database?.close()
    throw storageError(error)
  }
}

/**
 * Carries out all writes, or none.
 * @param closing comes when the store is closed: nothing was written then
 * @throws FhirError as `Storage.write`
 */
export async function writeSlices(
  { file, database, context }: Slices,
  writes: readonly Write[],
  closing: AbortSignal,
): Promise<Written[]> {
  const written: Written[] = []
  const log = await open(`${file}-wal`, 'r+').catch(() => undefined)
  try {
    let begun = performance.now()
    for (const each of writes) {
      written.push(workAtOnce(writeOne(each, context, written)))
      if (written.length % writesPerSync === 0) await log?.sync()
      if (performance.now() - begun < sliceMilliseconds) continue
      await nextTurn()
      if (closing.aborted) throw shuttingDown()
      begun = performance.now()
    }
    await log?.sync()
    // Nothing waits between the commit and the answer: nobody may read the new state under the number of the old one.
    await log?.close()
    database.connection.exec('COMMIT')
    return written
  } catch (error) {
    throw storageError(error)
  } finally {
    // Without a commit this undoes everything.
    database.close()
    await log?.close()
  }
}
