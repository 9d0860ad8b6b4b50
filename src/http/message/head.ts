import type { IncomingMessage } from 'node:http'
import { badRequest } from '../../fhir/error.ts'
import type { StoredVersion, Write } from '../../storage/storage.ts'
import type { FhirReply, FhirRequest, QueryPair } from './exchange.ts'
import { splitOutsideQuotes } from './media-type.ts'

/** More pairs than any honest request has. */
const maximumPairs = 2000

/**
 * Decodes a query string or form body (application/x-www-form-urlencoded), in order.
 * @throws FhirError 400 for a broken percent-encoding or too many pairs
 */
export function parseQuery(text: string): QueryPair[] {
  const pairs: QueryPair[] = []
  if (text === '') return pairs
  const isPlain = !text.includes('%') && !text.includes('+')
  let parts = 1
  let equalsAt = -1
  for (let start = 0, end = 0; start <= text.length; start = end + 1, parts++) {
    if (parts > maximumPairs) throw badRequest(`More than ${maximumPairs} parameters.`, 'too-long')
    end = text.indexOf('&', start)
    if (end < 0) end = text.length
    if (end === start) continue
    // Looked for once until it is passed: a long text without any would be gone through for every part.
    if (equalsAt < start) equalsAt = text.indexOf('=', start)
    if (equalsAt < 0) equalsAt = text.length
    const equals = Math.min(equalsAt, end)
    const name = text.slice(start, equals)
    const value = text.slice(equals + 1, end)
    pairs.push(isPlain ? [name, value] : [decode(name), decode(value)])
  }
  return pairs
}

/**
 * Splits and decodes a path: `/ValueSet/%24expand` → `['ValueSet', '$expand']`. A slash at the end is ignored.
 * @throws FhirError 400 for a broken percent-encoding
 */
export function parsePath(path: string): string[] {
  const segments = path.split('/')
  if (segments[0] === '') segments.shift()
  if (segments.at(-1) === '') segments.pop()
  return path.includes('%') ? segments.map(decodeComponent) : segments
}

/** Writes pairs as a query string, without `?`. Characters that canonicals are made of stay readable. */
export function formatQuery(pairs: QueryPair[]): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

function decode(text: string): string {
  return text.includes('%') || text.includes('+') ? decodeComponent(text.replaceAll('+', ' ')) : text
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badRequest('The URL contains a broken percent-encoding.', 'structure')
  }
}

