/** Not ready is not "no": while content comes for the first time, nothing that may be in it is denied, and nothing else held up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import request from 'supertest'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import { textParameter } from '../../src/fhir/operation.ts'
import type { Parameter, Resource } from '../../src/fhir/types.ts'
import { writeCatalogue } from '../../src/publish/base-content/pending.ts'
import { base, cqlLibrary, openPublishing, valueSet } from '../publish/support.ts'
import { testIssuer } from '../support/issuer.ts'
import { startApp } from './support.ts'

const { server, put, post, get, putMap, http } = await openPublishing()
/** What is still to come. */
const coming = {
  set: { resourceType: 'ValueSet', id: 'gender', url: 'http://base.example.org/ValueSet/gender', status: 'active' },
  system: {
    resourceType: 'CodeSystem',
    id: 'gender',
    url: 'http://base.example.org/gender',
    valueSet: 'http://base.example.org/ValueSet/all-gender',
    status: 'active',
    content: 'complete',
  },
  map: { resourceType: 'ConceptMap', id: 'map', url: 'http://base.example.org/ConceptMap/map', status: 'active' },
  naming: {
    resourceType: 'NamingSystem',
    id: 'naming',
    name: 'N',
    status: 'active',
    kind: 'codesystem',
    date: '2026',
    uniqueId: [{ type: 'uri', value: 'urn:coming' }],
  },
} as const
/** Systems whose codes own maps and value sets list: HL7 publishes heads of them without codes. */
const listed = [
  'http://snomed.info/sct',
  'http://loinc.org',
  'http://hl7.org/fhir/sid/cvx',
  'http://www.whocc.no/atc',
].map((url) => ({ resourceType: 'CodeSystem', url, status: 'active', content: 'not-present' }))
const catalogue = async () =>
  writeCatalogue(
    server.storage.derived,
    'test',
    (async function* () {
      yield* [...Object.values(coming), ...listed] as unknown as Resource[]
    })(),
  )
const pending = (status: 'loading' | 'failed' | 'loaded') =>
  server.pending.set({ status, stamp: 'test', detail: 'test' })
const encoded = encodeURIComponent

const library = cqlLibrary(
  'Waits',
  `valueset "Gender": '${coming.set.url}'\ncontext Patient\ndefine Good: exists [Immunization: vaccineCode in "Gender"]`,
)
const rules = cqlLibrary('Ready', 'context Patient\ndefine Good: true')
const issuer = testIssuer()
const credential = issueHcert(
  samplePayload('dcc-v', {
    issuer: 'XA',
    issuedAt: new Date('2026-05-31T12:00:00Z'),
    expires: new Date('2026-12-01T00:00:00Z'),
  }),
  issuer.signer,
)
const question = (canonical: string) => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
    { name: 'library', valueCanonical: canonical },
  ] as Parameter[],
})
const fml = (url: string) =>
  `map "${base}/StructureMap/Translates" = T\ngroup g(source s, target t) {\n  s.a as a -> t.b = translate(a, '${url}', 'code') "r";\n}`
for (const each of [library, rules]) assert.equal((await put(each)).status, 201)
assert.ok((await putMap('translates', fml(coming.map.url))).status < 300)

