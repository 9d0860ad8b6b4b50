/** The SQLite file: how it is opened, its transactions and errors, and its rows as the interface shows them. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { keep } from '../../base/keep.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import { shuttingDown } from '../closing.ts'
import type { StoredVersion } from '../storage.ts'
import { resourceOf } from '../write.ts'
import { isKnownWhole, noteWhole } from './known-whole.ts'
import { prepareFile, StartError, schemaOf, startError, textOf } from './schema.ts'

/** `until` of a version that is current. */
export const endOfTime = Number.MAX_SAFE_INTEGER

/** An open file with its prepared statements. */
export interface Database {
  readonly connection: DatabaseSync
  all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[]
  get(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined
  run(sql: string, ...values: SQLInputValue[]): void
  /** Runs `work` in one transaction; what it throws undoes everything. */
  transaction<Result>(mode: 'read' | 'write', work: () => Result): Result
  /** Whether it may be asked: after {@link end} and after it was closed everything is a FhirError 503. */
  isOpen(): boolean
  /** Refuses what is asked of it from now on. */
  end(): void
  close(): void
}

/** Statements kept prepared; searches of unusual shape make more and push older ones out. */
const preparedStatements = 500

/**
 * Opens or creates a store in `file` (`:memory:` for one that dies with the process).
 * @throws Error that says what is wrong with the file and what to do; never touches a file it does not understand.
 */
export function openDatabase(file: string, busyMilliseconds = 5000): Database {
  for (;;) {
    let connection: DatabaseSync
    let opened: number | undefined
    let isKnown = false
    try {
      if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
      isKnown = isKnownWhole(file)
      connection = new DatabaseSync(file, { timeout: busyMilliseconds })
      opened = numberOfFile(file)
    } catch (error) {
      throw startError(file, `it cannot be opened (${textOf(error)})`, error)
    }
    try {
      prepareFile(connection, file, isKnown)
    } catch (error) {
      connection.close()
      throw error instanceof StartError ? error : startError(file, `it cannot be read (${textOf(error)})`, error)
    }
    // A restore may have put another file in its place before this one was held.
    if (numberOfFile(file) === opened) return closedWhole(wrap(connection), file)
    connection.close()
  }
}

/** What was closed without an error is as SQLite would have it. */
function closedWhole(database: Database, file: string): Database {
  if (file === ':memory:') return database
  return {
    ...database,
    close() {
      database.close()
      noteWhole(file)
    },
  }
}

const numberOfFile = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino

/**
 * Opens a store that is there to be read as it stands, whatever its schema is; nothing of it is changed.
 * @returns the connection and the number of its schema
 * @throws Error as {@link openDatabase}, also when there is none
 */
export function openAsItStands(file: string): { database: Database; schema: number } {
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    return { database: wrap(connection), schema: schemaOf(connection, file) }
  } catch (error) {
    connection?.close()
    throw error instanceof StartError ? error : startError(file, `it cannot be read (${textOf(error)})`, error)
  }
}

/** Opens a store once more that is open already: it is what it is, and of the schema of today. */
export function openBeside(file: string, pragmas: string): Database {
  const connection = new DatabaseSync(file, { timeout: 0 })
  connection.exec(`PRAGMA synchronous = FULL; ${pragmas}`)
  return wrap(connection)
}

function wrap(connection: DatabaseSync): Database {
  const prepared = keep<string, StatementSync>(preparedStatements)
  let isOpen = true
  const end = () => {
    isOpen = false
  }
  const prepare = (sql: string): StatementSync => {
    if (!isOpen) throw shuttingDown()
    return prepared.of(sql, (text) => connection.prepare(text))
  }
  return {
    connection,
    all: (sql, ...values) => prepare(sql).all(...values),
    get: (sql, ...values) => prepare(sql).get(...values),
    run: (sql, ...values) => {
      prepare(sql).run(...values)
    },
    transaction: (mode, work) => {
      if (!isOpen) throw shuttingDown()
      return transaction(connection, mode, work)
    },
    isOpen: () => isOpen,
    end,
    close: () => {
      end()
      connection.close()
    },
  }
}

function transaction<Result>(connection: DatabaseSync, mode: 'read' | 'write', work: () => Result): Result {
  try {
    connection.exec(mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN')
  } catch (error) {
    throw storageError(error)
  }
  try {
    const result = work()
    connection.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite itself rolls back on some errors (disk full)
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw storageError(error)
  }
}

/** Result codes of a disk that does not take what is written. */
const unwritables: Record<number, string> = {
  8: 'it can only be read',
  10: 'its disk does not work, or takes no more',
  14: 'its file cannot be opened',
}

/** SQLite's result codes that a client may meet, as FhirError; anything else as it is. */
export function storageError(error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  if (code === 5 || code === 6) {
    const busy = issue('lock-error', 'Another process is writing to the store; try again.')
    return new FhirError(503, busy, { 'Retry-After': '1' })
  }
  if (code === 13) return new FhirError(507, issue('no-store', 'The disk of the store is full; nothing was written.'))
  const unwritable = code === undefined ? undefined : unwritables[code]
  if (unwritable !== undefined) {
    const text = `The store cannot be written now: ${unwritable}. Nothing was written.`
    return new FhirError(503, issue('no-store', text), { 'Retry-After': '60' })
  }
  if (code === 18) return new FhirError(413, issue('too-costly', 'The resource is too big for the store.'))
  return error
}

/** Columns of a version `v`, for {@link toVersion}. */
export const columns = 'v.seq, v.type, v.id, v.vid, v.updated, v.method, v.content, v.exact'

/** Number of the last version of those types. */
export function lastSequenceOf(database: Database, types: readonly string[]): number {
  const last = (type: string) =>
    Number(database.get('SELECT max(seq) AS seq FROM version WHERE type = ?', type)?.seq ?? 0)
  return Math.max(0, ...types.map(last))
}

/** A row of `version` as the interface shows it. */
export function toVersion(row: Record<string, unknown> | undefined): StoredVersion | undefined {
  if (!row) return undefined
  return {
    type: String(row.type),
    id: String(row.id),
    versionId: String(row.vid),
    lastUpdated: new Date(Number(row.updated)).toISOString(),
    resource: readContent(row),
    method: row.method === 'POST' || row.method === 'DELETE' ? row.method : 'PUT',
  }
}

/** The resource of a row; undefined for a deletion. */
export function readContent(row: Record<string, unknown>): Resource | undefined {
  if (typeof row.content !== 'string') return undefined
  return resourceOf({ text: row.content, exact: row.exact === 1 })
}

/** Rows of `version`, in order. */
export function toVersions(rows: Record<string, unknown>[]): StoredVersion[] {
  return rows.map(toVersion).filter((each) => each !== undefined)
}

/** Number of the last version written; 0 in an empty store. */
export function lastSequence(database: Database): number {
  return Number(database.get('SELECT max(seq) AS seq FROM version')?.seq ?? 0)
}
