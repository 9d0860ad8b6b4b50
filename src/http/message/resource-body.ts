import { asResource } from '../../fhir/as-resource.ts'
import { isResource } from '../../fhir/elements.ts'
import { badRequest, unprocessable } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/read-json.ts'
import type { Issue, Resource, StructureMap } from '../../fhir/types.ts'
import { parseXml, parseXmlSteps } from '../../fhir/xml/read.ts'
import type { Steps } from '../../workers/budget.ts'
import type { HttpHooks } from '../context.ts'
import type { Requester } from '../limits/requester.ts'
import { tooLarge } from '../wire/body.ts'
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
