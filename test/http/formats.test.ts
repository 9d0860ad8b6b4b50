import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import request from 'supertest'
import { baseUrl, bearer, startApp, token, valueSet } from './support.ts'

const { server } = await startApp()
const http = () => request(server)
const json = 'application/fhir+json; charset=utf-8'
const xml = 'application/fhir+xml; charset=utf-8'

await http().put('/fhir/ValueSet/f').set('Authorization', bearer).type('application/fhir+json').send(valueSet('f'))

/** Accept, `_format`, expected status and content type. */
const negotiation: [accept: string | undefined, format: string | undefined, status: number, type: string][] = [
  [undefined, undefined, 200, json],
  ['*/*', undefined, 200, json],
  ['application/*', undefined, 200, json],
  ['application/json', undefined, 200, 'application/json; charset=utf-8'],
  ['text/json', undefined, 200, 'text/json; charset=utf-8'],
  ['application/fhir+xml', undefined, 200, xml],
  ['application/xml', undefined, 200, 'application/xml; charset=utf-8'],
  ['text/xml', undefined, 200, 'text/xml; charset=utf-8'],
  ['application/fhir+json;q=0.1, application/fhir+xml', undefined, 200, xml],
  ['text/html, application/fhir+xml;q=0.9, */*;q=0.1', undefined, 200, xml],
  ['application/fhir+json; fhirVersion=4.0', undefined, 200, 'application/fhir+json; fhirVersion=4.0; charset=utf-8'],
  ['application/fhir+json; fhirVersion=5.0', undefined, 406, json],
  ['application/fhir+json; fhirVersion=5.0, application/fhir+xml', undefined, 200, xml],
  ['text/html', undefined, 406, json],
  ['text/turtle', undefined, 406, json],
  ['nonsense', undefined, 406, json],
  ['application/fhir+json;q=0', undefined, 406, json],
  ['application/fhir+xml', 'json', 200, json],
  ['application/fhir+json', 'xml', 200, xml],
  ['text/html', 'application/fhir+xml', 200, xml],
  [undefined, 'html', 406, json],
  [undefined, 'ttl', 406, json],
]

