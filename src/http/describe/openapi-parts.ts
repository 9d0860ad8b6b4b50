/** What the parts of the OpenAPI description are made of. */
import { fhirMediaTypes } from '../message/media-type.ts'
import { maximumPageSize } from './stored-types.ts'

/** Free-form JSON of an OpenAPI document. */
export type Node = { [member: string]: unknown }

/** One operation of OpenAPI, as it is told here. */
export interface Description {
  operationId: string
  summary: string
  description?: string
  parameters?: Node[]
  body?: Node
  /** Resource types by status; `none` is a reply without body. */
  answers: Record<number, string>
  /** More media types of the reply with 200. */
  answered?: Node
  errors: number[]
  /** Whether it needs the bearer token, or may (a batch with entries that write). */
  security?: 'none' | 'optional' | 'bearer'
}

const json = 'application/fhir+json'
const xml = 'application/fhir+xml'

/** A reference to a schema of a resource that is described, or to that of any resource. */
export const schemaRef = (type: string): Node => ({
  $ref: `#/components/schemas/${Object.hasOwn(schemas, type) ? type : 'Resource'}`,
})

/** A reference to a shared parameter. */
export const parameterRef = (name: keyof typeof parameters): Node => ({ $ref: `#/components/parameters/${name}` })

/** The logical id in a path. */
export const pathId: Node = { $ref: '#/components/parameters/id' }

/** A body that is a resource. */
export const resourceBody = (type: string, more: Node = {}): Node => ({
  description: type,
  required: true,
  content: { ...contentOf(type), ...more },
})

function contentOf(type: string): Node {
  return { [json]: { schema: schemaRef(type) }, [xml]: { schema: { type: 'string' } } }
}

/** An operation as OpenAPI writes it. */
export function described(given: Description | undefined): Node {
  if (!given) return {}
  const { operationId, summary, description, parameters: query = [], body, answers, answered = {}, errors } = given
  const responses: Record<string, Node> = {}
  for (const [status, type] of Object.entries(answers)) {
    const more = status === '200' ? answered : {}
    responses[status] = {
      description: meanings[status] ?? 'Success',
      ...(type === 'none' ? {} : { content: { ...contentOf(type), ...more } }),
    }
  }
  const possible = [...errors, ...errorsOfAll]
  // What is no id is found nowhere, whatever is asked of it.
  if (query.includes(pathId)) possible.push(404)
  if (body) possible.push(415)
  if (given.security === 'bearer') possible.push(507)
  for (const status of new Set(possible)) responses[status] = { $ref: `#/components/responses/${status}` }
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    ...(query.length > 0 && { parameters: query }),
    ...(body && { requestBody: body }),
    responses,
    security: securityOf(given),
  }
}

const securityOf = ({ security = 'none' }: Description): Node[] => [
  ...(security === 'bearer' ? [] : [{}]),
  ...(security === 'none' ? [] : [{ bearer: [] }]),
]

/**
 * What any request may meet: it is not understood, its token does not hold or permits too little, the format cannot be given, it is
 * late, its headers or the reply too long, one client asks too much, the server is busy. There is no `default`: it would declare all.
 */
const errorsOfAll = [400, 401, 403, 406, 408, 413, 429, 431, 503]

const meanings: Record<string, string> = {
  200: 'Success',
  201: 'Created; Location has the address',
  204: 'Nothing is left',
  304: 'What the client has is current',
}

const errorMeanings: Record<string, string> = {
  400: 'The request is not understood',
  401: 'A bearer token is needed',
  403: 'What the token permits is not enough',
  404: 'There is no such thing',
  405: 'Not this method',
  406: 'Nothing that Accept names can be given',
  408: 'The request took too long to arrive',
  409: 'Something else has taken the place',
  410: 'It was deleted',
  412: 'A precondition does not hold',
  413: 'The body or the reply would be too large',
  415: 'A body of this media type is not read here',
  422: 'What was sent is understood and refused',
  429: 'Too many requests of one client; Retry-After says when',
  431: 'The headers are too large',
  501: 'This server does not do that',
  503: 'Not now; Retry-After says when',
  507: 'The disk of the store is full',
}

