/**
 * Questions of GET that are answered from memory without waiting for anything: the same answers as on the ordinary way, with what an
 * ordinary request says nothing about left out of it. Everything out of the ordinary, and every error, takes the ordinary way.
 */
import type { IncomingMessage } from 'node:http'
import { keep } from '../../base/keep.ts'
import type { OperationCall } from '../../fhir/operation.ts'
import type { BoundOperation, HttpContext } from '../context.ts'
import { supportedTypes } from '../describe/stored-types.ts'
import { searchAtOnce } from '../interactions/search-at-once.ts'
import type { Outgoing, QueryPair, Resolved } from '../message/exchange.ts'
import { parseQuery } from '../message/head.ts'
import { chooseFormat, foreignMediaType, negotiate, type ReplyFormat } from '../message/media-type.ts'
import { ofTheReply, queryParameters } from '../message/operation-input.ts'
import { writtenShort } from '../message/reply.ts'
import { resolveRoute } from '../routes.ts'
import { ready } from './ready-head.ts'
import { type CachedReply, cachedReply, type ReplyCache } from './reply-cache.ts'

/** An answer, and where it comes from. */
export interface Answered {
  outgoing: Outgoing
  place: CachedReply['place']
}

/** A request by GET, without proof of who sends it and without headers of its own kind. */
interface Asked {
  message: IncomingMessage
  /** Relative to the FHIR base. */
  address: string
}

/** Answers a request; undefined where it is to go the ordinary way. The reply may be kept under the key, for anybody. */
type AnswerAtOnce = (asked: Asked, key: string) => Answered | undefined

/** An operation at the level of a type. */
interface Direct {
  operation: BoundOperation
  callAtOnce: NonNullable<BoundOperation['callAtOnce']>
  place: CachedReply['place']
}

/** Whether a header says something to the ordinary way. By name, which is a fraction of what a loop over names costs. */
const saysMore = ({ headers }: IncomingMessage): boolean =>
  (headers.prefer ??
    headers['if-none-match'] ??
    headers['if-modified-since'] ??
    headers['content-type'] ??
    headers['content-length'] ??
    headers['transfer-encoding'] ??
    headers.expect) !== undefined

/** What answers at once of the operations of a server; what is asked for again is kept in the cache. */
export function createAtOnce(context: HttpContext, cache: ReplyCache): AnswerAtOnce {
  const find = createFinder(context)
  return ({ message, address }, key) => {
    try {
      const found = find(message, address)
      if (!found || !cache.wants(address)) return found
      const reply = cachedReply(found.outgoing, found.place)
      if (reply) cache.keep(key, reply, cache.revision())
      return reply ? { outgoing: reply, place: found.place } : found
    } catch {
      // Said on the ordinary way, where it happens again.
      return undefined
    }
  }
}

function createFinder(context: HttpContext) {
  const operations = directOperations(context)
  const searches = directSearches(context)
  const formats = keep<string, ReplyFormat | undefined>(mostFormats)
  return (message: IncomingMessage, address: string): Answered | undefined => {
    const question = address.indexOf('?')
    const path = question < 0 ? address : address.slice(0, question)
    const operation = operations.get(path)
    const search = operation ? undefined : searches.get(path)
    if (!operation && !search) return undefined
    if (saysMore(message)) return undefined
    const query = parseQuery(question < 0 ? '' : address.slice(question + 1))
    for (const [name] of query) if (isOfTheReply(name)) return undefined
    const { accept = '', 'accept-language': acceptLanguage } = message.headers
    const format = accept.length > longestAccept ? undefined : formats.of(accept, ordinaryFormat)
    if (!format) return undefined
    if (search) return find(context, search, { query, format })
    return operation && call(context, operation, { query, format, acceptLanguage })
  }
}

/** A question as far as it is read. */
interface Question {
  query: QueryPair[]
  format: ReplyFormat
}

function call(
  context: HttpContext,
  { operation, callAtOnce, place }: Direct,
  { query, format, acceptLanguage }: Question & { acceptLanguage: string | undefined },
): Answered | undefined {
  const parameters = queryParameters(operation, query)
  operation.refuse?.(parameters)
  const { resourceType } = place
  const asked: OperationCall = { level: 'type', resourceType, parameters, headers: noHeaders }
  if (acceptLanguage !== undefined) asked.acceptLanguage = acceptLanguage
  if (context.hooks.tokenFor?.(operation.name, asked) !== undefined) return undefined
  const resource = callAtOnce(asked)
  const body = resource && writtenShort(resource, { format, limitBytes: context.limits.replyBytes })
  return body === undefined
    ? undefined
    : { outgoing: { status: 200, headers: headersOf.of(format.contentType, typed), body }, place }
}

function find(context: HttpContext, place: CachedReply['place'], { query, format }: Question): Answered | undefined {
  if (format.kind !== 'json' || format.pretty) return undefined
  const body = searchAtOnce(context, place.resourceType, query)
  if (body === undefined) return undefined
  return { outgoing: { status: 200, headers: headersOf.of(format.contentType, typed), body }, place }
}

const noHeaders: OperationCall['headers'] = {}

/** What an answer says of itself that may be another one tomorrow. */
const mayChange = { 'Cache-Control': 'no-cache' }

/** Clients send the same few headers over and over. */
const mostFormats = 100
const longestAccept = 200

/** Headers of an answer, by its media type. */
const headersOf = keep<string, Outgoing['headers']>(mostFormats)
const typed = (contentType: string): Outgoing['headers'] =>
  ready({ ...mayChange, 'Content-Type': `${contentType}; charset=utf-8` })

/** Names that speak of the reply, and one under which nothing may be sent. */
const isOfTheReply = (name: string): boolean =>
  ofTheReply.has(name) || (name.length === 12 && name.toLowerCase() === 'access_token')

/** The format that an `Accept` alone asks for; undefined where it is none of FHIR's, or cannot be given. */
function ordinaryFormat(accept: string): ReplyFormat | undefined {
  const asked = negotiate({ query: [], accept: accept === '' ? undefined : accept, bodyType: undefined })
  return foreignMediaType(asked) === undefined ? chooseFormat(asked) : undefined
}

/** Open operations that answer at once, by their path below the base. */
function directOperations(context: HttpContext): Map<string, Direct> {
  const found = new Map<string, Direct>()
  for (const operation of context.operations) {
    const { name, callAtOnce, get, type: types = [], strict, personal, affectsState, asynchronous } = operation
    if (!callAtOnce || !get || strict || personal || affectsState || asynchronous) continue
    for (const type of types) {
      const place = placeOf(context, [type, `$${name}`])
      if (place) found.set(`/${type}/$${name}`, { operation, callAtOnce, place })
    }
  }
  return found
}

/** Searches that are open to everybody, by their path. */
function directSearches(context: HttpContext): Map<string, CachedReply['place']> {
  const found = new Map<string, CachedReply['place']>()
  for (const type of supportedTypes) {
    const place = placeOf(context, [type])
    if (place) found.set(`/${type}`, place)
  }
  return found
}

/** What a GET of a path finds, where everybody may. */
function placeOf(context: HttpContext, path: string[]): CachedReply['place'] | undefined {
  const resolved = routeOf(context, path)
  return resolved && !resolved.needs ? { route: resolved.pattern, resourceType: resolved.target.type } : undefined
}

function routeOf(context: HttpContext, path: string[]): Resolved | undefined {
  try {
    return resolveRoute(context, 'GET', path)
  } catch {
    // An operator has switched it off: the ordinary way says so.
    return undefined
  }
}
