/** One request from its first byte to its last: answered, or sent again as it was answered before, recorded and told. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Principal } from '../../fhir/principal.ts'
import type { Write } from '../../storage/storage.ts'
import type { AccessLogEntry, ErrorLog, Logs } from '../audit/access-log.ts'
import { type AuditSource, requestStorage } from '../audit/audit-event.ts'
import { recordRequest } from '../audit/record-request.ts'
import { auditedTransaction } from '../audit/transactions.ts'
import type { BoundOperation, HttpContext } from '../context.ts'
import type { Handler } from '../limits/connections.ts'
import { type Counted, countBeside, countFirst, countKnown, countLast } from '../limits/counting.ts'
import { checkPermission, mayBringProof, requesterOf } from '../limits/requester.ts'
import { checkAttachment } from '../message/attachment-body.ts'
import { hasBody, readBody } from '../message/body.ts'
import { errorReply, isExpected } from '../message/errors.ts'
import type { FhirRequest, MediaType, Outgoing, Resolved } from '../message/exchange.ts'
import { belowBase, headersOf, isFresh, parsePath, parseQuery, requestId } from '../message/head.ts'
import {
  chooseFormat,
  errorFormat,
  foreignMediaType,
  type Negotiation,
  negotiate,
  parseMediaType,
  type ReplyFormat,
} from '../message/media-type.ts'
import { replyTo, send, type Writing, written, writtenError } from '../message/reply.ts'
import { spoolFor } from '../message/spool.ts'
import { findOperation } from '../operations.ts'
import { allowedMethods, resolveRoute } from '../routes.ts'
import { type Answered, createAtOnce } from './at-once.ts'
import { preflightHeaders } from './constant-headers.ts'
import { createDocumentListener } from './documents.ts'
import {
  type CachedReply,
  cachedReply,
  cacheKey,
  createReplyCache,
  isCacheable,
  publicRevision,
} from './reply-cache.ts'

/** A request on its way through the listener. */
interface Passage extends Counted {
  response: ServerResponse
  /** Relative to the FHIR base. */
  address: string
  /** Of the request, for logs. */
  id: string
  /** Under which the reply may be kept. */
  key: string | undefined
  /** Milliseconds of a clock that only moves forward. */
  started: number
  /** It is of the audit's sample already. */
  sampled: boolean
  /** What the reply should be written in, once that is known. */
  asked: Negotiation
  resolved?: Resolved
  request?: FhirRequest
  /** Who sends it, where that was proved. */
  principal?: Principal
  /** Why what is kept of the store may be older than is promised. */
  behind?: { error: unknown } | undefined
}

/** Who asked for what, as an AuditEvent says it. */
function auditSource(context: HttpContext, { message, id, resolved, principal }: Passage, status: number): AuditSource {
  return {
    ...(principal ? { principal } : {}),
    recorded: context.now().toISOString(),
    baseUrl: context.settings.baseUrl,
    software: `${context.software.name} ${context.software.version}`,
    requestId: id,
    clientAddress: context.addressOf(message),
    authorized: resolved?.needs !== undefined && status !== 401 && status !== 403,
    status,
  }
}

/** Answers a request of an address below the base, or says what is wrong with it; never rejects. */
async function answer(context: HttpContext, errorLog: ErrorLog, passage: Passage): Promise<Outgoing> {
  try {
    // What is known at once is not waited for: every wait costs a promise.
    const entering = enter(context, passage)
    const entered = entering instanceof Promise ? await entering : entering
    if ('status' in entered) return entered
    const { resolved, request, bodyType } = entered
    const format = formatOf(passage.asked, resolved)
    if (bodyType) await receive(context, { resolved, request, bodyType }, passage)
    else request.requester.principal?.checkBody?.(new Uint8Array())
    passage.request = request
    const reply = await replyTo(resolved, request)
    const chosen = format ?? (reply.resource ? chooseFormat(passage.asked) : errorFormat(passage.asked))
    const text = written(reply, chosen, writing(context, passage))
    const outgoing = text instanceof Promise ? await text : text
    return request.requester.principal ? withheld(outgoing) : outgoing
  } catch (error) {
    if (!isExpected(error)) errorLog({ requestId: passage.id, error })
    return written(errorReply(error, passage.id), errorFormat(passage.asked), writing(context, passage))
  }
}

