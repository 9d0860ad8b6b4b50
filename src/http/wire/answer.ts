import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorLog } from '../audit/access-log.ts'
import type { AuditSource } from '../audit/audit-event.ts'
import { auditedFacade } from '../audit/audited-context.ts'
import type { Facade } from '../context.ts'
import type { Resolved } from '../interaction.ts'
import { conclude } from '../interactions/dispatch.ts'
import { requesterOf } from '../limits/requester.ts'
import { errorReply, isExpected } from '../message/errors.ts'
import type { FhirReply, FhirRequest, RawBody } from '../message/exchange.ts'
import { type MediaType, parseMediaType } from '../message/media-type.ts'
import {
  chooseFormat,
  errorFormat,
  foreignMediaType,
  type Negotiation,
  negotiate,
  type ReplyFormat,
} from '../message/negotiation.ts'
import { parsePath, parseQuery } from '../message/query.ts'
import { type Rendered, type RenderOptions, render } from '../message/render.ts'
import { findOperation } from '../operations.ts'
import { allowedMethods } from '../routes.ts'
import { hasBody, readBody } from './body.ts'
import { preflightHeaders } from './constant-headers.ts'
import type { PathTaken } from './known-paths.ts'
import type { Outgoing } from './send.ts'

/** A request on its way through the listener. */
export interface Passage {
  message: IncomingMessage
  response: ServerResponse
  id: string
  /** What the reply should be written in, once that is known. */
  asked: Negotiation
  resolved?: Resolved
  request?: FhirRequest
}

/** What answering takes. */
export interface Answering {
  facade: Facade
  errorLog: ErrorLog
  takePath(method: string, address: string): PathTaken
}

/** Who asked for what, as an AuditEvent says it. */
export function auditSource(facade: Facade, { message, id, resolved }: Passage, status: number): AuditSource {
  return {
    recorded: facade.now().toISOString(),
    baseUrl: facade.settings.baseUrl,
    software: `${facade.software.name} ${facade.software.version}`,
    requestId: id,
    clientAddress: facade.addressOf(message),
    authorized: resolved?.guarded === true && status !== 401 && status !== 403,
    status,
  }
}

/** Answers a request of an address below the base, or says what is wrong with it; never rejects. */
export async function answer(answering: Answering, passage: Passage, address: string): Promise<Outgoing> {
  const { facade, errorLog } = answering
  try {
    const entered = enter(answering, passage, address)
    if ('status' in entered) return entered
    const { resolved, request, bodyType, format } = entered
    if (bodyType) {
      const bytes = await readBody(passage, {
        limitBytes: bodyLimit(facade, resolved, request, bodyType),
        body: facade.bodies.begin(request.requester.client()),
      })
      request.body = { mediaType: bodyType, bytes }
    }
    passage.request = request
    const reply = conclude(resolved, request, await resolved.run(request))
    const made = written(reply, format ?? (() => chooseFormat(passage.asked)), writing(facade, passage))
    return made instanceof Promise ? await made : made
  } catch (error) {
    if (!isExpected(error)) errorLog({ requestId: passage.id, error })
    const reply = errorReply(error, passage.id)
    return written(reply, errorFormat(passage.asked), writing(facade, passage))
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

/** Most bytes of a body: what an operation says of itself, or what a request without or with a token may send. */
function bodyLimit(facade: Facade, { target }: Resolved, { requester }: FhirRequest, { essence }: MediaType): number {
  const { settings, limits } = facade
  const most = settings.bodyLimitBytes
  const operation = target.operation === '' ? undefined : findOperation(facade.operations, target)
  const own = operation?.accepts?.includes(essence) ? operation.rawBodyLimitBytes : operation?.bodyLimitBytes
  if (own !== undefined) return Math.min(own, most)
  return requester.isAuthorized() ? most : Math.min(limits.openBodyBytes, most)
}

/** Understands a request as far as its body, or answers OPTIONS. @throws FhirError */
function enter({ facade, takePath }: Answering, passage: Passage, address: string): Entered | Outgoing {
  const { message } = passage
  const question = address.indexOf('?')
  const query = parseQuery(question < 0 ? '' : address.slice(question + 1))
  const mediaType = parseMediaType(message.headers['content-type'] ?? '')
  passage.asked = negotiate({ query, accept: message.headers.accept, bodyType: mediaType.essence })
  const pathAddress = question < 0 ? address : address.slice(0, question)
  const method = message.method === 'HEAD' ? 'GET' : (message.method ?? '')
  if (method === 'OPTIONS') return preflight(facade, parsePath(pathAddress))
  const { path, resolved: found } = takePath(method, pathAddress)
  let resolved = found
  passage.resolved = resolved
  if (resolved.writes || path.length === 0) {
    const source = { ...auditSource(facade, passage, 200), authorized: true }
    resolved = auditedFacade(facade, source).resolve(method, path)
  }
  const headers = message.headers as Record<string, string | undefined>
  if (resolved.guarded) facade.authorize(headers)
  const format = formatOf(passage.asked, resolved)
  const foreignType = foreignMediaType(passage.asked)
  const requester = requesterOf(message, facade)
  const request: FhirRequest = { method, path, query, headers, foreignType, requestId: passage.id, requester }
  const bodyType = hasBody(message) && method !== 'GET' && method !== 'DELETE' ? mediaType : undefined
  return { resolved, request, bodyType, format }
}

function preflight(facade: Facade, path: string[]): Outgoing {
  const allow = path.length === 0 ? 'POST, OPTIONS' : allowedMethods(facade, path).join(', ')
  return { status: 204, headers: { ...preflightHeaders, Allow: allow } }
}

/** The format, or undefined when only the reply can tell: an operation may answer in a media type of its own. */
function formatOf(asked: Negotiation, resolved: Resolved): ReplyFormat | undefined {
  return resolved.foreign ? undefined : chooseFormat(asked, resolved.mapping)
}

const writing = ({ hooks, limits, clientOf }: Facade, { message }: Passage): RenderOptions => ({
  printMap: hooks.printMap,
  limitBytes: limits.replyBytes,
  client: () => clientOf(message),
})

function written(
  reply: FhirReply,
  format: ReplyFormat | (() => ReplyFormat),
  options: RenderOptions,
): Outgoing | Promise<Outgoing> {
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
  const outgoing = ({ contentType, body }: Rendered): Outgoing => {
    return { status, headers: { ...headers, 'Content-Type': contentType }, body }
  }
  const rendered = render(reply.resource, chosen, options)
  return rendered instanceof Promise ? rendered.then(outgoing) : outgoing(rendered)
}

function rawBytes({ body }: RawBody): Uint8Array | AsyncIterable<string> {
  return typeof body === 'string' ? Buffer.from(body) : body
}

function withCharset(contentType: string): string {
  const isText = /^text\/|[/+](json|xml)\b|ndjson/.test(contentType)
  return isText && !contentType.includes('charset') ? `${contentType}; charset=utf-8` : contentType
}
