/** Index values of resources in the SQLite store. */
import { createHash } from 'node:crypto'
import { searchIndex } from '../../fhir/search/index-values.ts'
import { searchableTypes, searchParameters } from '../../fhir/search/parse-search.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Database } from './database.ts'

/** To be raised when extraction changes and the table of parameters does not. */
const extraction = 2

/** Numbers of search parameters, and the writing of index rows. */
export interface IndexWriter {
  /** Number of a parameter; undefined when nothing was ever indexed for it. */
  parameterNumber(type: string, name: string): number | undefined
  /** Indexes one version. */
  add(seq: number, resource: Resource): void
  /** Forgets index rows of versions superseded before that time (milliseconds). Must run in a transaction. */
  purge(before: number): void
  /** After a rollback: forgets what the undone transaction taught it. */
  reset(): void
}

const insertText =
  'INSERT OR IGNORE INTO text_index (pid, value, qualifier, seq, position, extra) VALUES (?, ?, ?, ?, ?, ?)'
const insertRange =
  'INSERT OR IGNORE INTO range_index (pid, low, high, system, code, seq, position) VALUES (?, ?, ?, ?, ?, ?, ?)'
const insertCanonical = 'INSERT OR IGNORE INTO canonical_index (type, url, version, seq) VALUES (?, ?, ?, ?)'

/** The index of an open database. */
export function createIndexWriter(database: Database): IndexWriter {
  const numbers = new Map<string, number>()
  const find = (type: string, name: string): number | undefined => {
    const key = `${type}.${name}`
    const known = numbers.get(key)
    if (known !== undefined) return known
    const row = database.get('SELECT pid FROM parameter WHERE type = ? AND name = ?', type, name)
    if (row) numbers.set(key, Number(row.pid))
    return numbers.get(key)
  }
  const findOrMake = (type: string, name: string): number => {
    const known = find(type, name)
    if (known !== undefined) return known
    database.run('INSERT INTO parameter (type, name) VALUES (?, ?)', type, name)
    return find(type, name) ?? 0
  }
  return {
    parameterNumber: find,
    add: (seq, resource) => {
      const type = resource.resourceType
      const index = searchIndex(resource)
      for (const each of index.texts) {
        const pid = findOrMake(type, each.parameter)
        database.run(insertText, pid, each.value, each.qualifier, seq, each.position, each.extra)
      }
      for (const each of index.ranges) {
        const pid = findOrMake(type, each.parameter)
        database.run(insertRange, pid, each.low, each.high, each.system, each.code, seq, each.position)
      }
      for (const { url, version } of index.canonicals) database.run(insertCanonical, type, url, version, seq)
      database.run(
        'INSERT INTO fulltext (rowid, narrative, content) VALUES (?, ?, ?)',
        seq,
        index.narrative,
        index.content,
      )
    },
    purge: (before) => purge(database, before),
    reset: () => numbers.clear(),
  }
}

function purge(database: Database, before: number): void {
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
