/** Writes of one transaction in the SQLite store. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { hasExactNumbers } from '../../base/exact-number.ts'
import { stringifyJson } from '../../base/json.ts'
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { isResourceId } from '../../fhir/elements.ts'
import { badRequest, FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import type { CurrentVersion, PublishedVersion, StoredVersion, Write, Written } from '../storage.ts'
import { columns, type Database, endOfTime, lastSequenceOf, readContent, toVersion, toVersions } from './database.ts'
import type { IndexWriter } from './index-values.ts'

/** What all writes of a transaction share. */
export interface WriteContext {
  database: Database
  index: IndexWriter
  /** Time of the transaction, milliseconds; not before that of the one before it. */
  now: number
  /** Number of the last version written. */
  sequence: number
}

interface Current {
  seq: number
  vid: number
  deleted: boolean
}

/**
 * Carries out one write; must run in a transaction.
 * @param earlier what became of the writes of the transaction before this one
 * @throws FhirError 400, 409, 412 or 422: then the transaction must be rolled back.
 */
export function writeOne(given: Write, context: WriteContext, earlier: readonly Written[]): Written {
  const write = completed(given, earlier)
  if (write) return carryOut(write, context)
  const { type, id = '', method } = given
  const lastUpdated = new Date(context.now).toISOString()
  return { version: { type, id, versionId: '0', lastUpdated, resource: undefined, method }, outcome: 'unchanged' }
}

/** The write with the resource that is made for it now; undefined when there is none. */
function completed(write: Write, earlier: readonly Written[]): Write | undefined {
  if (!write.resourceFor) return write
  const resource = write.resourceFor(earlier)
  return resource && { ...write, resource }
}

function carryOut(write: Write, context: WriteContext): Written {
  const id = write.id ?? (write.method === 'POST' ? randomUUID() : undefined)
  if (id === undefined || !isResourceId(id)) {
    throw badRequest(
      { text: `"${String(id).slice(0, 80)}" is not a resource id.`, expression: `${write.type}.id` },
      'value',
    )
  }
  if (!/^[A-Z][A-Za-z]{1,63}$/.test(write.type))
    throw badRequest(`"${write.type.slice(0, 80)}" is not a resource type.`)
  const current = readCurrent(context.database, write.type, id)
  checkPreconditions(write, id, current)
  return write.method === 'DELETE'
    ? remove({ ...write, id }, current, context)
    : save({ ...write, id }, current, context)
}

function readCurrent(database: Database, type: string, id: string): Current | undefined {
  const row = database.get('SELECT seq, vid, deleted FROM current WHERE type = ? AND id = ?', type, id)
  return row && { seq: Number(row.seq), vid: Number(row.vid), deleted: row.deleted === 1 }
}

function checkPreconditions(write: Write, id: string, current: Current | undefined): void {
  const exists = current !== undefined && !current.deleted
  const name = `${write.type}/${id}`
  const isCurrent = (versions: readonly string[]) =>
    exists && (versions.includes('*') || versions.includes(String(current.vid)))
  if (write.ifNoneMatch && isCurrent(write.ifNoneMatch))
    throw failed(`${name} exists already, at version ${current?.vid} (If-None-Match).`)
  if (write.ifMatch && !isCurrent(write.ifMatch)) {
    const actual = exists ? `the current version is ${current.vid}` : 'it does not exist'
    throw failed(`${name} is not at version ${write.ifMatch.join(', ').slice(0, 64)}: ${actual}.`)
  }
  if (write.method === 'POST' && exists) throw new FhirError(409, issue('duplicate', `${name} exists already.`))
}

const failed = (message: string) => new FhirError(412, issue('conflict', message))

function remove(write: Write & { id: string }, current: Current | undefined, context: WriteContext): Written {
  const { type, id } = write
  if (current && !current.deleted) {
    const stored = write.unlessInForce && storedAs(current, context)
    if (stored) write.unlessInForce?.(stored)
    const version = insertVersion({ type, id, method: 'DELETE', content: undefined }, current, context)
    return { version, outcome: 'deleted' }
  }
  const updated = current && context.database.get('SELECT updated FROM version WHERE seq = ?', current.seq)?.updated
  const lastUpdated = new Date(updated === undefined ? context.now : Number(updated)).toISOString()
  const versionId = String(current?.vid ?? 0)
  return { version: { type, id, versionId, lastUpdated, resource: undefined, method: 'DELETE' }, outcome: 'unchanged' }
}

const rowOf = (current: Current, { database }: WriteContext) =>
  database.get(`SELECT ${columns} FROM version v WHERE v.seq = ?`, current.seq)

function storedAs(current: Current, context: WriteContext): CurrentVersion | undefined {
  const stored = toVersion(rowOf(current, context))
  return stored && withRecord(stored, current, context)
}

