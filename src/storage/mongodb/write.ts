/**
 * The writes of one transaction: what they ask is read at the beginning, what they make is kept here and written when it is much, and at
 * the end.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ClientSession } from 'mongodb'
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import type { Resource } from '../../fhir/types.ts'
import type { PublishedVersion, StoredVersion, Write, Written } from '../storage.ts'
import {
  type Current,
  checkJudgement,
  type NewVersion,
  resourceOf,
  type StoredContent,
  type WriteContext,
  workLater,
  writeOne,
} from '../write.ts'
import {
  type Collections,
  endOfTime,
  type MoreDocument,
  type PartDocument,
  type SearchableDocument,
  type StateDocument,
  toVersion,
  type VersionDocument,
} from './documents.ts'
import { otherIndex } from './errors.ts'
import { entriesOf, moreDocuments } from './search/entries.ts'
import type { Attempt, Done } from './transactions.ts'
import { judgePublished, keepText, type NamedVersion, namedFields, nameKey, partId, textOf } from './versions.ts'

/** What is known of a current version, without its text. */
type Known = Current & Pick<VersionDocument, '_id' | 'of' | 'updated' | 'as' | 'published' | 'size'>

/** Fields of {@link Known} that are read. */
const knownFields = { seq: 1, of: 1, vid: 1, updated: 1, method: 1, as: 1, published: 1, size: 1 } as const

/** Resources that are asked for at once. */
const perQuestion = 1000
/** Characters of texts that are read at once, and how many texts. */
const mostRead = 4_000_000
const textsAtOnce = 100
/** Characters that are kept before they are written. */
const mostKept = 8_000_000
/** More writes than this are not begun before nobody else writes: they would be done in vain. */
const fewWrites = 20
/** Time after which others have a turn. */
const sliceMilliseconds = 10

/** A version whole. */
interface Found {
  document: VersionDocument
  text: string | undefined
}

/** What {@link carryOut} leads to. */
export interface Outcome {
  written: Written[]
  state: Pick<StateDocument, 'n' | 'types'>
}

/**
 * Carries out all writes in the session of an attempt.
 * @param clock milliseconds since 1970
 * @param index name of the entries that are made
 * @throws FhirError as `Storage.write`
 */
export async function carryOut(
  writes: readonly Write[],
  { session, token, before }: Attempt,
  collections: Collections,
  { clock, index }: { clock: number; index: string },
): Promise<Done<Outcome>> {
  const state = await collections.state.findOne({ _id: 'store' }, { session })
  if (!state) throw new Error('The store has lost its state.')
  for (const each of writes)
    checkJudgement(each, (types) => Math.max(0, ...types.map((type) => state.types[type] ?? 0)))
  const transaction = new Transaction(collections, session, { state, token, index, clock })
  if (writes.length > fewWrites || before > 1) await transaction.claim()
  await transaction.foresee(writes)
  const written: Written[] = []
  let begun = performance.now()
  for (const each of writes) {
    written.push(await workLater(writeOne(each, transaction, written)))
    if (performance.now() - begun < sliceMilliseconds) continue
    await nextTurn()
    begun = performance.now()
  }
  return transaction.finish(written)
}

class Transaction implements WriteContext<Known> {
  readonly now: number
  readonly #collections: Collections
  readonly #session: ClientSession
  readonly #first: number
  readonly #types: Record<string, number>
  readonly #token: string
  readonly #index: string
  #seq: number
  readonly #typesOfMore: Record<string, true> | undefined
  #isClaimed = false
  #firstId: string | undefined
  readonly #known = new Map<string, Known | undefined>()
  readonly #named = new Map<string, NamedVersion[]>()
  /** Texts that were read ahead, by the names of their versions. */
  #read = new Map<string, Found>()
  /** What is to be written: versions and what searches see by their numbers. */
  readonly #versions = new Map<number, VersionDocument>()
  readonly #texts = new Map<number, string | undefined>()
  readonly #searchable = new Map<number, SearchableDocument>()
  #parts: PartDocument[] = []
  #more: MoreDocument[] = []
  #superseded: number[] = []
  #kept = 0

  constructor(
    collections: Collections,
    session: ClientSession,
    { state, token, index, clock }: { state: StateDocument; token: string; index: string; clock: number },
  ) {
    this.#collections = collections
    this.#session = session
    this.#first = state.n + 1
    this.#seq = state.n
    this.#types = { ...state.types }
    this.#typesOfMore = state.more && { ...state.more }
    this.#token = token
    this.#index = index
    // a clock that was set back, or another replica's that is late, must not turn the order of versions around
    this.now = Math.max(clock, state.updated)
  }

