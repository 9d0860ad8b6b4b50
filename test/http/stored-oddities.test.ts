/** What an older version of this server let in must not spoil what is asked today (hapifhir/hapi-fhir#6660). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import type { Resource } from '../../src/fhir/types.ts'
import { parseXml } from '../../src/fhir/xml/read.ts'
import { bearer, startApp, valueSet } from './support.ts'

const { server, storage } = await startApp()
const get = (path: string) => request(server).get(`/fhir/${path}`)
const bad = { ...valueSet('bad'), name: 'a\ud800b' } as Resource
const later = { ...valueSet('later'), colour: 'red' } as Resource
await storage.write(
  [valueSet('good') as Resource, bad, later].map((resource) => ({
    method: 'PUT',
    type: 'ValueSet',
    id: resource.id ?? '',
    resource,
  })),
)

for (const path of ['ValueSet', 'ValueSet/_history', '_history'])
  test(`${path} as XML tells which of its entries can be read as JSON alone`, async () => {
    const { status, text } = await get(`${path}?_format=xml`)
    assert.equal(status, 200)
    const bundle = parseXml(text)
    assert.equal(bundle.resourceType, 'Bundle')
    const entries = bundle.resourceType === 'Bundle' ? (bundle.entry ?? []) : []
    assert.equal(entries.length, 3)
    const told = entries.filter(({ resource }) => resource?.resourceType === 'OperationOutcome')
    assert.equal(told.length, 2)
    assert.match(text, /ValueSet\/bad can be read as JSON/)
    assert.match(text, /ValueSet\/later can be read as JSON/)
    assert.ok(
      entries.every(({ fullUrl }) => fullUrl !== undefined),
      'every entry is still named',
    )
  })

test('a batch that reads it as XML has its other entries', async () => {
  const entry = ['bad', 'good'].map((id) => ({ request: { method: 'GET', url: `ValueSet/${id}` } }))
  const { status, text } = await request(server)
    .post('/fhir?_format=xml')
    .set('Authorization', bearer)
    .type('application/fhir+json')
    .send({ resourceType: 'Bundle', type: 'batch', entry })
  assert.equal(status, 200)
  assert.match(text, /<id value="good"\/>/)
  assert.match(text, /can be read as JSON/)
})

test('the resource itself is 422 as XML, and there as JSON', async () => {
  assert.equal((await get('ValueSet/bad?_format=xml')).status, 422)
  assert.equal((await get('ValueSet/bad')).body.name, 'a\ud800b')
})