/** The version, with what is known of how it came to be in force. */
function withRecord(stored: StoredVersion, current: Current, { database }: WriteContext): CurrentVersion {
  const { resource } = stored
  const { url, version } = (resource && statusOf(resource) === 'active' && artefactCanonical(resource)) || {}
  if (url === undefined || version === undefined) return stored
  const recorded = database.get(
    'SELECT 1 FROM active_canonical WHERE type = ? AND url = ? AND version = ? AND seq = ?',
    stored.type,
    url,
    version,
    current.seq,
  )
  return recorded ? stored : { ...stored, isUnrecorded: true }
}

function save(write: Write & { id: string }, current: Current | undefined, context: WriteContext): Written {
  const { type, id, resource } = write
  if (resource?.resourceType !== type) {
    throw badRequest(`The body must be a ${type}, it is ${resource ? `a ${resource.resourceType}` : 'empty'}.`)
  }
  const published = write.unlessPublished && publishedVersion(context.database, type, artefactCanonical(resource))
  if (published) write.unlessPublished?.(published)
  if (write.method === 'PUT' && current && !current.deleted) {
    const row = rowOf(current, context)
    const stored = toVersion(row)
    if (row && stored && isUnchanged(resource, row, stored)) return { version: stored, outcome: 'unchanged' }
    if (stored && write.unlessInForce) write.unlessInForce(withRecord(stored, current, context))
  }
  const stamp = { versionId: String((current?.vid ?? 0) + 1), lastUpdated: new Date(context.now).toISOString() }
  const content = serialise(stamped(resource, id, stamp))
  const recorded = write.unrecorded !== true
  const version = insertVersion({ type, id, method: write.method, content, recorded }, current, context)
  return { version, outcome: current && !current.deleted ? 'updated' : 'created' }
}

/** {@link Storage.published} */
export function publishedVersion(
  database: Database,
  type: string,
  canonical: { url: string; version?: string } | undefined,
): PublishedVersion | undefined {
  if (canonical?.version === undefined) return undefined
  const { url, version } = canonical
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

/** @throws FhirError 409 lock-error when types were written since a write was judged */
export function checkJudgement({ judgedAt }: Write, database: Database): void {
  if (!judgedAt || lastSequenceOf(database, judgedAt.types) === judgedAt.revision) return
  throw new FhirError(409, issue('lock-error', 'Somebody wrote while this was judged; try again.'))
}

/** Whether a resource says what is stored; `meta.versionId` and `meta.lastUpdated` do not count. */
function isUnchanged(resource: Resource, row: Record<string, unknown>, stored: StoredVersion): boolean {
  const wanted = serialise(stamped(resource, stored.id, stored))
  if (wanted.text === row.content) return true
  // members may stand in another order; with exact decimals only the text tells whether they are the same
  if (wanted.exact || row.exact === 1) return false
  return isDeepStrictEqual(JSON.parse(wanted.text), stored.resource)
}

/** The resource as it is stored: id and meta first, with that version and time. */
function stamped(
  resource: Resource,
  id: string,
  { versionId, lastUpdated }: Pick<StoredVersion, 'versionId' | 'lastUpdated'>,
): Resource {
  const { resourceType, id: _id, meta: given, ...rest } = resource
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...meta } = given ?? {}
  return asResource({ resourceType, id, meta: { versionId, lastUpdated, ...meta }, ...rest })
}

function serialise(resource: Resource): Content {
  try {
    const exact = hasExactNumbers(resource)
    return { text: exact ? stringifyJson(resource) : JSON.stringify(resource), exact }
  } catch (error) {
    if (error instanceof RangeError) throw unprocessable('The resource is nested too deep or too big.', 'too-long')
    throw error
  }
}

interface Content {
  text: string
  exact: boolean
}

interface NewVersion {
  type: string
  id: string
  method: Write['method']
  content: Content | undefined
  /** Whether an active one is recorded as published. */
  recorded?: boolean
}

function insertVersion(made: NewVersion, current: Current | undefined, context: WriteContext): StoredVersion {
  const { database, now } = context
  const { type, id, method, content, recorded } = made
  context.sequence++
  const seq = context.sequence
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
  const resource: Resource | undefined = content && readContent({ content: content.text, exact: content.exact ? 1 : 0 })
  if (resource) {
    const searchable = 'INSERT INTO searchable (seq, type, id, updated, until) VALUES (?, ?, ?, ?, ?)'
    database.run(searchable, seq, type, id, now, endOfTime)
    context.index.add(seq, resource)
    const { url, version } = artefactCanonical(resource) ?? {}
    if (recorded && statusOf(resource) === 'active' && url !== undefined && version !== undefined) {
      const insertActive = 'INSERT OR IGNORE INTO active_canonical (type, url, version, seq) VALUES (?, ?, ?, ?)'
      database.run(insertActive, type, url, version, seq)
    }
  }
  return { type, id, versionId: String(vid), lastUpdated: new Date(now).toISOString(), resource, method }
}
