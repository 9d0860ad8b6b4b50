/** Pages of searches and histories in the SQLite store: keyset paging over the state at the time of the first page. */

import { badRequest } from '../../fhir/error.ts'
import { instantParameter } from '../../fhir/search/parse-search.ts'
import { type Cursor, expiredCursor, formatCursor, parseCursor, queryHash } from '../cursor.ts'
import type { HistoryQuery, SearchPage, SearchQuery, StoredVersion } from '../storage.ts'
import { columns, type Database, lastSequence, toVersion } from './database.ts'
import type { Sql } from './index-rows.ts'
import { purgedUntil } from './index-values.ts'
import { conditionsSql, sortSql } from './search.ts'
import type { IndexWriter } from './write.ts'

/** An open store. */
export interface Store {
  database: Database
  index: IndexWriter
  now(): number
  cursorSeconds: number
  /** When superseded index rows were last thrown away. */
  purgedAt: number
}

const largestPage = 10_000
/** Content of a page: more would take long to read, and hold up others meanwhile. */
const largestPageCharacters = 5_000_000

interface Page {
  cursor: Cursor | undefined
  snapshot: number
  hash: string
}

function openPage(store: Store, query: { cursor?: string }, shape: unknown, keyCount: number): Page {
  const hash = queryHash(shape)
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor, hash, keyCount)
  const latest = lastSequence(store.database)
  if (cursor && cursor.snapshot > latest) throw expiredCursor()
  return { cursor, snapshot: cursor?.snapshot ?? latest, hash }
}

function pageSize(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0 && count <= largestPage) return count
  throw badRequest(`The page size must lie between 0 and ${largestPage}.`)
}

/** The versions of the rows, in order, as many as make one page; at least one. */
function readRows(database: Database, rows: Record<string, unknown>[]): StoredVersion[] {
  const byNumber = `SELECT ${columns} FROM version v WHERE v.seq = ?`
  const versions: StoredVersion[] = []
  let characters = 0
  for (const { seq } of rows) {
    const row = database.get(byNumber, Number(seq))
    characters += typeof row?.content === 'string' ? row.content.length : 0
    if (versions.length > 0 && characters > largestPageCharacters) break
    const version = toVersion(row)
    if (version) versions.push(version)
  }
  return versions
}

/** Cuts the extra row off, restores the order of a page read backwards and makes the links. */
function finishPage(
  rows: Record<string, unknown>[],
  versions: StoredVersion[],
  page: Page,
  keys: string[],
): SearchPage {
  const hasMore = rows.length > versions.length
  const shown = rows.slice(0, versions.length)
  const matches = versions
  if (page.cursor?.backwards) {
    shown.reverse()
    matches.reverse()
  }
  const link = (row: Record<string, unknown> | undefined, backwards: boolean) => {
    const values = keys.map((key) => keyOf(row?.[key]))
    return formatCursor({ snapshot: page.snapshot, backwards, keys: values }, page.hash)
  }
  const made: SearchPage = { matches }
  const backwards = page.cursor?.backwards === true
  if (shown.length > 0 && (backwards || hasMore)) made.next = link(shown.at(-1), false)
  if (shown.length > 0 && (backwards ? hasMore : page.cursor !== undefined)) made.previous = link(shown[0], true)
  return made
}

/** One page of a search; must run in a transaction. @throws FhirError 400 */
export function search(store: Store, query: SearchQuery): SearchPage {
  const { database, index } = store
  const size = pageSize(query.count)
  const keys = [...query.sort.map((_, i) => `k${i}`), 'seq']
  const page = openPage(store, query, [query.type, query.conditions, query.sort], keys.length)
  if (page.cursor && page.snapshot < purgedUntil(database)) throw expiredCursor()
  const environment = { parameterNumber: index.parameterNumber, now: store.now(), snapshot: page.snapshot }
  const conditions = conditionsSql(query, environment)
  const where: Sql = {
    text: `s.type = ? AND s.seq <= ? AND s.until > ? AND (${conditions.text})`,
    values: [query.type, page.snapshot, page.snapshot, ...conditions.values],
  }
  const sorts = query.sort.map((each) => sortSql(query.type, each, environment))
  const selected = ['s.seq AS seq', ...sorts.map((each, i) => `(${each.text}) AS k${i}`)].join(', ')
  const backwards = page.cursor?.backwards === true
  const order = sortOrder(query.sort, backwards)
  const border = page.cursor ? borderSql(order, page.cursor.keys) : { text: '1', values: [] }
  const inner = `SELECT ${selected} FROM searchable s WHERE ${where.text}`
  const text = `SELECT * FROM (${inner}) WHERE ${border.text} ORDER BY ${order.map((each) => orderText(each, backwards)).join(', ')} LIMIT ?`
  const values = [...sorts.flatMap((each) => each.values), ...where.values, ...border.values, size + 1]
  const rows = size === 0 ? [] : database.all(text, ...values)
  const versions = readRows(database, rows.slice(0, size))
  const made = finishPage(rows, versions, page, keys)
  if (query.total === 'accurate') {
    const total = database.get(`SELECT count(*) AS number FROM searchable s WHERE ${where.text}`, ...where.values)
    made.total = Number(total?.number)
  }
  return made
}

