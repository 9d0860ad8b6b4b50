/** Who sees what is not for everybody: drafts that were written over REST, and what is labelled restricted. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import supertest from 'supertest'
import { isNotPublic } from '../../src/fhir/artefact.ts'
import { asResource } from '../../src/fhir/json.ts'
import type { Principal } from '../../src/fhir/principal.ts'
import type { Bundle, Resource, ValueSet } from '../../src/fhir/types.ts'
import { publicView } from '../../src/storage/public-view.ts'
import { openListeningServer } from '../support/listening-server.ts'

const base = 'http://example.org/drafts'
const { http, server } = await openListeningServer()

const valueSet = (id: string, change: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: `${base}/ValueSet/${id}`,
  version: '1.0.0',
  name: 'Draft',
  status: 'draft',
  compose: { include: [{ system: 'urn:ietf:bcp:13', concept: [{ code: 'text/plain' }] }] },
  ...change,
})
const restricted = { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] }

const put = (resource: Resource) =>
  supertest(http)
    .put(`/fhir/${resource.resourceType}/${resource.id}`)
    .set('Authorization', 'Bearer test')
    .send(resource)
const anonymous = (path: string) => supertest(http).get(`/fhir/${path}`)
const author = (path: string) => anonymous(path).set('Authorization', 'Bearer test')

before(async () => {
  for (const each of [
    valueSet('hidden'),
    valueSet('shown', { status: 'active' }),
    valueSet('restricted', { status: 'active', meta: restricted }),
  ])
    assert.equal((await put(each)).status, 201)
  const map = { url: `${base}/ConceptMap/m`, targetUri: `${base}/ValueSet/shown`, sourceUri: `${base}/ValueSet/shown` }
  assert.equal((await put({ resourceType: 'ConceptMap', id: 'm', status: 'draft', ...map })).status, 201)
})
/** Addresses, and what an author finds there: all of them say nothing to anybody else. */
const ways: [name: string, path: string][] = [
  ['read', 'ValueSet/hidden'],
  ['read a version', 'ValueSet/hidden/_history/1'],
  ['history', 'ValueSet/hidden/_history'],
  ['expand an instance', 'ValueSet/hidden/$expand'],
  ['expand by url', `ValueSet/$expand?url=${base}/ValueSet/hidden`],
  ['expand by url and version', `ValueSet/$expand?url=${base}/ValueSet/hidden%7C1.0.0`],
  ['expand what is restricted', `ValueSet/$expand?url=${base}/ValueSet/restricted`],
  ['read what is restricted', 'ValueSet/restricted'],
  ['validate a code', `ValueSet/$validate-code?url=${base}/ValueSet/hidden&system=urn:ietf:bcp:13&code=text/plain`],
  ['translate', `ConceptMap/$translate?url=${base}/ConceptMap/m&system=urn:ietf:bcp:13&code=text/plain`],
]

