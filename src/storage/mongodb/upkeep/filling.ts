/**
 * A MongoDB store in the making. A mark in the database keeps everybody from opening it until it was read again and found whole; who finds
 * the mark of an interrupted filling goes on with it, or begins anew.
 */
import type { Binary, Db, MongoClient } from 'mongodb'
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
import { isDenied } from '../errors.ts'
import { entriesOf, indexName, moreDocuments } from '../search/entries.ts'
import { type Asking, keepText, textOf } from '../versions.ts'
import { namesOf } from '../write.ts'
import { type Held, heldBy, takenOver } from './held.ts'
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
  const held = heldBy(connection, holder, name)
  const taken = await take(connection, { ...options, held, holder, name, pace })
  const { aside } = taken
  const upkeep = upkeepOf(connection.db)
  const stop = beating(upkeep, { _id: FILLING, holder }, pace)
  const end = async () => {
    stop()
    await close()
  }
  try {
    if (aside !== undefined) await allAside(connection.db, { ...taken, aside, held })
    await upkeep.updateOne({ _id: FILLING, holder }, { $unset: { isPuttingAside: '', isPuttingBack: '' } })
    const filler = await createFiller(connection, { held, isFresh: taken.isFresh, pace })
    return {
      ...filler,
      moves: [],
      snapshot,
      async commit() {
        // A failure leaves the connection open, for whoever leaves the filling then.
        const gone = await upkeep.deleteOne({ _id: FILLING, holder })
        await end()
        if (gone.deletedCount !== 1) throw takenOver(name)
        return aside === undefined ? undefined : `collections of the same database that begin with ${aside}`
      },
      async abandon() {
        try {
          await empty(connection, held)
          if (aside !== undefined) await putBack(connection.db, { aside, held })
          if ((await upkeep.deleteOne({ _id: FILLING, holder })).deletedCount !== 1) throw takenOver(name)
        } finally {
          await end()
        }
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
  held: Held
  holder: string
}

/** What is found when the mark is taken. */
interface Taken extends Pick<UpkeepDocument, 'aside' | 'former' | 'isPuttingAside' | 'isPuttingBack'> {
  /** Nothing is done yet that could be gone on with. */
  isFresh: boolean
}

const sessionOf = ({ session }: Held) => (session ? { session } : {})

const newAside = (): string => `before_${new Date().toISOString().replace(/[^0-9]/g, '')}_`

/** Takes the mark. */
async function take(connection: Connection, taking: Taking): Promise<Taken> {
  const { holder, held, name, pace, source, replace } = taking
  const upkeep = upkeepOf(connection.db)
  const before = await mark(upkeep, { holder, source, ...sessionOf(held) })
  if (before) return takeOver(connection, before, taking)
  try {
    if (await isSomebodyThere(upkeep, everybody, pace))
      throw new BackupError(
        `The store ${name} is in use: end every server and every command that has it open. Nothing was changed.`,
      )
    await held.change((session) => upkeep.deleteMany(everybody, { session }))
    if (!(await holdsSomething(connection.collections))) return { isFresh: true }
    if (!replace)
      throw new BackupError(
        `The store ${name} is not empty. With --replace the backup takes its place. Nothing was changed.`,
      )
    const aside = newAside()
    await held.note({ aside, isPuttingAside: true })
    return { isFresh: true, aside, isPuttingAside: true }
  } catch (error) {
    await upkeep.deleteOne({ _id: FILLING, holder })
    throw error
  }
}

async function endSession(client: MongoClient, id: Binary): Promise<void> {
  try {
    await client.db('admin').command({ killSessions: [{ id }] })
  } catch (error) {
    // Who may not do this waits until the server does it.
    if (!isDenied(error)) throw error
  }
}

/** Takes the mark of one that is gone. What it had put aside gets another name, so that it finds nothing to put back should it wake up. */
async function takeOver(
  { client, db }: Connection,
  before: UpkeepDocument,
  { held, holder, name, pace, source, anew = false }: Taking,
): Promise<Taken> {
  const upkeep = upkeepOf(db)
  if (before.holder !== '' && (await isSomebodyThere(upkeep, { _id: FILLING }, pace)))
    throw new BackupError(`${name} is being filled by another process.`)
  const { holder: gone = '', beat, aside, isPuttingAside = false, isPuttingBack = false, former = [] } = before
  // What it has left open would stand in the way for a minute.
  if (before.session) await endSession(client, before.session)
  // One that may be about to put something aside finds the name taken; so that stays.
  const names =
    aside === undefined || isPuttingAside ? { aside, former } : { aside: newAside(), former: [...former, aside] }
  const kept = names.aside === undefined ? {} : { aside: names.aside, former: names.former }
  const own = { $set: { holder, source, ...sessionOf(held), ...kept }, $inc: { beat: 1 } }
  const changed = await upkeep.updateOne({ _id: FILLING, holder: gone, beat }, own)
  if (changed.matchedCount !== 1) throw new BackupError(`${name} is being filled by another process.`)
  return { isFresh: anew || before.source !== source, isPuttingAside, isPuttingBack, ...kept }
}

/** Whether there is anything that would be lost. */
export async function holdsSomething({ versions, records }: Collections): Promise<boolean> {
  const options = { projection: { _id: 1 }, readPreference: 'primary' } as const
  return (await versions.findOne({}, options)) !== null || (await records.findOne({}, options)) !== null
}

async function namesIn(db: Db): Promise<Set<string>> {
  return new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name))
}

