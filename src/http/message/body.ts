/** The body of a request: gathered within bounds, unpacked, and read as the resource it is. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { isResource } from '../../fhir/elements.ts'
import { badRequest, FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { asResource, parseJson } from '../../fhir/json.ts'
import type { Issue, Resource, StructureMap } from '../../fhir/types.ts'
import { parseXml, parseXmlSteps } from '../../fhir/xml/read.ts'
import type { Steps } from '../../workers/budget.ts'
import type { HttpHooks } from '../context.ts'
import type { UnfinishedBodies, UnfinishedBody } from '../limits/connections.ts'
import type { Requester } from '../limits/requester.ts'
import { printable } from './errors.ts'
import type { FhirRequest, RequestBody } from './exchange.ts'
import { checkContentType, fhirFormat, mappingLanguage, unreadMediaType } from './media-type.ts'

/** A resource as it was sent, and what reading it gave to remark. */
export interface ReceivedResource {
  resource: Resource
  warnings: Issue[]
}

/**
 * The resource in a body: FHIR JSON, FHIR XML, or, for a StructureMap, the Mapping Language (`?strict=true` takes the
 * current specification alone).
 * @param type the type that is asked for by the address
 * @throws FhirError 400 not FHIR or of another type, 415 another media type, 422 Mapping Language that does not parse
 */
export function receiveResource(request: FhirRequest, type: string, hooks: HttpHooks): ReceivedResource {
  const { body, query } = request
  if (!body) throw badRequest('The request has no body; a resource is needed.', 'required')
  if (body.mediaType.essence === mappingLanguage && type === 'StructureMap' && body.bytes) {
    checkMappingSize(body.bytes)
    const strict = query.some(([name, value]) => name === 'strict' && value === 'true')
    const { map, warnings } = hooks.parseMap(decodeText(body.bytes), { strict })
    return { resource: map, warnings }
  }
  const resource = parseResource(body)
  if (resource.resourceType !== type) {
    throw badRequest(`The body is a ${printable(resource.resourceType)}, the address says ${type}.`)
  }
  return { resource: isMap(resource) ? hooks.readMap(resource) : resource, warnings: [] }
}

/** Published maps have some ten thousand bytes; parsing takes time that grows with the text. */
const mappingLimitBytes = 1_000_000

/** @throws FhirError 413 for a text in the Mapping Language that no map is as long as */
export function checkMappingSize(bytes: Uint8Array): void {
  if (bytes.length > mappingLimitBytes) throw tooLarge(mappingLimitBytes)
}

const isMap = (resource: Resource): resource is StructureMap =>
  resource.resourceType === 'StructureMap' && Array.isArray(resource.group)

/**
 * Parses FHIR JSON or XML.
 * @throws FhirError 400 malformed, 415 another media type
 */
export function parseResource(body: RequestBody): Resource {
  const bytes = body.bytes ?? new Uint8Array()
  return body.resource ?? r4Resource(formatOf(body) === 'json' ? parseJson(bytes) : parseXml(bytes))
}

/** Smaller texts are read at once. */
const atOnceBytes = 50_000

/**
 * The resource in a body, as {@link parseResource} reads it; a long text is read in slices, within the budget of the request. It is kept
 * with the body, so that it is read once.
 * @throws FhirError 400 malformed, 415 another media type, 422 too costly
 */
export async function readResource(body: RequestBody, { budget }: Pick<Requester, 'budget'>): Promise<Resource> {
  const isShort = (body.bytes?.length ?? 0) <= atOnceBytes
  body.resource ??= isShort ? parseResource(body) : await budget().runSteps(parseSteps(body))
  return body.resource
}

function* parseSteps(body: RequestBody): Steps<Resource> {
  const bytes = body.bytes ?? new Uint8Array()
  return r4Resource(formatOf(body) === 'json' ? parseJson(bytes) : yield* parseXmlSteps(bytes))
}

/** @throws FhirError 415 */
function formatOf({ mediaType }: RequestBody): 'json' | 'xml' {
  const kind = fhirFormat(mediaType.essence)
  if (!kind) throw unreadMediaType(mediaType.essence)
  checkContentType(mediaType)
  return kind
}

/** UTF-8 to text, a byte order mark is dropped. @throws FhirError 400 for bytes that are not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badRequest('The body is not UTF-8.', 'structure')
  }
}

/** The strict readers saw to the structure; it must be of a type of the standard. */
function r4Resource(value: unknown): Resource {
  const resource = asResource(value)
  const type = resource.resourceType
  if (!isResource(type)) throw unprocessable(`${printable(type)} is not a resource type of FHIR R4.`, 'structure')
  return resource
}

