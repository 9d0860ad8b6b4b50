/** Whether a SQLite store fits together: its pages, its versions, and the search entries as they would be made today. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Resource } from '../../fhir/types.ts'
import { versionFault } from '../backup/kept.ts'
import { type Database, endOfTime, openAsItStands, readContent } from './database.ts'

import { schemaVersion } from './schema.ts'
import { createIndexWriter } from './write.ts'

/** The tables of search entries once more, with the same names: in a statement the temporary ones come first. */
const shadow = `
  CREATE TEMP TABLE parameter AS SELECT * FROM main.parameter;
  CREATE TEMP TABLE text_index (pid, value, qualifier, seq, position, extra, PRIMARY KEY (pid, value, qualifier, seq, position));
  CREATE TEMP TABLE range_index (pid, low, high, system, code, seq, position, PRIMARY KEY (pid, low, high, seq, position, system, code));
  CREATE TEMP TABLE canonical_index (type, url, version, seq, PRIMARY KEY (type, url, seq, version));
  CREATE VIRTUAL TABLE temp.fulltext USING fts5 (narrative, content, content='', contentless_delete=1,
    tokenize='unicode61 remove_diacritics 2');
  CREATE VIRTUAL TABLE temp.stored_words USING fts5vocab('main', 'fulltext', 'instance');
  CREATE VIRTUAL TABLE temp.made_words USING fts5vocab('temp', 'fulltext', 'instance');
`

/** What of an index is compared: its rows, as they stand there and as they are made. */
const compared = {
  text_index: 'pid, value, qualifier, seq, position, extra',
  range_index: 'pid, low, high, system, code, seq, position',
  canonical_index: 'type, url, version, seq',
}

/** Faults of one kind that are told one by one. */
const mostTold = 20

/**
 * Everything that does not fit together, one sentence each; nothing of the store is changed.
 * @throws Error when it cannot be read, or has a schema of before
 */
export async function* sqliteFaults(
  file: string,
  progress: (done: number, total: number) => void = () => {},
): AsyncGenerator<string> {
  const { database, schema } = openAsItStands(file)
  try {
    if (schema < schemaVersion)
      throw new Error(
        `the store has the schema ${schema} of ${schemaVersion}: start this version of the server once, and check then`,
      )
    database.connection.exec('BEGIN')
    for (const { integrity_check: told } of database.all(`PRAGMA integrity_check(${mostTold})`))
      if (told !== 'ok') yield `the file is damaged: ${told}`
    yield* structureFaults(database)
    yield* versionFaults(database, progress)
    yield* indexFaults(database)
  } finally {
    database.close()
  }
}

/** Questions that have no answer in a whole store: what is told of each row. */
const questions: [sql: string, told: string][] = [
  [
    `SELECT type || '/' || id AS name FROM version GROUP BY type, id HAVING min(vid) <> 1 OR max(vid) <> count(*)`,
    'a version is missing in the history of',
  ],
  [
    `SELECT type || '/' || id AS name FROM (SELECT type, id, max(vid) AS vid FROM version GROUP BY type, id) v
      WHERE NOT EXISTS (SELECT 1 FROM current c JOIN version n ON n.seq = c.seq
        WHERE c.type = v.type AND c.id = v.id AND c.vid = v.vid AND n.type = v.type AND n.id = v.id AND n.vid = v.vid
          AND c.deleted = (n.content IS NULL))`,
    'the newest version is not the current one of',
  ],
  [
    `SELECT type || '/' || id AS name FROM current c WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.seq = c.seq)`,
    'there is no version of',
  ],
  [
    `SELECT type || '/' || id AS name FROM current c WHERE deleted = 0 AND NOT EXISTS
      (SELECT 1 FROM searchable s WHERE s.seq = c.seq AND s.until = ${endOfTime})`,
    'searches do not see',
  ],
  [
    `SELECT s.type || '/' || s.id AS name FROM searchable s LEFT JOIN current c ON c.seq = s.seq AND c.deleted = 0
      WHERE s.until = ${endOfTime} AND c.seq IS NULL`,
    'searches see what is not current of',
  ],
  [
    `SELECT a.url || '|' || a.version AS name FROM active_canonical a LEFT JOIN version v ON v.seq = a.seq AND v.type = a.type
      WHERE v.seq IS NULL`,
    'there is no version of what was published as',
  ],
]

function* structureFaults(database: Database): Generator<string> {
  for (const [sql, told] of questions)
    for (const { name } of database.all(`${sql} LIMIT ${mostTold}`)) yield `${told} ${name}`
}

async function* versionFaults(database: Database, progress: (done: number, total: number) => void) {
  const published = new Map<number, { url: string; version: string }>()
  for (const { seq, url, version } of database.all('SELECT seq, url, version FROM active_canonical'))
    published.set(Number(seq), { url: String(url), version: String(version) })
  const total = Number(database.get('SELECT count(*) AS number FROM version')?.number)
  let done = 0
  let told = 0
  const sql = 'SELECT seq, type, id, vid, updated, content, exact FROM version ORDER BY seq'
  for (const row of database.connection.prepare(sql).iterate()) {
    const { seq, type, id, vid, updated, content, exact } = row
    const version = { type: String(type), id: String(id), vid: Number(vid), updated: Number(updated) }
    const text = content === null ? undefined : String(content)
    const fault = versionFault({ ...version, exact: exact === 1, content: text }, published.get(Number(seq)))
    if (fault !== undefined && ++told <= mostTold) yield `version ${row.vid} of ${row.type}/${row.id}: ${fault}`
    if (++done % 500 !== 0) continue
    progress(done, total)
    await nextTurn()
  }
  if (told > mostTold) yield `${told - mostTold} more versions have faults`
}

async function* indexFaults(database: Database): AsyncGenerator<string> {
  database.connection.exec(shadow)
  const index = createIndexWriter(database)
  const rows = database.all('SELECT seq FROM main.searchable')
  for (const [done, { seq }] of rows.entries()) {
    const row = database.get('SELECT content, exact FROM main.version WHERE seq = ?', Number(seq))
    const resource = row && resourceOf(row)
    if (resource) index.add(Number(seq), resource)
    if (done % 200 === 0) await nextTurn()
  }
  for (const [table, columns] of Object.entries(compared)) {
    const [here, made] = [`SELECT ${columns} FROM main.${table}`, `SELECT ${columns} FROM temp.${table}`]
    yield* told(database, `${here} EXCEPT ${made}`, 'seq', `has an entry in ${table} that it should not have`)
    yield* told(database, `${made} EXCEPT ${here}`, 'seq', `lacks an entry in ${table}`)
  }
  const words = (table: string) => `SELECT term, doc, col, offset FROM temp.${table}`
  const [here, made] = [words('stored_words'), words('made_words')]
  yield* told(database, `${here} EXCEPT ${made}`, 'doc', 'is found by words that it does not have')
  yield* told(database, `${made} EXCEPT ${here}`, 'doc', 'is not found by all its words')
}

function resourceOf(row: Record<string, unknown>): Resource | undefined {
  try {
    return readContent(row)
  } catch {
    return undefined // told with the versions
  }
}

function* told(database: Database, sql: string, column: string, what: string): Generator<string> {
  const found = database.all(`SELECT DISTINCT d.${column} AS seq, v.type, v.id, v.vid FROM (${sql}) d
    LEFT JOIN main.version v ON v.seq = d.${column} ORDER BY 1 LIMIT ${mostTold}`)
  for (const { seq, type, id, vid } of found)
    yield `${type === null ? `write ${seq}` : `version ${vid} of ${type}/${id}`} ${what}`
}
