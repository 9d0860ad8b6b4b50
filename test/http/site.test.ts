import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import request from 'supertest'
import { listen } from '../../src/http/app.ts'
import { baseUrl, bearer, startApp, token, valueSet } from './support.ts'

let maintenance = false
const { server, log } = await startApp([], {
  settings: {
    baseUrl,
    developmentToken: token,
    bodyLimitBytes: 1000,
    production: false,
    maintenance: () => maintenance,
  },
})
const http = () => request(server)

test('health is 200, and 204 in maintenance', async () => {
  const up = await http().get('/health')
  assert.equal(up.status, 200)
  assert.deepEqual(up.body, { status: 'up', software: 'vidimus', version: '0.1.0' })
  maintenance = true
  assert.equal((await http().get('/health')).status, 204)
  maintenance = false
  assert.equal((await http().post('/health')).status, 405)
})

test('health says the jurisdiction of questions that name none, where there is one', async () => {
  const { server: set } = await startApp([], {
    settings: { baseUrl, bodyLimitBytes: 1000, production: false, jurisdiction: 'NZ' },
  })
  assert.equal((await request(set).get('/health')).body.jurisdiction, 'NZ')
})

test('the landing page names version and interfaces', async () => {
  const got = await http().get('/')
  assert.equal(got.status, 200)
  assert.match(got.headers['content-type'] ?? '', /text\/html/)
  for (const text of ['vidimus 0.1.0', '/fhir/metadata', '/openapi.json']) assert.ok(got.text.includes(text), text)
})

/** Requests that fail before or beside every interaction: method, path, status. */
const failures: [method: 'get' | 'post' | 'put' | 'delete' | 'patch', path: string, status: number, allow?: string][] =
  [
    ['get', '/nowhere', 404],
    ['get', '/%zz', 404],
    ['get', '/fhirx/ValueSet', 404],
    ['get', '/fhir/%zz', 400],
    ['get', '/fhir/ValueSet?url=%zz', 400],
    ['get', '/fhir/Nonsense', 404],
    ['get', '/fhir/Nonsense/1', 404],
    ['get', '/fhir/ValueSet/none', 404],
    ['get', '/fhir/ValueSet/not_an_id', 404],
    ['get', '/fhir/ValueSet/none/_history/1', 404],
    ['get', '/fhir/ValueSet/a/b/c/d', 404],
    ['get', '/fhir', 405, 'POST, OPTIONS'],
    ['get', '/fhir/', 405, 'POST, OPTIONS'],
    ['patch', '/fhir/metadata', 405, 'GET, HEAD, OPTIONS'],
    ['post', '/fhir/ValueSet/a', 405, 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
    ['delete', '/fhir/metadata', 405, 'GET, HEAD, OPTIONS'],
    ['get', '/fhir/ValueSet/_search', 405, 'POST, OPTIONS'],
    ['post', '/fhir/ValueSet', 401],
  ]

for (const [method, path, status, allow] of failures) {
  test(`${method.toUpperCase()} ${path} is ${status}`, async () => {
    const got = await http()[method](path)
    assert.equal(got.status, status)
    assert.equal(got.headers['content-type'], 'application/fhir+json; charset=utf-8')
    assert.equal(got.body.resourceType, 'OperationOutcome')
    assert.equal(got.headers.allow, allow)
  })
}

test('HEAD is GET without a body', async () => {
  const got = await http().head('/fhir/metadata')
  assert.equal(got.status, 200)
  assert.equal(got.text, undefined)
  assert.ok(Number(got.headers['content-length']) > 1000)
  assert.equal((await http().head('/fhir/ValueSet/none')).status, 404)
})

test('a preflight is answered, and replies may be read from other pages', async () => {
  const got = await http().options('/fhir/ValueSet/a').set('Origin', 'https://elsewhere.test')
  assert.equal(got.status, 204)
  assert.equal(got.headers.allow, 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS')
  assert.match(got.headers['access-control-allow-headers'] ?? '', /If-None-Exist.*X-Provenance.*traceparent/)
  const read = await http().get('/fhir/metadata').set('Origin', 'https://elsewhere.test')
  assert.equal(read.headers['access-control-allow-origin'], '*')
  for (const name of ['ETag', 'Location', 'Content-Location', 'Last-Modified', 'X-Request-Id']) {
    assert.ok((read.headers['access-control-expose-headers'] ?? '').includes(name), name)
  }
})

test('every reply has an id and the headers that keep browsers calm', async () => {
  for (const path of ['/', '/health', '/nowhere', '/fhir/metadata', '/fhir/ValueSet/none', '/%zz']) {
    const got = await http().get(path).set('X-Request-Id', 'good-id_1')
    assert.equal(got.headers['x-request-id'], 'good-id_1', path)
    assert.equal(got.headers['x-content-type-options'], 'nosniff', path)
    assert.equal(got.headers['x-powered-by'], undefined, path)
    assert.match((await http().get(path)).headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/)
  }
  const odd = await http().get('/fhir/metadata').set('X-Request-Id', '<script>"a" b</script>')
  assert.match(odd.headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/, 'no other text is taken, nor a part of it')
})

test('the access log counts everything once', async () => {
  const before = log.length
  await http().get('/health')
  await http().get('/fhir/metadata')
  await http().get('/nowhere?name=jane')
  assert.deepEqual(
    log.slice(before).map(({ route, status }) => [route, status]),
    [
      ['/health', 200],
      ['/metadata', 200],
      ['unknown', 404],
    ],
  )
  assert.doesNotMatch(JSON.stringify(log), /jane/)
})

test('headers that are too large, and what is no HTTP, are answered in FHIR', async () => {
  const running = await listen((_message, response) => response.end(), { host: '127.0.0.1', port: 0 })
  const speak = (text: string) =>
    new Promise<string>((resolve) => {
      let heard = ''
      const socket = connect(running.port ?? 0, '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk) => {
        heard += chunk
      })
      socket.on('close', () => resolve(heard))
    })
  const large = await speak(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  assert.match(large, /^HTTP\/1\.1 431 [\s\S]*OperationOutcome/)
  assert.match(await speak('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*OperationOutcome/)
  await running.close(100)
})

test('closing lets requests under way finish, refuses new ones, and cuts off the slow', async () => {
  const waiting: (() => void)[] = []
  const running = await listen((_message, response) => waiting.push(() => response.end('done')), {
    host: '127.0.0.1',
    port: 0,
  })
  const url = `http://127.0.0.1:${running.port}/`
  const answered = fetch(url).then((response) => response.text())
  const cutOff = fetch(url).then(
    () => 'answered',
    () => 'cut off',
  )
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  const closed = running.close(300)
  waiting[0]?.()
  const outcomes = [await answered, await cutOff]
  assert.deepEqual(outcomes.sort(), ['cut off', 'done'])
  await closed
  await assert.rejects(fetch(url))
})

test('a body over the limit is refused while it is still coming', async () => {
  const got = await http()
    .put('/fhir/ValueSet/a')
    .set('Authorization', bearer)
    .type('application/fhir+json')
    .send(valueSet('a', { description: 'x'.repeat(2000) }))
  assert.equal(got.status, 413)
})

test('an attack: an id that means another place is 400, as the address came', async () => {
  const [answering] = [server.address() as AddressInfo]
  for (const id of ['.', '..', '%2e', '%2E%2e', '.%2E']) {
    const body = JSON.stringify(valueSet(decodeURIComponent(id)))
    const head = `PUT /fhir/ValueSet/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer}\r\nContent-Type: application/fhir+json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
    const socket = connect(answering.port, '127.0.0.1')
    socket.end(head + body)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 /, id)
  }
})
