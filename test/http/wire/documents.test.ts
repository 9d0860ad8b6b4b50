/** Documents as bytes, sentence by sentence of RFC 9110 (cases/documents.json), and what cases cannot say. */
import assert from 'node:assert/strict'
import { request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, it } from 'node:test'
import type { FindDocument, PublicDocument } from '../../../src/base/public-document.ts'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import { readCases } from '../../support/cases.ts'
import { startApp } from '../support.ts'

interface Case {
  name: string
  method?: string
  path: string
  headers?: Record<string, string>
  then: {
    status: number
    /** Of which it must be a part; empty for a reply without body. */
    body?: string
    /** As regular expressions. */
    headers?: Record<string, string>
    absent?: string[]
    /** Whether the body is an OperationOutcome. */
    outcome?: boolean
    /** What must not be told. */
    hidden?: string
  }
}

const text = (body: string, more: Partial<PublicDocument> = {}): PublicDocument => ({
  body: Buffer.from(body),
  contentType: 'text/plain',
  ...more,
})
const fixed: Record<string, PublicDocument> = {
  '/doc/a': text('0123456789', {
    etag: '"tag"',
    cacheControl: 'public, max-age=60',
    headers: { 'X-Own': 'own' },
    route: '/doc/:id',
  }),
  '/doc/long': text('x'.repeat(5000)),
  '/doc/empty': text('', { etag: '"empty"' }),
  '/doc/untagged': text('untagged'),
  '/doc/none': text('{"code":1}', { status: 404, contentType: 'application/json', etag: '"tag"' }),
  '/fhir/r/a': text('r'),
  // FHIR's paths are not asked for: it must never come out.
  '/fhir/Patient': text('taken'),
}
const first: FindDocument = ({ path, accept }) => {
  if (path === '/doc/throws') throw new Error('secret')
  if (path === '/doc/rejects') return Promise.reject(new Error('secret'))
  if (path === '/doc/full') throw new FhirError(507, issue('no-store', 'full'))
  if (path === '/doc/by-accept') return text(String(accept))
  if (path === '/doc/later') return Promise.resolve(text('later'))
  return path.startsWith('/doc/second') ? Promise.resolve(undefined) : fixed[path]
}
const second: FindDocument = ({ path }) => (path === '/doc/second' ? text('second') : undefined)

const makeHooks = (more: object = {}) => ({
  parseMap: () => assert.fail('no map is asked for'),
  readMap: () => assert.fail('no map is asked for'),
  printMap: () => assert.fail('no map is asked for'),
  checkWrite: async () => [],
  documents: [first, second],
  ...more,
})

interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** Sends a path as it is: no library has a say in it. */
function ask(server: Server, asked: Pick<Case, 'method' | 'path' | 'headers'>): Promise<Reply> {
  const { port } = server.address() as AddressInfo
  const { method = 'GET', path, headers = {} } = asked
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject).end(method === 'POST' || method === 'PUT' ? '{}' : undefined)
  })
}

const { server, log, errors } = await startApp([], { hooks: makeHooks() })

describe('documents', () => {
  for (const { name, then, ...asked } of readCases<Case>(new URL('cases/', import.meta.url)).flatMap(
    ({ cases }) => cases,
  ))
    it(name, async () => {
      const { status, headers, body } = await ask(server, asked)
      assert.equal(status, then.status, body)
      if (then.body === '') assert.equal(body, '')
      else if (then.body !== undefined) assert.ok(body.includes(then.body), body)
      for (const [header, wanted] of Object.entries(then.headers ?? {}))
        assert.match(String(headers[header]), new RegExp(wanted), header)
      for (const header of then.absent ?? []) assert.equal(headers[header], undefined)
      if (then.outcome) assert.equal(JSON.parse(body).resourceType, 'OperationOutcome')
      if (then.hidden) assert.ok(!body.includes(then.hidden))
    })

  it('are in the access log by their route, and never by their address', async () => {
    log.length = 0
    errors.length = 0
    await ask(server, { path: '/doc/a' })
    await ask(server, { path: '/doc/a', headers: { range: 'bytes=0-2' } })
    await ask(server, { path: '/doc/later' })
    await ask(server, { path: '/doc/throws' })
    await ask(server, { method: 'PATCH', path: '/doc/a' })
    assert.deepEqual(
      log.map(({ method, route, status, bytes }) => [method, route, status, bytes > 0]),
      [
        ['GET', '/doc/:id', 200, true],
        ['GET', '/doc/:id', 206, true],
        ['GET', 'document', 200, true],
        ['GET', 'document', 500, true],
        ['PATCH', 'document', 405, true],
      ],
    )
    assert.equal(errors.length, 1)
    assert.match(String(errors[0]), /secret/)
  })

  it('that are long are refused while clients have too much to take', async () => {
    const long = text('x'.repeat(300_000), { etag: '"long"' })
    const documents: FindDocument[] = [({ path }) => (path === '/long' ? long : undefined)]
    const full = await startApp([], { hooks: makeHooks({ documents, mayWrite: () => false }) })
    const refused = await ask(full.server, { path: '/long' })
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '5'])
    assert.equal((await ask(full.server, { path: '/long', headers: { range: 'bytes=0-99' } })).status, 206)
    assert.equal((await ask(full.server, { path: '/long', headers: { 'if-none-match': '"long"' } })).status, 304)
  })

  it('stay whole when the same object is answered again and again, whatever was asked of it before', async () => {
    await ask(server, { path: '/doc/a', headers: { range: 'bytes=1-2' } })
    await ask(server, { path: '/doc/a', headers: { 'if-none-match': '"tag"' } })
    const { headers, body } = await ask(server, { path: '/doc/a' })
    assert.deepEqual([body, headers['content-length'], headers['content-range']], ['0123456789', '10', undefined])
  })

  it('that a client asks for one after the other come in their order', async () => {
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const paths = ['/doc/later', '/doc/a', '/fhir/metadata', '/doc/second']
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    let came = ''
    for await (const chunk of socket.setEncoding('utf8')) {
      came += chunk
      if (came.endsWith('second')) break
    }
    const places = ['later', '0123456789', 'CapabilityStatement', 'second'].map((each) => came.indexOf(each))
    assert.ok(places.every((place) => place > 0))
    assert.deepEqual(
      places.toSorted((a, b) => a - b),
      places,
    )
  })
})
