/**
 * A MongoDB store in the making. A mark in the database keeps everybody from opening it until it was read again and found whole; who finds
 * the mark of an interrupted filling goes on with it, or begins anew.
 */
import type { Db } from 'mongodb'
import { BackupError, type KeptRecord, type KeptVersion } from '../../backup/format.ts'
import { keptResource, notKept } from '../../backup/kept.ts'
import type { Filling, FillingOptions, StoreSnapshot } from '../../backup/snapshot.ts'
import { resourceOf } from '../../write.ts'
import type { Connection } from '../connect.ts'
import {
  type Collections,
  endOfTime,
  indexes,
  type MoreDocument,
  newToken,
  type PartDocument,
  type SearchableDocument,
  schemaVersion,
  typesOfMore,
  type VersionDocument,
  valueId,
} from '../documents.ts'
import { entriesOf, indexName, moreDocuments } from '../search/entries.ts'
import { type Asking, keepText, textOf } from '../versions.ts'
import { namesOf } from '../write.ts'
import {
  beating,
  everybody,
  FILLING,
  isSomebodyThere,
  mark,
  type Pace,
  type UpkeepDocument,
  upkeepOf,
} from './presence.ts'

/** Characters that are written at once at most, but for one that has more. */
const mostCharacters = 4_000_000

/** Collections that a filling fills or empties. */
const filled = ['meta', 'versions', 'contents', 'searchable', 'searchable_more', 'records', 'derived', 'writers']

/** What a filling is given. */
interface FillingParts {
  connection: Connection
  /** What people know the store by. */
  name: string
  pace: Pace
  /** Ends the connection. */
  close(): Promise<void>
  /** What the database holds, marked or not. */
  snapshot(): Promise<StoreSnapshot>
}

/**
 * Begins to fill a database, or goes on with that.
 * @throws BackupError when somebody has it open or fills it, or it holds something that may not make way
 */
export async function fillMongo(given: FillingParts, options: FillingOptions): Promise<Filling> {
  const { connection, name, pace, close, snapshot } = given
  const holder = newToken()
  const taken = await take(connection, { ...options, holder, name, pace })
  const upkeep = upkeepOf(connection.db)
  const stop = beating(upkeep, FILLING, pace)
  const end = async () => {
    stop()
    await close()
  }
  try {
    if (taken.isPuttingAside) await putAside(connection.db, taken.aside ?? '')
    await upkeep.updateOne({ _id: FILLING, holder }, { $unset: { isPuttingAside: '' } })
    const filler = await createFiller(connection, taken.isFresh, pace)
    return {
      ...filler,
      moves: [],
      snapshot,
      async commit() {
        const gone = await upkeep.deleteOne({ _id: FILLING, holder })
        await end()
        if (gone.deletedCount !== 1) throw new BackupError(`Another process has taken over the filling of ${name}.`)
        return taken.aside === undefined ? undefined : `collections of the same database that begin with ${taken.aside}`
      },
      async abandon() {
        await empty(connection.db)
        if (taken.aside !== undefined) await putBack(connection.db, taken.aside)
        await upkeep.deleteOne({ _id: FILLING, holder })
        await end()
      },
      async leave() {
        await upkeep.updateOne({ _id: FILLING, holder }, { $set: { holder: '' } }).catch(() => undefined)
        await end()
      },
    }
  } catch (error) {
    await upkeep.updateOne({ _id: FILLING, holder }, { $set: { holder: '' } }).catch(() => undefined)
    stop()
    throw error
  }
}

interface Taking extends FillingOptions, Pick<FillingParts, 'name' | 'pace'> {
  holder: string
}

/** Takes the mark. @returns what is to be done, and whether nothing of it is done yet */
async function take(
  { db, collections }: Connection,
  { holder, name, pace, source, replace, anew = false }: Taking,
): Promise<Pick<UpkeepDocument, 'aside' | 'isPuttingAside'> & { isFresh: boolean }> {
  const upkeep = upkeepOf(db)
  const own = { holder, source }
  const before = await mark(upkeep, own)
  if (before) {
    if (before.holder !== '' && (await isSomebodyThere(upkeep, { _id: FILLING }, pace)))
      throw new BackupError(`${name} is being filled by another process.`)
    const { holder: gone = '', aside, isPuttingAside = false } = before
    const changed = await upkeep.updateOne({ _id: FILLING, holder: gone }, { $set: own, $inc: { beat: 1 } })
    if (changed.matchedCount !== 1) throw new BackupError(`${name} is being filled by another process.`)
    const isFresh = anew || before.source !== source
    return { isFresh, isPuttingAside, ...(aside === undefined ? {} : { aside }) }
  }
  try {
    if (await isSomebodyThere(upkeep, everybody, pace))
      throw new BackupError(
        `The store ${name} is in use: end every server and every command that has it open. Nothing was changed.`,
      )
    await upkeep.deleteMany(everybody)
    if (!(await holdsSomething(collections))) return { isFresh: true }
    if (!replace)
      throw new BackupError(
        `The store ${name} is not empty. With --replace the backup takes its place. Nothing was changed.`,
      )
    const aside = `before_${new Date().toISOString().replace(/[^0-9]/g, '')}_`
    await upkeep.updateOne({ _id: FILLING, holder }, { $set: { aside, isPuttingAside: true } })
    return { isFresh: true, aside, isPuttingAside: true }
  } catch (error) {
    await upkeep.deleteOne({ _id: FILLING, holder })
    throw error
  }
}