describe('what is not for everybody', () => {
  for (const [name, path] of ways)
    it(`${name}: is there for its author alone`, async () => {
      // Twice, for what was answered once may be kept.
      for (let turn = 0; turn < 3; turn++) {
        const [seen, unseen] = [await author(path), await anonymous(path)]
        assert.equal(seen.status, 200, JSON.stringify(seen.body))
        assert.equal(unseen.status, 404, JSON.stringify(unseen.body))
        assert.ok(!String(seen.headers['cache-control']).includes('public'))
      }
    })

  it('is not found, not counted and not drawn in by a search', async () => {
    const names = ({ body }: { body: Bundle }) =>
      (body.entry ?? []).map(({ resource }) => `${resource?.resourceType}/${resource?.id}`).sort()
    const all = `ValueSet?url:below=${base}&_total=accurate`
    const [seen, unseen] = [await author(all), await anonymous(all)]
    assert.deepEqual(names(seen), ['ValueSet/hidden', 'ValueSet/restricted', 'ValueSet/shown'])
    assert.deepEqual(names(unseen), ['ValueSet/shown'])
    assert.deepEqual([seen.body.total, unseen.body.total], [3, 1])
    const shown = `ValueSet?url=${base}/ValueSet/shown&_revinclude=ConceptMap:target-uri&_revinclude=ConceptMap:target`
    assert.deepEqual(names(await author(shown)), ['ConceptMap/m', 'ValueSet/shown'])
    assert.deepEqual(names(await anonymous(shown)), ['ValueSet/shown'])
    assert.deepEqual(names(await anonymous(`ValueSet?url:below=${base}&_tag=not-public`)), [])
  })

  it('is not in the history of all, whose total would count it', async () => {
    const { body } = await anonymous('ValueSet/_history?_count=200')
    const resources = (body as Bundle).entry?.map(({ resource }) => asResource(resource)) ?? []
    assert.ok(resources.length > 0)
    assert.deepEqual(resources.filter(isNotPublic), [])
    assert.equal(body.total, undefined)
    const mine = (await author('ValueSet/_history?_count=200')).body as Bundle
    assert.equal(mine.entry?.filter(({ resource }) => isNotPublic(asResource(resource))).length, 2)
  })

  it('is not counted by the history of all, nor by a page of it on which nothing of it stands', async () => {
    assert.equal((await put(valueSet('hidden', { status: 'draft', title: 'Another' }))).status, 200)
    for (const path of [
      '_history?_count=1',
      'ValueSet/_history?_count=1',
      'ValueSet/_history?_count=1&_sort=_lastUpdated',
    ])
      assert.equal((await anonymous(path)).body.total, undefined, path)
    assert.equal((await anonymous('ValueSet/shown/_history')).body.total, 1)
  })

  it('is in no immutable reference, which everybody may read', async () => {
    for (const id of ['restricted', 'hidden'])
      assert.equal((await anonymous(`ValueSet/${id}/_history/1/$trusted-reference`)).status, 404)
    assert.equal((await anonymous('ValueSet/shown/_history/1/$trusted-reference')).status, 200)
  })

  it('keeps what is said of it to those who see it', async () => {
    const vouched = JSON.stringify({
      resourceType: 'Provenance',
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who: { display: 'x' } }],
      reason: [{ text: 'said of it' }],
    })
    const write = (resource: Resource) => put(resource).set('X-Provenance', vouched)
    assert.equal((await write(valueSet('noted'))).status, 201)
    assert.equal((await write(valueSet('vouched', { status: 'active' }))).status, 201)
    const note = (id: string, reference: string): Resource =>
      asResource({ resourceType: 'Basic', id, code: { text: 'note' }, subject: { reference } })
    assert.equal((await put(note('of-hidden', 'ValueSet/noted'))).status, 201)
    assert.equal((await put(note('of-version', 'ValueSet/noted/_history/1'))).status, 201)
    assert.equal((await put(note('of-shown', 'ValueSet/vouched'))).status, 201)
    const found = async (ask: typeof anonymous, path: string) =>
      (((await ask(path)).body as Bundle).entry ?? []).map(({ resource }) => resource?.id).sort()
    assert.deepEqual(await found(anonymous, 'Basic'), ['of-shown'])
    assert.deepEqual(await found(author, 'Basic'), ['of-hidden', 'of-shown', 'of-version'])
    for (const [ask, count] of [
      [anonymous, 0],
      [author, 1],
    ] as const)
      assert.equal((await found(ask, 'Provenance?target=ValueSet/noted')).length, count)
    assert.equal((await found(anonymous, 'Provenance?target=ValueSet/vouched')).length, 1)
    // Also of its deletion, which tells nobody else that it was there.
    const gone = await supertest(http)
      .delete('/fhir/ValueSet/noted')
      .set({ Authorization: 'Bearer test', 'X-Provenance': vouched })
    assert.equal(gone.status, 204)
    assert.equal((await found(anonymous, 'Provenance?target=ValueSet/noted')).length, 0)
    assert.equal((await found(author, 'Provenance?target=ValueSet/noted')).length, 2)
    assert.deepEqual([(await anonymous('ValueSet/noted')).status, (await author('ValueSet/noted')).status], [404, 410])
    assert.equal((await anonymous('ValueSet/noted/_history/2')).status, 404)
    assert.ok(!JSON.stringify((await anonymous('_history?_count=500')).body).includes('ValueSet/noted'))
    assert.ok(JSON.stringify((await author('_history?_count=500')).body).includes('ValueSet/noted'))
  })

  it('is not shown by an entry of a batch', async () => {
    const entry = [{ request: { method: 'GET', url: 'ValueSet/hidden' } }]
    const batch = { resourceType: 'Bundle', type: 'batch', entry }
    const ask = () => supertest(http).post('/fhir').send(batch)
    assert.equal((await ask()).body.entry[0].response.status, '404')
    assert.equal((await ask().set('Authorization', 'Bearer test')).body.entry[0].response.status, '200')
  })

  it('is for everybody once it is active, and the versions before are not', async () => {
    assert.equal((await put(valueSet('becoming'))).status, 201)
    assert.equal((await anonymous('ValueSet/becoming')).status, 404)
    const drawn = (await author('ValueSet/becoming')).body as ValueSet
    assert.ok(isNotPublic(drawn))
    // As it was read, but for its status: the tag is the server's, who sends it back says nothing by it.
    assert.equal((await put({ ...drawn, status: 'active' })).status, 200)
    const { status, body } = await anonymous('ValueSet/becoming')
    assert.equal(status, 200)
    assert.equal(body.meta.tag, undefined)
    assert.equal((await anonymous('ValueSet/becoming/_history/1')).status, 404)
    assert.equal((await anonymous('ValueSet/becoming/_history/2')).status, 200)
    assert.equal((await author('ValueSet/becoming/_history/1')).status, 200)
  })

  it('keeps what a client says of it himself', async () => {
    const tag = [{ system: 'http://example.org/tags', code: 'mine' }]
    assert.equal((await put(valueSet('tagged', { meta: { tag } }))).status, 201)
    assert.equal((await author('ValueSet/tagged')).body.meta.tag.length, 2)
    assert.equal((await put(valueSet('tagged', { meta: { tag }, status: 'active' }))).status, 200)
    assert.deepEqual((await anonymous('ValueSet/tagged')).body.meta.tag, tag)
  })
})

