/** The schema of the SQLite file: its tables, its migrations, and whether a file is one of ours. */
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

/** Marks the file as ours ("vidi" in ASCII), so that another program's database is not taken for a store. */
const applicationId = 0x76696469

/** Files up to this size are checked as a whole at start; it takes some 0.1 s. */
const checkedBytes = 64 * 1024 * 1024

/**
 * Schema by version, each step once. Tables:
 * - `version`: every version of every resource, immutable, numbered by `seq` in order of commit; `exact` when it has
 *   decimals whose text must be kept (fhir/exact-number.ts)
 * - `current`: the version that counts now, deletions included
 * - `searchable`: versions that searches see: from `seq` until the write `until`. Superseded ones stay for as long
 *   as cursors live, which is what makes pages stable
 * - `active_canonical`: every version of every resource that was active under a `url|version`, never shortened: what
 *   was published once is told from it whatever became of the resource
 * - `record`: records that stand for themselves; `derived`: what can be made anew
 * - `text_index`, `range_index`, `canonical_index`, `fulltext`: index values of searchable versions (fhir/search/index-values.ts)
 */
const migrations = [
  `
  CREATE TABLE version (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, vid INTEGER NOT NULL,
    updated INTEGER NOT NULL, method TEXT NOT NULL, content TEXT, exact INTEGER NOT NULL,
    UNIQUE (type, id, vid)) STRICT;
  CREATE INDEX version_by_type ON version (type);
  CREATE TABLE current (type TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, vid INTEGER NOT NULL,
    deleted INTEGER NOT NULL, PRIMARY KEY (type, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE searchable (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, updated INTEGER NOT NULL,
    until INTEGER NOT NULL, superseded INTEGER) STRICT;
  CREATE INDEX searchable_by_type ON searchable (type);
  CREATE INDEX searchable_by_id ON searchable (type, id);
  CREATE INDEX searchable_superseded ON searchable (superseded) WHERE superseded IS NOT NULL;
  CREATE TABLE parameter (pid INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (type, name)) STRICT;
  CREATE TABLE text_index (pid INTEGER NOT NULL, value TEXT NOT NULL, qualifier TEXT NOT NULL, seq INTEGER NOT NULL,
    position INTEGER NOT NULL, extra TEXT NOT NULL, PRIMARY KEY (pid, value, qualifier, seq, position)) STRICT, WITHOUT ROWID;
  CREATE INDEX text_by_version ON text_index (seq, pid);
  CREATE TABLE range_index (pid INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, system TEXT NOT NULL,
    code TEXT NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (pid, low, high, seq, position, system, code)) STRICT, WITHOUT ROWID;
  CREATE INDEX range_by_version ON range_index (seq, pid);
  CREATE TABLE canonical_index (type TEXT NOT NULL, url TEXT NOT NULL, version TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (type, url, seq, version)) STRICT, WITHOUT ROWID;
  CREATE INDEX canonical_by_version ON canonical_index (seq);
  CREATE VIRTUAL TABLE fulltext USING fts5 (narrative, content, content='', contentless_delete=1,
    tokenize='unicode61 remove_diacritics 2');
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE derived (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;
  `,
  `
  CREATE TABLE active_canonical (type TEXT NOT NULL, url TEXT NOT NULL, version TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (type, url, version, seq)) STRICT, WITHOUT ROWID;
  INSERT INTO active_canonical (type, url, version, seq)
    SELECT type, url, version, seq FROM (
      SELECT type, seq, iif(bar > 0, substr(written, 1, bar - 1), written) AS url,
        coalesce(nullif(business, ''), iif(bar > 0, substr(written, bar + 1), '')) AS version
      FROM (SELECT type, seq, content ->> '$.url' AS written, content ->> '$.version' AS business,
          instr(content ->> '$.url', '|') AS bar
        FROM version WHERE content ->> '$.status' = 'active'))
    WHERE url <> '' AND version <> '';
  `,
  `
  CREATE TABLE record (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;
  `,
]

/** Number of the newest schema that this software knows: the one that it writes. */
export const schemaVersion = migrations.length

/** Whether a file is a database of another program. */
export function isForeign(connection: DatabaseSync): boolean {
  const number = (sql: string) => Number(Object.values(connection.prepare(sql).get() ?? {})[0])
  return number('SELECT count(*) FROM sqlite_schema') > 0 && number('PRAGMA application_id') !== applicationId
}

/** Number of the schema of a file; 0 for an empty one. @throws StartError for a file of another program, or of a newer version of this one */
export function schemaOf(connection: DatabaseSync, file: string): number {
  if (isForeign(connection)) throw startError(file, 'it is a database of another program')
  const number = (sql: string) => Number(Object.values(connection.prepare(sql).get() ?? {})[0])
  const tables = number('SELECT count(*) FROM sqlite_schema')
  const version = number('PRAGMA user_version')
  if (version > schemaVersion) {
    const known = `schema ${version}, this version knows up to ${schemaVersion}`
    throw startError(file, `it was written by a newer version of vidimus (${known})`)
  }
  return tables > 0 ? version : 0
}

/** The store cannot be opened. */
export class StartError extends Error {
  /** Marks what a person can act on, as the errors of files and ports are marked. */
  readonly code = 'STORE_NOT_USABLE'
}

/** Why the store cannot be opened, and what to do. */
export function startError(file: string, what: string, cause?: unknown): StartError {
  const advice = 'Restore it from a backup, or set STORAGE_URL to another file.'
  return new StartError(`The store ${file} is not usable: ${what}. ${advice}`, { cause })
}

/**
 * Makes a file ready: checked, unless it is known to be whole, with the journal that survives a power cut, and of the schema of today.
 * @throws StartError that says what is wrong with it
 */
export function prepareFile(connection: DatabaseSync, file: string, isKnown = false): void {
  const version = schemaOf(connection, file)
  if (version > 0 && file !== ':memory:' && !isKnown && statSync(file).size <= checkedBytes) {
    const answer = String(Object.values(connection.prepare('PRAGMA quick_check(1)').get() ?? {})[0])
    if (answer !== 'ok') throw startError(file, `it is damaged (${answer})`)
  }
  // FULL makes every commit wait for the disk: what was acknowledged survives a power cut, not just a kill
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768')
  connection.exec('PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456')
  // a store that is up to date is opened without the write lock: other processes may be busy
  if (version < migrations.length) migrate(connection, file, version)
}

function migrate(connection: DatabaseSync, file: string, from: number): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    // asked again inside the transaction: another process may have been faster
    const version = Number(connection.prepare('PRAGMA user_version').get()?.user_version)
    if (version > 0 && !hasExact(connection)) connection.exec(addExact)
    for (const step of migrations.slice(version)) connection.exec(step)
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    if (from === 0) throw error
    const what = `it cannot be brought from schema ${from} to ${migrations.length} (${textOf(error)}) and is as it was`
    const advice =
      'Keep a backup of it (`vidimus backup <file>` reads it as it stands), and go on with the version of before.'
    throw new StartError(`The store ${file} is not usable: ${what}. ${advice}`, { cause: error })
  }
}

/** The first stores of schema 1 had no texts of decimals. */
const addExact = 'ALTER TABLE version ADD COLUMN exact INTEGER NOT NULL DEFAULT 0'

/** Whether versions say that they have decimals whose text is kept. */
export const hasExact = (connection: DatabaseSync): boolean =>
  connection.prepare("SELECT 1 FROM pragma_table_info('version') WHERE name = 'exact'").get() !== undefined

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
