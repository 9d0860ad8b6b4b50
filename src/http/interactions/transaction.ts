import { badRequest, FhirError, issue, notFound } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import type { BundleEntry, Issue, Resource } from '../../fhir/types.ts'
import type { StoredVersion, Write } from '../../storage/storage.ts'
import type { HttpContext } from '../context.ts'
import { checkPermission } from '../limits/requester.ts'
import { errorReply } from '../message/errors.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { parseQuery, versionHeaders, writeConditions } from '../message/head.ts'
import { replyTo } from '../message/reply.ts'
import { entryInteraction, entryRequest, inOrder, replyEntry } from './bundle-entry.ts'
import { conditionalReferences, rewriteReferences } from './rewrite-references.ts'
import { singleMatch } from './single-match.ts'
import {
  checkBeforeWrite,
  checkCanonicalIsNew,
  checkOwnId,
  type Judged,
  judgedAnew,
  writeOf,
  writeReply,
} from './writing.ts'

/** One entry on its way: a request and what is to be written for it, if anything. */
interface Step {
  index: number
  request: FhirRequest
  fullUrl: string | undefined
  resource?: Resource
  write?: Write
  /** What a read of one resource is about. */
  read?: { type: string; id: string }
  /** A conditional create that found its resource: nothing is written. */
  existing?: StoredVersion
  /** A delete of what is not there. */
  nothing?: boolean
  warnings: Issue[]
}

/**
 * All entries or none (https://hl7.org/fhir/R4/http.html#transaction). Writes go to the storage as one; what only
 * reads is answered afterwards from the new state.
 * @throws FhirError of the first entry that fails, with its position
 */
export async function transaction(
  context: HttpContext,
  outer: FhirRequest,
  entries: BundleEntry[],
): Promise<BundleEntry[]> {
  let steps = await checkedSteps(context, outer, entries)
  const replies = await judgedAnew(context, judgedTypes(steps), async (judgedAt, tries) => {
    if (tries > 1) steps = await checkedSteps(context, outer, entries)
    return writeAll(context, steps, judgedAt)
  })
  const done: BundleEntry[] = new Array(entries.length)
  for (const step of steps) {
    done[step.index] = await replyEntry(replies.get(step) ?? (await answerRead(context, step.request)))
  }
  return done
}

/** Types of which something is looked for before it is written. */
function judgedTypes(steps: readonly Step[]): string[] {
  const types = steps.flatMap(({ write, resource }) => [
    ...(write ? [write.type] : []),
    ...(resource ? conditionalReferences(resource).map((each) => each.split('?')[0] ?? '') : []),
  ])
  return [...new Set(types)].sort()
}

/** What is to be done, each judged like a request of its own. @throws FhirError */
async function checkedSteps(context: HttpContext, outer: FhirRequest, entries: BundleEntry[]): Promise<Step[]> {
  const steps: Step[] = []
  for (const index of inOrder(entries)) {
    await atEntry(index, async () => void steps.push(prepare(context, outer, entries[index], index)))
  }
  const resources = steps.flatMap(({ resource }) => resource ?? [])
  for (const step of steps) {
    const { resource } = step
    if (!resource) continue
    await atEntry(step.index, async () => {
      step.warnings = await checkBeforeWrite(context, resource, resources)
    })
  }
  return steps
}

/** Everything is written by now: a read that fails speaks for itself alone. */
async function answerRead(context: HttpContext, request: FhirRequest): Promise<FhirReply> {
  try {
    return await replyTo(entryInteraction(context, request), request)
  } catch (error) {
    return errorReply(error, request.requestId)
  }
}

/** A read of what will not be there spoils the transaction, while it can still be spoilt. */
async function checkReads(context: HttpContext, steps: Step[]): Promise<void> {
  for (const { index, write, read } of steps) {
    if (write || !read) continue
    const { type, id } = read
    const writes = steps.filter((step) => step.write?.type === type && step.write.id === id)
    const written = writes.some((step) => step.write?.method !== 'DELETE')
    const stored = writes.length === 0 && (await context.storage.read(type, id))?.resource !== undefined
    if (!written && !stored)
      await atEntry(index, () => Promise.reject(notFound(`There is no ${type} with the id ${id}.`)))
  }
}

