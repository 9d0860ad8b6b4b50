import { isJsonObject, stringifyJson } from '../../base/json.ts'
import { keepPerObject } from '../../base/keep.ts'
import { shapeIssues } from '../../fhir/check/input-resource.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import { asResource, isAnyResource } from '../../fhir/json.ts'
import type { OperationCall } from '../../fhir/operation.ts'
import type { Parameter, Parameters, Resource } from '../../fhir/types.ts'
import type { BoundOperation } from '../context.ts'
import { checkMappingSize, decodeText, parseResource, readResource } from './body.ts'
import type { FhirRequest, QueryPair, RequestBody } from './exchange.ts'
import { parseQuery } from './head.ts'
import {
  checkContentType,
  fhirFormat,
  fhirMediaTypes,
  formMediaType,
  mappingLanguage,
  unreadMediaType,
} from './media-type.ts'

/** What a call is given. */
export type OperationInput = Pick<OperationCall, 'parameters' | 'body'>

/** Query parameters that speak of the reply, not of the operation. */
export const ofTheReply: ReadonlySet<string> = new Set(['_format', '_pretty', '_summary', '_elements'])
/** Media types of bodies that an operation takes. */
const takes = ({ accepts = [] }: BoundOperation) => [...fhirMediaTypes, formMediaType, ...accepts]

/**
 * The parameters of a call: of a Parameters body, of a bare resource, of a form, and of the query string, which gives
 * way to the body. A body in one of the operation's own media types that is no Parameters resource is passed on as it is.
 * @throws FhirError 400 malformed, 415 a media type the operation does not take
 */
export function operationInput(operation: BoundOperation, request: FhirRequest): OperationInput {
  const query = queryParameters(operation, request.query)
  if (!request.body) return { parameters: query }
  const { parameters, body } = bodyInput(operation, request.body)
  if (!query.parameter?.length && parameters.parameter) return body ? { parameters, body } : { parameters }
  const named = new Set((parameters.parameter ?? []).map(({ name }) => name))
  // A strict operation drops nothing: what stands in both places is a repetition.
  const rest = (query.parameter ?? []).filter(({ name }) => operation.strict || !named.has(name))
  const merged: Parameters = { ...parameters, parameter: [...(parameters.parameter ?? []), ...rest] }
  return body ? { parameters: merged, body } : { parameters: merged }
}

/**
 * The same, with a long body read in slices within the budget of the request; at once where it is not long.
 * @throws FhirError as {@link operationInput}, and 422 too costly
 */
export function readOperationInput(
  operation: BoundOperation,
  request: FhirRequest,
): OperationInput | Promise<OperationInput> {
  const { body } = request
  return body?.bytes && isLong(body.bytes) && fhirFormat(body.mediaType.essence)
    ? readLongInput(operation, request, body)
    : operationInput(operation, request)
}

async function readLongInput(
  operation: BoundOperation,
  request: FhirRequest,
  body: RequestBody,
): Promise<OperationInput> {
  const { requester } = request
  const raw = operation.accepts?.includes(body.mediaType.essence) === true
  if (!raw || mayBeParameters(body)) await readResource(body, requester)
  return requester.budget().run(() => operationInput(operation, request))
}

/** Worth a turn of its own. */
const isLong = (bytes: Uint8Array) => bytes.length > 50_000