  /** Takes the state, which no other transaction gets then. @throws MongoError when another has it */
  async claim(): Promise<void> {
    if (this.#isClaimed) return
    this.#isClaimed = true
    await this.#setState({ write: this.#token })
  }

  async #setState(to: Record<string, unknown>): Promise<void> {
    const session = this.#session
    const done = await this.#collections.state.updateOne(
      { _id: 'store', index: this.#index },
      { $set: to },
      { session },
    )
    if (done.matchedCount !== 1) throw otherIndex()
  }

  /** Reads at once what is there under the ids and names of the writes. */
  async foresee(writes: readonly Write[]): Promise<void> {
    const ofs = new Set(writes.flatMap(({ type, id }) => (id === undefined ? [] : [`${type}/${id}`])))
    const names = new Set<string>()
    for (const { type, resource, unlessPublished } of writes) {
      const { url, version } = (resource && unlessPublished && artefactCanonical(resource)) || {}
      if (url !== undefined && version !== undefined) names.add(nameKey(type, { url, version }))
    }
    for (const list of chunks([...ofs])) await this.#readKnown(list)
    for (const list of chunks([...names])) await this.#readNamed(list)
  }

  async #readKnown(ofs: string[]): Promise<void> {
    for (const of of ofs) this.#known.set(of, undefined)
    const filter = { of: { $in: ofs }, superseded: endOfTime }
    const options = { session: this.#session, projection: knownFields }
    for await (const each of this.#collections.versions.find(filter, options))
      this.#known.set(each.of, { ...each, deleted: each.method === 'DELETE' })
  }

  async #readNamed(names: string[]): Promise<void> {
    for (const name of names) this.#named.set(name, [])
    const options = { session: this.#session, projection: { ...namedFields, as: 1 } }
    for await (const each of this.#collections.versions.find({ as: { $in: names } }, options))
      this.#named.get(each.as ?? '')?.push(each)
    // Of what this transaction has made already, some may be there already and some not.
    for (const each of this.#versions.values()) this.#addNamed(each)
  }

  #addNamed(version: VersionDocument): void {
    const named = version.as === undefined ? undefined : this.#named.get(version.as)
    if (named && !named.some(({ _id }) => _id === version._id)) named.push(version)
  }

  async current(type: string, id: string): Promise<Known | undefined> {
    const of = `${type}/${id}`
    if (!this.#known.has(of)) await this.#readKnown([of])
    return this.#known.get(of)
  }

  async stored({ _id }: Known): Promise<StoredContent | undefined> {
    const found = await this.#version(_id)
    if (!found) return undefined
    const { document, text } = found
    const version = toVersion(document, text)
    return text === undefined ? { version, content: undefined } : { version, content: { text, exact: document.exact } }
  }

  /** A version that is there, or that this transaction has made. */
  async #version(_id: string): Promise<Found | undefined> {
    for (const each of this.#versions.values())
      if (each._id === _id) return { document: each, text: this.#texts.get(each.seq) }
    return this.#read.get(_id) ?? (await this.#readAhead(_id)).get(_id)
  }

  /** Reads a version and those that will be asked for next, most likely: the current ones that stand behind it. */
  async #readAhead(_id: string): Promise<Map<string, Found>> {
    const ids = [_id]
    let characters = 0
    let isBehind = false
    for (const each of this.#known.values()) {
      if (isBehind && each && !each.deleted && !this.#versions.has(each.seq)) {
        characters += each.size
        if (characters > mostRead || ids.length >= textsAtOnce) break
        ids.push(each._id)
      }
      isBehind ||= each?._id === _id
    }
    const session = this.#session
    const read = new Map<string, Found>()
    for (const document of await this.#collections.versions.find({ _id: { $in: ids } }, { session }).toArray())
      read.set(document._id, { document, text: await textOf(this.#collections, document, { session }) })
    // One that is asked for by itself stands in no order of the writes.
    if (ids.length > 1) this.#read = read
    return read
  }

  updated = ({ updated }: Known): number => updated

  isRecorded = (type: string, canonical: { url: string; version: string }, { as, published }: Known): boolean =>
    published === true && as === nameKey(type, canonical)

  async published(type: string, canonical: { url: string; version: string }): Promise<PublishedVersion | undefined> {
    const name = nameKey(type, canonical)
    if (!this.#named.has(name)) await this.#readNamed([name])
    const isCurrent = ({ of, seq, superseded }: NamedVersion) =>
      this.#known.has(of) ? this.#known.get(of)?.seq === seq : superseded === endOfTime
    const judged = judgePublished(this.#named.get(name) ?? [], isCurrent)
    const found = judged && (await this.#version(judged.newest._id))
    if (!found) return undefined
    const version = toVersion(found.document, found.text)
    return judged.isRetired ? { ...version, isRetired: true } : version
  }

  async insert(made: NewVersion, current: Known | undefined): Promise<StoredVersion> {
    const { type, id, method, content } = made
    const seq = ++this.#seq
    const vid = (current?.vid ?? 0) + 1
    const of = `${type}/${id}`
    const { parts, ...kept } = keepText(content?.text)
    const resource = content && resourceOf(content)
    const document: VersionDocument = {
      ...{ _id: `${of}/${vid}`, seq, of, type, id, vid, method, updated: this.now, superseded: endOfTime },
      ...{ ...kept, parts: parts.length, exact: content?.exact === true, names: [], write: this.#token },
      ...(resource ? namesOf(resource, made) : {}),
    }
    this.#firstId ??= document._id
    this.#types[type] = seq
    if (current) this.#supersede(current)
    this.#versions.set(seq, document)
    this.#texts.set(seq, content?.text)
    this.#parts.push(...parts.map((each) => ({ _id: partId(seq, each.part), seq, ...each })))
    if (resource) this.#makeFindable(document, resource)
    this.#known.set(of, { ...document, deleted: method === 'DELETE' })
    this.#addNamed(document)
    this.#kept += kept.size
    if (this.#kept > mostKept) await this.#writeKept()
    return { type, id, versionId: String(vid), lastUpdated: new Date(this.now).toISOString(), resource, method }
  }

  #supersede({ seq }: Known): void {
    const own = this.#versions.get(seq)
    if (!own) this.#superseded.push(seq)
    else own.superseded = this.now
    // What comes and goes in one transaction was never seen.
    if (this.#searchable.delete(seq)) this.#more = this.#more.filter((each) => each.seq !== seq)
  }

  #makeFindable({ seq, of, type, id, updated, size, names }: VersionDocument, resource: Resource): void {
    const { own, more } = entriesOf(resource)
    names.push(...own.names)
    this.#searchable.set(seq, { _id: seq, of, type, id, updated, size, until: endOfTime, ...own })
    this.#more.push(...moreDocuments(seq, type, more))
    if (more.length > 0 && this.#typesOfMore) this.#typesOfMore[type] = true
    for (const word of own.words ?? []) this.#kept += word.length
  }

  /** Writes what is kept, all of it, and forgets it. */
  async #writeKept(): Promise<void> {
    await this.claim()
    const { versions, contents, searchable, more } = this.#collections
    const session = this.#session
    if (this.#versions.size > 0) await versions.insertMany([...this.#versions.values()], { session })
    if (this.#parts.length > 0) await contents.insertMany(this.#parts, { session })
    if (this.#searchable.size > 0) await searchable.insertMany([...this.#searchable.values()], { session })
    if (this.#more.length > 0) await more.insertMany(this.#more, { session })
    for (const list of chunks(this.#superseded)) {
      await versions.updateMany({ seq: { $in: list } }, { $set: { superseded: this.now } }, { session })
      // Nobody sees a state that lies within this transaction: its first write stands for each of them.
      const gone = { until: this.#first, superseded: this.now }
      await searchable.updateMany({ _id: { $in: list } }, { $set: gone }, { session })
    }
    this.#versions.clear()
    this.#texts.clear()
    this.#searchable.clear()
    this.#parts = []
    this.#more = []
    this.#superseded = []
    this.#kept = 0
  }

  /** Writes the rest, and the number of the last write. */
  async finish(written: Written[]): Promise<Done<Outcome>> {
    const state = { n: this.#seq, types: this.#types }
    const [_id, write] = [this.#firstId, this.#token]
    if (_id === undefined) return { result: { written, state }, isEmpty: true, wasCommitted: async () => false }
    this.#isClaimed = true
    const more = this.#typesOfMore ? { more: this.#typesOfMore } : {}
    await this.#setState({ ...state, ...more, updated: this.now, write })
    await this.#writeKept()
    const { versions } = this.#collections
    return {
      result: { written, state },
      isEmpty: false,
      wasCommitted: async (session) =>
        (await versions.findOne({ _id, write }, { session, projection: { _id: 1 } })) !== null,
    }
  }
}

/** The names of a resource, and what it is under its `url|version`. */
export function namesOf(
  resource: Resource,
  { type, recorded }: Pick<NewVersion, 'type' | 'recorded'>,
): Pick<VersionDocument, 'as' | 'published' | 'retired'> {
  const { url, version } = artefactCanonical(resource) ?? {}
  if (url === undefined || version === undefined) return {}
  const status = statusOf(resource)
  return {
    as: nameKey(type, { url, version }),
    ...(recorded && status === 'active' ? { published: true } : {}),
    ...(status === 'retired' ? { retired: true } : {}),
  }
}

function* chunks<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += perQuestion) yield list.slice(at, at + perQuestion)
}
