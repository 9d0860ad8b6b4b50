/** How a reply is put together: an interaction's answer, and what of it goes out. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { hasText, isJsonObject, stringifyJson } from '../../base/json.ts'
import { jsonSize } from '../../base/json-size.ts'
import { stringifySteps } from '../../base/json-steps.ts'
import { uncarried } from '../../fhir/elements.ts'
import { FhirError, issue, operationOutcome } from '../../fhir/error.ts'
import { asJson, isAnyResource, isOfType } from '../../fhir/json.ts'
import type { BundleEntry, Issue, Resource, StructureMap } from '../../fhir/types.ts'
import { writeXml, writeXmlSteps } from '../../fhir/xml/write.ts'
import { createBudget, type Steps } from '../../workers/budget.ts'
import { constantHeaders } from '../wire/constant-headers.ts'
import { writeReadyHead } from '../wire/ready-head.ts'
import { errorReply } from './errors.ts'
import type { FhirReply, FhirRequest, Outgoing, Resolved } from './exchange.ts'
import { applyPreconditions } from './head.ts'
import type { ReplyFormat } from './media-type.ts'
import { select, selection } from './summary.ts'

/** Answers a request by its interaction, and by the rules for reads. @throws FhirError */
export async function replyTo(resolved: Resolved, request: FhirRequest): Promise<FhirReply> {
  const reply = applyPreconditions(request, await resolved.run(request))
  // Searches and histories cut down their entries themselves.
  if (!reply.resource || !resolved.selects) return reply
  return { ...reply, resource: select(reply.resource, selection(request.query)) }
}

/** What writing takes beside the resource. */
export interface Writing {
  /** Writes a StructureMap in the Mapping Language. */
  printMap(map: StructureMap): string
  limitBytes: number
  /** Whose reply it is: long ones are written in turns. */
  client(): string
}

/**
 * A reply as it goes out: what an interaction answered, written in the format that was asked for, a long resource in slices. This
 * is the one place where a reply becomes text, whoever asked: the FHIR endpoint, the pages around it, or who was refused.
 * @throws FhirError 406 when the Mapping Language was asked for and the resource is no StructureMap, 413 when it would be too large
 */
export function written(
  { status, headers, resource, raw }: FhirReply,
  format: ReplyFormat,
  writing: Writing,
): Outgoing | Promise<Outgoing> {
  if (raw) {
    const { contentType, body } = raw
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    return { status, headers: { ...headers, 'Content-Type': withCharset(contentType) }, body: bytes }
  }
  if (!resource) return { status, headers }
  const typed = { ...headers, 'Content-Type': `${format.contentType}; charset=utf-8` }
  const body = textOf(resource, format, writing)
  return typeof body === 'string'
    ? { status, headers: typed, body }
    : body.then((text) => ({ status, headers: typed, body: text }))
}

/** The text of a resource that is short; undefined for one that may be long. @throws FhirError as {@link written} */
export function writtenShort(
  resource: Resource,
  { format, limitBytes }: { format: ReplyFormat; limitBytes: number },
): string | undefined {
  if (format.kind === 'fml' || isLong(resource)) return undefined
  return checked(shortText(resource, format), { limitBytes })
}

/** An OperationOutcome as JSON, for who may not even have asked in FHIR. */
export function writtenError(error: unknown, requestId: string): Outgoing {
  const { status, headers, resource } = errorReply(error, requestId)
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/fhir+json; charset=utf-8' },
    body: JSON.stringify(resource),
  }
}

function withCharset(contentType: string): string {
  const isText = /^text\/|[/+](json|xml)\b|ndjson/.test(contentType)
  return isText && !contentType.includes('charset') ? `${contentType}; charset=utf-8` : contentType
}

function textOf(resource: Resource, format: ReplyFormat, writing: Writing): string | Promise<string> {
  if (format.kind === 'fml') return checked(mappingText(resource, writing), writing)
  // What brings its own text is short, and to look into it would be to make it.
  if (!hasText(resource) && isLong(resource)) return longText(resource, format, writing)
  return checked(shortText(resource, format), writing)
}

/** Decimals stand as they were read. */
function shortText(resource: Resource, { kind, pretty }: ReplyFormat): string {
  if (kind !== 'xml') return stringifyJson(resource, pretty ? 2 : undefined)
  try {
    return writeXml(resource, { pretty })
  } catch (error) {
    return writeXml(writable(resource, error), { pretty })
  }
}

