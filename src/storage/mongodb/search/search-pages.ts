/** Pages of searches in the MongoDB store, and what is forgotten of the states that they look at. */
import type { Document, Filter } from 'mongodb'
import type { SearchParameter } from '../../../fhir/search/parse-search.ts'
import { type Cursor, expiredCursor } from '../../cursor.ts'
import type { SearchPage, SearchQuery } from '../../storage.ts'
import type { Collections, SearchableDocument } from '../documents.ts'
import type { Reading } from '../reading.ts'
import { visible } from './conditions.ts'
import { finishPage, openPage, type Page, pageSize, type Row } from './pages.ts'
import { parameterOf, type SearchPlace, type Where } from './place.ts'

/** One page of a search. @throws FhirError 400 */
export function search({ collections, read }: Reading, query: SearchQuery, now: () => number): Promise<SearchPage> {
  return read(async (asking) => {
    const { type, sort, conditions, everywhere } = query
    const size = pageSize(query.count)
    const shape = [type, conditions, sort]
    const page = await openPage(collections, query, { shape, keyCount: sort.length + 1 }, asking)
    const { snapshot, more } = page
    const place: SearchPlace = { collections, asking, type, everywhere, now: now(), snapshot, more }
    const where = await visible(place, conditions)
    const rows = size === 0 ? [] : await rowsOf(where, { query, page, size }, place)
    const made = await finishPage(collections, { rows, size }, page, asking)
    if (query.total === 'accurate') made.total = await collections.searchable.countDocuments(where, asking)
    // Asked at last: what is not there any more now was there when it was read.
    const purged = await collections.marks.findOne({ _id: 'purged' }, asking)
    if (page.snapshot < (purged?.until ?? 0)) throw expiredCursor()
    return made
  })
}

interface Wanted {
  query: SearchQuery
  page: Page
  size: number
}

/** The rows of the page and one more, in the order in which they are read. */
async function rowsOf(where: Where, { query, page, size }: Wanted, place: SearchPlace): Promise<Row[]> {
  const { searchable } = place.collections
  const backwards = page.cursor?.backwards === true
  if (query.sort.length === 0) {
    const border = Number(page.cursor?.keys[0])
    const behind: Filter<SearchableDocument> = page.cursor ? { _id: backwards ? { $gt: border } : { $lt: border } } : {}
    const found = await searchable
      .find({ $and: [where, behind] }, { ...place.asking, projection: { size: 1 } })
      .sort({ _id: backwards ? 1 : -1 })
      .limit(size + 1)
      .toArray()
    return found.map((each) => ({ seq: each._id, size: each.size, keys: [] }))
  }
  const order = query.sort.map((each, i) => ({
    key: `k${i}`,
    isMissing: `m${i}`,
    field: sortField(parameterOf(query.type, each.parameter), each.descending),
    descending: each.descending !== backwards,
  }))
  const keys = Object.fromEntries(order.map(({ key, field }) => [key, { $ifNull: [`$${field}`, null] }]))
  const missing = order.map(({ key, isMissing }) => [isMissing, { $cond: [{ $eq: [`$${key}`, null] }, 1, 0] }])
  // Rows without value stand last either way.
  const sorted = order.flatMap(({ key, isMissing, descending }) => [
    [isMissing, backwards ? -1 : 1],
    [key, descending ? -1 : 1],
  ])
  const found = await searchable
    .aggregate<Document>(
      [
        { $match: where },
        { $project: { size: 1, ...keys } },
        { $addFields: Object.fromEntries(missing) },
        ...(page.cursor ? [{ $match: behindBorder(order, page.cursor) }] : []),
        { $sort: { ...Object.fromEntries(sorted), _id: backwards ? 1 : -1 } },
        { $limit: size + 1 },
      ],
      { ...place.asking, allowDiskUse: true },
    )
    .toArray()
  return found.map((each) => ({
    seq: Number(each._id),
    size: Number(each.size),
    keys: order.map(({ key }) => each[key] ?? null),
  }))
}

/** Where the value stands by which rows are sorted. */
function sortField({ name }: SearchParameter, descending: boolean): string {
  if (name === '_id') return 'id'
  if (name === '_lastUpdated') return 'updated'
  return `${descending ? 'hi' : 'lo'}.${name}`
}

interface SortKey {
  key: string
  isMissing: string
  descending: boolean
}

/** Rows after the border in the order in which they are read. */
function behindBorder(order: SortKey[], { keys, backwards }: Cursor): Document {
  const alternatives: Document[] = []
  const equal: Document[] = []
  order.forEach(({ key, isMissing, descending }, i) => {
    const value = keys[i] ?? null
    if (value === null) {
      if (backwards) alternatives.push({ $and: [...equal, { [isMissing]: 0 }] })
      equal.push({ [isMissing]: 1 })
      return
    }
    const further = { [key]: descending ? { $lt: value } : { $gt: value } }
    alternatives.push({ $and: [...equal, backwards ? further : { $or: [further, { [isMissing]: 1 }] }] })
    equal.push({ [key]: value })
  })
  const last = Number(keys.at(-1))
  alternatives.push({ $and: [...equal, { _id: backwards ? { $gt: last } : { $lt: last } }] })
  return { $or: alternatives }
}

/**
 * Forgets what was superseded before that time (milliseconds). Who looks at a state of before is told first.
 * @param isEnding whether the rest is left to the next time
 */
export async function purge(
  { searchable, more, marks }: Collections,
  before: number,
  isEnding: () => boolean,
): Promise<void> {
  while (!isEnding()) {
    const gone = await searchable
      .find({ superseded: { $lt: before } }, { projection: { until: 1 }, readPreference: 'primary' })
      .limit(1000)
      .toArray()
    if (gone.length === 0) return
    const until = Math.max(...gone.map((each) => each.until))
    await marks.updateOne({ _id: 'purged' }, { $max: { until } })
    const numbers = gone.map(({ _id }) => _id)
    await more.deleteMany({ seq: { $in: numbers } })
    await searchable.deleteMany({ _id: { $in: numbers } })
  }
}
