import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import { defineOperation, type OperationCall } from '../../src/fhir/operation.ts'
import { baseUrl, bearer, startApp, valueSet } from './support.ts'

const calls: OperationCall[] = []
const parameters = [
  { name: 'url', use: 'in' as const, min: 0, max: '1', type: 'uri', documentation: 'Canonical' },
  { name: 'count', use: 'in' as const, min: 0, max: '1', type: 'integer', documentation: 'Number' },
  { name: 'activeOnly', use: 'in' as const, min: 0, max: '1', type: 'boolean', documentation: 'Switch' },
  { name: 'coding', use: 'in' as const, min: 0, max: '1', type: 'Coding', documentation: 'Code' },
]
const { server, log, errors } = await startApp([
  defineOperation<undefined>({
    name: 'expand',
    title: 'Expand',
    description: 'Expands',
    type: ['ValueSet'],
    instance: ['ValueSet'],
    get: true,
    parameters,
    handle: async (call) => {
      calls.push(call)
      return { resource: { resourceType: 'Parameters', parameter: call.parameters.parameter ?? [] } }
    },
  }),
  defineOperation<undefined>({
    name: 'evaluate',
    title: 'Evaluate',
    description: 'Evaluates',
    system: true,
    personal: true,
    accepts: ['application/fhir+ndjson', 'application/json'],
    parameters: [],
    handle: async (call) => {
      calls.push(call)
      return call.body
        ? { raw: { contentType: 'application/fhir+ndjson', body: lines(call.body.bytes) } }
        : { resource: { resourceType: 'Parameters', parameter: call.parameters.parameter ?? [] } }
    },
  }),
  defineOperation<undefined>({
    name: 'import',
    title: 'Import',
    description: 'Changes',
    type: ['CodeSystem'],
    affectsState: true,
    parameters: [],
    handle: async () => ({}),
  }),
  defineOperation<undefined>({
    name: 'fail',
    title: 'Fail',
    description: 'Fails',
    system: true,
    get: true,
    parameters: [],
    handle: async () => {
      throw new Error('secret of Jane Doe')
    },
  }),
])
const http = () => request(server)
const parametersBody = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })

async function* lines(bytes: Uint8Array): AsyncIterable<string> {
  for (const line of Buffer.from(bytes).toString().split('\n')) if (line) yield `${line}\n`
}

test('the query becomes typed parameters', async () => {
  const query = 'url=http://x/vs&count=3&activeOnly=true&coding=http://s|c&other=1&_format=json'
  const got = await http().get(`/fhir/ValueSet/$expand?${query}`)
  assert.equal(got.status, 200)
  assert.deepEqual(got.body.parameter, [
    { name: 'url', valueUri: 'http://x/vs' },
    { name: 'count', valueInteger: 3 },
    { name: 'activeOnly', valueBoolean: true },
    { name: 'coding', valueCoding: { system: 'http://s', code: 'c' } },
    { name: 'other', valueString: '1' },
  ])
  assert.deepEqual((await http().get(`/fhir/ValueSet/%24expand?${query}`)).body, got.body, '%24 is $')
  assert.equal((await http().get('/fhir/ValueSet/$expand?count=many')).status, 400)
  assert.equal((await http().get('/fhir/ValueSet/$expand?activeOnly=maybe')).status, 400)
})

test('bodies: Parameters, a bare resource, a form, XML', async () => {
  const post = (type: string, body: string | object, query = '') =>
    http().post(`/fhir/ValueSet/$expand${query}`).set('Accept', 'application/fhir+json').type(type).send(body)
  const merged = await post(
    'application/fhir+json',
    parametersBody({ name: 'url', valueUri: 'body' }),
    '?url=query&count=1',
  )
  assert.deepEqual(merged.body.parameter, [
    { name: 'url', valueUri: 'body' },
    { name: 'count', valueInteger: 1 },
  ])
  const bare = await post('application/fhir+json', valueSet('v'))
  assert.equal(bare.body.parameter[0].name, 'resource')
  assert.equal(bare.body.parameter[0].resource.id, 'v')
  assert.deepEqual((await post('form', 'count=2')).body.parameter, [{ name: 'count', valueInteger: 2 }])
  const xml =
    '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="a"/><valueCode value="b"/></parameter></Parameters>'
  assert.deepEqual((await post('application/fhir+xml', xml)).body.parameter, [{ name: 'a', valueCode: 'b' }])
  assert.equal((await post('text/plain', 'x')).status, 415)
  assert.equal((await post('application/fhir+json', parametersBody({ valueCode: 'x' }))).status, 400)
  assert.equal((await http().post('/fhir/ValueSet/$expand')).status, 200, 'no body, no parameters')
})