function prepare(context: HttpContext, outer: FhirRequest, entry: BundleEntry | undefined, index: number): Step {
  const request = entryRequest(entry, outer, context.settings.baseUrl)
  if (request.path.length === 0) throw badRequest('A transaction cannot hold another one.', 'not-supported')
  const resolved = context.resolve(context, request.method, request.path)
  const step: Step = {
    index,
    request,
    fullUrl: typeof entry?.fullUrl === 'string' ? entry.fullUrl : undefined,
    warnings: [],
  }
  if (resolved.needs) checkPermission(request.requester, resolved.needs, resolved.target.type || '*')
  if (!resolved.writes) {
    if (resolved.pattern === '/:type/:id') step.read = resolved.target
    return step
  }
  const { type, id, operation } = resolved.target
  if (operation !== '' || request.method === 'PATCH') {
    throw badRequest(
      'A patch, or an operation that changes something, cannot be part of a transaction.',
      'not-supported',
    )
  }
  if (request.method === 'DELETE') {
    step.write = { method: 'DELETE', type, id }
    return step
  }
  if (!entry?.resource) throw badRequest('The entry needs a resource.', 'required')
  if (entry.resource.resourceType !== type) throw badRequest(`The resource is not a ${type}, as the url says.`)
  if (id !== '' && entry.resource.id !== id) throw badRequest('The id of the resource must be that of the url.')
  step.resource = asResource(entry.resource)
  step.write = { method: request.method === 'POST' ? 'POST' : 'PUT', type, id }
  return step
}

/** Finds targets, rewrites references, writes; runs alone. */
async function writeAll(context: HttpContext, steps: Step[], judgedAt: Judged): Promise<Map<Step, FhirReply>> {
  const replies = new Map<Step, FhirReply>()
  const writing = steps.filter(({ write }) => write)
  for (const step of writing) await atEntry(step.index, () => findTarget(context, step))
  refuseSharedTargets(writing)
  refuseSharedConditions(writing)
  const addresses = new Map<string, string>()
  for (const { fullUrl, write, existing } of writing) {
    const target = existing ?? write
    if (fullUrl && target?.id) addresses.set(fullUrl, `${target.type}/${target.id}`)
  }
  for (const [name, address] of await relativeAddresses(context, addresses)) addresses.set(name, address)
  const writes: Write[] = []
  const written: Step[] = []
  for (const step of writing) {
    if (step.existing || step.nothing || !step.write) {
      replies.set(step, replyWithoutWrite(context, step))
      continue
    }
    await atEntry(step.index, () => completeWrite(context, step, addresses))
    writes.push(step.write)
    written.push(step)
  }
  await checkReads(context, steps)
  const last = writes.length - 1
  // What names its resources by their ids is judged by nothing.
  const isJudged = writing.some(
    ({ request, write, resource }) =>
      write?.method === 'POST' || request.path.length === 1 || (resource && conditionalReferences(resource).length > 0),
  )
  const judged = isJudged ? writes.map((each, at) => (at === last ? { ...each, judgedAt } : each)) : writes
  const outcomes = writes.length > 0 ? await context.storage.write(judged) : []
  for (const [position, step] of written.entries()) {
    const outcome = outcomes[position]
    if (!outcome) throw new Error('The storage did not say what it wrote.')
    const etag = { ETag: `W/"${outcome.version.versionId}"` }
    if (step.write?.method === 'DELETE') replies.set(step, { status: 204, headers: etag })
    else replies.set(step, writeReply(context, step.request, outcome, step.warnings))
  }
  return replies
}

/**
 * The new address by `Type/id` of an entry's full url, for who refers to it so from an entry whose own full url says nothing of where
 * that is (a `urn:uuid:`, or none). Not when two entries end alike, nor when the reference is that of a resource stored here.
 */
async function relativeAddresses(context: HttpContext, addresses: Map<string, string>): Promise<Map<string, string>> {
  const found = new Map<string, string[]>()
  for (const [fullUrl, address] of addresses) {
    const name = /^https?:\/\/.+\/([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})$/.exec(fullUrl)?.[1]
    if (name !== undefined) found.set(name, [...(found.get(name) ?? []), address])
  }
  const only = new Map<string, string>()
  for (const [name, [address, ...others]] of found) {
    const [type = '', id = ''] = name.split('/')
    if (address === undefined || others.length > 0 || (await context.storage.read(type, id))?.resource) continue
    only.set(name, address)
  }
  return only
}

/** Gives every write its id: of the match of its condition, of its url, or a fresh one. */
async function findTarget(context: HttpContext, step: Step): Promise<void> {
  const { request, resource, write } = step
  if (!write) return
  const { type } = write
  if (write.method === 'POST') {
    const condition = request.headers['if-none-exist']
    const match =
      condition === undefined
        ? undefined
        : await singleMatch(context, request, type, parseQuery(condition.replace(/^.*\?/, '')))
    if (match) step.existing = match
    else if (resource) await checkCanonicalIsNew(context, resource)
    write.id = context.uuid()
  } else if (write.id === '') {
    const match = await singleMatch(context, request, type, request.query)
    if (write.method === 'PUT' && resource) await checkOwnId(context, resource, match)
    write.id = match?.id ?? (write.method === 'PUT' ? (resource?.id ?? context.uuid()) : '')
  }
  // With If-Match it fails: there is no such version.
  if (write.method === 'DELETE')
    step.nothing =
      write.id === '' ||
      (request.headers['if-match'] === undefined && !(await context.storage.read(type, write.id ?? ''))?.resource)
}

