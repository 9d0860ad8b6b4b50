import supertest from 'supertest'
import type {
  CodeSystem,
  ConceptMap,
  Library,
  OperationOutcome,
  PlanDefinition,
  ValueSet,
} from '../../src/fhir/types.ts'
import { openListeningServer } from '../support/listening-server.ts'

/** Canonical base of what the tests publish. */
export const base = 'http://example.org/publish'

/** A server over an own store, and requests to it with the token that writes. */
export async function openPublishing() {
  // Its drafts are for everybody: what they may decide is tried, not who sees them.
  const opened = await openListeningServer({ DRAFTS: 'public' })
  const { http } = opened
  const send = (method: 'put' | 'post' | 'patch' | 'delete', path: string, body?: object, headers: object = {}) => {
    const request = supertest(http)
      [method](`/fhir/${path}`)
      .set({ Authorization: 'Bearer test', ...headers })
    return body === undefined ? request : request.type('application/fhir+json').send(JSON.stringify(body))
  }
  return {
    ...opened,
    http,
    get: (path: string) => supertest(http).get(`/fhir/${path}`),
    post: (path: string, body: object, headers: object = {}) => send('post', path, body, headers),
    put: <R extends { resourceType: string; id?: string | undefined }>(resource: R, headers: object = {}) =>
      send('put', `${resource.resourceType}/${resource.id}`, resource, headers),
    patch: (path: string, operations: object) =>
      supertest(http)
        .patch(`/fhir/${path}`)
        .set('Authorization', 'Bearer test')
        .type('application/json-patch+json')
        .send(JSON.stringify(operations)),
    remove: (path: string) => send('delete', path),
    putMap: (id: string, fml: string) =>
      supertest(http)
        .put(`/fhir/StructureMap/${id}`)
        .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
        .send(fml),
  }
}

/** Texts of an OperationOutcome, one a line. */
export const textsOf = (body: unknown): string =>
  ((body as OperationOutcome).issue ?? [])
    .map(({ details, diagnostics }) => `${details?.text} ${diagnostics ?? ''}`)
    .join('\n')

/** Severities of an OperationOutcome, each once. */
export const severities = (body: unknown): string[] => [
  ...new Set(((body as OperationOutcome).issue ?? []).map(({ severity }) => severity)),
]

/** A CQL library with that name and version, its body after the header. */
export function cqlLibrary(name: string, body: string, more: Partial<Library> = {}): Library {
  const version = more.version ?? '1.0.0'
  const cql = `library ${name} version '${version}'\nusing FHIR version '4.0.1'\ninclude FHIRHelpers version '4.0.1'\n${body}\n`
  return {
    resourceType: 'Library',
    id: name,
    url: `${base}/Library/${name}`,
    version,
    name,
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
    content: [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }],
    ...more,
  }
}

/** A Library of another content type. */
export const contentLibrary = (
  name: string,
  contentType: string,
  text: string,
  more: Partial<Library> = {},
): Library => ({
  ...cqlLibrary(name, '', more),
  content: [{ contentType, data: Buffer.from(text).toString('base64') }],
})

/** A rule set of one condition. */
export function plan(id: string, library: string, more: Partial<PlanDefinition> = {}): PlanDefinition {
  return {
    resourceType: 'PlanDefinition',
    id,
    url: `${base}/PlanDefinition/${id}`,
    version: '1.0.0',
    name: id,
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
    library: [library],
    action: [
      {
        title: 'Rule',
        condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good' } }],
      },
    ],
    ...more,
  }
}

export const codeSystem = (id: string, codes: string[], more: Partial<CodeSystem> = {}): CodeSystem => ({
  resourceType: 'CodeSystem',
  id,
  url: `${base}/CodeSystem/${id}`,
  version: '1.0.0',
  name: id,
  status: 'active',
  caseSensitive: true,
  content: 'complete',
  concept: codes.map((code) => ({ code })),
  ...more,
})

export const valueSet = (id: string, more: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: `${base}/ValueSet/${id}`,
  version: '1.0.0',
  name: id,
  status: 'active',
  compose: { include: [{ system: `${base}/CodeSystem/elsewhere`, concept: [{ code: 'a' }] }] },
  ...more,
})

export const conceptMap = (id: string, more: Partial<ConceptMap> = {}): ConceptMap => ({
  resourceType: 'ConceptMap',
  id,
  url: `${base}/ConceptMap/${id}`,
  version: '1.0.0',
  name: id,
  status: 'active',
  group: [
    {
      source: `${base}/CodeSystem/from`,
      target: `${base}/CodeSystem/to`,
      element: [{ code: 'a', target: [{ code: 'b', equivalence: 'equivalent' }] }],
    },
  ],
  ...more,
})
