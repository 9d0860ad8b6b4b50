import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import { textParameter } from '../../src/fhir/operation.ts'
import type { Bundle } from '../../src/fhir/types.ts'
import { baseUrl, bearer, startApp, valueSet } from './support.ts'

const { server } = await startApp([
  {
    name: 'echo',
    title: 'Echo',
    description: 'Answers its text',
    system: true,
    personal: true,
    accepts: ['application/json', 'text/plain'],
    parameters: [{ name: 'text', use: 'in', min: 1, max: '1', type: 'string', documentation: 'Text' }],
    handle: async ({ parameters }) => ({
      resource: {
        resourceType: 'Parameters',
        parameter: [{ name: 'text', valueString: textParameter(parameters, 'text') ?? '' }],
      },
    }),
  },
  {
    name: 'print',
    title: 'Print',
    description: 'Answers text',
    system: true,
    parameters: [],
    handle: async () => ({ raw: { contentType: 'text/plain', body: 'hello' } }),
  },
])
const post = (bundle: object, authorization: string | undefined = bearer) =>
  request(server)
    .post('/fhir')
    .set(authorization === '' ? {} : { Authorization: authorization })
    .type('application/fhir+json')
    .send(bundle)
const bundleOf = (type: string, entry: object[]) => ({ resourceType: 'Bundle', type, entry })
const entryOf = (method: string, url: string, resource?: object, more: object = {}) => ({
  request: { method, url, ...more },
  ...(resource ? { resource } : {}),
})
const statuses = (bundle: Bundle) => bundle.entry?.map((entry) => entry.response?.status)
const get = (path: string) => request(server).get(`/fhir/${path}`)

test('each entry of a batch stands for itself, in the right order', async () => {
  const got = await post(
    bundleOf('batch', [
      entryOf('GET', 'ValueSet/b1'),
      entryOf('PUT', 'ValueSet/b1', valueSet('b1')),
      entryOf('GET', `${baseUrl}/ValueSet?_id=b1&_elements=title`),
      entryOf('GET', 'ValueSet/none'),
      entryOf('POST', '$echo', { resourceType: 'Parameters', parameter: [{ name: 'text', valueString: 'hi' }] }),
      entryOf('POST', '%24print'),
      entryOf('DELETE', 'ValueSet/never'),
      entryOf('HEAD', 'metadata'),
      entryOf('PATCH', 'metadata'),
      entryOf('GET', 'http://elsewhere.test/ValueSet/b1'),
      entryOf('POST', ''),
      {},
    ]),
  )
  assert.equal(got.status, 200)
  assert.equal(got.body.type, 'batch-response')
  assert.deepEqual(statuses(got.body), [
    '200', '201', '200', '404', '200', '200', '204', '200', '405', '400', '400', '400',
  ]) // biome-ignore format: one row
  const entries = got.body.entry
  assert.equal(entries[0].response.etag, 'W/"1"')
  assert.equal(entries[1].response.location, `${baseUrl}/ValueSet/b1/_history/1`)
  assert.equal(entries[2].resource.entry[0].resource.title, 'Vaccines b1')
  assert.equal(entries[3].response.outcome.resourceType, 'OperationOutcome')
  assert.equal(entries[4].resource.parameter[0].valueString, 'hi')
  assert.equal(entries[5].resource.resourceType, 'Binary')
  assert.equal(Buffer.from(entries[5].resource.data, 'base64').toString(), 'hello')
})

test('a batch may be posted by anybody, its writes not', async () => {
  const got = await post(
    bundleOf('batch', [entryOf('GET', 'metadata'), entryOf('PUT', 'ValueSet/x', valueSet('x'))]),
    '',
  )
  assert.deepEqual(statuses(got.body), ['200', '401'])
  const all = await post(bundleOf('transaction', [entryOf('PUT', 'ValueSet/x', valueSet('x'))]), '')
  assert.equal(all.status, 401)
})

