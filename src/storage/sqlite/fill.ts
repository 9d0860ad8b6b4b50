/** A new SQLite store out of the versions and records of another. */
import { open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { isResourceId } from '../../fhir/elements.ts'
import type { Resource } from '../../fhir/types.ts'
import { BackupError, type KeptVersion } from '../backup/format.ts'
import type { Filling } from '../backup/snapshot.ts'
import { type Database, endOfTime, lastSequence, openDatabase, readContent } from './database.ts'
import { expireCursors, reindexIfOutdated } from './index-values.ts'
import { createIndexWriter } from './write.ts'

/** What goes into a new file. */
type SqliteFiller = Pick<Filling, 'version' | 'record' | 'finish' | 'abandon'>

/**
 * Begins a store in a file that is not there yet. It is of use to nobody before it is finished.
 * @throws Error when the file cannot be made
 */
export function fillSqlite(file: string): SqliteFiller {
  const database = openDatabase(file)
  const index = createIndexWriter(database)
  reindexIfOutdated(database, index)
  // Nobody else has it, and what is interrupted is thrown away: until it is finished nothing waits for the disk.
  database.connection.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN')
  let last = 0
  return {
    async version(version) {
      if (version.seq <= last) throw wrong(version, 'the order of writes')
      last = version.seq
      insert(version, database)
    },
    record: async ({ kind, key, value }) =>
      database.run('INSERT INTO record (kind, key, value) VALUES (?, ?, ?)', kind, key, value),
    async finish(progress = () => {}) {
      const current = database.all(
        'SELECT seq, type, id, updated FROM (SELECT c.*, v.updated FROM current c JOIN version v ON v.seq = c.seq) WHERE deleted = 0 ORDER BY seq',
      )
      for (const [done, { seq, type, id, updated }] of current.entries()) {
        const row = database.get('SELECT content, exact FROM version WHERE seq = ?', Number(seq))
        const resource = row && readContent(row)
        const add = 'INSERT INTO searchable (seq, type, id, updated, until) VALUES (?, ?, ?, ?, ?)'
        database.run(add, Number(seq), String(type), String(id), Number(updated), endOfTime)
        if (resource) index.add(Number(seq), resource)
        if (done % 500 !== 0) continue
        progress(done, current.length)
        await nextTurn()
      }
      expireCursors(database, lastSequence(database))
      database.connection.exec('COMMIT; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL')
      database.close()
      await throughToDisk(file)
    },
    abandon: async () => {
      if (database.connection.isOpen) database.close()
    },
  }
}

async function throughToDisk(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const wrong = ({ type, id, vid }: Pick<KeptVersion, 'type' | 'id' | 'vid'>, what: string) =>
  new BackupError(`The backup is damaged: ${what} is not kept at version ${vid} of ${type}/${id}. Nothing was changed.`)

function insert(version: KeptVersion, database: Database): void {
  const { seq, type, id, vid, updated, method, exact, published, content } = version
  if (!/^[A-Z][A-Za-z]{1,63}$/.test(type) || !isResourceId(id)) throw wrong(version, 'the form of a name')
  const before = database.get('SELECT vid, deleted FROM current WHERE type = ? AND id = ?', type, id)
  if (vid !== Number(before?.vid ?? 0) + 1) throw wrong(version, 'the order of versions')
  if (content === undefined && (before === undefined || before.deleted === 1)) throw wrong(version, 'a deletion')
  const resource = content === undefined ? undefined : resourceOf(version, content)
  const add =
    'INSERT INTO version (seq, type, id, vid, updated, method, content, exact) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
  database.run(add, seq, type, id, vid, updated, method, content ?? null, exact ? 1 : 0)
  const replace = 'INSERT OR REPLACE INTO current (type, id, seq, vid, deleted) VALUES (?, ?, ?, ?, ?)'
  database.run(replace, type, id, seq, vid, resource ? 0 : 1)
  if (!published) return
  const canonical = resource && artefactCanonical(resource)
  if (!resource || statusOf(resource) !== 'active' || canonical?.version === undefined)
    throw wrong(version, 'what was published')
  const active = 'INSERT INTO active_canonical (type, url, version, seq) VALUES (?, ?, ?, ?)'
  database.run(active, type, canonical.url, canonical.version, seq)
}

/** @throws BackupError when it is not the resource that the version says */
function resourceOf(version: KeptVersion, content: string): Resource {
  const { type, id, vid, updated, exact } = version
  let resource: Resource
  try {
    const read = readContent({ content, exact: exact ? 1 : 0 })
    if (!read) throw new TypeError('it is empty')
    resource = read
  } catch (error) {
    throw new BackupError(wrong(version, 'a resource').message, { cause: error })
  }
  const { versionId, lastUpdated } = resource.meta ?? {}
  const isThis =
    resource.resourceType === type &&
    resource.id === id &&
    versionId === String(vid) &&
    lastUpdated === new Date(updated).toISOString()
  if (!isThis) throw wrong(version, 'the name of a resource')
  return resource
}
