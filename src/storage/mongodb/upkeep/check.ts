/** Whether a MongoDB store fits together: its versions, their hashes, and the search entries as they would be made today. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { versionFault } from '../../backup/kept.ts'
import type { Connection } from '../connect.ts'
import { type Collections, endOfTime, schemaVersion, type VersionDocument } from '../documents.ts'
import { indexName } from '../search/entries.ts'
import { type Asking, textOf } from '../versions.ts'
import { searchableOf } from './filling.ts'

/** Faults of one kind that are told one by one. */
const mostTold = 20

/**
 * Everything that does not fit together, one sentence each; nothing of the store is changed. What is written meanwhile is not looked at.
 * @throws Error when it cannot be read
 */
export async function* mongoFaults(
  { client, collections }: Connection,
  progress: (done: number, total: number) => void = () => {},
): AsyncGenerator<string> {
  const state = await collections.state.findOne({ _id: 'store' }, { readPreference: 'primary' })
  if (!state) {
    yield 'the database has no state of a store'
    return
  }
  if (state.schema !== schemaVersion) throw new Error(`the store has the schema ${state.schema} of ${schemaVersion}`)
  if (state.index !== indexName())
    throw new Error('the search entries are of another version: start this version of the server once, and check then')
  const session = client.startSession()
  const look: Look = { collections, asking: { session }, revision: state.n, progress }
  try {
    yield* allFaults(look, state.n)
  } finally {
    await session.endSession()
  }
}

async function* allFaults(look: Look, counted: number): AsyncGenerator<string> {
  let told = 0
  for await (const fault of versionFaults(look)) if (++told <= mostTold) yield fault
  if (told > mostTold) yield `${told - mostTold} more faults`
  for await (const fault of strayFaults(look)) yield fault
  const last = await look.collections.versions.findOne({ seq: { $lte: counted } }, { sort: { seq: -1 } })
  if ((last?.seq ?? 0) !== counted) yield `the state counts ${counted} writes, the last one is ${last?.seq ?? 0}`
}

interface Look {
  collections: Collections
  /** Up to which write is looked. */
  revision: number
  asking: Asking
  progress(done: number, total: number): void
}

async function* versionFaults(look: Look): AsyncGenerator<string> {
  const { collections, revision, progress, asking } = look
  const { versions } = collections
  const total = await versions.countDocuments({ seq: { $lte: revision } })
  let done = 0
  let before: VersionDocument | undefined
  const found = versions.find({ seq: { $lte: revision } }, { batchSize: 100 }).sort({ of: 1, seq: 1 })
  for await (const each of found) {
    const follows = before?.of === each.of ? before : undefined
    if (before && !follows) yield* lastFaults(look, before)
    if (each.vid !== (follows?.vid ?? 0) + 1) yield `a version is missing in the history of ${each.of}`
    if (follows && follows.superseded !== each.updated)
      yield `version ${follows.vid} of ${each.of} does not end when version ${each.vid} begins`
    const fault = await faultOf(collections, each, asking)
    if (fault !== undefined) yield `version ${each.vid} of ${each.of}: ${fault}`
    before = each
    if (++done % 100 === 0) progress(done, total)
  }
  if (before) yield* lastFaults(look, before)
}

/** Of the newest version of a resource. */
async function* lastFaults({ collections, revision, asking }: Look, version: VersionDocument): AsyncGenerator<string> {
  const { of, vid, superseded, method, seq } = version
  const { versions, searchable, more } = collections
  const isFound = async () => {
    // Written, or taken out, since the look began.
    const changed =
      (await versions.findOne({ of, seq: { $gt: revision } }, { projection: { _id: 1 } })) !== null ||
      (await versions.findOne({ seq }, { projection: { _id: 1 } })) === null
    return !changed
  }
  if (superseded !== endOfTime && (await isFound())) yield `the newest version is not the current one of ${of}`
  const stored = await searchable.findOne({ _id: seq })
  const made = method === 'DELETE' ? undefined : await searchableOf(collections, version, asking).catch(() => undefined)
  if (!made) {
    if (stored?.until === endOfTime && (await isFound())) yield `searches see what is not current of ${of}`
    return
  }
  const further = await more.find({ seq }).sort({ _id: 1 }).toArray()
  const wanted = made.more.toSorted((a, b) => (a._id < b._id ? -1 : 1))
  if (isDeepStrictEqual(stored, made.own) && isDeepStrictEqual(further, wanted)) return
  if (!(await isFound())) return
  yield stored ? `version ${vid} of ${of} has other search entries than it should have` : `searches do not see ${of}`
}

async function faultOf(
  collections: Collections,
  document: VersionDocument,
  asking: Asking,
): Promise<string | undefined> {
  const { _id, of, type, id, vid, updated, method, exact, hash, size, published, as } = document
  if (of !== `${type}/${id}` || _id !== `${of}/${vid}`) return `it is kept as ${_id} of ${of}`
  let content: string | undefined
  try {
    content = await textOf(collections, document, asking)
  } catch {
    return 'its content is not whole'
  }
  if ((content === undefined) !== (method === 'DELETE')) return 'a deletion has content, or something else has none'
  if (content !== undefined && (createHash('sha256').update(content).digest('hex') !== hash || content.length !== size))
    return 'its content is another: the hash does not fit'
  const [url = '', ...version] = (as ?? '').slice(type.length + 1).split('|')
  const name = published ? { url, version: version.join('|') } : undefined
  return versionFault({ type, id, vid, updated, exact, content }, name)
}

/** What belongs to no version. */
async function* strayFaults({ collections, revision }: Look): AsyncGenerator<string> {
  const { versions, contents, searchable, more } = collections
  const isThere = async (seq: number) => (await versions.findOne({ seq }, { projection: { _id: 1 } })) !== null
  for await (const { _id, of, until, type } of searchable.find(
    { _id: { $lte: revision } },
    { projection: { of: 1, until: 1, type: 1 } },
  )) {
    const version = await versions.findOne({ seq: _id }, { projection: { superseded: 1 } })
    const isSeen = until === endOfTime
    if (!version && type !== 'AuditEvent') yield `there is no version of ${of} that searches see`
    else if (version && isSeen !== (version.superseded === endOfTime)) {
      const again = await searchable.findOne({ _id }, { projection: { until: 1 } })
      if (again?.until === until) yield `searches see what is not current of ${of}`
    }
  }
  for (const collection of [contents, more])
    for await (const { seq } of collection.find({ seq: { $lte: revision } }, { projection: { seq: 1 } }))
      if (!(await isThere(seq))) yield `there are entries of a version ${seq} that is not there`
}