interface Aside {
  aside: string
  held: Held
}

/** Every step may be repeated: what has its other name is not there under its own. */
async function allAside(db: Db, { aside, held, former = [], ...taken }: Taken & Aside): Promise<void> {
  for (const name of await namesIn(db)) {
    const prefix = former.find((each) => name.startsWith(each))
    if (prefix !== undefined) await rename(db, { from: name, to: `${aside}${name.slice(prefix.length)}`, held })
  }
  if (!taken.isPuttingAside && !taken.isPuttingBack) return
  const there = await namesIn(db)
  for (const name of filled)
    if (there.has(name) && !there.has(`${aside}${name}`)) await rename(db, { from: name, to: `${aside}${name}`, held })
}

/** Interrupted, it is undone by whoever goes on with the filling. What takes the place of the empty ones is not theirs to find. */
async function putBack(db: Db, { aside, held }: Aside): Promise<void> {
  await held.note({ isPuttingBack: true })
  for (const name of await namesIn(db))
    if (name.startsWith(aside)) await rename(db, { from: name, to: name.slice(aside.length), held }, true)
}

async function rename(
  db: Db,
  { from, to, held }: { from: string; to: string; held: Held },
  dropTarget = false,
): Promise<void> {
  await held.note()
  try {
    await db.renameCollection(from, to, { dropTarget })
  } catch (error) {
    // Whoever has taken over has renamed it, too: that is told then.
    await held.note()
    throw error
  }
}

/** By document, in transactions: a collection is dropped by its name, whoever has filled it meanwhile. */
async function empty({ db }: Connection, held: Held): Promise<void> {
  await held.note()
  const there = await namesIn(db)
  for (const name of filled) if (there.has(name)) await held.remove(db.collection(name))
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
  { held, isFresh, pace: { batch: perBatch } }: { held: Held; isFresh: boolean; pace: Pace },
): Promise<Pick<Filling, 'last' | 'version' | 'record' | 'finish'>> {
  const { db, collections } = connection
  const { versions, contents } = collections
  if (isFresh) await empty(connection, held)
  // In a transaction one could be made only where nobody else does.
  const there = await namesIn(db)
  for (const name of filled) if (!there.has(name)) await db.createCollection(name)
  for (const [name, keys] of Object.entries(indexes))
    await collections[name as keyof Collections].createIndexes(keys.map((key) => ({ key })))
  const last = (await lastOf(collections)) ?? 0
  // Parts come before their version: what an interruption left of them belongs to none.
  await held.remove(contents, { seq: { $gt: last } })
  await held.remove(collections.records)
  let newest = last
  let batch = noBatch()
  let records: KeptRecord[] = []
  const flush = async () => {
    const full = batch
    batch = noBatch()
    if (full.versions.length > 0) await writeBatch(connection, held, full)
  }
  const flushRecords = async () => {
    const full = records
    records = []
    if (full.length === 0) return
    const made = full.map((each) => ({ _id: valueId(each.kind, each.key), ...each }))
    await held.change((session) => collections.records.insertMany(made, { session }))
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
      await makeFindable(connection, { held, perBatch }, progress)
      await conclude(collections, held, (await lastOf(collections)) ?? 0)
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

/** Writes a batch as a whole: parts, what is superseded, and versions. */
async function writeBatch({ collections }: Connection, held: Held, { versions: made, parts }: Batch): Promise<void> {
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
  const gone = made.flatMap((each) =>
    known.has(idBefore(each))
      ? [{ updateOne: { filter: { _id: idBefore(each) }, update: { $set: { superseded: each.updated } } } }]
      : [],
  )
  await held.change(async (session) => {
    if (parts.length > 0) await contents.insertMany(parts, { session })
    if (gone.length > 0) await versions.bulkWrite(gone, { session })
    await versions.insertMany(made, { ordered: true, session })
  })
}

/** How much is written at once, while the mark is held. */
interface Batches {
  held: Held
  perBatch: number
}

/** What searches see: every current version, made anew. */
async function makeFindable(
  { client, collections }: Connection,
  batches: Batches,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const session = client.startSession()
  try {
    await makeAllFindable(collections, { asking: { session }, ...batches }, progress)
  } finally {
    await session.endSession()
  }
}

async function makeAllFindable(
  collections: Collections,
  { asking, held, perBatch }: Batches & { asking: Asking },
  progress: (done: number, total: number) => void,
): Promise<void> {
  const { versions, searchable, more } = collections
  await held.remove(searchable)
  await held.remove(more)
  const current = { superseded: endOfTime, method: { $ne: 'DELETE' as const } }
  const total = await versions.countDocuments(current)
  let done = 0
  let own: SearchableDocument[] = []
  let further: MoreDocument[] = []
  let characters = 0
  const write = async () => {
    if (own.length === 0) return
    await held.change(async (session) => {
      await searchable.insertMany(own, { session })
      if (further.length > 0) await more.insertMany(further, { session })
    })
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
async function conclude(collections: Collections, held: Held, last: number): Promise<void> {
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
  await held.change(async (session) => {
    await state.replaceOne({ _id: 'store' }, store, { upsert: true, session })
    await marks.replaceOne({ _id: 'purged' }, { until: last }, { upsert: true, session })
  })
}
