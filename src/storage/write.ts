/** What one write of a transaction does, in whichever store: its order of questions, its preconditions, and what makes a new version. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { hasExactNumbers } from '../base/exact-number.ts'
import { stringifyJson } from '../base/json.ts'
import { artefactCanonical, statusOf } from '../fhir/artefact.ts'
import { isResourceId } from '../fhir/elements.ts'
import { badRequest, FhirError, issue, unprocessable } from '../fhir/error.ts'
import { asResource, parseJson } from '../fhir/json.ts'
import type { Resource } from '../fhir/types.ts'
import type { CurrentVersion, Judgement, PublishedVersion, Storage, StoredVersion, Write, Written } from './storage.ts'

/** An answer of a store: at once from a file, later over a network. */
type Answer<T> = T | Promise<T>

/** The number of the version that counts now. */
export interface Current {
  seq: number
  vid: number
  deleted: boolean
}

/** A resource as text; `exact` when it has decimals whose text must be kept (base/exact-number.ts). */
export interface Content {
  text: string
  exact: boolean
}

/** A version that is to be. */
export interface NewVersion {
  type: string
  id: string
  method: Write['method']
  /** None for a deletion. */
  content: Content | undefined
  /** Whether an active one is recorded as published. */
  recorded?: boolean
}

/** A version as it is stored, with its text. */
export interface StoredContent {
  version: StoredVersion
  /** None of a deletion. */
  content: Content | undefined
}

/** What a write needs of the transaction that it runs in. `Found` is what a store knows of a current version. */
export interface WriteContext<Found extends Current = Current> {
  /** Time of the transaction, milliseconds; not before that of the one before it. */
  readonly now: number
  current(type: string, id: string): Answer<Found | undefined>
  /** The current version whole. */
  stored(current: Found): Answer<StoredContent | undefined>
  /** When the current version was made, milliseconds. */
  updated(current: Found): Answer<number>
  /** Whether the current version was recorded as published under a name. */
  isRecorded(type: string, canonical: { url: string; version: string }, current: Found): Answer<boolean>
  /** {@link Storage.published} */
  published(type: string, canonical: { url: string; version: string }): Answer<PublishedVersion | undefined>
  /** Makes it the current version, under the next number. */
  insert(made: NewVersion, current: Found | undefined): Answer<StoredVersion>
}

/** A write under way: it yields the answers that it waits for, see {@link workAtOnce}. */
type Work<Result> = Generator<unknown, Result, unknown>

function* answer<T>(given: Answer<T>): Work<T> {
  // Whoever drives it hands back what was given, once it is there.
  return (yield given) as T
}

/** Carries work out over a store that answers at once. */
export function workAtOnce<Result>(work: Work<Result>): Result {
  let step = work.next()
  while (!step.done) step = work.next(step.value)
  return step.value
}

/** Carries work out over a store that answers later. */
export async function workLater<Result>(work: Work<Result>): Promise<Result> {
  let step = work.next()
  while (!step.done) step = work.next(await step.value)
  return step.value
}

/**
 * Carries out one write; must run in a transaction.
 * @param earlier what became of the writes of the transaction before this one
 * @throws FhirError 400, 409, 412 or 422: then the transaction must be rolled back.
 */
export function* writeOne<Found extends Current>(
  given: Write,
  context: WriteContext<Found>,
  earlier: readonly Written[],
): Work<Written> {
  const write = completed(given, earlier)
  if (write) return yield* carryOut(write, context)
  const { type, id = '', method } = given
  const lastUpdated = new Date(context.now).toISOString()
  return { version: { type, id, versionId: '0', lastUpdated, resource: undefined, method }, outcome: 'unchanged' }
}

/** The write with the resource that is made for it now; undefined when there is none. */
function completed(write: Write, earlier: readonly Written[]): Write | undefined {
  if (!write.resourceFor) return write
  const resource = write.resourceFor(earlier)
  return resource && { ...write, resource }
}

