import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import request from 'supertest'
import type { Bundle } from '../../src/fhir/types.ts'
import { baseUrl, bearer, startApp, valueSet } from './support.ts'

const { server } = await startApp()
const http = () => request(server)
const put = (body: { resourceType: string; id: string }) =>
  http()
    .put(`/fhir/${body.resourceType}/${body.id}`)
    .set('Authorization', bearer)
    .type('application/fhir+json')
    .send(body)
const ids = (bundle: Bundle, mode = 'match') =>
  (bundle.entry ?? []).filter((entry) => entry.search?.mode === mode).map((entry) => entry.resource?.id)
const link = (bundle: Bundle, relation: string) => bundle.link?.find((each) => each.relation === relation)?.url
const local = (url: string) => url.replace(baseUrl, '/fhir')

before(async () => {
  for (let i = 0; i < 7; i++) await put(valueSet(`v${i}`, { status: i < 4 ? 'active' : 'draft' }))
  await put({
    resourceType: 'ConceptMap',
    id: 'map',
    status: 'active',
    sourceCanonical: 'http://example.org/ValueSet/v1',
    targetCanonical: 'http://example.org/ValueSet/v2|1.0',
  } as never)
})

test('a search finds by GET and by POST', async () => {
  const got = await http().get('/fhir/ValueSet?status=draft&_sort=_id')
  assert.equal(got.body.type, 'searchset')
  assert.deepEqual(ids(got.body), ['v4', 'v5', 'v6'])
  assert.equal(got.body.entry[0].fullUrl, `${baseUrl}/ValueSet/v4`)
  assert.equal(link(got.body, 'self'), `${baseUrl}/ValueSet?status=draft&_sort=_id`)
  const posted = await http().post('/fhir/ValueSet/_search?_sort=_id').type('form').send('status=draft')
  assert.equal(posted.status, 200)
  assert.deepEqual(ids(posted.body), ['v4', 'v5', 'v6'])
  assert.equal((await http().post('/fhir/ValueSet/_search').type('json').send('{}')).status, 415)
  const both = await http().get('/fhir/ValueSet?url=http://example.org/ValueSet/v1%7C1.0')
  assert.deepEqual(ids(both.body), ['v1'])
})

test('pages neither skip nor repeat', async () => {
  const seen: (string | undefined)[] = []
  let address: string | undefined = '/fhir/ValueSet?_count=3&_sort=_id&_total=accurate'
  let last: Bundle | undefined
  while (address) {
    const got: { body: Bundle } = await http().get(address)
    assert.equal(got.body.total, 7)
    seen.push(...ids(got.body))
    const next = link(got.body, 'next')
    address = next && local(next)
    last = got.body
  }
  assert.deepEqual(seen, ['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'])
  const previous = link(last as Bundle, 'previous')
  assert.deepEqual(ids((await http().get(local(previous ?? ''))).body), ['v3', 'v4', 'v5'])
  assert.equal(link(last as Bundle, 'first'), `${baseUrl}/ValueSet?_count=3&_sort=_id&_total=accurate`)
})

test('counts alone', async () => {
  for (const query of ['_summary=count', '_count=0']) {
    const { body } = await http().get(`/fhir/ValueSet?status=active&${query}`)
    assert.equal(body.total, 4)
    assert.equal(body.entry, undefined)
  }
})

test('an unknown parameter is an error when strict, else ignored, told, and absent from self', async () => {
  const strict = await http().get('/fhir/ValueSet?nonsense=1').set('Prefer', 'handling=strict')
  assert.equal(strict.status, 400)
  const lenient = await http().get('/fhir/ValueSet?nonsense=1&_id=v1')
  assert.deepEqual(ids(lenient.body), ['v1'])
  assert.equal(link(lenient.body, 'self'), `${baseUrl}/ValueSet?_id=v1`)
  assert.equal(ids(lenient.body, 'outcome').length, 1)
})

test('bad values are refused with 400', async () => {
  for (const query of ['date=nonsense', 'url:nonsense=x', '_count=-1', '_summary=x', '_cursor=forged', 'title=%zz']) {
    const got = await http().get(`/fhir/ValueSet?${query}`)
    assert.equal(got.status, 400, query)
    assert.equal(got.body.resourceType, 'OperationOutcome')
  }
})

test('_elements and _summary cut down and tag', async () => {
  const tagged = (resource: { meta: { tag: { code: string }[] } }) =>
    resource.meta.tag.some(({ code }) => code === 'SUBSETTED')
  for (const path of ['/fhir/ValueSet?_id=v1&', '/fhir/ValueSet/v1?']) {
    const resourceOf = async (query: string) => {
      const { body } = await http().get(path + query)
      return body.resourceType === 'Bundle' ? body.entry[0].resource : body
    }
    const elements = await resourceOf('_elements=title,url')
    assert.deepEqual(Object.keys(elements).sort(), ['id', 'meta', 'resourceType', 'status', 'title', 'url'])
    assert.ok(tagged(elements))
    const summary = await resourceOf('_summary=true')
    assert.equal(summary.compose, undefined)
    assert.equal(summary.title, 'Vaccines v1')
    assert.ok(tagged(summary))
    assert.ok(tagged(await resourceOf('_summary=data')))
    assert.equal((await resourceOf('_summary=text')).title, undefined)
    assert.equal((await resourceOf('_summary=false')).meta.tag, undefined)
  }
})

test('_include and _revinclude draw in what is referred to', async () => {
  const forth = await http().get('/fhir/ConceptMap?_include=ConceptMap:source&_include=ConceptMap:target')
  assert.deepEqual(ids(forth.body), ['map'])
  assert.deepEqual(ids(forth.body, 'include').sort(), ['v1', 'v2'])
  const back = await http().get('/fhir/ValueSet?_id=v1,v2&_revinclude=ConceptMap:source')
  assert.deepEqual(ids(back.body, 'include'), ['map'])
})

test('history pages, since and at', async () => {
  const all = await http().get('/fhir/_history?_count=5')
  assert.equal(all.body.type, 'history')
  assert.equal(all.body.entry.length, 5)
  const rest = await http().get(local(link(all.body, 'next') ?? ''))
  assert.equal(rest.body.entry.length, 3)
  const typed = await http().get('/fhir/ConceptMap/_history')
  assert.equal(typed.body.entry[0].request.url, 'ConceptMap/map')
  assert.equal(typed.body.entry[0].response.status, '201')
  assert.equal((await http().get('/fhir/_history?_since=2999-01-01')).body.entry.length, 0)
  assert.equal((await http().get('/fhir/_history?_since=yesterday')).status, 400)
  assert.equal((await http().get('/fhir/ValueSet/never/_history')).status, 404)
})
