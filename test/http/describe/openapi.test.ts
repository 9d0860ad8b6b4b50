/** The OpenAPI description says what is there, no less and no more (schemathesis 4.32: undeclared statuses, offered and refused). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import supertest from 'supertest'
import { supportedTypes } from '../../../src/http/describe/stored-types.ts'
import { openListeningServer } from '../../support/listening-server.ts'

const { http } = await openListeningServer()

interface Operation {
  operationId: string
  responses: Record<string, { $ref?: string; content?: Record<string, unknown> }>
  security?: Record<string, string[]>[]
  requestBody?: {
    $ref?: string
    content?: Record<string, { examples?: Record<string, { value: unknown }>; schema?: object }>
  }
}
const text = (await supertest(http).get('/openapi.json')).text
const description = JSON.parse(text) as {
  paths: Record<string, Record<string, Operation>>
  components: { responses: Record<string, object> }
}
const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
const operations = Object.entries(description.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = item[method]
    return operation ? [{ path, method, operation }] : []
  }),
)
const address = (path: string) => {
  const named = path.replace('{id}', 'none').replace('{versionId}', '1').replace('{file}', 'polio.svg')
  return /^\/(?:health|ready|last-hour|specimens\b.*)$/.test(path) ? named : `/fhir${named === '/' ? '' : named}`
}

it('passes the recommended rules of Redocly, warnings included', async () => {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source: text, absoluteRef: '/openapi.json', config })
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
    [],
  )
})

it('every operation has an id of its own', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  assert.equal(new Set(ids).size, ids.length)
})

it('a type that only grows is read with the token, and never changed or deleted', async () => {
  assert.deepEqual(Object.keys(description.paths['/AuditEvent'] ?? {}), ['get', 'post'])
  assert.deepEqual(Object.keys(description.paths['/AuditEvent/{id}'] ?? {}), ['get'])
  assert.deepEqual(description.paths['/AuditEvent/{id}']?.get?.security, [{ bearer: [] }])
})

it('what writes needs the token, what reads does not', () => {
  for (const type of supportedTypes) {
    assert.deepEqual(description.paths[`/${type}`]?.post?.security, [{ bearer: [] }], type)
    if (type !== 'AuditEvent') assert.deepEqual(description.paths[`/${type}`]?.get?.security, [{}], type)
  }
})

it('$evaluate shows what may be sent: parameters, an example, lines of NDJSON', () => {
  const { requestBody, responses } = description.paths['/$evaluate']?.post ?? assert.fail('$evaluate is not there')
  const json = requestBody?.content?.['application/fhir+json']
  assert.match(JSON.stringify(json?.schema), /"const":"credential"/)
  assert.match(JSON.stringify(json?.examples), /"credential"/)
  assert.ok(requestBody?.content?.['application/fhir+ndjson'])
  assert.ok(responses[200]?.content?.['application/fhir+ndjson'])
})

it('a parameter that must be there is demanded of the body', () => {
  const { requestBody } = description.paths['/StructureMap/$transform']?.post ?? assert.fail()
  assert.match(JSON.stringify(requestBody?.content?.['application/fhir+json']?.schema), /Parameters/)
})

/** Requests of every operation that a stranger may send; the status of each must be declared, by itself and not as default. */
const tries: { title: string; send: (method: (typeof methods)[number], path: string) => supertest.Test }[] = [
  { title: 'without anything', send: (method, path) => supertest(http)[method](path) },
  {
    title: 'with the token',
    send: (method, path) => supertest(http)[method](path).set('Authorization', 'Bearer test'),
  },
  {
    title: 'with a body that is no JSON',
    send: (method, path) =>
      supertest(http)[method](path).set('Authorization', 'Bearer test').type('application/fhir+json').send('{'),
  },
  {
    title: 'with a body of another media type',
    send: (method, path) =>
      supertest(http)[method](path).set('Authorization', 'Bearer test').type('text/csv').send('a,b'),
  },
  {
    title: 'with an Accept that cannot be given',
    send: (method, path) => supertest(http)[method](path).set('Authorization', 'Bearer test').accept('image/png'),
  },
]
for (const { title, send } of tries) {
  describe(`statuses are declared: ${title}`, () => {
    for (const { path, method, operation } of operations.filter(({ path }) => isTried(path)))
      it(`${method.toUpperCase()} ${path}`, async () => {
        const { status, headers } = await send(method, address(path))
        const declared = operation.responses[status]
        assert.ok(declared, `${status} is not declared`)
        const response = declared.$ref ? description.components.responses[status] : declared
        const type = headers['content-type']?.split(';')[0]
        const content = Object.keys((response as { content?: object } | undefined)?.content ?? {})
        if (type !== undefined) assert.ok(content.includes(type), `${type} is not declared for ${status}: ${content}`)
      })
  })
}

/** All operations, and of the types, which are alike, one that changes and one that does not. */
function isTried(path: string): boolean {
  return (
    path.includes('$') ||
    !/^\/[A-Z]/.test(path) ||
    /^\/(ValueSet|AuditEvent|StructureMap|OperationDefinition)\b/.test(path)
  )
}