/** Requests whose answer depends on what is to come. */
const waiting: [
  string,
  () => PromiseLike<{
    status: number
    body: { resourceType?: string; issue?: { code: string }[] }
    headers: Record<string, string>
  }>,
][] = [
  ['$expand of a set', () => get(`ValueSet/$expand?url=${coming.set.url}`)],
  ['$expand of a version of it', () => get(`ValueSet/$expand?url=${encoded(`${coming.set.url}|4.0.1`)}`)],
  ['$expand of all codes of a system', () => get(`ValueSet/$expand?url=${coming.system.valueSet}`)],
  [
    '$expand of a set over the system',
    () =>
      post('ValueSet/$expand', {
        resourceType: 'Parameters',
        parameter: [
          { name: 'valueSet', resource: valueSet('x', { compose: { include: [{ system: coming.system.url }] } }) },
        ],
      }),
  ],
  ['$validate-code in a set', () => get(`ValueSet/$validate-code?url=${coming.set.url}&system=x&code=y`)],
  ['$validate-code in a system', () => get(`CodeSystem/$validate-code?url=${coming.system.url}&code=male`)],
  ['$lookup', () => get(`CodeSystem/$lookup?system=${coming.system.url}&code=male`)],
  ['$subsumes', () => get(`CodeSystem/$subsumes?system=${coming.system.url}&codeA=a&codeB=b`)],
  ['$translate by a map', () => get(`ConceptMap/$translate?url=${coming.map.url}&system=x&code=y`)],
  ['$translate by any map', () => get('ConceptMap/$translate?system=x&code=y')],
  ['read', () => get('ValueSet/gender')],
  ['vread', () => get('ValueSet/gender/_history/1')],
  ['history', () => get('ValueSet/gender/_history')],
  ['an operation on an id', () => get('ValueSet/gender/$expand')],
  ['search by url', () => get(`ValueSet?url=${coming.set.url}`)],
  ['search by id', () => get('CodeSystem?_id=gender')],
  ['search that counts', () => get(`ValueSet?url=${coming.set.url}&_summary=count`)],
  ['a conditional create', () => post('ValueSet', valueSet('cond'), { 'If-None-Exist': `url=${coming.set.url}` })],
  ['$evaluate whose rule asks it', () => post('$evaluate', question(library.url ?? ''))],
  [
    'Library/$evaluate',
    () =>
      post('Library/$evaluate', {
        resourceType: 'Parameters',
        parameter: [
          { name: 'url', valueCanonical: library.url },
          {
            name: 'data',
            resource: {
              resourceType: 'Bundle',
              type: 'collection',
              entry: [
                { resource: { resourceType: 'Patient', id: 'p' } },
                {
                  resource: {
                    resourceType: 'Immunization',
                    status: 'completed',
                    vaccineCode: { coding: [{ code: 'x' }] },
                    patient: { reference: 'Patient/p' },
                    occurrenceDateTime: '2026',
                  },
                },
              ],
            },
          },
        ],
      }),
  ],
  [
    '$transform with its map',
    () => post(`StructureMap/$transform?source=${base}/StructureMap/Translates`, { a: 'x' } as never),
  ],
]

/** Requests that depend on nothing of it. */
const free: [string, number, () => PromiseLike<{ status: number; body: object }>][] = [
  ['$expand of an own set', 200, () => get('ValueSet/$expand?url=http://vidimus.org/fhir/ValueSet/decision')],
  ['$expand of what nobody knows', 404, () => get('ValueSet/$expand?url=http://example.org/none')],
  ['$lookup in a computed system', 200, () => get('CodeSystem/$lookup?system=urn:ietf:bcp:47&code=de')],
  ['read of what nobody knows', 404, () => get('ValueSet/none')],
  ['read of another type', 404, () => get('Library/gender')],
  ['search by another url', 200, () => get('ValueSet?url=http://example.org/none')],
  ['search of another type', 200, () => get('Library?url=http://example.org/none')],
  ['$evaluate over own rules', 200, () => post('$evaluate', question(rules.url ?? ''))],
  [
    'a write that names it',
    201,
    () => put(valueSet(`names-${Math.random()}`, { compose: { include: [{ valueSet: [coming.set.url] }] } })),
  ],
]

