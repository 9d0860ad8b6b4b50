/** Pages of searches and histories in the MongoDB store: keyset paging over the state at the time of the first page. */
import type { Filter } from 'mongodb'
import { badRequest } from '../../../fhir/error.ts'
import { instantParameter } from '../../../fhir/search/parse-search.ts'
import { type Cursor, expiredCursor, formatCursor, parseCursor, queryHash } from '../../cursor.ts'
import type { HistoryQuery, SearchPage } from '../../storage.ts'
import type { Collections, StateDocument, VersionDocument } from '../documents.ts'
import type { Reading } from '../reading.ts'
import { type Asking, versionsBySeq } from '../versions.ts'

const largestPage = 10_000
/** Content of a page: more would take long to read, and hold up others meanwhile. */
const largestPageCharacters = 5_000_000

/** The page that is asked for. */
export interface Page {
  cursor: Cursor | undefined
  /** Number of the last write that it sees. */
  snapshot: number
  /** As of {@link StateDocument}. */
  more: StateDocument['more'] | undefined
  hash: string
}

/** One row of a page: the number of a version, how long it is, and what it is sorted by. */
export interface Row {
  seq: number
  size: number
  keys: Cursor['keys']
}

/** Begins a page. @throws FhirError 400 for a cursor of another query, or of a state that is not there */
export async function openPage(
  collections: Collections,
  query: { cursor?: string },
  { shape, keyCount }: { shape: unknown; keyCount: number },
  asking: Asking,
): Promise<Page> {
  const hash = queryHash(shape)
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor, hash, keyCount)
  const known = (place: Partial<Asking> = {}) => collections.state.findOne({ _id: 'store' }, { ...asking, ...place })
  let state = await known()
  // Made by a replica that knows more than the member which was asked here: the primary knows all.
  if (cursor && cursor.snapshot > (state?.n ?? 0)) state = await known({ readPreference: 'primary' })
  const { n = 0, more } = state ?? {}
  if (cursor && cursor.snapshot > n) throw expiredCursor()
  return { cursor, snapshot: cursor?.snapshot ?? n, more, hash }
}

/** @throws FhirError 400 */
export function pageSize(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0 && count <= largestPage) return count
  throw badRequest(`The page size must lie between 0 and ${largestPage}.`)
}

/**
 * The page of the rows, which are in the order in which they were read and may be one more than asked for: as many versions as make one
 * page, at least one, and the links.
 */
export async function finishPage(
  collections: Collections,
  { rows, size }: { rows: Row[]; size: number },
  page: Page,
  asking: Asking,
): Promise<SearchPage> {
  const shown: Row[] = []
  let characters = 0
  for (const row of rows.slice(0, size)) {
    characters += row.size
    if (shown.length > 0 && characters > largestPageCharacters) break
    shown.push(row)
  }
  const backwards = page.cursor?.backwards === true
  const hasMore = rows.length > shown.length
  if (backwards) shown.reverse()
  const matches = await versionsBySeq(
    collections,
    shown.map(({ seq }) => seq),
    asking,
  )
  const link = (row: Row | undefined, back: boolean) =>
    formatCursor({ snapshot: page.snapshot, backwards: back, keys: [...(row?.keys ?? []), row?.seq ?? 0] }, page.hash)
  const made: SearchPage = { matches }
  if (shown.length > 0 && (backwards || hasMore)) made.next = link(shown.at(-1), false)
  if (shown.length > 0 && (backwards ? hasMore : page.cursor !== undefined)) made.previous = link(shown[0], true)
  return made
}

/** One page of a history. @throws FhirError 400 */
export function history({ collections, read }: Reading, query: HistoryQuery): Promise<SearchPage> {
  return read(async (asking) => {
    const size = pageSize(query.count)
    const { oldestFirst = false } = query
    const shape = [query.type, query.id, query.since, query.at, query.without, ...(oldestFirst ? [true] : [])]
    const page = await openPage(collections, query, { shape, keyCount: 1 }, asking)
    const filter = historyFilter(query, page.snapshot)
    const ascending = (page.cursor?.backwards === true) !== oldestFirst
    const border = Number(page.cursor?.keys[0])
    const behind: Filter<VersionDocument> = page.cursor ? { seq: ascending ? { $gt: border } : { $lt: border } } : {}
    const found = await collections.versions
      .find({ $and: [filter, behind] }, { ...asking, projection: { seq: 1, size: 1 } })
      .sort({ seq: ascending ? 1 : -1 })
      .limit(size + 1)
      .toArray()
    const rows = found.map(({ seq, size: characters }) => ({ seq, size: characters, keys: [] }))
    const made = await finishPage(collections, { rows, size }, page, asking)
    return { ...made, total: await collections.versions.countDocuments(filter, asking) }
  })
}

function historyFilter({ type, id, without, since, at }: HistoryQuery, snapshot: number): Filter<VersionDocument> {
  const parts: Filter<VersionDocument>[] = [{ seq: { $lte: snapshot } }]
  if (type !== undefined && id !== undefined) parts.push({ of: `${type}/${id}` })
  else if (type !== undefined) parts.push({ type })
  else if (id !== undefined) parts.push({ id })
  if (without && without.length > 0) parts.push({ type: { $nin: [...without] } })
  if (since !== undefined) parts.push({ updated: { $gte: instantParameter('_since', since).low } })
  if (at !== undefined) {
    const { low, high } = instantParameter('_at', at)
    parts.push({ updated: { $lte: high }, superseded: { $gt: low } })
  }
  return { $and: parts }
}
