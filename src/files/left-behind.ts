import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../base/system-error.ts'
import { isProcessAlive } from './process-alive.ts'

/** Files and folders in the making, whose names have the number of the process that makes them. */
interface InTheMaking {
  /** The number in a name; undefined for a name of anything else. */
  pidOf(name: string): number | undefined
  /** Whether this process is making it. */
  isInWork(name: string): boolean
}

/**
 * Removes what processes that are no more have left in a folder. What has this process's own number, and is not in work here, was left by
 * one before it: in a container the number is the same at each start.
 */
export async function removeLeftBehind(folder: string, { pidOf, isInWork }: InTheMaking): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = pidOf(name)
    if (pid === undefined || isInWork(name)) continue
    if (pid !== process.pid && isProcessAlive(pid)) continue
    await rm(join(folder, name), { recursive: true, force: true }).catch((error: unknown) => {
      // In a folder that several users share, each of them cleans up behind himself.
      if (!isSystemError(error) || !['EPERM', 'EACCES'].includes(error.code)) throw error
    })
  }
}