describe('views of principals', () => {
  const principal = (types: string[], permission: string): Principal => ({
    id: 'client:x',
    kind: 'client',
    name: 'x',
    permits: (asked, type) => asked === permission && types.includes(type),
    ownership: 'all',
  })
  it('whose scopes permit types see those alone', async () => {
    const { storage } = server
    const sees = principal(['ValueSet'], 'update')
    const view = publicView(storage, (type) => sees.permits('update', type))
    assert.ok(await view.read('ValueSet', 'hidden'))
    assert.equal(await view.read('ConceptMap', 'm'), undefined)
    const count = { sort: [], count: 10, total: 'accurate' as const }
    const conditions = [{ parameter: 'url', modifier: 'below' as const, values: [{ value: base }] }]
    assert.equal((await view.search({ type: 'ConceptMap', ...count, conditions })).total, 0)
    assert.equal((await storage.search({ type: 'ConceptMap', ...count, conditions })).total, 1)
    assert.deepEqual(
      (await view.findCanonical('ValueSet', `${base}/ValueSet/hidden`)).map(({ id }) => id),
      ['hidden'],
    )
  })
})

describe('a draft of ours', () => {
  it('keeps its name from copies of others', async () => {
    const copy = {
      ...valueSet('copy', { status: 'active' }),
      meta: { tag: [{ system: 'http://vidimus.org/fhir/CodeSystem/mirrored', code: 'XXA' }] },
    }
    const { storage } = server
    const both = {
      ...storage,
      findCanonical: async () => [copy, ...(await storage.findCanonical('ValueSet', `${base}/ValueSet/hidden`))],
    }
    assert.deepEqual(await publicView(both).findCanonical('ValueSet', `${base}/ValueSet/hidden`), [])
  })
})
