import type { IncomingMessage, ServerResponse } from 'node:http'
import { FhirError, issue } from '../../fhir/error.ts'
import type { AccessLog, ErrorLog } from '../audit/access-log.ts'
import { recordRequest } from '../audit/record-request.ts'
import { auditedTransaction } from '../audit/transactions.ts'
import type { Facade } from '../context.ts'
import { errorReply } from '../message/errors.ts'
import { isFresh } from '../message/precondition.ts'
import { requestId } from '../message/request-id.ts'
import { type Answering, answer, auditSource, type Passage } from './answer.ts'
import { pathTaker } from './known-paths.ts'
import { publicRevision } from './public-revision.ts'
import { cachedReply, cacheKey, createReplyCache, isCacheable, type ReplyCache } from './reply-cache.ts'
import { type Outgoing, send } from './send.ts'
import { sendCached, sendPacked } from './send-cached.ts'

/** Where the listener reports. */
export interface Logs {
  accessLog?: AccessLog
  errorLog: ErrorLog
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

/**
 * The FHIR endpoint as a plain `node:http` listener: no middleware stands between the socket and an interaction, and
 * what was answered since the last write goes out as the bytes it was.
 */
export function createFhirListener(facade: Facade, logs: Logs): FhirListener {
  const cache = createReplyCache(publicRevision(facade.storage))
  const answering: Answering = { facade, errorLog: logs.errorLog, takePath: pathTaker(facade) }
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
        : await answerAndSend(answering, { message, response, address, id, cache, key, sampled })
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

/** Shorter replies go out whatever else does. */
const longReplyBytes = 256 * 1024

/** A long reply, or 503 when clients have so much to take already that the server's memory is not for more. */
function heldBack(facade: Facade, outgoing: Outgoing, id: string): Outgoing {
  const { body } = outgoing
  const length = typeof body === 'string' || body instanceof Uint8Array ? body.length : 0
  if (length <= longReplyBytes || facade.hooks.mayWrite?.(length) !== false) return outgoing
  const busy = issue('throttled', 'Too many replies are under way; ask again later.')
  const { status, headers, resource } = errorReply(new FhirError(503, busy, { 'Retry-After': '5' }), id)
  const contentType = 'application/fhir+json; charset=utf-8'
  return { status, headers: { ...headers, 'Content-Type': contentType }, body: JSON.stringify(resource) }
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

async function answerAndSend(answering: Answering, exchange: Exchange): Promise<Finished> {
  const { message, response, id } = exchange
  const passage: Passage = { message, response, id, asked: { ranges: [], pretty: false } }
  try {
    return await answerPassage(answering, exchange, passage)
  } finally {
    passage.request?.requester.end()
  }
}

async function answerPassage(answering: Answering, exchange: Exchange, passage: Passage): Promise<Finished> {
  const { facade } = answering
  const { message, response, address, id, cache, key, sampled } = exchange
  const revision = cache.revision()
  let outgoing = await answer(answering, passage, address)
  const { resolved } = passage
  const place = { route: resolved?.pattern ?? 'unknown', resourceType: resolved?.target.type ?? '' }
  if (
    key !== undefined &&
    resolved &&
    isCacheable(resolved.pattern, resolved.target.operation) &&
    cache.wants(address)
  ) {
    const kept = cachedReply(outgoing, place)
    if (kept) {
      cache.keep(key, kept, revision)
      outgoing = { ...kept, headers: { ...kept.headers } }
      if (isFresh(message.headers as Record<string, string | undefined>, kept.headers)) {
        outgoing = { status: 304, headers: outgoing.headers }
      }
    }
  }
  outgoing = heldBack(facade, outgoing, id)
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