const resource: Node = {
  type: 'object',
  required: ['resourceType'],
  properties: { resourceType: { type: 'string' }, id: { type: 'string' }, meta: { type: 'object' } },
}
const typed = (type: string, properties: Node, required: string[] = []): Node => ({
  type: 'object',
  required: ['resourceType', ...required],
  properties: { resourceType: { const: type }, ...properties },
})
const schemas: Record<string, Node> = {
  Resource: resource,
  Parameters: typed('Parameters', {
    parameter: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' } },
        additionalProperties: true,
      },
    },
  }),
  Bundle: typed('Bundle', { type: { type: 'string' }, entry: { type: 'array', items: { type: 'object' } } }, ['type']),
  OperationOutcome: typed(
    'OperationOutcome',
    {
      issue: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['severity', 'code'],
          properties: { severity: { type: 'string' }, code: { type: 'string' } },
        },
      },
    },
    ['issue'],
  ),
}

const query = (name: string, description: string, schema: Node = { type: 'string' }) => ({
  name,
  in: 'query',
  description,
  schema,
})
const header = (name: string, description: string) => ({ name, in: 'header', description, schema: { type: 'string' } })
const parameters = {
  id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'Logical id',
    schema: { type: 'string', pattern: '^[A-Za-z0-9.\\-]{1,64}$' },
  },
  format: query('_format', 'json, xml or a media type; goes before Accept'),
  count: query('_count', `Entries of a page, ${maximumPageSize} at most`, {
    type: 'integer',
    minimum: 0,
    maximum: 999_999_999,
  }),
  sort: query('_sort', 'Parameters to sort by; a minus turns one round'),
  total: query('_total', 'Whether the number of matches is wanted', {
    type: 'string',
    enum: ['none', 'estimate', 'accurate'],
  }),
  include: query('_include', 'Type:parameter, what the matches refer to'),
  revinclude: query('_revinclude', 'Type:parameter, what refers to the matches'),
  summary: query('_summary', 'Which part is wanted', {
    type: 'string',
    enum: ['true', 'text', 'data', 'count', 'false'],
  }),
  elements: query('_elements', 'Top-level elements that are wanted'),
  ifMatch: header('If-Match', 'Entity tags, one of which must be current'),
  ifNoneMatch: header('If-None-Match', 'Entity tags that must not be current, or *'),
  ifNoneExist: header('If-None-Exist', 'A search that must find nothing'),
  prefer: header('Prefer', 'return=minimal, representation or OperationOutcome'),
}

const outcome = (description: string): Node => ({ description, content: contentOf('OperationOutcome') })

const patch: Node = {
  description: 'JSON Patch (RFC 6902), or FHIRPath Patch as Parameters',
  required: true,
  content: {
    'application/json-patch+json': {
      schema: {
        type: 'array',
        items: {
          type: 'object',
          required: ['op', 'path'],
          properties: {
            op: { type: 'string', enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] },
            path: { type: 'string' },
            from: { type: 'string' },
            value: {},
          },
        },
      },
    },
    ...contentOf('Parameters'),
  },
}

/** A body that is a patch. */
export const patchBody: Node = { $ref: '#/components/requestBodies/patch' }

/** What the description shares. */
export const sharedComponents: Node = {
  schemas,
  parameters,
  requestBodies: { patch },
  responses: Object.fromEntries(Object.entries(errorMeanings).map(([status, text]) => [status, outcome(text)])),
}

/** Media types of bodies that operations take beside Parameters. */
export const extraContent = (accepted: readonly string[]): Node =>
  Object.fromEntries(
    accepted
      .filter((each) => !fhirMediaTypes.includes(each) || each === 'application/json')
      .map((each) => [
        each,
        { schema: { type: each.endsWith('json') && !each.includes('ndjson') ? 'object' : 'string' } },
      ]),
  )
