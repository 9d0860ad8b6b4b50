import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessLog, ErrorLog } from './access-log.ts'
import type { AuditSource } from './audit/audit-event.ts'
import { auditedFacade } from './audit/audited-facade.ts'
import { recordRequest } from './audit/record-request.ts'
import { auditedTransaction } from './audit/transactions.ts'
import { hasBody, readBody } from './body.ts'
import { preflightHeaders } from './constant-headers.ts'
import { conclude } from './dispatch.ts'
import { errorReply, isExpected } from './errors.ts'
import type { FhirReply, FhirRequest, RawBody } from './exchange.ts'
import type { Facade } from './facade.ts'
import type { Resolved } from './interaction.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import {
  chooseFormat,
  errorFormat,
  foreignMediaType,
  type Negotiation,
  negotiate,
  type ReplyFormat,
} from './negotiation.ts'
import { isFresh } from './precondition.ts'
import { publicRevision } from './public-revision.ts'
import { parsePath, parseQuery } from './query.ts'
import { render } from './render.ts'
import { cachedReply, cacheKey, createReplyCache, isCacheable, type ReplyCache } from './reply-cache.ts'
import { requestId } from './request-id.ts'
import { allowedMethods } from './routes.ts'
import { type Outgoing, send } from './send.ts'
import { sendCached, sendPacked } from './send-cached.ts'

/** Where the listener reports. */
export interface Logs {
  accessLog?: AccessLog
  errorLog: ErrorLog
}

/** A request on its way through the listener. */
interface Passage {
  message: IncomingMessage
  id: string
  asked: Negotiation
  resolved?: Resolved
  request?: FhirRequest
}

/** What the log needs of a finished request. */
interface Finished {
  status: number
  bytes: number
  route: string
  resourceType: string
}

/** Answers a request whose address is relative to the FHIR base; never rejects. */
export type FhirListener = (message: IncomingMessage, response: ServerResponse, address: string) => Promise<void>

const nothingAsked: Negotiation = { ranges: [], pretty: false }

/**
 * The FHIR endpoint as a plain `node:http` listener: no middleware stands between the socket and an interaction, and
 * what was answered since the last write goes out as the bytes it was.
 */
export function createFhirListener(facade: Facade, logs: Logs): FhirListener {
  const cache = createReplyCache(publicRevision(facade.storage))
  const isSampling = (facade.settings.auditSampleRate ?? 0) > 0
  return async (message, response, address) => {
    const started = performance.now()
    const given = message.headers['x-request-id']
    const id = requestId(typeof given === 'string' ? given : undefined, facade.uuid)
    const key = cacheKey(message.method, address, message.headers)
    let hit = key === undefined ? undefined : cache.find(key)
    // A reply that is to be recorded is worked out, so that there is a request to record.
    const sampled = isSampling && hit !== undefined && isAudited(hit.place) && facade.audit.samples()
    if (sampled) hit = undefined
    let finished: Finished
    try {
      finished = hit
        ? {
            ...(sendCached(message, response, hit, id) ?? (await sendPacked(message, response, hit, id))),
            ...hit.place,
          }
        : await answerAndSend(facade, logs, { message, response, address, id, cache, key, sampled })
    } catch (error) {
      // The reply was under way or could not be sent: nothing is left but to hang up.
      logs.errorLog({ requestId: id, error })
      response.destroy()
      finished = { status: 500, bytes: 0, route: 'unknown', resourceType: '' }
    }
    if (logs.accessLog) logRequest(facade, logs.accessLog, { message, id, started, finished })
  }
}

function logRequest(
  facade: Facade,
  accessLog: AccessLog,
  { message, id, started, finished }: { message: IncomingMessage; id: string; started: number; finished: Finished },
): void {
  const { status, bytes, route, resourceType } = finished
  accessLog({
    time: facade.now().toISOString(),
    requestId: id,
    method: message.method ?? '',
    route,
    ...(resourceType === '' ? {} : { resourceType }),
    status,
    durationMs: Math.round((performance.now() - started) * 1000) / 1000,
    bytes,
  })
}

interface Exchange {
  message: IncomingMessage
  response: ServerResponse
  address: string
  id: string
  cache: ReplyCache
  key: string | undefined
  /** Taken out of the cache to be recorded. */
  sampled: boolean
}

const isAudited = ({ route, resourceType }: { route: string; resourceType: string }) =>
  auditedTransaction(route, resourceType) !== undefined

