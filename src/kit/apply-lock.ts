/** One at a time takes a kit into use: of two the second is held against what the first has put there. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isMissing, isSystemError } from '../base/system-error.ts'
import { isProcessAlive } from '../files/process-alive.ts'
import { KitError } from './kit-error.ts'

const pauseMilliseconds = 50
/** Checking a kit takes a second or so. */
const longestWait = 20_000
/** Numbers of processes tell something on their own host alone: every container has a process 1. */
const host = hostname().replace(/\s/g, '_')

/** Work of this process by lock, one after another. */
const own = new Map<string, Promise<unknown>>()

/**
 * Does work while nobody else does such work beside the same file. Who was killed at it is waited for no longer.
 * @throws KitError when another takes too long; the error of the system
 */
export function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const before = own.get(lock) ?? Promise.resolve()
  const done = before.then(() => holding(lock, work))
  const settled = done.catch(() => undefined)
  own.set(lock, settled)
  void settled.then(() => own.get(lock) === settled && own.delete(lock))
  return done
}

async function holding<T>(lock: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(lock), { recursive: true })
  const mark = `${process.pid} ${randomUUID()} ${host}`
  for (let waited = 0; !(await takes(lock, mark)); waited += pauseMilliseconds) {
    if (waited >= longestWait)
      throw new KitError('busy', `another process takes a kit into use; if there is none, remove ${lock}`)
    const found = await markOf(lock)
    if (found !== undefined && isLeftBehind(found)) await clear(lock, found)
    else await pause(pauseMilliseconds)
  }
  try {
    return await work()
  } finally {
    if ((await markOf(lock)) === mark) await rm(lock, { force: true })
  }
}

/** A lock comes with its mark: none is ever seen empty but one that was made by hand. */
async function takes(lock: string, mark: string): Promise<boolean> {
  const made = `${lock}.${randomUUID()}`
  await writeFile(made, mark)
  try {
    await link(made, lock)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  } finally {
    await rm(made, { force: true })
  }
}

const isTaken = (error: unknown): boolean => isSystemError(error) && error.code === 'EEXIST'

/**
 * A process has one lock at a time, and that is the one it asks for: one of this host under its number was left by another that had it
 * before. Whether a process of another host is still there nobody knows here. Earlier releases named no host.
 */
function isLeftBehind(mark: string): boolean {
  const [number = '', , where = host] = mark.split(' ')
  const holder = Number(number)
  if (!Number.isInteger(holder) || holder <= 0) return true
  return where === host && (holder === process.pid || !isProcessAlive(holder))
}

/**
 * Takes a lock away that was left behind; one that somebody has taken in between is put back, unless a third has the lock by then: it is
 * waited for as any other.
 */
async function clear(lock: string, seen: string): Promise<void> {
  const aside = `${lock}.${process.pid}-${randomUUID()}`
  try {
    await rename(lock, aside)
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  try {
    if ((await markOf(aside)) !== seen) await link(aside, lock)
  } catch (error) {
    if (!isTaken(error)) throw error
  } finally {
    await rm(aside, { force: true })
  }
}

/** Undefined: it is gone. */
async function markOf(lock: string): Promise<string | undefined> {
  try {
    return await readFile(lock, 'latin1')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
