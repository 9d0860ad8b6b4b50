/** What goes out as the bytes it was says what would be worked out: the reply cache against the plain way, which a token takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import request from 'supertest'
import { textParameter } from '../../../src/fhir/operation.ts'
import { bearer, startApp, valueSet } from '../support.ts'

let worked = 0
const { server } = await startApp([
  {
    name: 'lookup',
    title: 'Look up',
    description: 'Answers what it was asked, in some length',
    type: ['CodeSystem'],
    get: true,
    parameters: [{ name: 'code', use: 'in', min: 0, max: '1', type: 'code', documentation: 'A code' }],
    handle: async ({ parameters, acceptLanguage = '' }) => {
      worked++
      const code = textParameter(parameters, 'code') ?? ''
      const long = 'é'.repeat(code === 'long' ? 2000 : 1)
      return {
        resource: {
          resourceType: 'Parameters',
          parameter: [{ name: 'a', valueString: `${code} ${acceptLanguage} ${long}` }],
        },
      }
    },
  },
])
const write = (id: string, title: string) =>
  request(server)
    .put(`/fhir/ValueSet/${id}`)
    .set('Authorization', bearer)
    .type('application/fhir+json')
    .send(valueSet(id, { title }))
const ids = ['a', 'b', 'gone']
for (const id of ids) await write(id, 'first')
await request(server).delete('/fhir/ValueSet/gone').set('Authorization', bearer)

const ask = fc.record({
  path: fc.constantFrom(
    ...ids.map((id) => `ValueSet/${id}`),
    'ValueSet/none',
    'ValueSet/a?_elements=title',
    'ValueSet/a?_format=xml',
    'ValueSet/a?_summary=nonsense',
    'CodeSystem/$lookup?code=x',
    'CodeSystem/$lookup?code=long',
    'CodeSystem/%24lookup?code=x',
    ...ids.map((id) => `ValueSet?url=http://example.org/ValueSet/${id}`),
    'ValueSet?url=http://example.org/ValueSet/none',
    'ValueSet?url=http://example.org/ValueSet/a&_count=1',
    'ValueSet?url=http://example.org/ValueSet/a,http://example.org/ValueSet/b&_count=1',
    'ValueSet?url=http://example.org/ValueSet/a,http://example.org/ValueSet/b',
    'ValueSet?name=Vaccines',
    'ValueSet?_total=none&url=http://example.org/ValueSet/a',
    'ValueSet?url=http://example.org/ValueSet/a&_sort=url',
    'ValueSet?url=http://example.org/ValueSet/a&_summary=true',
    'ValueSet?_id=b&status=active',
    'ValueSet?status=nonsense%20',
    'ValueSet?_count=x',
  ),
  accept: fc.constantFrom(undefined, 'application/fhir+xml', 'application/json', 'text/html', '*/*'),
  language: fc.constantFrom(undefined, 'de', 'fr;q=0.5, en'),
  encoding: fc.constantFrom('identity', 'gzip', 'br'),
  method: fc.constantFrom('get' as const, 'head' as const),
  /** A write in between, which must be seen at once. */
  writes: fc.option(fc.constantFrom('one', 'two', 'three'), { nil: undefined, freq: 4 }),
})

test('a kept reply is the reply that would be worked out, whatever is asked and written in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { minLength: 5, maxLength: 30 }), async (asks) => {
      for (const { path, accept, language, encoding, method, writes } of asks) {
        if (writes !== undefined) await write('a', writes)
        const headers = {
          'Accept-Encoding': encoding,
          ...(accept === undefined ? {} : { Accept: accept }),
          ...(language === undefined ? {} : { 'Accept-Language': language }),
        }
        const plain = await request(server)
          [method](`/fhir/${path}`)
          .set({ ...headers, Authorization: bearer })
        // The third time it comes from the cache, if it may.
        for (let time = 0; time < 3; time++) {
          const kept = await request(server)[method](`/fhir/${path}`).set(headers)
          assert.equal(kept.status, plain.status, path)
          assert.deepEqual(withoutIds(kept.text), withoutIds(plain.text), path)
          for (const name of ['content-type', 'last-modified', 'cache-control', 'vary', 'content-encoding'])
            assert.equal(kept.headers[name], plain.headers[name], `${name} of ${path}`)
          if (plain.headers.etag !== undefined) assert.equal(kept.headers.etag, plain.headers.etag)
          if (kept.headers.etag !== undefined && kept.status === 200) {
            const again = await request(server)
              [method](`/fhir/${path}`)
              .set({ ...headers, 'If-None-Match': kept.headers.etag })
            assert.ok(again.status === 304 || again.status === 200)
          }
        }
      }
    }),
    { numRuns: 25 },
  )
})

test('an answer is worked out twice, and kept from then on', async () => {
  const get = () => request(server).get('/fhir/CodeSystem/$lookup?code=only-here')
  const before = worked
  for (let time = 0; time < 5; time++) await get()
  assert.equal(worked - before, 2)
})

/** Every request has an id of its own, which errors tell. */
/** What is the same for everybody: who is known is not told that drafts are for those who are. */
const withoutIds = (text: string | undefined) =>
  text
    ?.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    .replace(' Drafts are shown to those alone who may read or write them.', '')
