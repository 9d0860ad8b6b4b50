import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import { FhirError, issue } from '../../src/fhir/error.ts'
import { baseUrl, bearer, startApp, valueSet } from './support.ts'

const { server, storage } = await startApp([], {
  hooks: {
    parseMap: () => {
      throw new FhirError(400, issue('structure', { text: 'Bad map', diagnostics: 'line 1, column 2: bad map' }))
    },
    readMap: (map) => map,
    printMap: () => '',
    checkWrite: async (resource) =>
      'title' in resource && resource.title === 'broken'
        ? [issue('invalid', { text: 'Broken title', expression: 'ValueSet.title' })]
        : 'title' in resource && resource.title === 'odd'
          ? [issue('informational', { severity: 'warning', text: 'Odd title' })]
          : [],
  },
})
const http = () => request(server)
const send = (method: 'put' | 'post', path: string, body: object | string, headers: Record<string, string> = {}) =>
  http()
    [method](`/fhir/${path}`)
    .set('Authorization', bearer)
    .set({ 'Content-Type': 'application/fhir+json', ...headers })
    .send(body)

test('a write needs the token; a read does not', async () => {
  const attempts = [
    http().post('/fhir/ValueSet').type('application/fhir+json').send(valueSet('a')),
    http().put('/fhir/ValueSet/a').type('application/fhir+json').send(valueSet('a')),
    http().delete('/fhir/ValueSet/a'),
    http().delete('/fhir/ValueSet?url=x'),
    http()
      .put('/fhir/ValueSet/a')
      .set('Authorization', 'Bearer wrong')
      .type('application/fhir+json')
      .send(valueSet('a')),
    http().put('/fhir/ValueSet/a').set('Authorization', 'Basic eDp5').type('application/fhir+json').send(valueSet('a')),
  ]
  for (const attempt of attempts) {
    const got = await attempt
    assert.equal(got.status, 401)
    assert.match(got.headers['www-authenticate'] ?? '', /^Bearer /)
    assert.equal(got.body.issue[0].code, 'login')
  }
  const nothing = await http().delete('/fhir/ValueSet/a')
  assert.match(nothing.body.issue[0].details.text, /rest\.security of \/metadata tells which/)
  assert.equal((await http().get('/fhir/ValueSet')).status, 200)
})

test('without a configured token every write is refused', async () => {
  const closed = await startApp([], { settings: { baseUrl, bodyLimitBytes: 1000, production: true } })
  const got = await request(closed.server).put('/fhir/ValueSet/a').set('Authorization', bearer).send(valueSet('a'))
  assert.equal(got.status, 401)
})

test('create gives a new id, ignores the versions of the body and keeps its profiles and tags', async () => {
  const meta = { versionId: '77', lastUpdated: '2001-01-01T00:00:00Z', profile: ['http://p'], tag: [{ code: 't' }] }
  const got = await send('post', 'ValueSet', valueSet('mine', { meta }))
  assert.equal(got.status, 201)
  assert.notEqual(got.body.id, 'mine')
  assert.equal(got.headers.location, `${baseUrl}/ValueSet/${got.body.id}/_history/1`)
  assert.equal(got.body.meta.versionId, '1')
  assert.notEqual(got.body.meta.lastUpdated, meta.lastUpdated)
  assert.deepEqual(got.body.meta.profile, meta.profile)
  assert.deepEqual(got.body.meta.tag, meta.tag)

  const again = await send('post', 'ValueSet', valueSet('mine'))
  assert.equal(again.status, 422, 'the same url and version a second time')
  assert.equal(again.body.issue[0].code, 'duplicate')
  assert.equal((await send('post', 'ValueSet', valueSet('mine', { version: '2.0' }))).status, 201)
  assert.equal((await send('put', 'ValueSet/mine', valueSet('mine'))).status, 201, 'an id of its own is a decision')
})

