/** Index rows of the SQLite store: which are forgotten, and when all are made anew. */
import { createHash } from 'node:crypto'
import { searchableTypes, searchParameters } from '../../fhir/search/parse-search.ts'
import type { Database } from './database.ts'
import type { IndexWriter } from './write.ts'

/** To be raised when extraction changes and the table of parameters does not. */
const extraction = 2

/** Forgets index rows of versions superseded before that time (milliseconds). Must run in a transaction. */
export function purge(database: Database, before: number): void {
  const gone = database.all('SELECT seq, until FROM searchable WHERE superseded < ?', before)
  let latest = 0
  for (const { seq, until } of gone) {
    const version = Number(seq)
    removeRows(database, version)
    database.run('DELETE FROM searchable WHERE seq = ?', version)
    latest = Math.max(latest, Number(until))
  }
  if (latest > purgedUntil(database)) writeSetting(database, 'purged', String(latest))
}

/** Takes a version out of every index. */
export function removeRows(database: Database, seq: number): void {
  for (const table of ['text_index', 'range_index', 'canonical_index']) {
    database.run(`DELETE FROM ${table} WHERE seq = ?`, seq)
  }
  database.run('DELETE FROM fulltext WHERE rowid = ?', seq)
}

/** States before this write are not complete any more: a cursor that looks at one has expired. */
export function purgedUntil(database: Database): number {
  return Number(readSetting(database, 'purged') ?? 0)
}

/** Says that no state before this write is complete: what was superseded until then is in no index. */
export function expireCursors(database: Database, sequence: number): void {
  writeSetting(database, 'purged', String(sequence))
}

/**
 * Makes the index anew when the search parameters have changed since it was made (a new version of the server).
 * Takes about a second for 10,000 resources.
 */
export function reindexIfOutdated(database: Database, index: IndexWriter): void {
  const table = searchableTypes.map((type) =>
    [...searchParameters(type).values()].map(({ parts: _, joins: _joins, ...rest }) => rest),
  )
  const stamp = createHash('sha256')
    .update(JSON.stringify([extraction, table]))
    .digest('hex')
  if (readSetting(database, 'index') === stamp) return
  database.transaction('write', () => {
    if (readSetting(database, 'index') === stamp) return
    const rows = database.all('SELECT seq FROM searchable')
    for (const row of rows) {
      const seq = Number(row.seq)
      const content = database.get('SELECT content FROM version WHERE seq = ?', seq)?.content
      removeRows(database, seq)
      if (typeof content === 'string') index.add(seq, JSON.parse(content))
    }
    writeSetting(database, 'index', stamp)
  })
}

function readSetting(database: Database, name: string): string | undefined {
  const row = database.get('SELECT value FROM setting WHERE name = ?', name)
  return row && String(row.value)
}

function writeSetting(database: Database, name: string, value: string): void {
  database.run('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value)
}