for (const status of ['loading', 'failed'] as const) {
  describe(`while content is ${status}`, () => {
    for (const [name, ask] of waiting) {
      it(`503 and Retry-After: ${name}`, async () => {
        await catalogue()
        pending(status)
        const reply = await ask()
        assert.equal(reply.status, 503, JSON.stringify(reply.body))
        assert.equal(reply.headers['retry-after'], '5')
        assert.equal(reply.body.resourceType, 'OperationOutcome')
        assert.equal(reply.body.issue?.[0]?.code, 'transient')
      })
    }
    for (const [name, expected, ask] of free) {
      it(`at once: ${name}`, async () => {
        await catalogue()
        pending(status)
        const reply = await ask()
        assert.equal(reply.status, expected, JSON.stringify(reply.body))
      })
    }
    it('a search by anything else says that more may come', async () => {
      pending(status)
      const { body } = await get('ValueSet?name=Whatever')
      assert.equal(body.entry[0].search.mode, 'outcome')
      assert.match(body.entry[0].resource.issue[0].details.text, /more may match later/)
      assert.equal((await get('Library?name=Whatever')).body.entry, undefined)
    })
    it('a verdict by the maps and rules that come with the server', async () => {
      await catalogue()
      pending(status)
      const asked = question('')
      asked.parameter.pop()
      const { body } = await post('$evaluate', asked)
      assert.equal(textParameter(body, 'decision'), 'accepted', JSON.stringify(body))
    })
    it('a verdict over own rules is what it always is', async () => {
      pending(status)
      assert.equal(textParameter((await post('$evaluate', question(rules.url ?? ''))).body, 'decision'), 'accepted')
    })
    it('in a batch and in NDJSON each answer for itself', async () => {
      pending(status)
      const entry = [`ValueSet/$expand?url=${coming.set.url}`, 'metadata'].map((url) => ({
        request: { method: 'GET', url },
      }))
      const { body } = await post('', { resourceType: 'Bundle', type: 'batch', entry })
      assert.deepEqual(
        body.entry.map((each: { response: { status: string } }) => each.response.status),
        ['503', '200'],
      )
      const lines = [library, rules].map((each) => JSON.stringify(question(each.url ?? ''))).join('\n')
      const reply = await request(http).post('/fhir/$evaluate').type('application/fhir+ndjson').send(lines)
      const [first = '', second = ''] = reply.text.split('\n')
      assert.equal(JSON.parse(first).issue[0].code, 'transient')
      assert.equal(textParameter(JSON.parse(second), 'decision'), 'accepted')
    })
  })
}

describe('before anybody knows what comes, and after it came', () => {
  it('anything of its types may come', async () => {
    await server.storage.derived.set('base-content', 'catalogue test', JSON.stringify({ urls: {}, ids: {} }))
    pending('loading')
    assert.equal((await get('ValueSet/gender')).status, 404)
    const other = await openPublishing()
    other.server.pending.set({ status: 'loading', stamp: 'none' })
    for (const path of ['ValueSet/anything', 'CodeSystem?url=http://example.org/none', 'ValueSet?_id=anything'])
      assert.equal((await other.get(path)).status, 503, path)
    assert.equal((await other.get('Library/anything')).status, 404)
  })
  it('nothing is kept of what was not known', async () => {
    await catalogue()
    pending('loading')
    assert.equal((await get(`ValueSet/$expand?url=${coming.set.url}`)).status, 503)
    await put(valueSet('gender', { url: coming.set.url }))
    pending('loaded')
    assert.equal((await get(`ValueSet/$expand?url=${coming.set.url}`)).status, 200)
    assert.equal((await get('ConceptMap/map')).status, 404)
    assert.equal((await get('ConceptMap/$translate?system=x&code=y')).status, 200)
  })
})

describe('GET /ready', () => {
  const ready = () => request(http).get('/ready')
  it('says what is missing by name', async () => {
    pending('loading')
    const not = await ready()
    assert.equal(not.status, 503)
    assert.equal(not.headers['retry-after'], '5')
    assert.equal(not.headers['cache-control'], 'no-store')
    assert.deepEqual(not.body.missing, ['base content'])
    pending('failed')
    const failed = await ready()
    assert.equal(failed.status, 503)
    assert.deepEqual(failed.body.parts.at(-1), { name: 'base content', ready: false, state: 'failed', detail: 'test' })
    pending('loaded')
    const done = await ready()
    assert.equal(done.status, 200)
    assert.equal(done.body.status, 'ready')
    assert.deepEqual(
      done.body.parts.map(({ name }: { name: string }) => name),
      ['disk', 'clock', 'service', 'own content', 'trust lists', 'base content'],
    )
  })
  it('is another question than /health', async () => {
    pending('loading')
    assert.equal((await request(http).get('/health')).status, 200)
    pending('loaded')
  })
  it('is a page like the others', async () => {
    assert.equal((await request(http).post('/ready')).status, 405)
    assert.equal((await request(http).head('/ready')).status, 200)
    const bare = await startApp()
    assert.equal((await request(bare.server).get('/ready')).status, 200)
  })
})
