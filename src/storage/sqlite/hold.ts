/** A SQLite store that is to be replaced: nobody else may have it open meanwhile. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { BackupError } from '../backup/format.ts'
import type { RestorableStore } from '../backup/restore.ts'
import { fillSqlite } from './fill.ts'
import { isForeign } from './schema.ts'
import { openSqliteSnapshot } from './snapshot.ts'

/** The store in a file, for a restore. */
export const restorableSqlite = (file: string): RestorableStore => ({
  file,
  fill: fillSqlite,
  snapshot: openSqliteSnapshot,
  hold: () => hold(file),
})

function hold(file: string): ReturnType<RestorableStore['hold']> {
  if (!existsSync(file)) return { isEmpty: true, release: () => {} }
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(file, { timeout: 100 })
    if (isForeign(connection)) throw new BackupError(`${file} is a database of another program. Nothing was changed.`)
    // It leaves the write-ahead log only when it is alone, and then no log is left beside the file.
    connection.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    const held = connection
    return { isEmpty: isEmpty(held), release: () => held.close() }
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