test('a transaction writes all, and references follow', async () => {
  const got = await post(
    bundleOf('transaction', [
      entryOf('GET', 'ValueSet/t-put'),
      {
        fullUrl: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a',
        ...entryOf('POST', 'Library', { resourceType: 'Library', status: 'draft', type: { text: 'x' } }),
      },
      entryOf('PUT', 'ValueSet/t-put', valueSet('t-put')),
      entryOf('POST', 'Basic', {
        resourceType: 'Basic',
        code: { text: 'note' },
        subject: { reference: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a' },
        author: { reference: 'ValueSet?url=http://example.org/ValueSet/b1' },
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><a href="urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a">x</a></div>',
        },
      }),
    ]),
  )
  assert.equal(got.status, 200, JSON.stringify(got.body))
  assert.equal(got.body.type, 'transaction-response')
  assert.deepEqual(statuses(got.body), ['200', '201', '201', '201'])
  const library = got.body.entry[1].resource.id
  const basic = got.body.entry[3].resource
  assert.equal(basic.subject.reference, `Library/${library}`)
  assert.equal(basic.author.reference, 'ValueSet/b1')
  assert.ok(basic.text.div.includes(`href="Library/${library}"`))
  assert.equal((await get(`Library/${library}`)).status, 200)
})

/** What spoils a transaction, with the status of the whole. */
const spoilers: [name: string, entry: object, status: number][] = [
  ['a broken entry', {}, 400],
  ['an unknown type', entryOf('POST', 'Nonsense', valueSet('x')), 404],
  ['another type', entryOf('POST', 'Library', valueSet('x')), 400],
  ['another id', entryOf('PUT', 'ValueSet/y', valueSet('x')), 400],
  ['no resource', entryOf('PUT', 'ValueSet/y'), 400],
  ['the same target', entryOf('PUT', 'ValueSet/spoilt', valueSet('spoilt', { title: 'again' })), 400],
  ['a failed If-Match', entryOf('PUT', 'ValueSet/y', valueSet('y'), { ifMatch: 'W/"7"' }), 412],
  ['a read of what is not there', entryOf('GET', 'ValueSet/nowhere'), 404],
  ['a forbidden method', entryOf('PATCH', 'metadata'), 405],
  ['a batch within', entryOf('POST', '', bundleOf('batch', [])), 400],
  [
    'a conditional reference to nothing',
    entryOf('POST', 'Basic', {
      resourceType: 'Basic',
      code: { text: 'x' },
      subject: { reference: 'ValueSet?url=http://none' },
    }),
    412,
  ],
]

test('a transaction that fails writes nothing and says where', async (t) => {
  for (const [name, spoiler, status] of spoilers) {
    await t.test(`${name} → ${status}`, async () => {
      const got = await post(bundleOf('transaction', [entryOf('PUT', 'ValueSet/spoilt', valueSet('spoilt')), spoiler]))
      assert.equal(got.status, status, JSON.stringify(got.body))
      assert.equal(got.body.resourceType, 'OperationOutcome')
      if (name !== 'a failed If-Match') assert.match(got.body.issue[0].expression[0], /^Bundle\.entry\[1\]/)
      assert.equal((await get('ValueSet/spoilt')).status, 404)
    })
  }
})

test('conditional entries find their resource', async () => {
  const url = 'http://example.org/ValueSet/t-put'
  const got = await post(
    bundleOf('transaction', [
      entryOf('POST', 'ValueSet', valueSet('t-put'), { ifNoneExist: `url=${url}` }),
      entryOf('PUT', 'ValueSet?url=http://example.org/ValueSet/b1', valueSet('b1', { title: 'By condition' })),
      entryOf('DELETE', 'ValueSet?url=http://example.org/none'),
    ]),
  )
  assert.deepEqual(statuses(got.body), ['200', '200', '204'], JSON.stringify(got.body))
  assert.equal((await get('ValueSet/b1')).body.title, 'By condition')
})

test('what is no batch is refused', async () => {
  for (const body of [bundleOf('collection', []), valueSet('x'), bundleOf('batch', []).resourceType]) {
    const got = await post(body as object)
    assert.ok(got.status === 400 || got.status === 415, String(got.status))
  }
  assert.deepEqual((await post(bundleOf('batch', []))).body.type, 'batch-response')
})