/** A request that may run, once its body is read. */
interface Entered {
  resolved: Resolved
  request: FhirRequest
  /** Of the body, when there is one. */
  bodyType: MediaType | undefined
}

/** Most bytes of a body: what an operation says of itself, or what a request without or with a token may send. */
interface BodyLimit {
  bytes: number
  /** Most bytes beside the base64 of one attachment, when more than that is let in for its sake. */
  plainBytes: number
}

const operationOf = ({ operations }: HttpContext, { target }: Resolved): BoundOperation | undefined =>
  target.operation === '' ? undefined : findOperation(operations, target)

function bodyLimit(
  context: HttpContext,
  operation: BoundOperation | undefined,
  { requester }: FhirRequest,
  { essence }: MediaType,
): BodyLimit {
  const { settings, limits } = context
  const most = settings.bodyLimitBytes
  const limit = (bytes: number, plainBytes = bytes): BodyLimit => ({ bytes: Math.min(bytes, most), plainBytes })
  if (operation?.accepts?.includes(essence)) {
    if (operation.rawBodyLimitBytes !== undefined) return limit(operation.rawBodyLimitBytes)
  } else if (operation?.bodyLimitBytes !== undefined) {
    return limit(operation.attachmentBodyLimitBytes ?? operation.bodyLimitBytes, operation.bodyLimitBytes)
  }
  return limit(requester.isAuthorized() ? most : limits.openBodyBytes)
}

/** Reads the body of a request. One that is long for an attachment's sake waits until few others are in memory. */
async function receive(
  context: HttpContext,
  { resolved, request, bodyType }: Entered & { bodyType: MediaType },
  { message, response }: Passage,
): Promise<void> {
  const client = request.requester.client()
  const operation = operationOf(context, resolved)
  const { essence } = bodyType
  const { type: resourceType } = resolved.target
  const folder = context.settings.uploadFolder
  const spooling = operation && spoolFor(operation, request, { message, response, resourceType, essence, folder })
  if (spooling) {
    request.body = { mediaType: bodyType, file: await spooling }
    return
  }
  const limit = bodyLimit(context, operation, request, bodyType)
  const bytes = await readBody({ message, response }, { limitBytes: limit.bytes, bodies: context.bodies, client })
  if (bytes.length > limit.plainBytes) {
    checkAttachment(bytes, limit.plainBytes)
    await request.requester.enter(context.attachmentGate)
  }
  request.requester.principal?.checkBody?.(bytes)
  request.body = { mediaType: bodyType, bytes }
}

/** Understands a request as far as its body, or answers OPTIONS; at once where it is known at once who sends it. @throws FhirError */
function enter(context: HttpContext, passage: Passage): Entered | Outgoing | Promise<Entered> {
  const { message, address } = passage
  const question = address.indexOf('?')
  const query = parseQuery(question < 0 ? '' : address.slice(question + 1))
  const mediaType = parseMediaType(message.headers['content-type'] ?? '')
  passage.asked = negotiate({ query, accept: message.headers.accept, bodyType: mediaType.essence })
  if (passage.refusal) throw passage.refusal
  const path = parsePath(question < 0 ? address : address.slice(0, question))
  const method = message.method === 'HEAD' ? 'GET' : (message.method ?? '')
  if (method === 'OPTIONS') return preflight(context, path)
  const found = resolveRoute(context, method, path)
  passage.resolved = found
  // What the server itself can do is no question to the store.
  if (passage.behind && path[0] !== 'metadata') throw passage.behind.error
  const proved = context.authenticate(message)
  const asked: Understood = { method, path, query, mediaType, found }
  return proved instanceof Promise
    ? proved.then((principal) => admit(context, passage, asked, principal))
    : admit(context, passage, asked, proved)
}

/** What a request says before it is looked at who sends it. */
interface Understood extends Pick<FhirRequest, 'method' | 'path' | 'query'> {
  mediaType: MediaType
  found: Resolved
}

