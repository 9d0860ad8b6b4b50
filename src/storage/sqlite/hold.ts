/** A SQLite store as those see it who look after it: what replaces it is a new file, and nobody else may have it open meanwhile. */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { removeLeftBehind } from '../../files/left-behind.ts'
import { BackupError } from '../backup/format.ts'
import type { Filling, FillingOptions, MaintainedStore } from '../backup/snapshot.ts'
import { sqliteFaults } from './check.ts'
import { fillSqlite } from './fill.ts'
import { isForeign } from './schema.ts'
import { openSqliteSnapshot } from './snapshot.ts'

/** The store in a file. */
export const maintainedSqlite = (file: string): MaintainedStore => ({
  name: file,
  folder: dirname(file),
  standing: async () => {
    if (existsSync(file)) return 'whole'
    return (await isBeingFilled(file)) ? 'half' : 'none'
  },
  snapshot: async () => openSqliteSnapshot(file),
  faults: (progress) => sqliteFaults(file, progress),
  fill: (options) => fill(file, options),
})

/** Told from what other processes make, and from what this one makes at the same time. */
let made = 0

/** Files that this process fills. */
const inWork = new Set<string>()

/** A file beside the one that is there. */
async function fill(file: string, { replace }: FillingOptions): Promise<Filling> {
  const held = hold(file)
  const path = `${file}.restoring-${process.pid}-${made++}`
  const clear = async () => {
    for (const ending of ['', '-wal', '-shm', '-journal', '-whole']) await rm(`${path}${ending}`, { force: true })
    inWork.delete(path)
  }
  try {
    if (!held.isEmpty && !replace)
      throw new BackupError(
        `The store ${file} is not empty. With --replace the backup takes its place. Nothing was changed.`,
      )
    await removeLeftovers(file)
    await clear()
    inWork.add(path)
    const filler = fillSqlite(path)
    const abandon = async () => {
      await filler.abandon()
      held.release()
      await clear()
    }
    return {
      ...filler,
      last: 0,
      // Without a file nothing is held: whoever makes one meanwhile has it.
      moves: [{ from: path, to: file, ...(held.isNew ? { isNew: true } : {}) }],
      snapshot: async () => openSqliteSnapshot(path),
      async commit() {
        held.release()
        await clear()
        return undefined
      },
      abandon,
      leave: abandon,
    }
  } catch (error) {
    inWork.delete(path)
    held.release()
    throw error
  }
}

/** `<pid>-<number>` in the name of a file of a store in the making that is to become this one, with its end. */
const partsOf = (file: string, name: string): RegExpExecArray | null =>
  name.startsWith(`${basename(file)}.restoring-`)
    ? /^((\d+)-\d+)(.*)$/.exec(name.slice(`${basename(file)}.restoring-`.length))
    : null

/** Whether there is one. Without its file what is left beside it is of one that was thrown away. */
async function isBeingFilled(file: string): Promise<boolean> {
  if (!existsSync(dirname(file))) return false
  return (await readdir(dirname(file))).some((name) => partsOf(file, name)?.[3] === '')
}

/** What fillings of processes that are no more have left: nothing in it waited for the disk, so that nobody can go on with it. */
const removeLeftovers = (file: string): Promise<void> =>
  removeLeftBehind(dirname(file), {
    pidOf: (name) => {
      const pid = partsOf(file, name)?.[2]
      return pid === undefined ? undefined : Number(pid)
    },
    isInWork: (name) => inWork.has(`${file}.restoring-${partsOf(file, name)?.[1]}`),
  })

function hold(file: string): { isEmpty: boolean; isNew?: boolean; release(): void } {
  if (!existsSync(file)) return { isEmpty: true, isNew: true, release: () => {} }
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(file, { timeout: 100 })
    if (isForeign(connection)) throw new BackupError(`${file} is a database of another program. Nothing was changed.`)
    // It leaves the write-ahead log only when it is alone, and then no log is left beside the file.
    connection.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    const held = connection
    return { isEmpty: isEmpty(held), release: () => held.isOpen && held.close() }
  } catch (error) {
    connection?.close()
    if (error instanceof BackupError) throw error
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
    if (code === 5 || code === 6)
      throw new BackupError(
        `The store ${file} is in use: end the server and every command that has it open. Nothing was changed.`,
      )
    // A damaged store is what backups are for.
    return { isEmpty: false, release: () => {} }
  }
}

function isEmpty(connection: DatabaseSync): boolean {
  const has = (table: string) =>
    connection.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined &&
    connection.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined
  return !has('version') && !has('record')
}