for (const [accept, format, status, type] of negotiation) {
  test(`Accept ${accept ?? '-'} and _format ${format ?? '-'} give ${status} ${type}`, async () => {
    const got = await http()
      .get(`/fhir/ValueSet/f${format ? `?_format=${format}` : ''}`)
      .set(accept === undefined ? {} : { Accept: accept })
    assert.equal(got.status, status)
    assert.equal(got.headers['content-type'], type)
    assert.match(got.text ?? String(got.body), type.includes('xml') ? /^<\?xml/ : /^\{"resourceType"/)
  })
}

test('errors come in the negotiated format too', async () => {
  const got = await http().get('/fhir/ValueSet/none').set('Accept', 'application/fhir+xml')
  assert.equal(got.status, 404)
  assert.equal(got.headers['content-type'], xml)
  assert.match(String(got.text ?? got.body), /<OperationOutcome xmlns="http:\/\/hl7.org\/fhir">/)
})

test('_pretty indents', async () => {
  assert.match((await http().get('/fhir/ValueSet/f?_pretty=true')).text, /^\{\n {2}"resourceType"/)
})

test('XML goes in and comes out, and is answered in kind', async () => {
  const body = '<ValueSet xmlns="http://hl7.org/fhir"><id value="x"/><status value="draft"/></ValueSet>'
  const put = await http().put('/fhir/ValueSet/x').set('Authorization', bearer).type('application/fhir+xml').send(body)
  assert.equal(put.status, 201)
  assert.equal(put.headers['content-type'], xml)
  assert.equal((await http().get('/fhir/ValueSet/x')).body.status, 'draft')
})

test('a StructureMap goes in and out as text', async () => {
  const put = await http()
    .put('/fhir/StructureMap/m')
    .set('Authorization', bearer)
    .set('Accept', 'application/fhir+json')
    .type('text/fhir-mapping')
    .send('http://example.org/map')
  assert.equal(put.status, 201)
  assert.equal(put.body.resourceType, 'StructureMap')
  assert.equal(put.body.id, 'm')
  for (const got of [
    await http().get('/fhir/StructureMap/m').set('Accept', 'text/fhir-mapping'),
    await http().get('/fhir/StructureMap/m?_format=text/fhir-mapping'),
    await http().get('/fhir/StructureMap/m/_history/1').set('Accept', 'text/fhir-mapping'),
  ]) {
    assert.equal(got.status, 200)
    assert.equal(got.headers['content-type'], 'text/fhir-mapping; charset=utf-8')
    assert.equal(got.text, 'map "http://example.org/map" = "m"\n')
  }
  assert.equal((await http().get('/fhir/ValueSet/f').set('Accept', 'text/fhir-mapping')).status, 406)
})

test('a text in the Mapping Language longer than any map is refused unread', async () => {
  const settings = { baseUrl, developmentToken: token, bodyLimitBytes: 5_000_000, production: false }
  const large = await startApp([], { settings })
  const put = await request(large.server)
    .put('/fhir/StructureMap/m')
    .set('Authorization', bearer)
    .type('text/fhir-mapping')
    .send(' '.repeat(1_000_001))
  assert.equal(put.status, 413)
  assert.equal(put.body.issue[0].code, 'too-long')
})

const body = JSON.stringify(valueSet('b'))
const send = (content: Buffer | string, headers: Record<string, string>) =>
  http()
    .put('/fhir/ValueSet/b')
    .set('Authorization', bearer)
    .set({ 'Content-Type': 'application/fhir+json', ...headers })
    .serialize((each) => each as unknown as string)
    .send(content as string)

/** Body, headers, expected status. */
const bodies: [name: string, content: Buffer | string, headers: Record<string, string>, status: number][] = [
  ['plain', body, {}, 201],
  ['gzip', gzipSync(body), { 'Content-Encoding': 'gzip' }, 200],
  ['brotli', brotliCompressSync(body), { 'Content-Encoding': 'br' }, 200],
  ['byte order mark', `\ufeff${body}`, {}, 200],
  ['charset utf-8', body, { 'Content-Type': 'application/fhir+json; charset=UTF-8' }, 200],
  ['fhirVersion 4.0', body, { 'Content-Type': 'application/fhir+json; fhirVersion=4.0' }, 200],
  ['fhirVersion 5.0', body, { 'Content-Type': 'application/fhir+json; fhirVersion=5.0' }, 415],
  ['charset latin1', body, { 'Content-Type': 'application/fhir+json; charset=iso-8859-1' }, 415],
  ['another type', body, { 'Content-Type': 'text/plain' }, 415],
  ['a form', body, { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
  ['an unknown coding', body, { 'Content-Encoding': 'zstd' }, 415],
  ['truncated gzip', gzipSync(body).subarray(0, 60), { 'Content-Encoding': 'gzip' }, 400],
  ['no gzip at all', body, { 'Content-Encoding': 'gzip' }, 400],
  ['a bomb', gzipSync(Buffer.alloc(5_000_000, 32)), { 'Content-Encoding': 'gzip' }, 413],
  ['too large', JSON.stringify(valueSet('b', { description: 'x'.repeat(1_100_000) })), {}, 413],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 400],
  ['truncated JSON', body.slice(0, 40), {}, 400],
  ['no object', '[]', {}, 400],
  ['null', 'null', {}, 400],
  ['no resourceType', '{}', {}, 400],
  ['a type that is none', '{"resourceType":"Nonsense"}', {}, 422],
  ['a member twice', '{"resourceType":"ValueSet","id":"b","id":"b","status":"draft"}', {}, 400],
  ['deep JSON', `{"resourceType":"ValueSet","id":"b","x":${'['.repeat(5000)}${']'.repeat(5000)}}`, {}, 400],
  ['another id', JSON.stringify(valueSet('c')), {}, 400],
  ['another type of resource', '{"resourceType":"CodeSystem","id":"b"}', {}, 400],
  ['broken XML', '<ValueSet', { 'Content-Type': 'application/fhir+xml' }, 400],
  ['nothing', '', {}, 400],
]

test('bodies of every kind are taken or refused', async (t) => {
  for (const [name, content, headers, status] of bodies) {
    await t.test(`${name} → ${status}`, async () => {
      const got = await send(content, headers)
      assert.equal(got.status, status, got.text)
      if (status >= 400)
        assert.match(
          got.text ?? String(got.body),
          /^(\{"resourceType":"OperationOutcome"|<\?xml[^>]*>\s*<OperationOutcome)/,
        )
    })
  }
})

test('large replies are packed for who can unpack them', async () => {
  const text = 'x'.repeat(5000)
  await http()
    .put('/fhir/ValueSet/big')
    .set('Authorization', bearer)
    .type('application/fhir+json')
    .send(valueSet('big', { description: text }))
  for (const round of ['first', 'again', 'from bytes kept']) {
    const packed = await http().get('/fhir/ValueSet/big').set('Accept-Encoding', 'gzip')
    assert.equal(packed.headers['content-encoding'], 'gzip', round)
    assert.equal(packed.body.description, text)
    const brotli = await http().get('/fhir/ValueSet/big').set('Accept-Encoding', 'br, gzip;q=0')
    assert.equal(brotli.headers['content-encoding'], 'br', round)
    const plain = await http().get('/fhir/ValueSet/big').set('Accept-Encoding', 'identity')
    assert.equal(plain.headers['content-encoding'], undefined, round)
    assert.equal(plain.body.description, text)
  }
})
