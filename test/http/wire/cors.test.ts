import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import request from 'supertest'
import { originProblem } from '../../../src/http/wire/cors.ts'
import { bearer, makeApp, startApp, valueSet } from '../support.ts'

const page = 'https://verifier.example'
const other = 'https://elsewhere.example'

describe('a page of any origin', () => {
  const sent = [
    ...['If-Match', 'If-None-Match', 'If-None-Exist', 'Prefer', 'X-Provenance', 'traceparent', 'Authorization'],
    ...['Content-Type', 'Signature', 'Signature-Input', 'Content-Digest'],
  ]
  const read = [
    ...['ETag', 'Location', 'Content-Location', 'Last-Modified', 'X-Request-Id', 'Link', 'RateLimit', 'Retry-After'],
    ...['RateLimit-Policy', 'Signature', 'Signature-Input', 'Content-Digest', 'traceparent'],
  ]
  for (const path of [
    '/fhir/ValueSet/a',
    '/fhir/ValueSet/$expand',
    '/fhir',
    '/fhir/ValueSet',
    '/health',
    '/openapi.json',
  ])
    it(`may ask ${path} as the specification says`, async () => {
      const { server } = await startApp()
      const asked = await request(server)
        .options(path)
        .set('Origin', page)
        .set('Access-Control-Request-Method', 'PUT')
        .set('Access-Control-Request-Headers', 'if-match, x-provenance')
        .catch((error) => error)
      const status = path.includes('$') ? 404 : 204
      assert.equal(asked.status, status)
      if (status !== 204) return
      const allowed = String(asked.headers['access-control-allow-headers']).split(', ')
      assert.deepEqual(
        sent.filter((name) => !allowed.includes(name)),
        [],
      )
      assert.match(String(asked.headers['access-control-allow-methods']), /PUT/)
      assert.equal(asked.headers['access-control-allow-origin'], '*')
      assert.equal(asked.headers['access-control-allow-credentials'], undefined)
      assert.equal(asked.text, '')
    })

  it('may read the headers of replies and of errors, whoever made them', async () => {
    const { server } = await startApp()
    for (const path of ['/fhir/metadata', '/fhir/Nothing', '/nothing', '/ready', '/%zz']) {
      const { headers } = await request(server).get(path).set('Origin', page)
      const exposed = String(headers['access-control-expose-headers']).split(', ')
      assert.deepEqual(
        read.filter((name) => !exposed.includes(name)),
        [],
        path,
      )
      assert.equal(headers['access-control-allow-origin'], '*', path)
    }
  })
})

describe('where origins are named', () => {
  const settings = {
    baseUrl: 'http://vidimus.test/fhir',
    developmentToken: bearer.slice(7),
    bodyLimitBytes: 100_000,
    production: false,
    corsOrigins: [page],
  }
  const paths = [
    '/fhir/metadata',
    '/fhir/ValueSet/a',
    '/fhir/ValueSet/a',
    '/fhir/Nothing',
    '/nothing',
    '/health',
    '/%zz',
  ]

  it('their pages read every reply, and no other page any', async () => {
    const { server, storage } = await startApp([], { settings })
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'a', resource: valueSet('a') as never }])
    for (const path of [...paths, ...paths]) {
      const own = await request(server).get(path).set('Origin', page)
      assert.equal(own.headers['access-control-allow-origin'], page, path)
      assert.match(String(own.headers['access-control-expose-headers']), /ETag/)
      for (const origin of [other, 'null', `${page}.evil.example`, page.toUpperCase()]) {
        const { headers } = await request(server).get(path).set('Origin', origin)
        assert.deepEqual(
          Object.keys(headers).filter((name) => name.startsWith('access-control')),
          [],
          `${path} ${origin}`,
        )
        assert.match(String(headers.vary), /Origin/, path)
      }
    }
  })

  it('their pages may ask before they write, and others may not', async () => {
    const { server } = await startApp([], { settings })
    const ask = (origin: string) => request(server).options('/fhir/ValueSet/a').set('Origin', origin)
    const own = await ask(page)
    assert.equal(own.headers['access-control-allow-origin'], page)
    assert.match(String(own.headers['access-control-allow-headers']), /X-Provenance/)
    assert.equal((await ask(other)).headers['access-control-allow-headers'], undefined)
  })

  it('nothing else of a reply is another', async () => {
    const [plain, named] = [await startApp(), await startApp([], { settings })]
    for (const path of paths) {
      const [one, two] = await Promise.all([plain, named].map(({ server }) => request(server).get(path)))
      const rest = (headers: Record<string, string> = {}) =>
        Object.entries(headers).filter(([name]) => !/^(access-control|vary|date|x-request-id)/.test(name))
      assert.deepEqual(rest(two?.headers), rest(one?.headers), path)
      assert.equal(two?.text.replace(/[0-9a-f-]{36}/g, ''), one?.text.replace(/[0-9a-f-]{36}/g, ''))
    }
  })

  it('none is a setting, too', async () => {
    const { handler, close } = await makeApp([], { settings: { ...settings, corsOrigins: [] } })
    const { headers } = await request(handler).get('/fhir/metadata').set('Origin', page)
    assert.equal(headers['access-control-allow-origin'], undefined)
    await close()
  })
})

test('an origin is what browsers send', () => {
  for (const text of ['*', 'https://a.example', 'http://localhost:3000']) assert.equal(originProblem(text), undefined)
  for (const text of ['a.example', 'https://a.example/', 'https://A.example', 'https://a.example:443', 'null', ''])
    assert.match(originProblem(text) ?? '', /origin/, text)
})