/**
 * Two entries about the same resource have no order that the client could count on, whether or not there is anything to delete
 * (https://hl7.org/fhir/R4/http.html#trules: "If any resource identities overlap, then the transaction SHALL fail").
 */
function refuseSharedTargets(steps: Step[]): void {
  const seen = new Map<string, number>()
  for (const { index, write, existing } of steps) {
    const target = existing ?? write
    if (!target?.id) continue
    const name = `${target.type}/${target.id}`
    const other = seen.get(name)
    if (other !== undefined && !existing) {
      const text = `The entries ${other} and ${index} write the same resource, ${name}.`
      throw badRequest({ text, expression: `Bundle.entry[${index}]` })
    }
    seen.set(name, index)
  }
}

/**
 * Two entries with one condition that nothing fits yet would make two resources of what both mean as one. Conditional creates, too:
 * each would be what the other must not exist beside.
 */
function refuseSharedConditions(steps: Step[]): void {
  const seen = new Map<string, number>()
  for (const { index, request, write, existing } of steps) {
    const condition = existing || !write ? undefined : conditionOf(request)
    if (condition === undefined) continue
    const name = `${write?.type}?${condition}`
    const other = seen.get(name)
    if (other !== undefined) {
      const text = `The entries ${other} and ${index} write the same resource: the one of their common condition.`
      throw badRequest({ text, expression: `Bundle.entry[${index}]` })
    }
    seen.set(name, index)
  }
}

/** By what an entry finds its resource, its parameters in order of their names; undefined when it does not look for one. */
function conditionOf({ method, headers, query, path }: FhirRequest): string | undefined {
  if (method !== 'POST') return path.length === 1 ? inOrderOfNames(query) : undefined
  const condition = headers['if-none-exist']
  return condition === undefined ? undefined : inOrderOfNames(parseQuery(condition.replace(/^.*\?/, '')))
}

const inOrderOfNames = (query: FhirRequest['query']): string =>
  JSON.stringify(query.toSorted(([a, c], [b, d]) => (a === b ? (c < d ? -1 : 1) : a < b ? -1 : 1)))

async function completeWrite(
  context: HttpContext,
  { index, request, resource, write, fullUrl }: Step,
  addresses: Map<string, string>,
) {
  if (!write) return
  Object.assign(write, writeConditions(request.headers))
  if (write.method === 'DELETE') {
    const { unlessInForce } = context.hooks.publishedWrite?.(write) ?? {}
    if (unlessInForce) write.unlessInForce = placed(index, unlessInForce)
    return
  }
  if (!resource || write.id === undefined) return
  const found = new Map(addresses)
  for (const condition of conditionalReferences(resource)) {
    const [type = '', query = ''] = condition.split('?')
    const match = await singleMatch(context, request, type, parseQuery(query))
    if (!match) throw new FhirError(412, issue('not-found', `Nothing fits the conditional reference to a ${type}.`))
    found.set(condition, `${match.type}/${match.id}`)
  }
  const { type, id, method } = write
  const complete = writeOf(context, { method, type, id }, rewriteReferences(resource, { byUrl: found, fullUrl }))
  const { unlessPublished, unlessInForce } = complete
  Object.assign(write, complete, {
    ...(unlessPublished && { unlessPublished: placed(index, unlessPublished) }),
    ...(unlessInForce && { unlessInForce: placed(index, unlessInForce) }),
  })
}

function replyWithoutWrite(context: HttpContext, { existing }: Step): FhirReply {
  if (!existing) return { status: 204, headers: {} }
  const location = `${context.settings.baseUrl}/${existing.type}/${existing.id}/_history/${existing.versionId}`
  const reply: FhirReply = { status: 200, headers: { ...versionHeaders(existing), Location: location } }
  if (existing.resource) reply.resource = existing.resource
  return reply
}

/** Says at which entry a step failed. */
async function atEntry<T>(index: number, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw placedError(index, error)
  }
}

/** The same for what the storage calls inside its transaction. */
function placed<T>(index: number, judge: (given: T) => void): (given: T) => void {
  return (given) => {
    try {
      judge(given)
    } catch (error) {
      throw placedError(index, error)
    }
  }
}

function placedError(index: number, error: unknown): unknown {
  if (!(error instanceof FhirError)) return error
  const place = `Bundle.entry[${index}]`
  const issues = error.issues.map((each) => ({ ...each, expression: [place, ...(each.expression ?? [])] }))
  return new FhirError(error.status, issues, error.headers)
}
