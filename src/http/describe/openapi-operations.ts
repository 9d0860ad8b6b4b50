import type { ParameterDeclaration } from '../../fhir/operation.ts'
import type { BoundOperation } from '../context.ts'
import {
  type Description,
  described,
  extraContent,
  type Node,
  parameterRef,
  pathId,
  schemaRef,
} from './openapi-parts.ts'

/** The paths of an operation, at every level at which it is there. */
export function describeOperation(operation: BoundOperation): Record<string, Node> {
  const places = [
    ...(operation.system ? [''] : []),
    ...(operation.type ?? []).map((type) => `/${type}`),
    ...(operation.instance ?? []).map((type) => `/${type}/{id}`),
  ]
  return Object.fromEntries(
    places.map((place) => {
      const get = operation.get ? { get: described(getOf(operation, place)) } : {}
      return [`${place}/$${operation.name}`, { post: described(postOf(operation, place)), ...get }]
    }),
  )
}

const errors = [400, 404, 406, 410, 413, 415, 422, 429, 503]

function postOf(operation: BoundOperation, place: string): Description {
  const { accepts = [], affectsState, examples = {} } = operation
  const schema = { allOf: [schemaRef('Parameters'), declaredSchema(inputs(operation, place))] }
  const content = {
    'application/fhir+json': { schema, ...(Object.keys(examples).length > 0 && { examples }) },
    'application/fhir+xml': { schema: { type: 'string' } },
    ...extraContent(accepts),
  }
  return {
    ...common(operation, place, 'post'),
    parameters: [...idOf(place), parameterRef('format')],
    body: { description: bodyText(operation), required: inputs(operation, place).some(({ min }) => min > 0), content },
    errors: [...errors, 401],
    // Some uses of open operations need the token, which the operation says when it is asked.
    security: affectsState ? 'bearer' : 'optional',
  }
}

function getOf(operation: BoundOperation, place: string): Description {
  const query = inputs(operation, place).filter(({ type, part, personal }) => !part && !personal && isSimple(type))
  return {
    ...common(operation, place, 'get'),
    parameters: [...idOf(place), ...query.map(queryParameter), parameterRef('format')],
    errors: [400, 404, 406, 410, 422, 429, 503],
  }
}

function common(operation: BoundOperation, place: string, method: string) {
  const level = place === '' ? 'system' : place.includes('{id}') ? `${typeOf(place)}-instance` : typeOf(place)
  return {
    operationId: `${operation.name}-${level}-${method}`,
    summary: operation.title,
    description: operation.description,
    answers: operation.asynchronous
      ? { 202: 'none' }
      : { 200: answerOf(operation), ...(operation.personal || operation.affectsState ? {} : { 202: 'none' }) },
    answered: extraContent(operation.accepts ?? []),
  }
}

const typeOf = (place: string): string => place.split('/')[1] ?? ''
const idOf = (place: string): Node[] => (place.includes('{id}') ? [pathId] : [])

/** A single out-parameter named `return` that is a resource is the body itself. */
function answerOf({ parameters }: BoundOperation): string {
  const [only, ...more] = parameters.filter(({ use }) => use === 'out')
  const isBody = only?.name === 'return' && more.length === 0 && /^[A-Z]/.test(only.type ?? '')
  return isBody ? 'Resource' : 'Parameters'
}

function inputs({ parameters }: BoundOperation, place: string): ParameterDeclaration[] {
  const level = place === '' ? 'system' : place.includes('{id}') ? 'instance' : 'type'
  return parameters.filter(({ use, scope }) => use === 'in' && (scope === undefined || scope.includes(level)))
}

/** A Parameters resource with the parameters that are declared; without those that must be there it is refused. */
function declaredSchema(declared: ParameterDeclaration[]): Node {
  const required = declared.filter(({ min }) => min > 0)
  const named = (name: string): Node => ({ type: 'object', required: ['name'], properties: { name: { const: name } } })
  const items = declared.map((each) => ({
    ...named(each.name),
    description: `${each.documentation} (${each.type ?? 'parts'}, ${each.min}..${each.max})`,
  }))
  const any = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' } },
    additionalProperties: true,
  }
  const list = { type: 'array', items: items.length === 0 ? any : { anyOf: [...items, any] } }
  return {
    type: 'object',
    properties: {
      parameter:
        required.length === 0 ? list : { ...list, allOf: required.map(({ name }) => ({ contains: named(name) })) },
    },
    ...(required.length > 0 && { required: ['parameter'] }),
  }
}

const bodyText = ({ accepts = [] }: BoundOperation): string =>
  accepts.length === 0
    ? 'Parameters'
    : `Parameters, or a body of the operation's own media types: ${accepts.join(', ')}`

/** What can stand in an address. */
const isSimple = (type: string | undefined): boolean => type === undefined || /^[a-z]/.test(type) || type === 'Coding'

function queryParameter({ name, documentation, min, max, type = 'string' }: ParameterDeclaration): Node {
  const single = schemasByType[type] ?? { type: 'string' }
  const schema = max === '1' ? single : { type: 'array', items: single }
  return { name, in: 'query', description: documentation, required: min > 0, schema }
}

const schemasByType: Record<string, Node> = {
  boolean: { type: 'boolean' },
  integer: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  positiveInt: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
  unsignedInt: { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
}
