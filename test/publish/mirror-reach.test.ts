/** What copies of others reach: what names them, and nothing that is looked for by anything else than their name. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type {
  CodeSystem,
  ConceptMap,
  Resource,
  StructureDefinition,
  StructureMap,
  ValueSet,
} from '../../src/fhir/types.ts'
import { euValueSetIds } from '../../src/gateway/legacy/eu-value-set.ts'
import { euRuleToFhir } from '../../src/rules/certlogic/eu-rule.ts'
import { findStructure } from '../../src/storage/find-artefacts.ts'
import { euRule } from '../support/eu-rule.ts'
import { compactJws, jsonOf } from '../support/mirror-bed.ts'
import { base, type MirrorServer, openMirrorServer } from '../support/mirror-server.ts'

let at: MirrorServer
before(async () => {
  at = await openMirrorServer([{ participant: 'XXA' }, { participant: 'XXB' }], { LEGACY_DCC: 'on', DRAFTS: 'public' })
})
after(() => at.close())

const own = async (resource: Resource) => {
  const reply = await at.send('put', `${resource.resourceType}/${resource.id}`, resource)
  assert.ok(reply.ok, reply.text)
}

describe('a concept map of another participant', () => {
  const [from, to] = ['http://example.org/from', 'http://example.org/to']
  const map = (id: string, code: string): ConceptMap => ({
    resourceType: 'ConceptMap',
    id,
    url: `${base}/ConceptMap/${id}`,
    version: '1.0.0',
    status: 'active',
    group: [{ source: from, target: to, element: [{ code: 'a', target: [{ code, equivalence: 'equivalent' }] }] }],
  })
  const translated = async (query: string) => {
    const { body } = await at.get(`ConceptMap/$translate?code=a&system=${from}&${query}`)
    return [...JSON.stringify(body).matchAll(/"code":"(own|foreign)"/g)].map(([, code]) => code)
  }
  before(async () => {
    await own(map('own', 'own'))
    await at.publish(map('foreign', 'foreign'))
  })
  it('adds nothing to a translation that names no map', async () => {
    assert.deepEqual(await translated(`targetsystem=${to}`), ['own'])
  })
  it('translates where it is named', async () => {
    assert.deepEqual(await translated(`url=${base}/ConceptMap/foreign`), ['foreign'])
  })
  it('makes no short name of ours mean several', async () => {
    await at.publish({ ...map('namesake', 'foreign'), url: `${base}/other/own` })
    const translate = await at.bed.server.terminology.translator('own')
    assert.deepEqual(
      translate('a', from).map(({ code }) => code),
      ['own'],
    )
  })
})

describe('a code system of another participant', () => {
  const system = (id: string, code: string, change: Partial<CodeSystem>): CodeSystem => ({
    resourceType: 'CodeSystem',
    id,
    url: `${base}/CodeSystem/${id}`,
    version: '1.0.0',
    status: 'active',
    content: 'complete',
    concept: [{ code, display: code }],
    ...change,
  })
  const codesOf = async (url: string) => {
    const { body } = await at.get(`ValueSet/$expand?url=${encodeURIComponent(url)}&count=1000`)
    return (body.expansion?.contains ?? []).map(({ code }: { code: string }) => code)
  }
  const isKnown = async (url: string, code: string) => {
    const { body } = await at.get(`CodeSystem/$validate-code?url=${encodeURIComponent(url)}&code=${code}`)
    return body.parameter?.find(({ name }: { name: string }) => name === 'result')?.valueBoolean
  }
  it('does not say which codes a value set of ours means', async () => {
    const valueSet = `${base}/ValueSet/all-of-it`
    await own(system('owner', 'own', { valueSet, status: 'draft' }))
    await at.publish(system('claims', 'foreign', { valueSet }))
    assert.deepEqual(await codesOf(valueSet), ['own'])
  })
  it('takes no other name of one of ours', async () => {
    const who = 'http://smart.who.int/ddcc'
    await own(system('icao', 'own', { url: `${who}/CodeSystem/LabTestTypeIcaoValueSet` }))
    await at.publish(system('alias', 'foreign', { url: `${who}/CodeSystem/lab-test-type-icao`, version: '99.0.0' }))
    const asked = `${who}/CodeSystem/lab-test-type-icao`
    assert.deepEqual([await isKnown(asked, 'foreign'), await isKnown(asked, 'own')], [false, true])
  })
})

describe('a value set of another participant', () => {
  const valueSet = (id: string, code: string, change: Partial<ValueSet> = {}): ValueSet => ({
    resourceType: 'ValueSet',
    id,
    url: `${base}/ValueSet/${id}`,
    version: '1.0.0',
    status: 'active',
    compose: { include: [{ system: 'http://example.org/colours', concept: [{ code }] }] },
    ...change,
  })
  const codesOf = async (url: string) => {
    const { body } = await at.get(`ValueSet/$expand?url=${encodeURIComponent(url)}`)
    return (body.expansion?.contains ?? []).map(({ code }: { code: string }) => code)
  }
  it('takes no other name of one of ours', async () => {
    const who = 'http://smart.who.int/ddcc/ValueSet'
    await own(valueSet('own-icao', 'own', { url: `${who}/LabTestTypeIcaoValueSet` }))
    await at.publish(valueSet('alias', 'foreign', { url: `${who}/lab-test-type-icao` }))
    assert.deepEqual(await codesOf(`${who}/lab-test-type-icao`), ['own'])
  })
  it('stands for no set that follows from a code system', async () => {
    const colours: CodeSystem = {
      resourceType: 'CodeSystem',
      id: 'loinc',
      url: 'http://loinc.org',
      version: '2.78',
      status: 'active',
      content: 'fragment',
      concept: [{ code: 'own' }],
    }
    await own(colours)
    await at.publish(valueSet('loinc', 'foreign', { url: 'http://loinc.org/vs' }))
    assert.deepEqual(await codesOf('http://loinc.org/vs'), ['own'])
  })
  it('does not push the EU value sets out of the list, however many there are', async () => {
    const identifier = [{ system: euValueSetIds, value: 'country-2-codes' }]
    const entry = Array.from({ length: 1_001 }, (_, index) => ({
      resource: valueSet(`eu-${index}`, 'foreign', { identifier }),
    }))
    const { upload, country } = at.bed.participants.XXA!
    const bundle = { resourceType: 'Bundle', type: 'collection', entry }
    at.bed.list(`${base}/r/many`, compactJws(jsonOf(bundle), upload), { country })
    await at.bed.run()
    assert.equal((await at.bed.states())[`${base}/r/many`], 'mirrored')
    const { body } = await at.getDocument('/valuesets')
    assert.equal(body.length, 8)
  })
})

describe('a map of another participant', () => {
  const map = (id: string, change: Partial<StructureMap> = {}): StructureMap => ({
    resourceType: 'StructureMap',
    id,
    url: `http://example.org/maps/${id}`,
    version: '1.0.0',
    name: id,
    status: 'active',
    group: [
      {
        name: `group${id}`,
        typeMode: 'none',
        input: [
          { name: 'source', mode: 'source' },
          { name: 'target', mode: 'target' },
        ],
        rule: [],
      },
    ],
    ...change,
  })
  const [main] = map('Main', { import: ['http://example.org/maps/*'] }).group
  const importing = map('Main', {
    import: ['http://example.org/maps/*'],
    group: [
      {
        ...main!,
        rule: [
          {
            name: 'call',
            source: [{ context: 'source' }],
            dependent: [{ name: 'groupForeign', variable: ['source', 'target'] }],
          },
        ],
      },
    ],
  })
  const call = { now: new Date(), uuid: () => 'urn:uuid:0' }
  it('is not taken in by a wildcard of ours', async () => {
    await at.publish(map('Foreign'))
    await own({ ...importing, status: 'draft' })
    const compiled = await at.bed.server.maps.compile('http://example.org/maps/Main')
    assert.throws(() => compiled.run({ resourceType: 'Patient' }, call), /there is no group 'groupForeign'/)
  })
  it('is taken in by a wildcard of his', async () => {
    await at.publish({ ...importing, url: `${base}/maps/His`, id: 'His' })
    const compiled = await at.bed.server.maps.compile(`${base}/maps/His`)
    assert.deepEqual(compiled.run({ resourceType: 'Patient' }, call), {})
  })
})

describe('a model of another participant', () => {
  const type = 'http://example.org/StructureDefinition/Model'
  const model = (id: string, change: Partial<StructureDefinition> = {}): StructureDefinition => ({
    resourceType: 'StructureDefinition',
    id,
    url: `${base}/StructureDefinition/${id}`,
    version: '1.0.0',
    name: id,
    status: 'active',
    kind: 'logical',
    abstract: false,
    type,
    differential: { element: [{ id: 'Model', path: 'Model' }] },
    ...change,
  })
  it('is not found by its type where one of ours has it, however many there are', async () => {
    await own(model('Own'))
    const entry = Array.from({ length: 120 }, (_, index) => ({ resource: model(`Foreign${index}`) }))
    const { upload, country } = at.bed.participants.XXA!
    const bundle = { resourceType: 'Bundle', type: 'collection', entry }
    at.bed.list(`${base}/r/models`, compactJws(jsonOf(bundle), upload), { country, service: 'StructureDefinition' })
    await at.bed.run()
    assert.equal((await at.bed.states())[`${base}/r/models`], 'mirrored')
    assert.equal((await findStructure(at.bed.server.storage, type))?.id, 'Own')
  })
  it('nor where ours is a draft', async () => {
    const other = `${type}OfDraft`
    await own(model('Draft', { type: other, status: 'draft' }))
    await at.publish(model('ForeignActive', { type: other }))
    assert.equal(await findStructure(at.bed.server.storage, other), undefined)
    assert.equal((await findStructure(at.bed.server.storage, other, { drafts: true }))?.id, 'Draft')
  })
})

describe('a rule set of another participant', () => {
  it('takes no rule of ours out of the list for apps', async () => {
    const { library, planDefinition } = euRuleToFhir(euRule(), { base: 'http://example.org/fhir' })
    await own(library)
    const listed = async () => {
      const { body } = await at.getDocument('/rules/XA')
      return body.map(({ identifier }: { identifier: string }) => identifier)
    }
    assert.deepEqual(await listed(), ['GR-XA-0001'])
    await at.publish({ ...planDefinition, id: 'withdraws', url: `${base}/PlanDefinition/withdraws` })
    assert.deepEqual(await listed(), ['GR-XA-0001'])
  })
})
