import { badRequest } from '../../fhir/error.ts'
import { isAnyResource } from '../../fhir/json.ts'
import type { BundleEntry, Resource } from '../../fhir/types.ts'
import type { HttpContext } from '../context.ts'
import { checkPermission } from '../limits/requester.ts'
import type { FhirReply, FhirRequest, Resolved } from '../message/exchange.ts'
import { parsePath, parseQuery } from '../message/head.ts'
import { foreignMediaType, negotiate } from '../message/media-type.ts'

/** Order in which the entries of a Bundle are worked off (https://hl7.org/fhir/R4/http.html#trules). */
const methodOrder = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD']

/**
 * An entry of a batch or transaction as a request of its own. Authorization and language are those of the Bundle.
 * @throws FhirError 400 for an entry that says no method or address
 */
export function entryRequest(entry: BundleEntry | undefined, outer: FhirRequest, baseUrl: string): FhirRequest {
  const asked = entry?.request
  if (!asked || typeof asked.url !== 'string' || !methodOrder.includes(asked.method)) {
    throw badRequest('The entry needs a request with method and url.', 'required')
  }
  const address = relativeAddress(asked.url, baseUrl)
  const question = address.indexOf('?')
  const query = parseQuery(question < 0 ? '' : address.slice(question + 1))
  const request: FhirRequest = {
    method: asked.method === 'HEAD' ? 'GET' : asked.method,
    path: parsePath(question < 0 ? address : address.slice(0, question)),
    query,
    foreignType: foreignMediaType(negotiate({ query, accept: undefined, bodyType: undefined })),
    headers: {
      authorization: outer.headers.authorization,
      'accept-language': outer.headers['accept-language'],
      'if-match': textOf(asked.ifMatch),
      'if-none-match': textOf(asked.ifNoneMatch),
      'if-modified-since': textOf(asked.ifModifiedSince),
      'if-none-exist': textOf(asked.ifNoneExist),
      // An entry is part of one answer: it is waited for.
      prefer: outer.headers.prefer?.replace(/respond-async/gi, ''),
    },
    requestId: outer.requestId,
    requester: outer.requester,
  }
  if (entry.resource !== undefined) {
    if (!isAnyResource(entry.resource)) throw badRequest('The resource of the entry is none.', 'structure')
    request.body = { mediaType: { essence: 'application/fhir+json', parameters: {} }, resource: entry.resource }
  }
  return request
}

/** The interaction of an entry, by the rules of a request of its own. @throws FhirError */
export function entryInteraction(context: HttpContext, request: FhirRequest): Resolved {
  if (request.path.length === 0) throw badRequest('A Bundle cannot hold another batch.', 'not-supported')
  const resolved = context.resolve(context, request.method, request.path)
  if (resolved.needs) checkPermission(request.requester, resolved.needs, resolved.target.type || '*')
  return resolved
}

/** The reply as an entry of the response Bundle. What is no resource is carried by a Binary. */
export async function replyEntry(reply: FhirReply): Promise<BundleEntry> {
  const { ETag: etag, 'Last-Modified': modified, Location: location } = reply.headers
  const response: NonNullable<BundleEntry['response']> = { status: String(reply.status) }
  const status = reply.status === 202 ? reply.headers['Content-Location'] : undefined
  if (location !== undefined || status !== undefined) response.location = location ?? status ?? ''
  if (etag !== undefined) response.etag = etag
  if (modified !== undefined) response.lastModified = new Date(modified).toISOString()
  const entry: BundleEntry = { response }
  if (reply.outcome) response.outcome = reply.outcome
  if (reply.resource?.resourceType === 'OperationOutcome' && (reply.status >= 400 || reply.outcome))
    response.outcome = reply.resource
  else if (reply.resource) entry.resource = reply.resource
  else if (reply.raw) entry.resource = await binary(reply.raw.contentType, reply.raw.body)
  return entry
}

type RawContent = NonNullable<FhirReply['raw']>['body']

async function binary(contentType: string, body: RawContent): Promise<Resource> {
  let bytes: Buffer
  if (typeof body === 'string') bytes = Buffer.from(body)
  else if (body instanceof Uint8Array) bytes = Buffer.from(body)
  else {
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(typeof piece === 'string' ? Buffer.from(piece) : piece)
    bytes = Buffer.concat(pieces)
  }
  return { resourceType: 'Binary', contentType, data: bytes.toString('base64') }
}

function relativeAddress(url: string, baseUrl: string): string {
  if (url.startsWith(`${baseUrl}/`)) return url.slice(baseUrl.length + 1)
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) throw badRequest('The url of the entry is not on this server.')
  return url.replace(/^\//, '')
}

/** Positions of the entries, by method; entries of one method stay in the order given. */
export function inOrder(entries: BundleEntry[]): number[] {
  const rank = (index: number) => methodOrder.indexOf(entries[index]?.request?.method ?? '')
  return entries.map((_, index) => index).sort((a, b) => rank(a) - rank(b) || a - b)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