/** A sender who goes on after 413 is heard out for so long, so that the answer is seen; then the connection is cut off. */
const drainedBytes = 32_000_000

/** By Content-Encoding. */
export const decompressors: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/** Whether the request announces a body. */
export function hasBody(message: IncomingMessage): boolean {
  const length = message.headers['content-length']
  return message.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** Bounds of the reading of one body. */
export interface ReadOptions {
  /** Most bytes, both as sent and unpacked. */
  limitBytes: number
  /** Counts what is held meanwhile, by client. */
  bodies: UnfinishedBodies
  client: string
}

/** The two sides of a request. */
interface Sides {
  message: IncomingMessage
  response: ServerResponse
}

/**
 * Reads and unpacks a body (`Content-Encoding` gzip, deflate or br). A client that waits to be asked for it (`Expect: 100-continue`) is
 * asked once nothing speaks against it.
 * @throws FhirError 413 too large, 415 unknown coding, 400 broken compression or a sender who gave up, 503 too much at a time
 */
export async function readBody({ message, response }: Sides, options: ReadOptions): Promise<Uint8Array> {
  const { limitBytes, bodies, client } = options
  let stop: (reason: FhirError) => void = () => undefined
  const body = bodies.begin(client, (reason) => stop(reason))
  try {
    const coding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
    const decompressor = decompressors.get(coding)
    if (!decompressor && coding !== 'identity' && coding !== '') throw unknownCoding()
    const isAsked = message.headers.expect?.toLowerCase() === '100-continue'
    if (Number(message.headers['content-length']) > limitBytes) {
      // Who waits to be asked may send the body all the same: on this connection nothing can follow.
      if (isAsked) throw tooLarge(limitBytes, { Connection: 'close' })
      drain(message)
      throw tooLarge(limitBytes)
    }
    if (isAsked) response.writeContinue()
    const gathering = gather(message, decompressor?.(), { limitBytes, body })
    stop = gathering.stop
    return await gathering.bytes
  } finally {
    body.end()
  }
}

interface Gathering {
  bytes: Promise<Uint8Array>
  /** Keeps nothing more, and rejects. */
  stop(reason: unknown): void
}

/** The bytes of a message, unpacked when there is something to unpack with. */
function gather(
  message: IncomingMessage,
  decompressor: Transform | undefined,
  { limitBytes, body }: { limitBytes: number; body: UnfinishedBody },
): Gathering {
  const { promise: bytes, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const source = decompressor ?? message
  const chunks: Buffer[] = []
  let length = 0
  const stop = (reason: unknown) => {
    source.removeAllListeners('data')
    if (decompressor) message.unpipe(decompressor)
    decompressor?.destroy()
    chunks.length = 0
    drain(message)
    reject(reason)
  }
  source.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limitBytes) return stop(tooLarge(limitBytes))
    try {
      body.add(chunk.length)
      chunks.push(chunk)
    } catch (error) {
      stop(error)
    }
  })
  // What came in one piece is of its own size already; a decompressor cuts its pieces out of larger ones.
  source.on('end', () => resolve(!decompressor && chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
  decompressor?.on('error', () => stop(new FhirError(400, issue('structure', 'The compressed body is broken.'))))
  onAbort(message, reject)
  if (decompressor) message.pipe(decompressor)
  return { bytes, stop }
}

function onAbort(message: IncomingMessage, reject: (reason: FhirError) => void): void {
  const gone = () => {
    if (!message.complete) reject(new FhirError(400, issue('incomplete', 'The body was cut off.')))
  }
  message.on('error', gone)
  message.on('close', gone)
}

/** Reads on without keeping anything, so that the sender comes to see the answer. */
export function drain(message: IncomingMessage): void {
  let length = 0
  message.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > drainedBytes) message.destroy()
  })
  message.resume()
}

/** 413 that names the limit. */
export function tooLarge(limitBytes: number, headers: Record<string, string> = {}): FhirError {
  return new FhirError(413, issue('too-long', `The body is larger than ${limitBytes} bytes.`), headers)
}

/** 415 that names the codings. */
export function unknownCoding(): FhirError {
  const coding = [...decompressors.keys()].join(', ')
  return new FhirError(415, issue('not-supported', `Content-Encoding is not supported; known: ${coding}.`), {
    'Accept-Encoding': coding,
  })
}