test('what the checks refuse is not stored, what they remark is told to who asks', async () => {
  const refused = await send('put', 'ValueSet/r', valueSet('r', { title: 'broken' }))
  assert.equal(refused.status, 422)
  assert.deepEqual(refused.body.issue[0].expression, ['ValueSet.title'])
  assert.equal(await storage.read('ValueSet', 'r'), undefined)

  const told = await send('put', 'ValueSet/r', valueSet('r', { title: 'odd' }), { Prefer: 'return=OperationOutcome' })
  assert.equal(told.status, 201)
  assert.equal(told.body.resourceType, 'OperationOutcome')
  assert.equal(told.body.issue[1].details.text, 'Odd title')
  const minimal = await send('put', 'ValueSet/r', valueSet('r', { title: 'x' }), { Prefer: 'return=minimal' })
  assert.equal(minimal.status, 200)
  assert.equal(minimal.text, '')
  assert.equal(minimal.headers.etag, 'W/"2"')

  const map = await send('put', 'StructureMap/s', 'map', { 'Content-Type': 'text/fhir-mapping' })
  assert.equal(map.status, 400)
  assert.match(map.body.issue[0].diagnostics, /^line 1, column 2:/)
})

test('If-Match and If-None-Match guard an update and a delete', async () => {
  await send('put', 'ValueSet/g', valueSet('g'))
  assert.equal((await send('put', 'ValueSet/g', valueSet('g', { title: '2' }), { 'If-Match': 'W/"9"' })).status, 412)
  assert.equal((await send('put', 'ValueSet/g', valueSet('g', { title: '2' }), { 'If-Match': 'W/"1"' })).status, 200)
  assert.equal((await send('put', 'ValueSet/g', valueSet('g', { title: '3' }), { 'If-None-Match': '*' })).status, 412)
  assert.equal((await send('put', 'ValueSet/g', valueSet('g'), { 'If-Match': 'not a tag!' })).status, 400)
  assert.equal((await send('put', 'ValueSet/new', valueSet('new'), { 'If-Match': 'W/"1"' })).status, 412)
  assert.equal((await send('put', 'ValueSet/new', valueSet('new'), { 'If-None-Match': '*' })).status, 201)
  const remove = (tag: string) => http().delete('/fhir/ValueSet/g').set('Authorization', bearer).set('If-Match', tag)
  assert.equal((await remove('W/"1"')).status, 412)
  assert.equal((await remove('W/"2"')).status, 204)
  assert.equal((await send('put', 'ValueSet/g', valueSet('g'))).status, 201, 'what was deleted is created anew')
})

