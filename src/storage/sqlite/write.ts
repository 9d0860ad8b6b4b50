/** What writes of one transaction read and change in the SQLite store: versions, and the index rows of what searches see. */
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { searchIndex } from '../../fhir/search/index-values.ts'
import type { Resource } from '../../fhir/types.ts'
import type { PublishedVersion, StoredVersion, Write } from '../storage.ts'
import { type Current, checkJudgement, type NewVersion, resourceOf, type WriteContext } from '../write.ts'
import { columns, type Database, endOfTime, lastSequence, lastSequenceOf, toVersion, toVersions } from './database.ts'

/** Numbers of search parameters, and the writing of index rows. */
export interface IndexWriter {
  /** Number of a parameter; undefined when nothing was ever indexed for it. */
  parameterNumber(type: string, name: string): number | undefined
  /** Indexes one version. */
  add(seq: number, resource: Resource): void
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
    reset: () => numbers.clear(),
  }
}

/**
 * Begins the writes of a transaction, which must be open.
 * @param writes are looked at for what they were judged by
 * @throws FhirError 409 when types were written since one was judged
 */
export function beginWrites(
  { database, index }: { database: Database; index: IndexWriter },
  clock: number,
  writes: readonly Write[],
): WriteContext {
  for (const each of writes) checkJudgement(each, (types) => lastSequenceOf(database, types))
  let sequence = lastSequence(database)
  const last = database.get('SELECT updated FROM version WHERE seq = ?', sequence)
  // a clock that was set back must not turn the order of versions around
  const now = Math.max(clock, Number(last?.updated ?? 0))
  return {
    now,
    current: (type, id) => {
      const row = database.get('SELECT seq, vid, deleted FROM current WHERE type = ? AND id = ?', type, id)
      return row && { seq: Number(row.seq), vid: Number(row.vid), deleted: row.deleted === 1 }
    },
    stored: ({ seq }) => {
      const row = database.get(`SELECT ${columns} FROM version v WHERE v.seq = ?`, seq)
      const version = toVersion(row)
      const content = typeof row?.content === 'string' ? { text: row.content, exact: row.exact === 1 } : undefined
      return version && { version, content }
    },
    updated: ({ seq }) => Number(database.get('SELECT updated FROM version WHERE seq = ?', seq)?.updated),
    isRecorded: (type, { url, version }, { seq }) => {
      const where = 'type = ? AND url = ? AND version = ? AND seq = ?'
      return database.get(`SELECT 1 FROM active_canonical WHERE ${where}`, type, url, version, seq) !== undefined
    },
    published: (type, canonical) => publishedVersion(database, type, canonical),
    insert: (made, current) => {
      sequence++
      return insertVersion(made, { current, seq: sequence, now }, { database, index })
    },
  }
}

/** {@link Storage.published} */
export function publishedVersion(
  database: Database,
  type: string,
  { url, version }: { url: string; version: string },
): PublishedVersion | undefined {
  const from = 'active_canonical a JOIN version v ON v.seq = a.seq'
  const where = 'a.type = ? AND a.url = ? AND a.version = ?'
  const newest = `SELECT ${columns} FROM ${from} WHERE ${where} ORDER BY a.seq DESC LIMIT 1`
  const published = toVersion(database.get(newest, type, url, version))
  if (!published) return undefined
  const inForce = `SELECT 1 FROM active_canonical a JOIN current c ON c.seq = a.seq WHERE ${where} LIMIT 1`
  if (database.get(inForce, type, url, version)) return published
  const retired = `SELECT DISTINCT ${columns} FROM version v JOIN (SELECT DISTINCT v.id FROM ${from} WHERE ${where}) p ON p.id = v.id
    WHERE v.type = ? AND v.content ->> '$.status' = 'retired' ORDER BY v.seq DESC`
  const isRetired = toVersions(database.all(retired, type, url, version, type)).some(({ resource }) => {
    const own = resource && artefactCanonical(resource)
    return own?.url === url && own.version === version
  })
  return isRetired ? { ...published, isRetired } : published
}

interface Place {
  current: Current | undefined
  seq: number
  now: number
}

function insertVersion(
  made: NewVersion,
  { current, seq, now }: Place,
  { database, index }: { database: Database; index: IndexWriter },
): StoredVersion {
  const { type, id, method, content, recorded } = made
  const vid = (current?.vid ?? 0) + 1
  const insert =
    'INSERT INTO version (seq, type, id, vid, updated, method, content, exact) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
  database.run(insert, seq, type, id, vid, now, method, content?.text ?? null, content?.exact ? 1 : 0)
  const isDeletion = content === undefined ? 1 : 0
  const replace = 'INSERT OR REPLACE INTO current (type, id, seq, vid, deleted) VALUES (?, ?, ?, ?, ?)'
  database.run(replace, type, id, seq, vid, isDeletion)
  if (current && !current.deleted) {
    database.run('UPDATE searchable SET until = ?, superseded = ? WHERE seq = ?', seq, now, current.seq)
  }
  const resource = content && resourceOf(content)
  if (resource) {
    const searchable = 'INSERT INTO searchable (seq, type, id, updated, until) VALUES (?, ?, ?, ?, ?)'
    database.run(searchable, seq, type, id, now, endOfTime)
    index.add(seq, resource)
    const { url, version } = artefactCanonical(resource) ?? {}
    if (recorded && statusOf(resource) === 'active' && url !== undefined && version !== undefined) {
      const insertActive = 'INSERT OR IGNORE INTO active_canonical (type, url, version, seq) VALUES (?, ?, ?, ?)'
      database.run(insertActive, type, url, version, seq)
    }
  }
  return { type, id, versionId: String(vid), lastUpdated: new Date(now).toISOString(), resource, method }
}