async function answerAndSend(facade: Facade, logs: Logs, exchange: Exchange): Promise<Finished> {
  const { message, response, address, id, cache, key, sampled } = exchange
  const passage: Passage = { message, id, asked: nothingAsked }
  const revision = cache.revision()
  let outgoing = await answer(facade, logs, passage, address)
  const { resolved } = passage
  const place = { route: resolved?.pattern ?? 'unknown', resourceType: resolved?.target.type ?? '' }
  if (key !== undefined && resolved && isCacheable(resolved.pattern, resolved.target.operation) && cache.wants(key)) {
    const kept = cachedReply(outgoing, place)
    if (kept) {
      cache.keep(key, kept, revision)
      outgoing = { ...kept, headers: { ...kept.headers } }
      if (isFresh(message.headers as Record<string, string | undefined>, kept.headers)) {
        outgoing = { status: 304, headers: outgoing.headers }
      }
    }
  }
  outgoing.headers['X-Request-Id'] = id
  const sent = send(message, response, outgoing)
  const bytes = typeof sent === 'number' ? sent : await sent
  const { status } = outgoing
  if (resolved && ((facade.settings.auditSampleRate ?? 0) > 0 || resolved.writes)) {
    const { request } = passage
    const source = auditSource(facade, passage, status)
    recordRequest(facade, source, { resolved, request, address, method: message.method ?? '', sampled })
  }
  return { status, bytes, ...place }
}

function auditSource(facade: Facade, { message, id, resolved }: Passage, status: number): AuditSource {
  return {
    recorded: facade.now().toISOString(),
    baseUrl: facade.settings.baseUrl,
    software: `${facade.software.name} ${facade.software.version}`,
    requestId: id,
    clientAddress: message.socket.remoteAddress,
    authorized: resolved?.guarded === true && status !== 401 && status !== 403,
    status,
  }
}

async function answer(facade: Facade, logs: Logs, passage: Passage, address: string): Promise<Outgoing> {
  try {
    const entered = enter(facade, passage, address)
    if ('status' in entered) return entered
    const { resolved, request, bodyType, format } = entered
    if (bodyType) {
      const bytes = await readBody(passage.message, facade.settings.bodyLimitBytes)
      request.body = { mediaType: bodyType, bytes }
    }
    passage.request = request
    const reply = conclude(resolved, request, await resolved.run(request))
    return written(facade, reply, format ?? (() => chooseFormat(passage.asked)))
  } catch (error) {
    if (!isExpected(error)) logs.errorLog({ requestId: passage.id, error })
    const reply = errorReply(error, passage.id)
    return written(facade, reply, errorFormat(passage.asked))
  }
}

/** A request that may run, once its body is read. */
interface Entered {
  resolved: Resolved
  request: FhirRequest
  /** Of the body, when there is one. */
  bodyType: MediaType | undefined
  format: ReplyFormat | undefined
}

/** Understands a request as far as its body, or answers OPTIONS. @throws FhirError */
function enter(facade: Facade, passage: Passage, address: string): Entered | Outgoing {
  const { message } = passage
  const question = address.indexOf('?')
  const query = parseQuery(question < 0 ? '' : address.slice(question + 1))
  const mediaType = parseMediaType(message.headers['content-type'] ?? '')
  passage.asked = negotiate({ query, accept: message.headers.accept, bodyType: mediaType.essence })
  const path = parsePath(question < 0 ? address : address.slice(0, question))
  const method = message.method === 'HEAD' ? 'GET' : (message.method ?? '')
  if (method === 'OPTIONS') {
    const allow = path.length === 0 ? 'POST, OPTIONS' : allowedMethods(facade, path).join(', ')
    return { status: 204, headers: { ...preflightHeaders, Allow: allow } }
  }
  let resolved = facade.resolve(method, path)
  passage.resolved = resolved
  if (resolved.writes || path.length === 0) {
    const source = { ...auditSource(facade, passage, 200), authorized: true }
    resolved = auditedFacade(facade, source).resolve(method, path)
  }
  const headers = message.headers as Record<string, string | undefined>
  if (resolved.guarded) facade.authorize(headers)
  const format = formatOf(passage.asked, resolved)
  const foreignType = foreignMediaType(passage.asked)
  const request: FhirRequest = { method, path, query, headers, foreignType, requestId: passage.id }
  const bodyType = hasBody(message) && method !== 'GET' && method !== 'DELETE' ? mediaType : undefined
  return { resolved, request, bodyType, format }
}

/** The format, or undefined when only the reply can tell: an operation may answer in a media type of its own. */
function formatOf(asked: Negotiation, resolved: Resolved): ReplyFormat | undefined {
  return resolved.foreign ? undefined : chooseFormat(asked, resolved.mapping)
}

function written(facade: Facade, reply: FhirReply, format: ReplyFormat | (() => ReplyFormat)): Outgoing {
  const { status, headers } = reply
  if (reply.raw) {
    return {
      status,
      headers: { ...headers, 'Content-Type': withCharset(reply.raw.contentType) },
      body: rawBytes(reply.raw),
    }
  }
  if (!reply.resource) return { status, headers }
  const chosen = typeof format === 'function' ? format() : format
  const { contentType, body } = render(reply.resource, chosen, facade.hooks.printMap)
  return { status, headers: { ...headers, 'Content-Type': contentType }, body }
}

function rawBytes({ body }: RawBody): Uint8Array | AsyncIterable<string> {
  return typeof body === 'string' ? Buffer.from(body) : body
}

function withCharset(contentType: string): string {
  const isText = /^text\/|[/+](json|xml)\b|ndjson/.test(contentType)
  return isText && !contentType.includes('charset') ? `${contentType}; charset=utf-8` : contentType
}