test('of many updates with one If-Match exactly one wins', async () => {
  await send('put', 'ValueSet/race', valueSet('race'))
  const tries = Array.from({ length: 8 }, (_, index) =>
    send('put', 'ValueSet/race', valueSet('race', { title: `${index}` }), { 'If-Match': 'W/"1"' }),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
  assert.deepEqual(statuses, [200, ...Array(7).fill(412)])
})

test('conditional create: none → 201, one → 200, several → 412', async () => {
  const create = (condition: string, body: object) => send('post', 'CodeSystem', body, { 'If-None-Exist': condition })
  const system = (version: string) => ({
    resourceType: 'CodeSystem',
    url: 'http://example.org/cs',
    version,
    name: 'Cs',
    status: 'active',
    content: 'complete',
  })
  const first = await create('url=http://example.org/cs', system('1'))
  assert.equal(first.status, 201)
  const second = await create('url=http://example.org/cs', system('2'))
  assert.equal(second.status, 200)
  assert.equal(second.body.id, first.body.id)
  await send('post', 'CodeSystem', system('2'))
  assert.equal((await create('url=http://example.org/cs', system('3'))).status, 412)
  assert.equal((await create('nonsense=1', system('3'))).status, 400)
  assert.equal((await create('', system('3'))).status, 400)
})

test('of many conditional creates exactly one creates', async () => {
  const tries = Array.from({ length: 8 }, () =>
    send(
      'post',
      'NamingSystem',
      {
        resourceType: 'NamingSystem',
        name: 'N',
        status: 'draft',
        kind: 'identifier',
        date: '2020',
        uniqueId: [{ type: 'uri', value: 'http://example.org/n' }],
      },
      {
        'If-None-Exist': 'name:exact=N',
      },
    ),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
  assert.deepEqual(statuses, [...Array(7).fill(200), 201])
})

test('conditional update and delete', async () => {
  const url = 'http://example.org/ValueSet/cond'
  const path = `ValueSet?url=${url}`
  const { id: _id, ...anonymous } = valueSet('cond')
  const created = await send('put', path, anonymous)
  assert.equal(created.status, 201)
  const updated = await send('put', path, { ...anonymous, title: 'changed' })
  assert.equal(updated.status, 200)
  assert.equal(updated.body.id, created.body.id)
  assert.equal((await send('put', path, valueSet('cond'))).status, 400, 'another id')
  await send('put', 'ValueSet/cond-2', valueSet('cond-2', { url }))
  assert.equal((await send('put', path, anonymous)).status, 412)
  const remove = () => http().delete(`/fhir/${path}`).set('Authorization', bearer)
  assert.equal((await remove()).status, 412)
  await http().delete('/fhir/ValueSet/cond-2').set('Authorization', bearer)
  assert.equal((await remove()).status, 204)
  assert.equal((await http().get(`/fhir/ValueSet/${created.body.id}`)).status, 410)
  assert.equal((await remove()).status, 204, 'nothing left')
  const told = await remove().set('Prefer', 'return=OperationOutcome')
  assert.equal(told.status, 200)
  assert.equal(told.body.resourceType, 'OperationOutcome')
})

test('audit events are read with permission alone, and drawn in by nothing', async () => {
  const event = {
    resourceType: 'AuditEvent',
    type: { code: 'rest' },
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ requestor: true }],
    source: { observer: { display: 'x' } },
    entity: [{ what: { reference: 'ValueSet/seen' } }],
  }
  await send('put', 'ValueSet/seen', valueSet('seen'))
  const made = await send('post', 'AuditEvent', event)
  assert.equal(made.status, 201)
  const address = `AuditEvent/${made.body.id}`
  for (const path of [address, 'AuditEvent', 'AuditEvent/_history', `${address}/_history/1`]) {
    assert.equal((await http().get(`/fhir/${path}`)).status, 401, path)
    assert.equal((await http().get(`/fhir/${path}`).set('Authorization', bearer)).status, 200, path)
  }
  const drawn = await http().get('/fhir/ValueSet?_id=seen&_revinclude=AuditEvent:entity')
  assert.equal(drawn.body.entry.length, 1)
  assert.doesNotMatch(JSON.stringify((await http().get('/fhir/_history')).body), /AuditEvent/)
})

test('a condition by membership in a value set narrows a conditional write, and is never passed over', async () => {
  const hooks = {
    parseMap: () => assert.fail('no map'),
    readMap: <T>(map: T) => map,
    printMap: () => '',
    checkWrite: async () => [],
    expandTokens: async () => ['http://example.org/codes|a'],
  }
  const member = await startApp([], { hooks })
  const put = (id: string, code: string) =>
    request(member.server)
      .put(`/fhir/ValueSet/${id}`)
      .set('Authorization', bearer)
      .type('application/fhir+json')
      .send(valueSet(id, { jurisdiction: [{ coding: [{ system: 'http://example.org/codes', code }] }] }))
  for (const [id, code] of [
    ['in', 'a'],
    ['out', 'b'],
  ] as const)
    assert.equal((await put(id, code)).status, 201)
  const remove = (condition: string) =>
    request(member.server).delete(`/fhir/ValueSet?name=Vaccines&${condition}`).set('Authorization', bearer)
  assert.equal((await remove('jurisdiction:in=http://example.org/vs')).status, 204)
  assert.equal((await request(member.server).get('/fhir/ValueSet/in')).status, 410)
  assert.equal((await request(member.server).get('/fhir/ValueSet/out')).status, 200)
  assert.equal((await remove('jurisdiction:not-in=http://example.org/vs')).status, 204)
  assert.equal((await request(member.server).get('/fhir/ValueSet/out')).status, 410)
})