interface SortKey {
  column: string
  descending: boolean
}

/** Newest first unless sorted; rows without value stand last either way. */
function sortOrder(sort: SearchQuery['sort'], backwards: boolean): SortKey[] {
  const keys = sort.map((each, i) => ({ column: `k${i}`, descending: each.descending !== backwards }))
  return [...keys, { column: 'seq', descending: !backwards }]
}

function orderText({ column, descending }: SortKey, backwards: boolean): string {
  const missing = column === 'seq' ? '' : `${column} IS NULL ${backwards ? 'DESC' : 'ASC'}, `
  return `${missing}${column} ${descending ? 'DESC' : 'ASC'}`
}

/** Rows after the border row in that order. */
function borderSql(order: SortKey[], border: Cursor['keys']): Sql {
  const backwards = order.at(-1)?.descending === false
  const alternatives: string[] = []
  const values: (string | number)[] = []
  const equal: { text: string; values: (string | number)[] }[] = []
  order.forEach(({ column, descending }, i) => {
    const value = border[i] ?? null
    const after: { text: string; values: (string | number)[] } =
      value === null
        ? { text: backwards ? `${column} IS NOT NULL` : '0', values: [] }
        : {
            text: `${column} ${descending ? '<' : '>'} ?${backwards || column === 'seq' ? '' : ` OR ${column} IS NULL`}`,
            values: [value],
          }
    alternatives.push([...equal.map((each) => each.text), `(${after.text})`].join(' AND '))
    values.push(...equal.flatMap((each) => each.values), ...after.values)
    equal.push(value === null ? { text: `${column} IS NULL`, values: [] } : { text: `${column} = ?`, values: [value] })
  })
  return { text: `(${alternatives.map((each) => `(${each})`).join(' OR ')})`, values }
}

/** One page of a history; must run in a transaction. @throws FhirError 400 */
export function history(store: Store, query: HistoryQuery): SearchPage {
  const { database } = store
  const size = pageSize(query.count)
  const { oldestFirst = false } = query
  const shape = [query.type, query.id, query.since, query.at, query.without, ...(oldestFirst ? [true] : [])]
  const page = openPage(store, query, shape, 1)
  const parts: string[] = ['v.seq <= ?']
  const values: (string | number)[] = [page.snapshot]
  const add = (text: string, ...more: (string | number)[]) => {
    parts.push(text)
    values.push(...more)
  }
  if (query.type !== undefined) add('v.type = ?', query.type)
  if (query.id !== undefined) add('v.id = ?', query.id)
  for (const type of query.without ?? []) add('v.type <> ?', type)
  if (query.since !== undefined) add('v.updated >= ?', instantParameter('_since', query.since).low)
  if (query.at !== undefined) {
    const { low, high } = instantParameter('_at', query.at)
    const later =
      'SELECT 1 FROM version n WHERE n.type = v.type AND n.id = v.id AND n.vid = v.vid + 1 AND n.updated <= ?'
    add(`v.updated <= ? AND NOT EXISTS (${later})`, high, low)
  }
  const where = parts.join(' AND ')
  const ascending = (page.cursor?.backwards === true) !== oldestFirst
  const border = page.cursor ? `v.seq ${ascending ? '>' : '<'} ?` : '1'
  const rows = database.all(
    `SELECT v.seq AS seq FROM version v WHERE ${where} AND ${border} ORDER BY v.seq ${ascending ? 'ASC' : 'DESC'} LIMIT ?`,
    ...values,
    ...(page.cursor ? [Number(page.cursor.keys[0])] : []),
    size + 1,
  )
  const made = finishPage(rows, readRows(database, rows.slice(0, size)), page, ['seq'])
  const total = database.get(`SELECT count(*) AS number FROM version v WHERE ${where}`, ...values)
  return { ...made, total: Number(total?.number) }
}

/** A value by which rows are sorted. */
const keyOf = (value: unknown): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null