/** What stands for itself in a query: what encodeURIComponent leaves, and the four that stay readable. */
const plain = /^[\w.!~*'():/,$-]*$/

function encode(text: string): string {
  if (plain.test(text)) return text
  return encodeURIComponent(text.toWellFormed()).replace(/%(3A|2F|2C|24)/g, (escaped) => decodeURIComponent(escaped))
}

/** `ETag` and `Last-Modified` of a stored version (https://hl7.org/fhir/R4/http.html#versions). */
export function versionHeaders(version: StoredVersion): Record<string, string> {
  return { ETag: `W/"${version.versionId}"`, 'Last-Modified': new Date(version.lastUpdated).toUTCString() }
}

/** An entity tag (RFC 9110 §8.8.3); a version id without quotes is taken for one, as many clients write it. */
const entityTag = /^(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$|^([A-Za-z0-9.-]{1,64})$/

/** The opaque parts of a list of entity tags, or `*` alone; undefined when it is neither. */
function entityTags(header: string): string[] | undefined {
  if (header.trim() === '*') return ['*']
  const found: string[] = []
  for (const each of splitOutsideQuotes(header, ',')) {
    const tag = each.trim()
    // Empty elements of a list do not count (RFC 9110 §5.6.1.2).
    if (tag === '') continue
    const match = entityTag.exec(tag)
    if (!match) return undefined
    const value = match[1] ?? match[2] ?? ''
    // In quotes it is a tag like any other, which no version has; only the bare asterisk means any version.
    found.push(value === '*' ? tag : value)
  }
  return found.length > 0 ? found : undefined
}

/**
 * What `If-Match` and `If-None-Match` demand of what is there before a write (RFC 9110 §13.1).
 * @throws FhirError 400 when one of them is no list of entity tags
 */
export function writeConditions(headers: FhirRequest['headers']): Pick<Write, 'ifMatch' | 'ifNoneMatch'> {
  const conditions: Pick<Write, 'ifMatch' | 'ifNoneMatch'> = {}
  const tagsOf = (name: string) => {
    const header = headers[name]
    const tags = header === undefined ? undefined : entityTags(header)
    if (header !== undefined && !tags) throw badRequest(`${headerNames[name]} must have the form W/"version", or *.`)
    return tags
  }
  const [ifMatch, ifNoneMatch] = [tagsOf('if-match'), tagsOf('if-none-match')]
  if (ifMatch) conditions.ifMatch = ifMatch
  if (ifNoneMatch) conditions.ifNoneMatch = ifNoneMatch
  return conditions
}

const headerNames: Record<string, string> = { 'if-match': 'If-Match', 'if-none-match': 'If-None-Match' }

/** Turns a successful answer to a GET into 304 when the client has it already (RFC 9110 §13). */
export function applyPreconditions(request: FhirRequest, reply: FhirReply): FhirReply {
  if (reply.status !== 200 || request.method !== 'GET') return reply
  return isFresh(request.headers, reply.headers) ? { status: 304, headers: reply.headers } : reply
}

/** Conditions on a GET. */
interface ConditionalHeaders {
  'if-none-match'?: string | undefined
  'if-modified-since'?: string | undefined
}

/** Whether the client's copy is the current one. */
export function isFresh(asked: ConditionalHeaders, given: Record<string, string>): boolean {
  const etag = given.ETag
  const noneMatch = asked['if-none-match']
  if (noneMatch !== undefined) {
    if (etag === undefined) return false
    const tags = entityTags(noneMatch)
    const own = entityTags(etag)?.[0]
    return tags !== undefined && (tags[0] === '*' || (own !== undefined && tags.includes(own)))
  }
  if (asked['if-modified-since'] === undefined) return false
  const since = Date.parse(asked['if-modified-since'])
  const modified = Date.parse(given['Last-Modified'] ?? '')
  return !Number.isNaN(since) && !Number.isNaN(modified) && modified <= since
}

/** The preferences of RFC 7240 that FHIR uses. */
export interface Preferences {
  return: 'minimal' | 'representation' | 'OperationOutcome'
  /** Whether the client says what it wants to be returned. */
  isReturnStated: boolean
  strict: boolean
}

/** Reads `Prefer`; default is `return=representation` and lenient handling. */
export function preferences(header: string | undefined): Preferences {
  const found: Preferences = { return: 'representation', isReturnStated: false, strict: false }
  for (const part of (header ?? '').split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=').map((each) =>
      each
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .toLowerCase(),
    )
    if (name === 'return' && value === 'minimal') found.return = 'minimal'
    if (name === 'return' && value === 'operationoutcome') found.return = 'OperationOutcome'
    if (name === 'return' && ['minimal', 'operationoutcome', 'representation'].includes(value))
      found.isReturnStated = true
    if (name === 'handling') found.strict = value === 'strict'
  }
  return found
}

/**
 * The id of a request: the sender's `X-Request-Id` when it is a word like one (a UUID, a trace id), else a fresh one. It stands in logs and
 * headers, where nothing of a person may get, so no other text is taken, nor a part of it.
 */
export function requestId(given: string | undefined, fresh: () => string): string {
  return given !== undefined && /^[A-Za-z0-9][A-Za-z0-9_=.-]{0,63}$/.test(given) ? given : fresh()
}

/** The headers of a message that may stand once; of `Set-Cookie`, the only one that is a list, none is read here. */
export function headersOf({ headers }: IncomingMessage): Record<string, string | undefined> {
  const texts: Record<string, string | undefined> = {}
  for (const name in headers) {
    if (name === 'set-cookie') continue
    const value = headers[name]
    texts[name] = typeof value === 'string' ? value : value?.join(', ')
  }
  return texts
}

/** The address relative to the FHIR base, or undefined when it is not below it. */
export function belowBase(url: string, basePath: string): string | undefined {
  if (!url.startsWith(basePath)) return undefined
  const rest = url.slice(basePath.length)
  return rest === '' || rest.startsWith('/') || rest.startsWith('?') ? rest : undefined
}
