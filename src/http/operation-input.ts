import { badRequest, FhirError } from '../fhir/error.ts'
import type { OperationCall } from '../fhir/operation.ts'
import { shapeIssues } from '../fhir/shape.ts'
import type { Parameter, Parameters, Resource } from '../fhir/types.ts'
import type { FhirRequest, QueryPair, RequestBody } from './exchange.ts'
import type { BoundOperation } from './facade.ts'
import { checkContentType, fhirMediaTypes, unsupportedMediaType } from './media-type.ts'
import { parseQuery } from './query.ts'
import { decodeText, parseResource } from './resource-body.ts'

type Input = Pick<OperationCall, 'parameters' | 'body'>

/** Query parameters that speak of the reply, not of the operation. */
const ofTheReply = new Set(['_format', '_pretty', '_summary', '_elements'])
const form = 'application/x-www-form-urlencoded'

/**
 * The parameters of a call: of a Parameters body, of a bare resource, of a form, and of the query string, which gives
 * way to the body. A body in one of the operation's own media types that is no Parameters resource is passed on as it is.
 * @throws FhirError 400 malformed, 415 a media type the operation does not take
 */
export function operationInput(operation: BoundOperation, request: FhirRequest): Input {
  const query = queryParameters(operation, request.query)
  if (!request.body) return { parameters: query }
  const { parameters, body } = bodyInput(operation, request.body)
  const named = new Set((parameters.parameter ?? []).map(({ name }) => name))
  const rest = (query.parameter ?? []).filter(({ name }) => !named.has(name))
  const merged: Parameters = { resourceType: 'Parameters', parameter: [...(parameters.parameter ?? []), ...rest] }
  return body ? { parameters: merged, body } : { parameters: merged }
}

function bodyInput(operation: BoundOperation, body: RequestBody): Input {
  const { essence } = body.mediaType
  const raw = operation.accepts?.includes(essence) === true
  if (raw && !mayBeParameters(body)) {
    checkContentType(body.mediaType)
    return { parameters: { resourceType: 'Parameters' }, body: rawBody(body) }
  }
  if (essence === form && body.bytes)
    return { parameters: queryParameters(operation, parseQuery(decodeText(body.bytes))) }
  if (!(essence in fhirMediaTypes)) {
    throw unsupportedMediaType(`$${operation.name} does not take a body of this media type.`, [
      ...Object.keys(fhirMediaTypes),
      ...(operation.accepts ?? []),
    ])
  }
  const resource = parseResource(body)
  const faults = raw && resource.resourceType !== 'Parameters' ? [] : shapeIssues(resource)
  if (faults.length > 0) throw new FhirError(400, faults)
  if (resource.resourceType === 'Parameters') return { parameters: checkParameters(resource) }
  if (raw) return { parameters: { resourceType: 'Parameters' }, body: rawBody(body) }
  return { parameters: { resourceType: 'Parameters', parameter: [{ name: 'resource', resource }] } }
}

/** Cheap test that keeps instances of any shape from being read twice. */
function mayBeParameters(body: RequestBody): boolean {
  if (!(body.mediaType.essence in fhirMediaTypes)) return false
  if (body.resource) return body.resource.resourceType === 'Parameters'
  const bytes = body.bytes ?? new Uint8Array()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return text.includes('"Parameters"') || text.includes('<Parameters') || text.includes(':Parameters')
}

function rawBody(body: RequestBody): { contentType: string; bytes: Uint8Array } {
  const bytes = body.bytes ?? Buffer.from(JSON.stringify(body.resource satisfies Resource | undefined))
  return { contentType: body.mediaType.essence, bytes }
}

function checkParameters(parameters: Parameters): Parameters {
  for (const [index, { name }] of (parameters.parameter ?? []).entries()) {
    if (typeof name === 'string' && name !== '') continue
    throw badRequest(
      { text: 'A parameter has no name.', expression: `Parameters.parameter[${index}].name` },
      'required',
    )
  }
  return parameters
}

function queryParameters(operation: BoundOperation, query: QueryPair[]): Parameters {
  const parameters: Parameter[] = []
  for (const [name, value] of query) {
    if (!ofTheReply.has(name)) parameters.push(queryParameter(operation, name, value))
  }
  return { resourceType: 'Parameters', parameter: parameters }
}

/** Types of string-like values that have a `value[x]` of their own. */
const textTypes = new Set([
  'uri',
  'code',
  'canonical',
  'url',
  'id',
  'oid',
  'uuid',
  'date',
  'dateTime',
  'instant',
  'time',
])

function queryParameter(operation: BoundOperation, name: string, value: string): Parameter {
  const type = operation.parameters.find((each) => each.use === 'in' && each.name === name)?.type
  if (type === 'boolean' && (value === 'true' || value === 'false')) return { name, valueBoolean: value === 'true' }
  if (type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') {
    if (!/^-?\d{1,10}$/.test(value)) throw badRequest(`The parameter ${name} must be a whole number.`, 'value')
    return { name, valueInteger: Number(value) }
  }
  if (type === 'boolean') throw badRequest(`The parameter ${name} must be true or false.`, 'value')
  if (type === 'Coding') return { name, valueCoding: tokenCoding(value) }
  if (type !== undefined && textTypes.has(type)) {
    return { name, [`value${type[0]?.toUpperCase()}${type.slice(1)}`]: value }
  }
  return { name, valueString: value }
}

/** A Coding in a URL is written like a token search: `system|code`. */
function tokenCoding(value: string): { system?: string; code?: string } {
  const bar = value.lastIndexOf('|')
  if (bar < 0) return { code: value }
  return bar === 0 ? { code: value.slice(1) } : { system: value.slice(0, bar), code: value.slice(bar + 1) }
}