/** Lets a request in whose sender is known, or known to be nobody in particular. @throws FhirError */
function admit(
  context: HttpContext,
  passage: Passage,
  { method, path, query, mediaType, found }: Understood,
  principal: Principal | undefined,
): Entered {
  const { message } = passage
  const headers = headersOf(message)
  if (principal) passage.principal = principal
  const requester = requesterOf(message, principal, context)
  if (context.hooks.rates) countKnown(context.hooks.rates, passage, principal?.id)
  if (found.needs) checkPermission(requester, found.needs, found.target.type || '*')
  const foreignType = foreignMediaType(passage.asked)
  const request: FhirRequest = { method, path, query, headers, foreignType, requestId: passage.id, requester }
  const { account } = passage
  if (account) request.countMore = (requests) => account.take(requests)
  const view = principal && context.viewFor?.(principal)
  const seen = view ? { ...context, ...view } : context
  const writes = found.writes || path.length === 0
  const resolved = writes ? resolveWriting(seen, passage, request) : view ? resolveRoute(seen, method, path) : found
  passage.resolved = resolved
  const bodyType = hasBody(message) && method !== 'GET' && method !== 'DELETE' ? mediaType : undefined
  return { resolved, request, bodyType }
}

/** The interaction of a request that writes, over a store that judges and records. */
function resolveWriting(context: HttpContext, passage: Passage, { method, path, headers, requester }: FhirRequest) {
  const source = { ...auditSource(context, passage, 200), authorized: true }
  const by = { principal: requester.principal, provenance: headers['x-provenance'] }
  const complete = async (writes: Write[]) => (await context.hooks.completeWrites?.(writes, by)) ?? writes
  return resolveRoute({ ...context, storage: requestStorage(context.storage, source, complete) }, method, path)
}

function preflight(context: HttpContext, path: string[]): Outgoing {
  const allow = path.length === 0 ? 'POST, OPTIONS' : allowedMethods(context, path).join(', ')
  return { status: 204, headers: { ...preflightHeaders, Allow: allow } }
}

/** The format, or undefined when only the reply can tell: an operation may answer in a media type of its own. */
function formatOf(asked: Negotiation, resolved: Resolved): ReplyFormat | undefined {
  return resolved.foreign ? undefined : chooseFormat(asked, resolved.mapping)
}

const writing = ({ hooks, limits, clientOf }: HttpContext, { message }: Passage): Writing => ({
  printMap: hooks.printMap,
  limitBytes: limits.replyBytes,
  client: () => clientOf(message),
})

/** Answers a request whose address is relative to the FHIR base; never rejects. */
type FhirListener = (message: IncomingMessage, response: ServerResponse, address: string) => void

/** Where a reply comes from, for the access log: pattern of the route and resource type. */
type Place = CachedReply['place']

