/** Searches that join types over HTTP: what they find, what is refused, and that they tell nobody what is not for everybody. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import request from 'supertest'
import { baseUrl, bearer, startApp, valueSet } from './support.ts'

const { server } = await startApp([], {
  hooks: {
    parseMap: () => assert.fail('no map'),
    readMap: (map) => map,
    printMap: () => '',
    checkWrite: async () => [],
    expandTokens: async (url) => (url === 'http://example.org/vs/jurisdictions' ? ['urn:iso|CH'] : []),
    subsumedTokens: async (token, direction) => (direction === 'below' ? [token, 'urn:iso|CH'] : [token]),
  },
})
const get = (path: string, headers: Record<string, string> = {}) => request(server).get(`/fhir/${path}`).set(headers)
const token = { Authorization: bearer }

before(async () => {
  for (const body of [
    valueSet('a', { jurisdiction: [{ coding: [{ system: 'urn:iso', code: 'CH' }] }] }),
    valueSet('b', { compose: { include: [{ valueSet: ['http://example.org/ValueSet/a'] }] } }),
  ])
    await request(server)
      .put(`/fhir/ValueSet/${body.id}`)
      .set(token)
      .type('application/fhir+json')
      .send(body)
      .expect(201)
})

const found: [query: string, ids: string][] = [
  ['ValueSet?valueset:ValueSet._id=a', 'b'],
  ['ValueSet?valueset:ValueSet.jurisdiction:in=http://example.org/vs/jurisdictions', 'b'],
  ['ValueSet?valueset:ValueSet.jurisdiction:not-in=http://example.org/vs/jurisdictions', ''],
  ['ValueSet?jurisdiction:below=urn:iso|EUROPE', 'a'],
  ['ValueSet?jurisdiction:above=urn:iso|CH', 'a'],
  ['ValueSet?_filter=jurisdiction in http://example.org/vs/jurisdictions', 'a'],
  ['ValueSet?_filter=jurisdiction in http://example.org/vs/empty', ''],
  ['ValueSet?_filter=jurisdiction ni http://example.org/vs/jurisdictions', 'b'],
  ['ValueSet?_filter=jurisdiction ss urn:iso|EUROPE', 'a'],
  ['ValueSet?_filter=valueset.jurisdiction sb urn:iso|CH', 'b'],
]
describe('what a search finds', () => {
  for (const [query, ids] of found)
    it(query, async () => {
      const { status, body } = await get(encodeURI(query), { Prefer: 'handling=strict' })
      assert.equal(status, 200)
      assert.deepEqual((body.entry ?? []).map((each: { resource: { id: string } }) => each.resource.id).join(' '), ids)
      assert.equal(decodeURIComponent(body.link[0].url.replaceAll('+', ' ')), `${baseUrl}/${decodeURIComponent(query)}`)
    })
})

describe('what is refused, strict or not', () => {
  const refused: [query: string, status: number, text: string][] = [
    ['ValueSet?_filter=name eq', 400, 'column 8'],
    ['ValueSet?valueset.nonsense=1', 400, 'no type has'],
    ['ValueSet?_has:Nonsense:a:b=1', 400, 'not held here'],
    [`ValueSet?${Array.from({ length: 16 }, () => 'name=a').join('&')}`, 400, '15 conditions'],
    [`ValueSet?${Array.from({ length: 3 }, () => 'jurisdiction:in=http://x').join('&')}`, 400, '2 value sets'],
    [`Library?${Array.from({ length: 4 }, () => 'depends-on._id=a').join('&')}`, 400, 'joins of types'],
    [`ValueSet?_filter=${Array.from({ length: 30 }, () => 'name co a').join(' or ')}`, 400, '20 parts'],
    ['ValueSet?jurisdiction:above=CH', 200, ''],
  ]
  for (const [query, status, text] of refused)
    for (const handling of ['strict', 'lenient'])
      it(`${query.slice(0, 60)} (${handling})`, async () => {
        const answer = await get(encodeURI(query), { Prefer: `handling=${handling}` })
        assert.equal(answer.status, status)
        assert.ok(JSON.stringify(answer.body).includes(text))
      })
})

describe('what AuditEvents say is told to those who may read them', () => {
  const asked = [
    'ValueSet?_has:AuditEvent:entity:action=C',
    'ValueSet?_has:AuditEvent:entity:action=D',
    'ValueSet?_filter=_has:AuditEvent:entity:action eq C',
    'ValueSet?_filter=not(_has:AuditEvent:entity:action eq D)',
    'ValueSet?valueset:ValueSet._has:AuditEvent:entity:action=C',
    'Provenance?entity:AuditEvent.action=C',
  ]
  for (const query of asked)
    it(query, async () => {
      const nobody = await get(encodeURI(query))
      assert.equal(nobody.status, 401)
      assert.equal((await get(encodeURI(query), { Authorization: 'Bearer wrong' })).status, 401)
      assert.equal((await get(encodeURI(query), token)).status, 200)
      const again = await get(encodeURI(query))
      assert.deepEqual([again.status, again.body.entry], [401, undefined], 'nor after it was answered to another')
      const posted = await request(server)
        .post(`/fhir/${query.split('?')[0]}/_search`)
        .type('form')
        .send(encodeURI(query.split('?')[1] ?? ''))
      assert.equal(posted.status, 401)
      const batch = {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ request: { method: 'GET', url: encodeURI(query) } }],
      }
      const inBatch = await request(server).post('/fhir').type('application/fhir+json').send(batch)
      assert.equal(inBatch.body.entry[0].response.status, '401')
    })
  it('a chain that names no type passes them over', async () => {
    const { body } = await get('Provenance?entity._id=x')
    assert.equal(body.resourceType, 'Bundle')
    assert.equal((await get('Provenance?entity.outcome=0')).status, 400)
    assert.equal((await get('Provenance?entity.outcome=0', token)).status, 400)
  })
})
