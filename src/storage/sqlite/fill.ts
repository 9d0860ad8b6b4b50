/** A new SQLite store out of the versions and records of another. */
import { open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { artefactCanonical } from '../../fhir/artefact.ts'
import type { KeptVersion } from '../backup/format.ts'
import { keptResource, notKept } from '../backup/kept.ts'
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
      if (version.seq <= last) throw notKept(version, 'the order of writes')
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

function insert(version: KeptVersion, database: Database): void {
  const { seq, type, id, vid, updated, method, exact, published, content } = version
  const row = database.get('SELECT vid, deleted FROM current WHERE type = ? AND id = ?', type, id)
  const resource = keptResource(version, row && { vid: Number(row.vid), isDeletion: row.deleted === 1 })
  const add =
    'INSERT INTO version (seq, type, id, vid, updated, method, content, exact) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
  database.run(add, seq, type, id, vid, updated, method, content ?? null, exact ? 1 : 0)
  const replace = 'INSERT OR REPLACE INTO current (type, id, seq, vid, deleted) VALUES (?, ?, ?, ?, ?)'
  database.run(replace, type, id, seq, vid, resource ? 0 : 1)
  const canonical = published && resource && artefactCanonical(resource)
  if (!canonical || canonical.version === undefined) return
  const active = 'INSERT INTO active_canonical (type, url, version, seq) VALUES (?, ?, ?, ?)'
  database.run(active, type, canonical.url, canonical.version, seq)
}