/** What answers requests: kept replies, what memory says, and the interactions; it sends what it finds. */
function createExchange(context: HttpContext, logs: Logs): (passage: Passage) => Finished | Promise<Finished> {
  const cache = createReplyCache(publicRevision(context.storage, context.hooks))
  const isSampling = (context.settings.auditSampleRate ?? 0) > 0
  const atOnce = isSampling ? undefined : createAtOnce(context, cache)

  /** A kept reply, unless it is to be recorded: then it is worked out, so that there is a request to record. */
  const kept = (passage: Passage): CachedReply | undefined => {
    const hit = passage.key === undefined ? undefined : cache.find(passage.key)
    if (!hit || !isSampling || auditedTransaction(hit.place.route, hit.place.resourceType) === undefined) return hit
    passage.sampled = context.audit.samples()
    return passage.sampled ? undefined : hit
  }

  /** What was worked out, with where it comes from; kept for others where that may be. */
  const placed = (passage: Passage, outgoing: Outgoing, revision: number): Answered => {
    const { key, address, resolved, request } = passage
    const place = { route: resolved?.pattern ?? 'unknown', resourceType: resolved?.target.type ?? '' }
    if (!resolved || key === undefined || request?.requester.principal || request?.momentary) return { outgoing, place }
    if (!isCacheable(resolved.pattern, resolved.target.operation)) return { outgoing, place }
    const reply = cache.wants(address) ? cachedReply(outgoing, place) : undefined
    if (!reply) return { outgoing, place }
    cache.keep(key, reply, revision)
    return { outgoing: fromCache(passage, reply), place }
  }

  /** What is known already: a kept reply, or what memory says; undefined where the request is to be worked out. */
  const known = (passage: Passage): { made?: Answered; isHit: boolean } => {
    const { replyCache } = context.hooks
    const isOpen = !passage.refusal && !passage.behind
    const hit = isOpen ? kept(passage) : undefined
    if (replyCache) replyCache[hit ? 'hits' : 'misses'] += 1
    if (hit) return { made: { outgoing: fromCache(passage, hit), place: hit.place }, isHit: true }
    const made = isOpen && passage.key !== undefined ? atOnce?.(passage, passage.key) : undefined
    return made ? { made, isHit: false } : { isHit: false }
  }

  const exchange = (passage: Passage): Finished | Promise<Finished> => {
    const { rates } = context.hooks
    const { made, isHit } = known(passage)
    if (made) {
      if (rates && !isHit) countLast(rates, passage)
      return deliver(context, passage, made)
    }
    const revision = passage.key === undefined ? 0 : cache.revision()
    return answer(context, logs.errorLog, passage).then((outgoing) => {
      const found = placed(passage, outgoing, revision)
      if (rates) countLast(rates, passage)
      return deliver(context, passage, found)
    })
  }

  return (passage) => {
    const { rates } = context.hooks
    if (rates) passage.refusal = countFirst(rates, passage)
    const catchingUp = context.storage.catchUp()
    if (!catchingUp) return exchange(passage)
    return failureOf(catchingUp).then((failure) => {
      if (failure) passage.behind = failure
      return exchange(passage)
    })
  }
}

/** Sends an answer; at once unless it is packed, or a stream. */
function deliver(context: HttpContext, passage: Passage, { outgoing, place }: Answered): Finished | Promise<Finished> {
  const { message, response, id } = passage
  const held = heldBack(context, outgoing, id)
  const own: Record<string, string> = { 'X-Request-Id': id }
  passage.account?.tell(own)
  const sent = send(message, response, held, own)
  const done = (bytes: number): Finished => {
    record(context, passage, held.status)
    return { status: held.status, bytes, route: place.route, resourceType: place.resourceType }
  }
  return sent instanceof Promise ? sent.then(done) : done(sent)
}

/**
 * The FHIR endpoint as a plain `node:http` listener: no middleware stands between the socket and an interaction, and
 * what was answered since the last write goes out as the bytes it was.
 */
function createFhirListener(context: HttpContext, logs: Logs): FhirListener {
  const exchange = createExchange(context, logs)
  const end = (passage: Passage, finished: Finished) => {
    passage.request?.requester.end()
    if (logs.accessLog) logs.accessLog(logEntry(passage, finished))
  }
  /** The reply was under way or could not be sent: nothing is left but to hang up. */
  const fail = (passage: Passage, error: unknown) => {
    logs.errorLog({ requestId: passage.id, error })
    passage.response.destroy()
    end(passage, { status: 500, bytes: 0, route: 'unknown', resourceType: '' })
  }
  return (message, response, address) => {
    const passage = passageOf(context, { message, response, address })
    let finished: Finished | Promise<Finished>
    try {
      finished = exchange(passage)
    } catch (error) {
      return fail(passage, error)
    }
    if (!(finished instanceof Promise)) return end(passage, finished)
    void finished.then(
      (done) => end(passage, done),
      (error: unknown) => fail(passage, error),
    )
  }
}

/** What was sent, and where it comes from. */
type Finished = Place & { status: number; bytes: number }

/** A request at its beginning. */
function passageOf(
  context: HttpContext,
  { message, response, address }: Pick<Passage, 'message' | 'response' | 'address'>,
): Passage {
  const started = performance.now()
  const given = message.headers['x-request-id']
  const id = requestId(typeof given === 'string' ? given : undefined, context.uuid)
  const isClaimed = mayBringProof(message)
  // Under which the reply may be kept, and sent to anybody.
  const key = message.method === 'GET' && !isClaimed ? cacheKey(address, message.headers) : undefined
  return { message, response, address, id, isClaimed, key, started, sampled: false, asked: nothingAsked }
}

