/** One at a time takes a kit into use: of two the second is held against what the first has put there. */
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isMissing, isSystemError } from '../base/system-error.ts'
import { isProcessAlive } from '../files/process-alive.ts'
import { KitError } from './kit-error.ts'

const pauseMilliseconds = 50
/** Checking a kit takes a second or so. */
const longestWait = 20_000

/**
 * Does work while nobody else does such work beside the same file. Who was killed at it is waited for no longer.
 * @throws KitError when another takes too long; the error of the system
 */
export async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  await mkdir(dirname(path), { recursive: true })
  for (let waited = 0; !(await takes(lock)); waited += pauseMilliseconds) {
    if (waited >= longestWait)
      throw new KitError('busy', `another process takes a kit into use; if there is none, remove ${lock}`)
    const holder = await holderOf(lock)
    if (holder !== undefined && !isProcessAlive(holder)) await rm(lock, { force: true })
    else await pause(pauseMilliseconds)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function takes(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o644)
    try {
      await file.writeFile(String(process.pid))
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false
    throw error
  }
}

/** Undefined: it is gone, or its number is not written yet. */
async function holderOf(lock: string): Promise<number | undefined> {
  try {
    const number = Number(await readFile(lock, 'latin1'))
    return (number | 0) === number && number > 0 ? number : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
