import { type SearchParameter, searchParameters } from '../../fhir/search/parse-search.ts'
import { isAppendOnly, isProtectedType } from '../audit/audit-event.ts'
import type { HttpContext } from '../context.ts'
import { formMediaType, mappingLanguage } from '../message/media-type.ts'
import { pathsBesideBase } from './beside-base.ts'
import { describeOperation } from './openapi-operations.ts'
import {
  type Description,
  described,
  type Node,
  parameterRef,
  patchBody,
  pathId,
  resourceBody,
  sharedComponents,
} from './openapi-parts.ts'
import { securitySchemes } from './security.ts'
import { servedTypes, takesWrites } from './stored-types.ts'

/** OpenAPI 3.1 description of the FHIR endpoint, from the same tables as the CapabilityStatement. */
export function openApi(context: HttpContext): Node {
  const paths: Record<string, Node> = { ...systemPaths }
  const served: readonly string[] = servedTypes(context)
  const writes = takesWrites(context)
  for (const type of served) Object.assign(paths, typePaths(type, writes))
  for (const operation of context.operations) Object.assign(paths, describeOperation(operation))
  const origin = new URL(context.settings.baseUrl).origin
  const schemes = securitySchemes(context)
  return {
    openapi: '3.1.0',
    info: {
      title: 'vidimus: FHIR R4 terminology and business rules',
      description:
        'Resources are FHIR R4 (4.0.1), in JSON or XML as Accept or _format says. Every error is an OperationOutcome.',
      version: context.software.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: context.settings.baseUrl, description: 'The FHIR base' }],
    security: [{}],
    paths: {
      ...withSchemes(paths, Object.keys(schemes)),
      ...pathsBesideBase(context, origin),
    },
    components: { ...sharedComponents, securitySchemes: schemes },
  }
}

/** What a bearer token opens, another proof does, too. */
function withSchemes(paths: Record<string, Node>, schemes: string[]): Record<string, Node> {
  const others = schemes.filter((each) => each !== 'bearer').map((each) => ({ [each]: [] }))
  if (others.length === 0) return paths
  const widened = (operation: unknown): unknown => {
    if (typeof operation !== 'object' || operation === null || !('security' in operation)) return operation
    const { security } = operation
    const opens = Array.isArray(security) && security.some((each: Node) => each.bearer !== undefined)
    return opens ? { ...operation, security: [...security, ...others] } : operation
  }
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(Object.entries(item).map(([method, operation]) => [method, widened(operation)])),
    ]),
  )
}

const system: Record<string, Description> = {
  batch: {
    operationId: 'batch',
    summary: 'Batch or transaction',
    description: 'Entries that write need the bearer token, as they would alone.',
    body: resourceBody('Bundle'),
    answers: { 200: 'Bundle' },
    errors: [400, 401, 404, 406, 409, 412, 413, 415, 422, 429, 503],
    security: 'optional',
  },
  metadata: {
    operationId: 'capabilities',
    summary: 'CapabilityStatement or, with mode=terminology, TerminologyCapabilities',
    parameters: [
      { name: 'mode', in: 'query', schema: { type: 'string', enum: ['full', 'normative', 'terminology'] } },
      parameterRef('format'),
    ],
    answers: { 200: 'Resource', 304: 'none' },
    errors: [400, 406, 501],
  },
  history: {
    operationId: 'history-system',
    summary: 'History of everything that is public',
    parameters: historyParameters(),
    answers: { 200: 'Bundle' },
    errors: [400, 406, 429, 503],
  },
}
const job = { errors: [404], parameters: [pathId, parameterRef('format')] }
const jobs: Record<string, Description> = {
  status: {
    ...job,
    operationId: 'async-status',
    summary: 'How far an asynchronous request is, or what came of it, for who sent it',
    answers: { 200: 'Bundle', 202: 'none' },
  },
  cancel: {
    ...job,
    operationId: 'async-cancel',
    summary: 'Ends an asynchronous request, or forgets its result',
    answers: { 202: 'OperationOutcome' },
  },
}
const systemPaths: Record<string, Node> = {
  '/_jobs/{id}': { get: described(jobs.status), delete: described(jobs.cancel) },
  '/': { post: described(system.batch) },
  '/metadata': { get: described(system.metadata) },
  '/_history': { get: described(system.history) },
}

function historyParameters(): Node[] {
  const dated = { type: 'string', description: 'A date or instant' }
  return [
    { name: '_count', in: 'query', schema: { type: 'integer', minimum: 0, maximum: 999_999_999 } },
    { name: '_since', in: 'query', schema: dated },
    { name: '_at', in: 'query', schema: dated },
    { name: '_sort', in: 'query', schema: { type: 'string', enum: ['_lastUpdated', '-_lastUpdated'] } },
    parameterRef('format'),
  ]
}

const searchErrors = [400, 406, 429, 503]
const writeErrors = [400, 401, 406, 409, 412, 413, 415, 422, 429, 503]