function* xmlSteps(resource: Resource, pretty: boolean): Steps<string> {
  try {
    return yield* writeXmlSteps(resource, { pretty })
  } catch (error) {
    return yield* writeXmlSteps(writable(resource, error), { pretty })
  }
}

/**
 * What can be said in XML of what cannot be written so (a stored resource may hold what a later version of FHIR or an older version of
 * this server let through): a Bundle tells which of its entries are to be read as JSON, and an outcome loses the characters alone.
 * @throws what writing threw, for every other resource
 */
function writable(resource: Resource, error: unknown): Resource {
  if (isOfType(resource, 'OperationOutcome')) return operationOutcome(resource.issue.map(carriedIssue))
  if (!isOfType(resource, 'Bundle') || !(error instanceof FhirError)) throw error
  return { ...resource, entry: resource.entry?.map(writableEntry) ?? [] }
}

function writableEntry(entry: BundleEntry): BundleEntry {
  try {
    if (isAnyResource(entry.resource)) writeXml(entry.resource)
    return entry
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const { resource, ...rest } = entry
    const name = `${resource?.resourceType}/${resource?.id}`
    const issues = error.issues.map((each) => ({ ...each, diagnostics: `${name} can be read as JSON.` }))
    return { ...rest, resource: operationOutcome(issues) }
  }
}

const carriedIssue = (issue: Issue): Issue => ({
  ...issue,
  ...(issue.diagnostics !== undefined && { diagnostics: carried(issue.diagnostics) }),
  ...(issue.details?.text !== undefined && { details: { ...issue.details, text: carried(issue.details.text) } }),
  ...(issue.expression && { expression: issue.expression.map(carried) }),
})

/** A text without what XML cannot carry. */
const carried = (text: string): string =>
  [...text.toWellFormed()].map((each) => (uncarried(each) ? '\ufffd' : each)).join('')

/** Writing has a budget of its own: a request that used up its time gets to know what was done. */
const writingLimits = { cpuMilliseconds: 3000, sliceMilliseconds: 20 }

/** Longer texts are not laid out for reading: that cannot be done in slices. */
const prettyCharacters = 1_000_000

async function longText(resource: Resource, format: ReplyFormat, writing: Writing): Promise<string> {
  const { kind, pretty } = format
  if (kind === 'json' && pretty && jsonSize(resource, prettyCharacters) <= prettyCharacters)
    return checked(shortText(resource, format), writing)
  const steps: Steps<string | undefined> =
    kind === 'xml' ? xmlSteps(resource, pretty) : stringifySteps(resource, writing.limitBytes)
  const budget = createBudget({ client: writing.client(), limits: writingLimits })
  return checked(await budget.runSteps(steps), writing)
}

/** Lists of so many items are worth a look at the clock while they are written. */
const longList = 100

/** Whether a resource may be long: told by its lists, without going through it. */
function isLong(resource: Resource): boolean {
  if (isOfType(resource, 'Bundle')) {
    const { entry = [] } = resource
    return entry.length > shortBundle || entry.some(({ resource: each }) => isAnyResource(each) && isLong(each))
  }
  const members = asJson(resource)
  // Loops without a list of their own: every reply passes here.
  for (const name in members) {
    const member = members[name]
    if (isLongList(member)) return true
    if (isJsonObject(member)) for (const inner in member) if (isLongList(member[inner])) return true
  }
  return false
}

/** More entries than these, and their resources are not looked at: any of them may be long. */
const shortBundle = 8

const isLongList = (value: unknown): boolean => Array.isArray(value) && value.length > longList

function checked(body: string | undefined, { limitBytes }: Pick<Writing, 'limitBytes'>): string {
  // A character takes at most three bytes of UTF-8.
  if (body !== undefined && (body.length * 3 <= limitBytes || Buffer.byteLength(body) <= limitBytes)) return body
  throw replyTooLarge(limitBytes)
}

/** 413 for a reply that would be larger than any may be. */
export const replyTooLarge = (limitBytes: number): FhirError =>
  new FhirError(413, issue('too-costly', `The reply would be larger than ${limitBytes} bytes; ask for less at a time.`))