test('levels, methods and names that do not fit', async () => {
  assert.equal((await http().get('/fhir/ValueSet/none/$expand')).status, 404)
  await http().put('/fhir/ValueSet/i').set('Authorization', bearer).type('application/fhir+json').send(valueSet('i'))
  assert.equal((await http().get('/fhir/ValueSet/i/$expand')).status, 200)
  assert.deepEqual([calls.at(-1)?.level, calls.at(-1)?.resourceType, calls.at(-1)?.id], ['instance', 'ValueSet', 'i'])
  assert.equal((await http().get('/fhir/$expand')).status, 404)
  assert.equal((await http().get('/fhir/CodeSystem/$expand')).status, 404)
  assert.equal((await http().get('/fhir/ValueSet/$nonsense')).status, 404)
  const get = await http().get('/fhir/$evaluate')
  assert.equal(get.status, 405)
  assert.equal(get.headers.allow, 'POST, OPTIONS')
  const put = await http().put('/fhir/ValueSet/$expand')
  assert.equal(put.status, 405)
  assert.equal(put.headers.allow, 'GET, POST, HEAD, OPTIONS')
})

test('a raw body is passed on, a Parameters body is parsed, and nothing is cached', async () => {
  const ndjson = await http()
    .post('/fhir/$evaluate')
    .type('application/fhir+ndjson')
    .send('{"a":1}\n{"b":2}\n')
    .buffer(true)
    .parse((response, done) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => done(null, text))
    })
  assert.equal(ndjson.status, 200)
  assert.equal(ndjson.headers['content-type'], 'application/fhir+ndjson; charset=utf-8')
  assert.equal(ndjson.body, '{"a":1}\n{"b":2}\n')
  assert.equal(ndjson.headers['cache-control'], 'no-store')
  const typed = await http()
    .post('/fhir/$evaluate')
    .type('application/json')
    .send(parametersBody({ name: 'a', valueCode: 'b' }))
  assert.deepEqual(typed.body.parameter, [{ name: 'a', valueCode: 'b' }])
  assert.equal(typed.headers['cache-control'], 'no-store')
  await http().post('/fhir/$evaluate').type('application/json').send('{"any":"thing"}').buffer(true)
  assert.equal(calls.at(-1)?.body?.contentType, 'application/json')
})

test('what changes something needs the token', async () => {
  assert.equal((await http().post('/fhir/CodeSystem/$import')).status, 401)
  assert.equal((await http().post('/fhir/CodeSystem/$import').set('Authorization', bearer)).status, 204)
})

test('an unexpected error is a 500 with the id of the request and nothing else', async () => {
  const got = await http().get('/fhir/$fail').set('X-Request-Id', 'abc-1')
  assert.equal(got.status, 500)
  assert.equal(got.headers['x-request-id'], 'abc-1')
  assert.match(got.body.issue[0].diagnostics, /abc-1/)
  assert.doesNotMatch(got.text, /Jane|at .*\.ts/)
  assert.equal(errors.length, 1)
})

test('repeated reads are answered from kept bytes until something is written', async () => {
  const address = '/fhir/ValueSet/$expand?url=kept'
  const before = calls.length
  await http().get(address)
  const first = await http().get(address)
  const second = await http().get(address)
  assert.equal(calls.length, before + 2, 'what is asked for once is not kept')
  assert.equal(second.text, first.text)
  assert.equal(second.headers.etag, first.headers.etag)
  assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id'])
  assert.equal(
    (
      await http()
        .get(address)
        .set('If-None-Match', first.headers.etag ?? '')
    ).status,
    304,
  )
  assert.match((await http().get(address).set('Accept', 'application/fhir+xml')).text ?? '', /^<\?xml|^$/)
  await http().get(address).set('X-Own-Header', '1')
  assert.equal(calls.length, before + 4, 'another format and a header of its own are worked out anew')
  await http().put('/fhir/ValueSet/k').set('Authorization', bearer).type('application/fhir+json').send(valueSet('k'))
  await http().get(address)
  assert.equal(calls.length, before + 5)
})

test('the access log shows routes and never addresses or values', async () => {
  await http().get('/fhir/ValueSet/$expand?url=very-private&filter=jane')
  await http().get('/fhir/ValueSet/very-private')
  const entries = JSON.stringify(log.slice(-2))
  assert.doesNotMatch(entries, /private|jane/)
  assert.equal(log.at(-2)?.route, '/:type/$expand')
  assert.deepEqual(
    [log.at(-1)?.route, log.at(-1)?.method, log.at(-1)?.status, log.at(-1)?.resourceType],
    ['/:type/:id', 'GET', 404, 'ValueSet'],
  )
})

test('every operation has its definition, in the statement, at its address and in OpenAPI', async () => {
  const { body } = await http().get('/fhir/metadata')
  const resource = body.rest[0].resource.find(({ type }: { type: string }) => type === 'ValueSet')
  assert.deepEqual(resource.operation, [
    { name: 'expand', definition: `${baseUrl}/OperationDefinition/ValueSet-expand`, documentation: 'Expand' },
  ])
  const definition = await http().get('/fhir/OperationDefinition/ValueSet-expand')
  assert.equal(definition.body.code, 'expand')
  assert.equal(definition.body.parameter.length, 4)
  const api = await http().get('/openapi.json')
  assert.ok(api.body.paths['/ValueSet/$expand'].get)
  assert.ok(api.body.paths['/ValueSet/{id}/$expand'].post)
  assert.deepEqual(api.body.paths['/CodeSystem/$import'].post.security, [{ bearer: [] }])
})