function* carryOut<Found extends Current>(write: Write, context: WriteContext<Found>): Work<Written> {
  const id = write.id ?? (write.method === 'POST' ? randomUUID() : undefined)
  if (id === undefined || !isResourceId(id)) {
    throw badRequest(
      { text: `"${String(id).slice(0, 80)}" is not a resource id.`, expression: `${write.type}.id` },
      'value',
    )
  }
  if (!/^[A-Z][A-Za-z]{1,63}$/.test(write.type))
    throw badRequest(`"${write.type.slice(0, 80)}" is not a resource type.`)
  // Nothing is there under an id that was made just now.
  const current = write.id === undefined ? undefined : yield* answer(context.current(write.type, id))
  checkPreconditions(write, id, current)
  return write.method === 'DELETE'
    ? yield* remove({ ...write, id }, current, context)
    : yield* save({ ...write, id }, current, context)
}

function checkPreconditions(write: Write, id: string, current: Current | undefined): void {
  const exists = current !== undefined && !current.deleted
  const name = `${write.type}/${id}`
  const isCurrent = (versions: readonly string[]) =>
    exists && (versions.includes('*') || versions.includes(String(current.vid)))
  if (write.ifNoneMatch && isCurrent(write.ifNoneMatch))
    throw failed(`${name} exists already, at version ${current?.vid} (If-None-Match).`)
  if (write.ifMatch && !isCurrent(write.ifMatch)) {
    const actual = exists ? `the current version is ${current.vid}` : 'it does not exist'
    throw failed(`${name} is not at version ${write.ifMatch.join(', ').slice(0, 64)}: ${actual}.`)
  }
  if (write.method === 'POST' && exists) throw new FhirError(409, issue('duplicate', `${name} exists already.`))
}

const failed = (message: string) => new FhirError(412, issue('conflict', message))

function* remove<Found extends Current>(
  write: Write & { id: string },
  current: Found | undefined,
  context: WriteContext<Found>,
): Work<Written> {
  const { type, id } = write
  if (current && !current.deleted) {
    const stored = write.unlessInForce && (yield* answer(context.stored(current)))
    if (stored) write.unlessInForce?.(yield* withRecord(stored.version, current, context))
    const version = yield* answer(context.insert({ type, id, method: 'DELETE', content: undefined }, current))
    return { version, outcome: 'deleted' }
  }
  const updated = current ? yield* answer(context.updated(current)) : context.now
  const lastUpdated = new Date(updated).toISOString()
  const versionId = String(current?.vid ?? 0)
  return { version: { type, id, versionId, lastUpdated, resource: undefined, method: 'DELETE' }, outcome: 'unchanged' }
}

/** The version, with what is known of how it came to be in force. */
function* withRecord<Found extends Current>(
  stored: StoredVersion,
  current: Found,
  context: WriteContext<Found>,
): Work<CurrentVersion> {
  const { resource } = stored
  const { url, version } = (resource && statusOf(resource) === 'active' && artefactCanonical(resource)) || {}
  if (url === undefined || version === undefined) return stored
  const recorded = yield* answer(context.isRecorded(stored.type, { url, version }, current))
  return recorded ? stored : { ...stored, isUnrecorded: true }
}

function* save<Found extends Current>(
  write: Write & { id: string },
  current: Found | undefined,
  context: WriteContext<Found>,
): Work<Written> {
  const { type, id, resource } = write
  if (resource?.resourceType !== type) {
    throw badRequest(`The body must be a ${type}, it is ${resource ? `a ${resource.resourceType}` : 'empty'}.`)
  }
  const { url, version } = (write.unlessPublished && artefactCanonical(resource)) || {}
  if (url !== undefined && version !== undefined) {
    const published = yield* answer(context.published(type, { url, version }))
    if (published) write.unlessPublished?.(published)
  }
  if (write.method === 'PUT' && current && !current.deleted) {
    const stored = yield* answer(context.stored(current))
    if (stored && isUnchanged(resource, stored)) return { version: stored.version, outcome: 'unchanged' }
    if (stored && write.unlessInForce) write.unlessInForce(yield* withRecord(stored.version, current, context))
  }
  const stamp = { versionId: String((current?.vid ?? 0) + 1), lastUpdated: new Date(context.now).toISOString() }
  const content = serialise(stamped(resource, id, stamp))
  const recorded = write.unrecorded !== true
  const made = yield* answer(context.insert({ type, id, method: write.method, content, recorded }, current))
  return { version: made, outcome: current && !current.deleted ? 'updated' : 'created' }
}

