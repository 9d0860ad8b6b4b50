/** Stores as earlier versions of this software wrote them: the tables of each schema, in SQL of their own. */
import { DatabaseSync } from 'node:sqlite'

const index = `
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
`
const version = (exact: string) => `
  CREATE TABLE version (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, vid INTEGER NOT NULL,
    updated INTEGER NOT NULL, method TEXT NOT NULL, content TEXT, ${exact} UNIQUE (type, id, vid)) STRICT;
  CREATE INDEX version_by_type ON version (type);
`
const exact = version('exact INTEGER NOT NULL,')
const active = `
  CREATE TABLE active_canonical (type TEXT NOT NULL, url TEXT NOT NULL, version TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (type, url, version, seq)) STRICT, WITHOUT ROWID;
`
const record =
  'CREATE TABLE record (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;'

/** Every schema that there was, the last one that of today; each with the number that its stores have. */
export const oldSchemas = [
  { name: '1, as it was first', number: 1, sql: version('') + index, published: false },
  { name: '1', number: 1, sql: exact + index, published: false },
  { name: '2', number: 2, sql: exact + index + active, published: true },
  { name: '3', number: 3, sql: exact + index + active + record, published: true },
] as const

/** Number of the newest of them. */
export const newestSchema = 3

/** Resources in the order in which they were written; undefined deletes. */
const written: [id: string, content: object | undefined][] = [
  ['a', { url: 'http://example.org/a', version: '1', status: 'active', title: 'First' }],
  ['b', { url: 'http://example.org/b|2', status: 'active', title: 'Inside' }],
  ['a', { url: 'http://example.org/a', version: '2', status: 'active', title: 'Second' }],
  ['c', { url: 'http://example.org/c', version: '1', status: 'draft', title: 'Draft' }],
  ['d', { url: 'http://example.org/d', version: '1', status: 'active', title: 'Gone' }],
  ['d', undefined],
]

/** What was active under a version, in order. */
export const publishedNames = [
  'http://example.org/a|1',
  'http://example.org/b|2',
  'http://example.org/a|2',
  'http://example.org/d|1',
]

/** Writes a store with that schema, as its version left it: search entries that today's would not make. */
export function writeOldStore(file: string, { sql, number, published }: (typeof oldSchemas)[number]): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  const vids = new Map<string, number>()
  for (const [at, [id, given]] of written.entries()) {
    const seq = at + 1
    const vid = (vids.get(id) ?? 0) + 1
    vids.set(id, vid)
    const meta = { versionId: String(vid), lastUpdated: new Date(seq * 1000).toISOString() }
    const content = given && JSON.stringify({ resourceType: 'ValueSet', id, meta, ...given })
    const [more, value] = sql.includes('exact INTEGER') ? [', exact', ', 0'] : ['', '']
    database
      .prepare(
        `INSERT INTO version (seq, type, id, vid, updated, method, content${more}) VALUES (?, ?, ?, ?, ?, ?, ?${value})`,
      )
      .run(seq, 'ValueSet', id, vid, seq * 1000, content ? 'PUT' : 'DELETE', content ?? null)
    database
      .prepare('INSERT OR REPLACE INTO current (type, id, seq, vid, deleted) VALUES (?, ?, ?, ?, ?)')
      .run('ValueSet', id, seq, vid, content ? 0 : 1)
    database
      .prepare('UPDATE searchable SET until = ?, superseded = ? WHERE id = ? AND superseded IS NULL')
      .run(seq, seq * 1000, id)
    if (!content) continue
    database
      .prepare('INSERT INTO searchable (seq, type, id, updated, until) VALUES (?, ?, ?, ?, ?)')
      .run(seq, 'ValueSet', id, seq * 1000, Number.MAX_SAFE_INTEGER)
    const canonical = publishedNames.find(
      (name) => content.includes(name.split('|')[0] ?? '') && !content.includes('draft'),
    )
    const business = /"version":"(\d)"/.exec(content)?.[1] ?? '2'
    if (published && canonical)
      database
        .prepare('INSERT INTO active_canonical (type, url, version, seq) VALUES (?, ?, ?, ?)')
        .run('ValueSet', canonical.split('|')[0] ?? '', business, seq)
  }
  if (sql.includes('TABLE record')) database.exec("INSERT INTO record VALUES ('kind', 'key', 'value')")
  database.exec(`INSERT INTO setting VALUES ('index', 'of another version')`)
  database.exec(`PRAGMA application_id = ${0x76696469}; PRAGMA user_version = ${number}; PRAGMA journal_mode = WAL`)
  database.close()
}