function typePaths(type: string, writes: boolean): Record<string, Node> {
  const isFixed = isAppendOnly(type) || !writes
  const security = isProtectedType(type) ? 'bearer' : 'none'
  const reads = security === 'bearer' ? [401] : []
  const search: Description = {
    operationId: `search-${type}`,
    summary: `Search ${type}`,
    parameters: searchQuery(type),
    answers: { 200: 'Bundle', 202: 'none' },
    errors: [...searchErrors, ...reads],
    security,
  }
  const history = (level: 'type' | 'instance'): Description => ({
    operationId: `history-${level}-${type}`,
    summary: level === 'type' ? `Versions of every ${type}` : `Versions of a ${type}`,
    parameters: [...(level === 'instance' ? [pathId] : []), ...historyParameters()],
    answers: { 200: 'Bundle' },
    errors: [400, 404, 406, 429, 503, ...reads],
    security,
  })
  const read: Description = {
    operationId: `read-${type}`,
    summary: `Read a ${type}`,
    parameters: [pathId, parameterRef('format'), parameterRef('ifNoneMatch')],
    answers: { 200: type, 304: 'none' },
    answered: type === 'StructureMap' ? mapping : {},
    errors: [400, 404, 406, 410, 503, ...reads],
    security,
  }
  const version = { name: 'versionId', in: 'path', required: true, schema: { type: 'string', pattern: idPattern } }
  return {
    [`/${type}`]: {
      get: described(search),
      ...(writes ? { post: described(createOf(type)) } : {}),
      ...(isFixed ? {} : conditionalWrites(type)),
    },
    [`/${type}/_search`]: {
      post: described({
        ...search,
        operationId: `search-post-${type}`,
        parameters: [],
        body: { description: 'Search parameters', content: { [formMediaType]: { schema: { type: 'object' } } } },
        errors: [...searchErrors, 413, 415, ...reads],
      }),
    },
    [`/${type}/_history`]: { get: described(history('type')) },
    [`/${type}/{id}`]: { get: described(read), ...(isFixed ? {} : instanceWrites(type)) },
    [`/${type}/{id}/_history`]: { get: described(history('instance')) },
    [`/${type}/{id}/_history/{versionId}`]: {
      get: described({
        ...read,
        operationId: `vread-${type}`,
        summary: `Read a version of a ${type}`,
        parameters: [pathId, version, parameterRef('format')],
      }),
    },
  }
}

const idPattern = '^[A-Za-z0-9.\\-]{1,64}$'

/** A StructureMap may be read and written in its own language. */
const mapping = { [mappingLanguage]: { schema: { type: 'string' } } }

const bodyOf = (type: string) => resourceBody(type, type === 'StructureMap' ? mapping : {})

const createOf = (type: string): Description => ({
  operationId: `create-${type}`,
  summary: `Create a ${type}`,
  parameters: [parameterRef('ifNoneExist'), parameterRef('prefer')],
  body: bodyOf(type),
  answers: { 201: type, 200: type },
  errors: writeErrors,
  security: 'bearer',
})

function instanceWrites(type: string): Node {
  const conditions = [pathId, parameterRef('ifMatch'), parameterRef('prefer')]
  const update: Description = {
    operationId: `update-${type}`,
    summary: `Update a ${type}, or create it under this id`,
    parameters: [...conditions, parameterRef('ifNoneMatch')],
    body: bodyOf(type),
    answers: { 200: type, 201: type },
    errors: writeErrors,
    security: 'bearer',
  }
  const patch: Description = {
    operationId: `patch-${type}`,
    summary: `Change parts of a ${type}`,
    parameters: conditions,
    body: patchBody,
    answers: { 200: type },
    errors: [...writeErrors, 404, 410],
    security: 'bearer',
  }
  return {
    put: described(update),
    patch: described(patch),
    delete: described({ ...deletion(type), parameters: conditions }),
  }
}

const deletion = (type: string): Description => ({
  operationId: `delete-${type}`,
  summary: `Delete a ${type}`,
  description: 'What is gone already, or never was, is as good as deleted.',
  answers: { 204: 'none', 200: 'OperationOutcome' },
  errors: [400, 401, 406, 409, 412, 429, 503],
  security: 'bearer',
})

/** Writes of the one resource that a search finds. */
function conditionalWrites(type: string): Node {
  const condition = searchQuery(type)
  const update: Description = {
    operationId: `update-conditional-${type}`,
    summary: `Update the ${type} that the condition finds, or create one`,
    parameters: condition,
    body: bodyOf(type),
    answers: { 200: type, 201: type },
    errors: writeErrors,
    security: 'bearer',
  }
  const patch: Description = {
    operationId: `patch-conditional-${type}`,
    summary: `Change parts of the ${type} that the condition finds`,
    parameters: condition,
    body: patchBody,
    answers: { 200: type },
    errors: [...writeErrors, 404, 410],
    security: 'bearer',
  }
  const remove = { ...deletion(type), operationId: `delete-conditional-${type}`, parameters: condition }
  return { put: described(update), patch: described(patch), delete: described(remove) }
}

/** What a search gives, beside what it looks for. */
const resultParameters = ['count', 'sort', 'total', 'include', 'revinclude', 'summary', 'elements', 'format'] as const

const searchQuery = (type: string): Node[] => [
  ...[...searchParameters(type).values()].map(searchParameter),
  ...resultParameters.map((name) => parameterRef(name)),
]

function searchParameter({ name, documentation, type }: SearchParameter): Node {
  return { name, in: 'query', description: `${documentation} (${type})`, schema: { type: 'string' } }
}