/** Whether there is anything that would be lost. */
export async function holdsSomething({ versions, records }: Collections): Promise<boolean> {
  const options = { projection: { _id: 1 }, readPreference: 'primary' } as const
  return (await versions.findOne({}, options)) !== null || (await records.findOne({}, options)) !== null
}

async function namesIn(db: Db): Promise<Set<string>> {
  return new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name))
}

/** Every step may be repeated: what has its other name is not there under its own. */
async function putAside(db: Db, aside: string): Promise<void> {
  const there = await namesIn(db)
  for (const name of filled)
    if (there.has(name) && !there.has(`${aside}${name}`)) await db.renameCollection(name, `${aside}${name}`)
}

async function putBack(db: Db, aside: string): Promise<void> {
  for (const name of await namesIn(db))
    if (name.startsWith(aside)) await db.renameCollection(name, name.slice(aside.length), { dropTarget: true })
}

async function empty(db: Db): Promise<void> {
  const there = await namesIn(db)
  for (const name of filled) if (there.has(name)) await db.dropCollection(name)
}

/** Versions that wait to be written, with their texts' parts. */
interface Batch {
  versions: VersionDocument[]
  parts: PartDocument[]
  characters: number
}

const noBatch = (): Batch => ({ versions: [], parts: [], characters: 0 })

async function createFiller(
  connection: Connection,
  isFresh: boolean,
  { batch: perBatch }: Pace,
): Promise<Pick<Filling, 'last' | 'version' | 'record' | 'finish'>> {
  const { db, collections } = connection
  const { versions, contents } = collections
  if (isFresh) await empty(db)
  for (const [name, keys] of Object.entries(indexes))
    await collections[name as keyof Collections].createIndexes(keys.map((key) => ({ key })))
  const last = (await lastOf(collections)) ?? 0
  // Parts come before their version: what an interruption left of them belongs to none.
  await contents.deleteMany({ seq: { $gt: last } })
  await collections.records.deleteMany({})
  let newest = last
  let batch = noBatch()
  let records: KeptRecord[] = []
  const flush = async () => {
    const full = batch
    batch = noBatch()
    if (full.versions.length > 0) await writeBatch(connection, full)
  }
  const flushRecords = async () => {
    const full = records
    records = []
    if (full.length === 0) return
    await collections.records.insertMany(full.map((each) => ({ _id: valueId(each.kind, each.key), ...each })))
  }
  return {
    last,
    async version(version) {
      if (version.seq <= newest) throw notKept(version, 'the order of writes')
      newest = version.seq
      const { document, parts } = documentOf(version)
      batch.versions.push(document)
      batch.parts.push(...parts)
      batch.characters += document.size
      if (batch.versions.length >= perBatch || batch.characters > mostCharacters) await flush()
    },
    async record(record) {
      records.push(record)
      if (records.length >= perBatch || record.value.length > mostCharacters) await flushRecords()
    },
    async finish(progress = () => {}) {
      await flush()
      await flushRecords()
      await makeFindable(connection, perBatch, progress)
      await conclude(collections, (await lastOf(collections)) ?? 0)
      const last = await versions.findOne({ seq: newest }, { projection: { _id: 1 } })
      if (newest > 0 && !last) throw new BackupError('The database has lost what was written to it.')
    },
  }
}

const lastOf = async ({ versions }: Collections): Promise<number | undefined> =>
  (await versions.findOne({}, { sort: { seq: -1 }, projection: { seq: 1 }, readPreference: 'primary' }))?.seq

/** The document of a version that is current until another one comes. */
function documentOf(version: KeptVersion): { document: VersionDocument; parts: PartDocument[] } {
  const { seq, type, id, vid, updated, method, exact, published, content } = version
  const kept = keepText(content)
  const document: VersionDocument = {
    _id: `${type}/${id}/${vid}`,
    seq,
    of: `${type}/${id}`,
    type,
    id,
    vid,
    updated,
    superseded: endOfTime,
    method,
    json: kept.json,
    parts: kept.parts.length,
    exact,
    size: kept.size,
    hash: kept.hash,
    names: [],
    write: FILLING,
    // Its resource is judged with those before it, in a batch.
    ...(published ? { published: true } : {}),
  }
  const parts = kept.parts.map((each) => ({ _id: `${seq}/${each.part}`, seq, ...each }))
  pending.set(document, version)
  return { document, parts }
}