/** Before it is known what the reply should be written in. */
const nothingAsked: Negotiation = { ranges: [], pretty: false }

/** A line of the access log. */
function logEntry({ id, message, started }: Passage, { route, resourceType, status, bytes }: Finished): AccessLogEntry {
  const requestId = id
  const method = message.method ?? ''
  const durationMs = Math.round((performance.now() - started) * 1000) / 1000
  // Two objects written out: every request makes one, and a spread costs several times as much.
  return resourceType === ''
    ? { requestId, method, route, status, durationMs, bytes }
    : { requestId, method, route, resourceType, status, durationMs, bytes }
}

const failureOf = (catchingUp: Promise<void>): Promise<{ error: unknown } | undefined> =>
  catchingUp.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )

/** Records what was answered, where that is the thing to do; writes that succeeded have their AuditEvents already. */
function record(context: HttpContext, passage: Passage, status: number): void {
  const { resolved, request, address, message, sampled, started } = passage
  const isOfInterest = resolved?.writes && (status >= 400 || resolved.target.operation !== '')
  if (!resolved || !(isOfInterest || (context.settings.auditSampleRate ?? 0) > 0)) return
  const answered = {
    resolved,
    request,
    address,
    method: message.method ?? '',
    sampled,
    milliseconds: performance.now() - started,
  }
  recordRequest(context, auditSource(context, passage, status), answered)
}

/** What is worked out for somebody who is known, no cache on the way keeps for others. */
function withheld(outgoing: Outgoing): Outgoing {
  const caching = outgoing.headers['Cache-Control']
  if (!caching?.startsWith('public')) return outgoing
  return { ...outgoing, headers: { ...outgoing.headers, 'Cache-Control': caching.replace('public', 'private') } }
}

/** A kept reply as it goes out; without its body when the client has it already. */
function fromCache({ message }: Passage, reply: CachedReply): Outgoing {
  const { headers } = reply
  return isFresh(message.headers, headers) ? { status: 304, headers } : reply
}

/** Shorter replies go out whatever else does. */
const longReplyBytes = 256 * 1024

/** A long reply, or 503 when clients have so much to take already that the server's memory is not for more. */
function heldBack(context: HttpContext, outgoing: Outgoing, id: string): Outgoing {
  const { body } = outgoing
  const length = typeof body === 'string' || body instanceof Uint8Array ? body.length : 0
  if (length <= longReplyBytes || context.hooks.mayWrite?.(length) !== false) return outgoing
  const busy = issue('throttled', 'Too many replies are under way; ask again later.')
  return writtenError(new FhirError(503, busy, { 'Retry-After': '5' }), id)
}

/** What stands around the FHIR endpoint. */
interface Around {
  /** Path of the FHIR base, without a slash at its end. */
  basePath: string
  /** Answers what is not below the base. */
  site: Handler
  logs: Logs
}

/** The FHIR endpoint below its base, and the site around it. */
export function createListener(context: HttpContext, { basePath, site, logs }: Around): Handler {
  const fhir = createFhirListener(context, logs)
  const { documents = [], rates } = context.hooks
  const mayAnswer = (message: IncomingMessage, response: ServerResponse) =>
    !rates || countBeside(rates, message, response, context.uuid)
  const serveDocument = createDocumentListener({
    documents,
    context,
    logs,
    heldBack: (outgoing, id) => heldBack(context, outgoing, id),
    mayAnswer,
  })
  return (message, response) => {
    const address = belowBase(message.url ?? '', basePath)
    const passOn = () => {
      if (address !== undefined) fhir(message, response, address)
      else if (mayAnswer(message, response)) site(message, response)
    }
    if (documents.length === 0 || (address !== undefined && isOfFhir(address))) passOn()
    else serveDocument(message, response, passOn)
  }
}

/** Whether no document can stand there: resource types begin with a capital, operations with `$`; the base itself is FHIR's, too. */
const isOfFhir = (address: string): boolean => !/^\/[a-z0-9._~%-]/.test(address)