/** 409 lock-error: types were written since something was judged by them. */
export class Overtaken extends FhirError {
  readonly judgement: Judgement

  constructor(judgement: Judgement) {
    super(409, issue('lock-error', 'Somebody wrote while this was judged; try again.'))
    this.judgement = judgement
  }
}

/**
 * @param revision of the types that a write names, as it is inside the transaction
 * @throws Overtaken when types were written since a write was judged
 */
export function checkJudgement({ judgedAt = [] }: Write, revision: (types: readonly string[]) => number): void {
  for (const each of judgedAt) if (revision(each.types) !== each.revision) throw new Overtaken(each)
}

/** What is judged, and how often. */
export interface Judging {
  /** Types that it is judged by. */
  types: readonly string[]
  /** Tries when others write in between; each looks at what they wrote. */
  mostTries: number
}

/**
 * Judges and writes as one step, among all processes that write to the store: what was judged by what is stored, refusals too, is judged
 * again when one of those types was written meanwhile.
 * @param attempt adds the judgement to {@link Write.judgedAt} of what it writes
 * @throws Overtaken when others always come first, and at once when what was overtaken is the judgement of somebody else, who alone can
 * judge anew
 */
export async function judgedAnew<T>(
  storage: Pick<Storage, 'revision' | 'catchUp'>,
  { types, mostTries }: Judging,
  attempt: (judgement: Judgement, tries: number) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const judgement = { types, revision: storage.revision(types) }
    try {
      return await attempt(judgement, tries)
    } catch (error) {
      const isOvertaken = error instanceof Overtaken && error.judgement === judgement
      if (tries === mostTries || !(isOvertaken || isRefusal(error))) throw error
      if (isOvertaken) await sleep(tries * tries)
      await storage.catchUp({ asks: true })
      // One look saw the store before another's write and the next one after it: a duplicate, where what stands there would fit.
      if (!isOvertaken && storage.revision(types) === judgement.revision) throw error
    }
  }
}

/** Whether something was refused by what is stored. */
const isRefusal = (error: unknown): boolean =>
  error instanceof FhirError && error.status < 500 && !(error instanceof Overtaken)

/** Whether a resource says what is stored; `meta.versionId` and `meta.lastUpdated` do not count. */
function isUnchanged(resource: Resource, { version, content }: StoredContent): boolean {
  const wanted = serialise(stamped(resource, version.id, version))
  if (wanted.text === content?.text) return true
  // members may stand in another order; with exact decimals only the text tells whether they are the same
  if (wanted.exact || content?.exact) return false
  return isDeepStrictEqual(JSON.parse(wanted.text), version.resource)
}

/** The resource as it is stored: id and meta first, with that version and time. */
function stamped(
  resource: Resource,
  id: string,
  { versionId, lastUpdated }: Pick<StoredVersion, 'versionId' | 'lastUpdated'>,
): Resource {
  const { resourceType, id: _id, meta: given, ...rest } = resource
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...meta } = given ?? {}
  return asResource({ resourceType, id, meta: { versionId, lastUpdated, ...meta }, ...rest })
}

function serialise(resource: Resource): Content {
  try {
    const exact = hasExactNumbers(resource)
    return { text: exact ? stringifyJson(resource) : JSON.stringify(resource), exact }
  } catch (error) {
    if (error instanceof RangeError) throw unprocessable('The resource is nested too deep or too big.', 'too-long')
    throw error
  }
}

/** The resource that a text says. Exact decimals cost a slower reader, which few resources need. */
export const resourceOf = ({ text, exact }: Content): Resource =>
  asResource(exact ? parseJson(text, { depth: Number.POSITIVE_INFINITY }) : JSON.parse(text))