function bodyInput(operation: BoundOperation, body: RequestBody): OperationInput {
  const { essence } = body.mediaType
  const raw = operation.accepts?.includes(essence) === true
  if (raw && !mayBeParameters(body)) {
    checkContentType(body.mediaType)
    return { parameters: { resourceType: 'Parameters' }, body: rawBody(body) }
  }
  if (essence === formMediaType && body.bytes) {
    const text = decodeText(body.bytes)
    // A resource or a text that was sent with curl -d: a form begins with a name.
    if (/^\s*[{<["]/.test(text)) throw unreadMediaType(essence, 'a Parameters resource', takes(operation))
    return { parameters: queryParameters(operation, parseQuery(text)) }
  }
  if (!fhirFormat(essence)) throw unreadMediaType(essence, 'a Parameters resource', takes(operation))
  const resource = parseResource(body)
  const faults =
    raw && resource.resourceType !== 'Parameters'
      ? []
      : shapeIssues(operation.judgesResource ? withoutResources(resource) : resource)
  if (faults.length > 0) throw new FhirError(400, faults)
  if (resource.resourceType === 'Parameters') return { parameters: checkParameters(resource) }
  if (raw) return { parameters: { resourceType: 'Parameters' }, body: rawBody(body) }
  if (operation.strict && !operation.parameters.some(({ name }) => name === 'resource'))
    throw badRequest(`$${operation.name} takes a Parameters resource.`)
  return { parameters: { resourceType: 'Parameters', parameter: [{ name: 'resource', resource }] } }
}

/** The parameters alone: what they hold is judged by the operation. */
function withoutResources(resource: Resource): Resource {
  if (resource.resourceType !== 'Parameters' || !Array.isArray(resource.parameter)) return resource
  const parameter = resource.parameter.map((each): unknown =>
    isJsonObject(each) && isAnyResource(each.resource) ? { ...each, resource: { resourceType: 'Basic' } } : each,
  )
  return asResource({ ...resource, parameter })
}

const tooMany = (text: string) => badRequest({ text, expression: 'Parameters.parameter' }, 'too-costly')

/** Cheap test that keeps instances of any shape from being read twice. */
function mayBeParameters(body: RequestBody): boolean {
  if (!fhirFormat(body.mediaType.essence)) return false
  if (body.resource) return body.resource.resourceType === 'Parameters'
  const bytes = body.bytes ?? new Uint8Array()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return text.includes('"Parameters"') || text.includes('<Parameters') || text.includes(':Parameters')
}

/** Media types of texts that are parsed as the Mapping Language. */
const mappingTypes = [mappingLanguage, 'text/plain']

function rawBody(body: RequestBody): NonNullable<OperationCall['body']> {
  if (body.file !== undefined) return { contentType: body.mediaType.essence, bytes: new Uint8Array(), file: body.file }
  if (body.bytes && mappingTypes.includes(body.mediaType.essence)) checkMappingSize(body.bytes)
  const bytes = body.bytes ?? Buffer.from(stringifyJson(body.resource))
  return { contentType: body.mediaType.essence, bytes }
}

/** Most parameters of a call, and most of one name that are plain values. */
const mostParameters = 10_000
const mostOfOneName = 1000

/** @throws FhirError 400 for a parameter without a name, too-costly for more than any honest call has */
function checkParameters(parameters: Parameters): Parameters {
  const counts = new Map<string, number>()
  if ((parameters.parameter?.length ?? 0) > mostParameters) throw tooMany(`More than ${mostParameters} parameters.`)
  for (const { name, resource, part } of parameters.parameter ?? []) {
    if (resource !== undefined || part !== undefined) continue
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    if (count > mostOfOneName) throw tooMany(`More than ${mostOfOneName} parameters of one name.`)
  }
  for (const [index, { name }] of (parameters.parameter ?? []).entries()) {
    if (typeof name === 'string' && name !== '') continue
    throw badRequest(
      { text: 'A parameter has no name.', expression: `Parameters.parameter[${index}].name` },
      'required',
    )
  }
  return parameters
}

/** The parameters of a query string. @throws FhirError 400 for a value that is none of its type, and for personal data */
export function queryParameters(operation: BoundOperation, query: QueryPair[]): Parameters {
  const inputs = inputsOf(operation)
  const parameters: Parameter[] = []
  for (const [name, value] of query) {
    if (ofTheReply.has(name)) continue
    const input = inputs.get(name)
    if (input?.personal) {
      throw badRequest(`The parameter ${name} must stand in the body: an address is no place for personal data.`)
    }
    parameters.push(input ? input.read(input.name, value) : readString(name, value))
  }
  return { resourceType: 'Parameters', parameter: parameters }
}

type ParameterReader = (name: string, value: string) => Parameter

const readInteger: ParameterReader = (name, value) => {
  if (!/^-?\d{1,10}$/.test(value)) throw badRequest(`The parameter ${name} must be a whole number.`, 'value')
  return { name, valueInteger: Number(value) }
}

/** By the declared type of a parameter; every other type is read as a string. */
const readers = new Map<string, ParameterReader>(
  Object.entries({
    boolean: (name, value) => {
      if (value === 'true' || value === 'false') return { name, valueBoolean: value === 'true' }
      throw badRequest(`The parameter ${name} must be true or false.`, 'value')
    },
    integer: readInteger,
    positiveInt: readInteger,
    unsignedInt: readInteger,
    Coding: (name, value) => ({ name, valueCoding: tokenCoding(value) }),
    uri: (name, valueUri) => ({ name, valueUri }),
    code: (name, valueCode) => ({ name, valueCode }),
    canonical: (name, valueCanonical) => ({ name, valueCanonical }),
    url: (name, valueUrl) => ({ name, valueUrl }),
    id: (name, valueId) => ({ name, valueId }),
    oid: (name, valueOid) => ({ name, valueOid }),
    uuid: (name, valueUuid) => ({ name, valueUuid }),
    date: (name, valueDate) => ({ name, valueDate }),
    base64Binary: (name, valueBase64Binary) => ({ name, valueBase64Binary }),
    dateTime: (name, valueDateTime) => ({ name, valueDateTime }),
    instant: (name, valueInstant) => ({ name, valueInstant }),
    time: (name, valueTime) => ({ name, valueTime }),
  } satisfies Record<string, ParameterReader>),
)

/** The in-parameters of an operation: the name as declared, which compares quicker than one cut out of an address. */
interface DeclaredInput {
  /** Not to stand in an address. */
  personal: boolean
  name: string
  read: ParameterReader
}

const inputsOf = keepPerObject((operation: BoundOperation): Map<string, DeclaredInput> => {
  const inputs = new Map<string, DeclaredInput>()
  for (const { use, name, type = '', personal = false } of operation.parameters) {
    if (use === 'in' && !inputs.has(name)) inputs.set(name, { name, personal, read: readers.get(type) ?? readString })
  }
  return inputs
})

const readString: ParameterReader = (name, valueString) => ({ name, valueString })

/** A Coding in a URL is written like a token search: `system|code`. */
function tokenCoding(value: string): { system?: string; code?: string } {
  const bar = value.lastIndexOf('|')
  if (bar < 0) return { code: value }
  return bar === 0 ? { code: value.slice(1) } : { system: value.slice(0, bar), code: value.slice(bar + 1) }
}
