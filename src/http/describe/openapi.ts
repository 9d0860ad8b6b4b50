import type { ParameterDeclaration } from '../../fhir/operation.ts'
import { searchParameters } from '../../fhir/search/parse-search.ts'
import type { BoundOperation, HttpContext } from '../context.ts'
import { supportedTypes } from './stored-types.ts'

/** Free-form JSON of an OpenAPI document. */
type Node = { [member: string]: unknown }

const fhirJson = 'application/fhir+json'
const resourceContent = {
  [fhirJson]: { schema: { type: 'object' } },
  'application/fhir+xml': { schema: { type: 'string' } },
}
const outcome = { description: 'OperationOutcome', content: resourceContent }
const answer = (description: string) => ({ description, content: resourceContent })
const bearer = [{ bearer: [] }]
const idParameter = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }

/** OpenAPI 3.1 description of the FHIR endpoint, from the same tables as the CapabilityStatement. */
export function openApi(context: HttpContext): Node {
  const paths: Record<string, Node> = {
    '/': { post: withBody('Batch or transaction', 'Bundle', {}) },
    '/metadata': { get: read('CapabilityStatement or, with mode=terminology, TerminologyCapabilities', []) },
    '/_history': { get: read('History of everything', []) },
  }
  for (const type of supportedTypes) Object.assign(paths, typePaths(type))
  for (const operation of context.operations) addOperation(paths, operation)
  return {
    openapi: '3.1.0',
    info: {
      title: 'vidimus: FHIR R4 terminology and business rules',
      version: context.software.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: context.settings.baseUrl }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
}

function typePaths(type: string): Record<string, Node> {
  const search = [...searchParameters(type).values()].map(({ name, documentation }) => ({
    name,
    in: 'query',
    description: documentation,
    schema: { type: 'string' },
  }))
  const version = { name: 'versionId', in: 'path', required: true, schema: { type: 'string' } }
  return {
    [`/${type}`]: {
      get: read(`Search ${type}`, search),
      post: withBody(`Create a ${type}`, type, { security: bearer }),
    },
    [`/${type}/{id}`]: {
      get: read(`Read a ${type}`, [idParameter]),
      put: withBody(`Update or create a ${type}`, type, { security: bearer, parameters: [idParameter] }),
      delete: { ...read(`Delete a ${type}`, [idParameter]), security: bearer },
    },
    [`/${type}/{id}/_history`]: { get: read(`Versions of a ${type}`, [idParameter]) },
    [`/${type}/{id}/_history/{versionId}`]: { get: read(`Read a version of a ${type}`, [idParameter, version]) },
  }
}

function addOperation(paths: Record<string, Node>, operation: BoundOperation): void {
  const places = [
    ...(operation.system ? [''] : []),
    ...(operation.type ?? []).map((type) => `/${type}`),
    ...(operation.instance ?? []).map((type) => `/${type}/{id}`),
  ]
  for (const place of places) {
    const inPath = place.includes('{id}') ? [idParameter] : []
    const security = operation.affectsState ? { security: bearer } : {}
    const node: Node = {
      post: withBody(operation.title, 'Parameters', {
        description: operation.description,
        parameters: inPath,
        ...security,
      }),
    }
    if (operation.get) {
      const query = operation.parameters.filter(({ use }) => use === 'in').map(queryParameter)
      node.get = { ...read(operation.title, [...inPath, ...query]), description: operation.description }
    }
    paths[`${place}/$${operation.name}`] = node
  }
}

function queryParameter({ name, documentation, min }: ParameterDeclaration): Node {
  return { name, in: 'query', description: documentation, required: min > 0, schema: { type: 'string' } }
}

function read(summary: string, parameters: Node[]): Node {
  return { summary, parameters, responses: { 200: answer('Success'), default: outcome } }
}

function withBody(summary: string, type: string, more: Node): Node {
  return {
    summary,
    requestBody: { description: type, content: resourceContent },
    responses: { 200: answer('Success'), default: outcome },
    ...more,
  }
}