/** What a document was made of, until it is written. */
const pending = new WeakMap<VersionDocument, KeptVersion>()

/** Writes a batch so that it may be cut off anywhere: parts, what is superseded, and then versions in their order. */
async function writeBatch({ collections }: Connection, { versions: made, parts }: Batch): Promise<void> {
  const { versions, contents } = collections
  const own = new Map<string, VersionDocument>(made.map((each) => [each._id, each]))
  const idBefore = ({ of, vid }: VersionDocument) => `${of}/${vid - 1}`
  const asked = made.filter((each) => each.vid > 1 && !own.has(idBefore(each))).map(idBefore)
  const found = await versions.find({ _id: { $in: asked } }, { projection: { vid: 1, method: 1 } }).toArray()
  const known = new Map(found.map((each) => [each._id, each]))
  for (const each of made) {
    const before = own.get(idBefore(each)) ?? known.get(idBefore(each))
    const version = pending.get(each)
    const resource =
      version && keptResource(version, before && { vid: before.vid, isDeletion: before.method === 'DELETE' })
    if (!resource) continue
    each.names = entriesOf(resource).own.names
    Object.assign(each, namesOf(resource, { type: each.type, recorded: each.published === true }))
  }
  for (const each of made) {
    const before = own.get(idBefore(each))
    if (before) before.superseded = each.updated
  }
  if (parts.length > 0) await contents.insertMany(parts)
  const gone = made.flatMap((each) =>
    known.has(idBefore(each))
      ? [{ updateOne: { filter: { _id: idBefore(each) }, update: { $set: { superseded: each.updated } } } }]
      : [],
  )
  if (gone.length > 0) await versions.bulkWrite(gone)
  await versions.insertMany(made, { ordered: true })
}

/** What searches see: every current version, made anew. */
async function makeFindable(
  { client, collections }: Connection,
  perBatch: number,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const session = client.startSession()
  try {
    await makeAllFindable(collections, { asking: { session }, perBatch }, progress)
  } finally {
    await session.endSession()
  }
}

async function makeAllFindable(
  collections: Collections,
  { asking, perBatch }: { asking: Asking; perBatch: number },
  progress: (done: number, total: number) => void,
): Promise<void> {
  const { versions, searchable, more } = collections
  await searchable.deleteMany({})
  await more.deleteMany({})
  const current = { superseded: endOfTime, method: { $ne: 'DELETE' as const } }
  const total = await versions.countDocuments(current)
  let done = 0
  let own: SearchableDocument[] = []
  let further: MoreDocument[] = []
  let characters = 0
  const write = async () => {
    if (own.length > 0) await searchable.insertMany(own)
    if (further.length > 0) await more.insertMany(further)
    own = []
    further = []
    characters = 0
  }
  for await (const each of versions.find(current, { batchSize: 100 })) {
    const made = await searchableOf(collections, each, asking)
    if (!made) continue
    own.push(made.own)
    further.push(...made.more)
    characters += each.size
    progress(++done, total)
    if (own.length >= perBatch || characters > mostCharacters) await write()
  }
  await write()
}

/** The documents by which searches find a version; undefined for a deletion. */
export async function searchableOf(
  collections: Collections,
  document: VersionDocument,
  asking: Asking,
): Promise<{ own: SearchableDocument; more: MoreDocument[] } | undefined> {
  const { seq, of, type, id, updated, size, exact } = document
  const text = await textOf(collections, document, asking)
  if (text === undefined) return undefined
  const { own, more } = entriesOf(resourceOf({ text, exact }))
  return {
    own: { _id: seq, of, type, id, updated, size, until: endOfTime, ...own },
    more: moreDocuments(seq, type, more),
  }
}

/** The state of the store as its last write left it. Page links of before lead nowhere. */
async function conclude(collections: Collections, last: number): Promise<void> {
  const { state, marks, versions } = collections
  const types = await versions
    .aggregate<{ _id: string; seq: number }>([{ $group: { _id: '$type', seq: { $max: '$seq' } } }])
    .toArray()
  const newest = await versions.findOne({ seq: last }, { projection: { updated: 1 } })
  const store = {
    schema: schemaVersion,
    index: indexName(),
    n: last,
    types: Object.fromEntries(types.map(({ _id, seq }) => [_id, seq])),
    more: await typesOfMore(collections),
    updated: newest?.updated ?? 0,
    write: FILLING,
  }
  await state.replaceOne({ _id: 'store' }, store, { upsert: true })
  await marks.replaceOne({ _id: 'purged' }, { until: last }, { upsert: true })
}
