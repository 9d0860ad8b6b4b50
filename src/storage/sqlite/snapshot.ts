/** The whole of a SQLite store, read in one transaction: writers go on, and what they write is not in it. */
import type { KeptVersion } from '../backup/format.ts'
import type { StoreSnapshot } from '../backup/snapshot.ts'
import { type Database, lastSequence, openAsItStands } from './database.ts'
import { hasExact } from './schema.ts'

/**
 * Tables by what becomes of them in a backup: what is kept, and what a restore makes anew. A table that is in neither list would be
 * lost in silence: it is refused.
 */
const kept = ['version', 'record', 'active_canonical']
const madeAnew = [
  'current',
  'searchable',
  'parameter',
  'text_index',
  'range_index',
  'canonical_index',
  'setting',
  'derived',
]

/**
 * The store in a file as it stands now, whatever its schema is.
 * @throws Error when it is no store that this version can read
 */
export function openSqliteSnapshot(file: string): StoreSnapshot {
  const { database, schema } = openAsItStands(file)
  const { connection } = database
  try {
    connection.exec('BEGIN')
    if (schema > 0) refuseUnknownTables(database)
    const has = (table: string) =>
      database.get("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", table) !== undefined
    const published = schema === 0 ? new Set<number>() : publishedIn(database, has('active_canonical'))
    return {
      revision: schema === 0 ? 0 : lastSequence(database),
      versionCount: schema === 0 ? 0 : Number(database.get('SELECT count(*) AS number FROM version')?.number),
      async *versions() {
        if (schema === 0) return
        const exact = hasExact(connection) ? 'exact' : '0 AS exact'
        const sql = `SELECT seq, type, id, vid, updated, method, content, ${exact} FROM version ORDER BY seq`
        for (const row of connection.prepare(sql).iterate()) yield versionOf(row, published)
      },
      async *records() {
        if (!has('record')) return
        for (const row of connection.prepare('SELECT kind, key, value FROM record ORDER BY kind, key').iterate())
          yield { kind: String(row.kind), key: String(row.key), value: String(row.value) }
      },
      close: async () => database.close(),
    }
  } catch (error) {
    database.close()
    throw error
  }
}

function refuseUnknownTables(database: Database): void {
  const names = database.all("SELECT name FROM sqlite_schema WHERE type = 'table'").map(({ name }) => String(name))
  const unknown = names.filter((name) => !/^(?:sqlite_|fulltext)/.test(name) && ![...kept, ...madeAnew].includes(name))
  if (unknown.length > 0) throw new Error(`the store has tables that are not known here: ${unknown.join(', ')}`)
}

/** Numbers of the versions that count as published; a store of before there was a list of them counts as its migration does. */
function publishedIn(database: Database, hasList: boolean): Set<number> {
  const sql = hasList
    ? 'SELECT DISTINCT seq FROM active_canonical'
    : `SELECT seq FROM version WHERE content ->> '$.status' = 'active' AND content ->> '$.url' <> ''
        AND (coalesce(content ->> '$.version', '') <> '' OR content ->> '$.url' LIKE '_%|_%')`
  return new Set(database.all(sql).map(({ seq }) => Number(seq)))
}

function versionOf(row: Record<string, unknown>, published: ReadonlySet<number>): KeptVersion {
  const seq = Number(row.seq)
  const isDeletion = typeof row.content !== 'string'
  return {
    seq,
    type: String(row.type),
    id: String(row.id),
    vid: Number(row.vid),
    updated: Number(row.updated),
    method: isDeletion ? 'DELETE' : row.method === 'POST' ? 'POST' : 'PUT',
    exact: row.exact === 1,
    published: published.has(seq),
    content: isDeletion ? undefined : String(row.content),
  }
}
