import type { IncomingMessage, ServerResponse } from 'node:http'
import { FhirError, issue } from '../../fhir/error.ts'
import type { AccessLog, ErrorLog } from '../audit/access-log.ts'
import { recordRequest } from '../audit/record-request.ts'
import { auditedTransaction } from '../audit/transactions.ts'
import type { HttpContext } from '../context.ts'
import type { Outgoing } from '../message/exchange.ts'
import { isFresh, requestId } from '../message/head.ts'
import { writtenError } from '../message/reply.ts'
import { answer, auditSource, type Passage } from './answer.ts'
import {
  type CachedReply,
  cachedReply,
  cacheKey,
  createReplyCache,
  isCacheable,
  publicRevision,
} from './reply-cache.ts'
import { send } from './send.ts'

/** Where the listener reports. */
export interface Logs {
  accessLog?: AccessLog
  errorLog: ErrorLog
}

/** Answers a request whose address is relative to the FHIR base; never rejects. */
export type FhirListener = (message: IncomingMessage, response: ServerResponse, address: string) => Promise<void>

/** Where a reply comes from, for the access log: pattern of the route and resource type. */
type Place = CachedReply['place']

/**
 * The FHIR endpoint as a plain `node:http` listener: no middleware stands between the socket and an interaction, and
 * what was answered since the last write goes out as the bytes it was.
 */
export function createFhirListener(context: HttpContext, logs: Logs): FhirListener {
  const cache = createReplyCache(publicRevision(context.storage))
  const isSampling = (context.settings.auditSampleRate ?? 0) > 0

  /** A kept reply, unless it is to be recorded: then it is worked out, so that there is a request to record. */
  const kept = (passage: Passage): CachedReply | undefined => {
    const hit = passage.key === undefined ? undefined : cache.find(passage.key)
    if (!hit || !isSampling || auditedTransaction(hit.place.route, hit.place.resourceType) === undefined) return hit
    passage.sampled = context.audit.samples()
    return passage.sampled ? undefined : hit
  }

  const workOut = async (passage: Passage): Promise<{ outgoing: Outgoing; place: Place }> => {
    const { key, address } = passage
    const revision = key === undefined ? 0 : cache.revision()
    const outgoing = await answer(context, logs.errorLog, passage)
    const { resolved } = passage
    const place = { route: resolved?.pattern ?? 'unknown', resourceType: resolved?.target.type ?? '' }
    if (key === undefined || !resolved || !isCacheable(resolved.pattern, resolved.target.operation))
      return { outgoing, place }
    const reply = cache.wants(address) ? cachedReply(outgoing, place) : undefined
    if (!reply) return { outgoing, place }
    cache.keep(key, reply, revision)
    return { outgoing: fromCache(passage, reply), place }
  }

  const exchange = async (passage: Passage): Promise<Place & { status: number; bytes: number }> => {
    const { message, response, id } = passage
    const hit = kept(passage)
    const { outgoing, place } = hit ? { outgoing: fromCache(passage, hit), place: hit.place } : await workOut(passage)
    const { status, headers, ...body } = heldBack(context, outgoing, id)
    const bytes = await send(message, response, { status, headers: { ...headers, 'X-Request-Id': id }, ...body })
    const { resolved } = passage
    // Writes that succeeded have their AuditEvents already.
    if (resolved && (isSampling || (resolved.writes && (status >= 400 || resolved.target.operation !== ''))))
      recordRequest(context, auditSource(context, passage, status), {
        resolved,
        request: passage.request,
        address: passage.address,
        method: message.method ?? '',
        sampled: passage.sampled,
      })
    return { status, bytes, ...place }
  }

  return async (message, response, address) => {
    const started = performance.now()
    const given = message.headers['x-request-id']
    const id = requestId(typeof given === 'string' ? given : undefined, context.uuid)
    const key = message.method === 'GET' ? cacheKey(address, message.headers) : undefined
    const passage: Passage = {
      message,
      response,
      address,
      id,
      key,
      sampled: false,
      asked: { ranges: [], pretty: false },
    }
    let finished = { status: 500, bytes: 0, route: 'unknown', resourceType: '' }
    try {
      finished = await exchange(passage)
    } catch (error) {
      // The reply was under way or could not be sent: nothing is left but to hang up.
      logs.errorLog({ requestId: id, error })
      response.destroy()
    } finally {
      passage.request?.requester.end()
    }
    const { status, bytes, route, resourceType } = finished
    logs.accessLog?.({
      time: context.now().toISOString(),
      requestId: id,
      method: message.method ?? '',
      route,
      ...(resourceType === '' ? {} : { resourceType }),
      status,
      durationMs: Math.round((performance.now() - started) * 1000) / 1000,
      bytes,
    })
  }
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
