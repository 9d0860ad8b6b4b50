import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorLog } from '../audit/access-log.ts'
import { type AuditSource, auditedStorage } from '../audit/audit-event.ts'
import type { HttpContext } from '../context.ts'
import { requesterOf } from '../limits/requester.ts'
import { errorReply, isExpected } from '../message/errors.ts'
import type { FhirRequest, MediaType, Outgoing, Resolved } from '../message/exchange.ts'
import { parsePath, parseQuery } from '../message/head.ts'
import {
  chooseFormat,
  errorFormat,
  foreignMediaType,
  type Negotiation,
  negotiate,
  parseMediaType,
  type ReplyFormat,
} from '../message/media-type.ts'
import { replyTo, type Writing, written } from '../message/reply.ts'
import { findOperation } from '../operations.ts'
import { allowedMethods, resolveRoute } from '../routes.ts'
import { hasBody, readBody } from './body.ts'
import { preflightHeaders } from './constant-headers.ts'

/** A request on its way through the listener. */
export interface Passage {
  message: IncomingMessage
  response: ServerResponse
  /** Relative to the FHIR base. */
  address: string
  /** Of the request, for logs. */
  id: string
  /** Under which the reply may be kept. */
  key: string | undefined
  /** It is of the audit's sample already. */
  sampled: boolean
  /** What the reply should be written in, once that is known. */
  asked: Negotiation
  resolved?: Resolved
  request?: FhirRequest
}

/** The headers of a message that may stand once; of `Set-Cookie`, the only one that is a list, none is read here. */
function headersOf({ headers }: IncomingMessage): Record<string, string | undefined> {
  const { 'set-cookie': _list, ...single } = headers
  const texts: Record<string, string | undefined> = {}
  for (const name in single) {
    const value = single[name]
    texts[name] = typeof value === 'string' ? value : value?.join(', ')
  }
  return texts
}

/** Who asked for what, as an AuditEvent says it. */
export function auditSource(context: HttpContext, { message, id, resolved }: Passage, status: number): AuditSource {
  return {
    recorded: context.now().toISOString(),
    baseUrl: context.settings.baseUrl,
    software: `${context.software.name} ${context.software.version}`,
    requestId: id,
    clientAddress: context.addressOf(message),
    authorized: resolved?.guarded === true && status !== 401 && status !== 403,
    status,
  }
}

/** Answers a request of an address below the base, or says what is wrong with it; never rejects. */
export async function answer(context: HttpContext, errorLog: ErrorLog, passage: Passage): Promise<Outgoing> {
  try {
    const entered = enter(context, passage)
    if ('status' in entered) return entered
    const { resolved, request, bodyType } = entered
    const format = formatOf(passage.asked, resolved)
    if (bodyType) {
      const bytes = await readBody(passage, {
        limitBytes: bodyLimit(context, resolved, request, bodyType),
        bodies: context.bodies,
        client: request.requester.client(),
      })
      request.body = { mediaType: bodyType, bytes }
    }
    passage.request = request
    const reply = await replyTo(resolved, request)
    const chosen = format ?? (reply.resource ? chooseFormat(passage.asked) : errorFormat(passage.asked))
    return await written(reply, chosen, writing(context, passage))
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
function bodyLimit(
  context: HttpContext,
  { target }: Resolved,
  { requester }: FhirRequest,
  { essence }: MediaType,
): number {
  const { settings, limits } = context
  const most = settings.bodyLimitBytes
  const operation = target.operation === '' ? undefined : findOperation(context.operations, target)
  const own = operation?.accepts?.includes(essence) ? operation.rawBodyLimitBytes : operation?.bodyLimitBytes
  if (own !== undefined) return Math.min(own, most)
  return requester.isAuthorized() ? most : Math.min(limits.openBodyBytes, most)
}

/** Understands a request as far as its body, or answers OPTIONS. @throws FhirError */
function enter(context: HttpContext, passage: Passage): Entered | Outgoing {
  const { message, address } = passage
  const question = address.indexOf('?')
  const query = parseQuery(question < 0 ? '' : address.slice(question + 1))
  const mediaType = parseMediaType(message.headers['content-type'] ?? '')
  passage.asked = negotiate({ query, accept: message.headers.accept, bodyType: mediaType.essence })
  const path = parsePath(question < 0 ? address : address.slice(0, question))
  const method = message.method === 'HEAD' ? 'GET' : (message.method ?? '')
  if (method === 'OPTIONS') return preflight(context, path)
  const resolved = resolveAudited(context, passage, { method, path })
  const headers = headersOf(message)
  if (resolved.guarded) context.authorize(headers)
  const foreignType = foreignMediaType(passage.asked)
  const requester = requesterOf(message, context)
  const request: FhirRequest = { method, path, query, headers, foreignType, requestId: passage.id, requester }
  const bodyType = hasBody(message) && method !== 'GET' && method !== 'DELETE' ? mediaType : undefined
  return { resolved, request, bodyType }
}

/** The interaction; of a request that writes, over a store that records. */
function resolveAudited(
  context: HttpContext,
  passage: Passage,
  { method, path }: { method: string; path: string[] },
): Resolved {
  const resolved = resolveRoute(context, method, path)
  passage.resolved = resolved
  if (!resolved.writes && path.length > 0) return resolved
  const source = { ...auditSource(context, passage, 200), authorized: true }
  return resolveRoute({ ...context, storage: auditedStorage(context.storage, source) }, method, path)
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