function mappingText(resource: Resource, { printMap }: Writing): string {
  if (resource.resourceType === 'StructureMap') return printMap(resource)
  throw new FhirError(
    406,
    issue('not-supported', `A ${resource.resourceType} cannot be written in the Mapping Language.`),
  )
}

/** Smaller bodies are not worth packing. */
const packFromBytes = 1400
const gzipAsync = promisify(gzip)
const brotliAsync = promisify(brotliCompress)

/** The coding that `Accept-Encoding` lets us use (RFC 9110 §12.5.3). */
function acceptedCoding(header: string | undefined): 'gzip' | 'br' | undefined {
  if (header === undefined) return undefined
  const accepted = new Set<string>()
  for (const part of header.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((each) => each.trim())
    if (!parameters.some((each) => /^q=0(\.0*)?$/.test(each))) accepted.add(coding)
  }
  // Brotli packs better, gzip is several times quicker: what is made on the fly goes out as gzip.
  return accepted.has('gzip') || accepted.has('*') ? 'gzip' : accepted.has('br') ? 'br' : undefined
}

/**
 * Sends a reply and closes it, at once unless it is packed or a stream. HEAD gets the headers alone.
 * @param own headers of this one sending, such as the id of the request
 * @returns bytes of the body as sent
 */
export function send(
  message: IncomingMessage,
  response: ServerResponse,
  outgoing: Outgoing,
  own: Record<string, string> = {},
): number | Promise<number> {
  const { status, headers, body } = outgoing
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    return sendStream(message, response, { status, headers: { ...constantHeaders, ...headers, ...own }, body })
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body)
  const coding = length < packFromBytes ? undefined : acceptedCoding(message.headers['accept-encoding'])
  if (coding === undefined || body === undefined)
    return sendWhole(message, response, { status, headers, own, body, length })
  const whole = (packed: Uint8Array): Whole => {
    return { status, headers, own: { ...own, 'Content-Encoding': coding }, body: packed, length: packed.length }
  }
  const known = outgoing.packed?.get(coding)
  if (known) return sendWhole(message, response, whole(known))
  return pack(body, coding).then((packed) => {
    outgoing.packed?.set(coding, packed)
    return sendWhole(message, response, whole(packed))
  })
}

interface Whole {
  status: number
  /** Beside those of every reply. */
  headers: Record<string, string>
  /** Of this one sending. */
  own: Record<string, string>
  body: string | Uint8Array | undefined
  /** Of the body, in bytes. */
  length: number
}

function sendWhole(message: IncomingMessage, response: ServerResponse, whole: Whole): number {
  const { status, headers, own, body, length } = whole
  // No other replies are made ready.
  const mayBeReady = status === 200 && body && message.method === 'GET'
  if (mayBeReady && writeReadyHead(message, response, { headers, own, length })) {
    endWith(response, body, length)
    return length
  }
  const all: Record<string, string> = { ...constantHeaders, ...headers, ...own }
  const bodiless = status === 204 || status === 304
  if (!bodiless) all['Content-Length'] = String(length)
  response.writeHead(status, all)
  const silent = bodiless || message.method === 'HEAD' || !body
  if (silent) response.end()
  else endWith(response, body, length)
  return silent ? 0 : length
}

/** Closes a reply. Text of as many bytes as characters is ASCII, which goes into the socket without being recoded. */
function endWith(response: ServerResponse, body: string | Uint8Array, length: number): void {
  if (typeof body === 'string') response.end(body, body.length === length ? 'latin1' : 'utf8')
  else response.end(body)
}

/** Packs with settings for speed: the same bytes are rarely sent twice. */
function pack(bytes: string | Uint8Array, coding: 'gzip' | 'br'): Promise<Uint8Array> {
  if (coding === 'gzip') return gzipAsync(bytes, { level: 4 })
  return brotliAsync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
}

async function sendStream(
  message: IncomingMessage,
  response: ServerResponse,
  {
    status,
    headers,
    body,
  }: { status: number; headers: Record<string, string>; body: AsyncIterable<string | Uint8Array> },
): Promise<number> {
  response.writeHead(status, headers)
  let length = 0
  if (message.method !== 'HEAD') {
    for await (const piece of body) {
      if (response.destroyed) break
      length += Buffer.byteLength(piece)
      if (!response.write(piece)) await drained(response)
    }
  }
  response.end()
  return length
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.once('drain', go)
    response.once('close', go)
  })
}
