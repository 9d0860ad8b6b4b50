/** Concept maps and value sets decide verdicts: one that may not be used, or is not whole, makes a good answer impossible. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import supertest from 'supertest'
import type { ConceptMap, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { dccOf, genuineDcc, openVerdicts, question, ruleLibrary, specimen } from '../../support/verdicts.ts'

const { ask, http, server } = await openVerdicts()
const write = async (resource: Resource, method: 'PUT' | 'DELETE' = 'PUT') => {
  const { resourceType: type, id = '' } = resource
  await server.storage.write([method === 'PUT' ? { type, id, resource, method } : { type, id, method }])
}
const example = (type: string, name: string) => `http://example.org/${type}/${name}`

const snomed = 'http://snomed.info/sct'
const icd11 = 'http://id.who.int/icd/release/11/mms'
const positive = '260373001'
const results = 'http://vidimus.org/fhir/ConceptMap/eu-test-result-to-icd-11'

/** A concept map that turns a positive result into "not detected". */
const lie = (url: string, change: Partial<ConceptMap> = {}): ConceptMap => ({
  resourceType: 'ConceptMap',
  id: 'lie',
  url,
  version: '9.9.9',
  status: 'active',
  group: [
    {
      source: snomed,
      target: icd11,
      element: [{ code: positive, target: [{ code: 'RA01.0', equivalence: 'equivalent' }] }],
    },
  ],
  ...change,
})

describe('the own maps and another version of a concept map', () => {
  const test = (tr: string) =>
    genuineDcc(
      dccOf({
        t: [
          {
            tg: '840539006',
            tt: 'LP6464-4',
            sc: '2026-06-01T06:00:00Z',
            tr,
            tc: 'Centre (specimen)',
            co: 'XA',
            is: 'Ministry of Health (specimen)',
            ci: 'URN:UVCI:01:XA:SPECIMENT',
          },
        ],
      }),
    )

  it('a positive test keeps its meaning', async () => {
    assert.equal((await ask(question(test('260415000')))).decision, 'accepted')
    const before = await ask(question(test(positive)))
    assert.equal(before.decision, 'rejected')
    const published = (await server.storage.findCanonical('ConceptMap', results))[0] as ConceptMap
    const negative = published.group?.flatMap(({ element }) => element).find(({ code }) => code === '260415000')
    const target = negative?.target ?? []
    for (const status of ['active', 'draft', 'retired'] as const) {
      const group = [{ source: snomed, target: icd11, element: [{ code: positive, target }] }]
      await write(lie(results, { status, group }))
      assert.equal((await ask(question(test(positive)))).decision, 'rejected', status)
      assert.equal((await ask(question(test('260415000')))).decision, 'accepted', status)
    }
    await write(published, 'DELETE')
    const without = await ask(question(test('260415000')))
    assert.equal(without.decision, 'undetermined')
    assert.ok(without.issues.some((each) => each.includes(`ConceptMap ${results}|1.0.0 cannot be used`)))
    await write(published)
    await write(lie(results), 'DELETE')
    assert.equal((await ask(question(test('260415000')))).decision, 'accepted')
  })
})

describe('a concept map that a chosen map names', () => {
  const store = async (id: string, conceptMap: string) => {
    const fml = `map "${example('StructureMap', id)}" = ${id}
      uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
      uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as produced
      uses "http://hl7.org/fhir/StructureDefinition/Immunization" alias Immunization as produced
      group ${id}(source src, target bundle : Bundle) {
        src -> bundle.type = 'collection' "type";
        src -> bundle.entry as entry, entry.resource = create('Patient') as patient then {
          src -> patient.id = 'holder' "id";
          src -> patient.birthDate = '1985-03-14' "born";
          src -> patient.name as name, name.text = 'Ada Specimen' "name";
        } "patient";
        src -> bundle.entry as entry, entry.resource = create('Immunization') as event then {
          src -> event.status = translate('done', '${conceptMap}', 'code') "status";
          src -> event.patient as of, of.reference = 'Patient/holder' "of";
          src -> event.vaccineCode as what, what.text = 'x' "what";
          src -> event.occurrence = cast('2026-05-01', 'dateTime') "when";
        } "event";
      }`
    const put = await supertest(http)
      .put(`/fhir/StructureMap/${id.toLowerCase()}`)
      .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
      .send(fml)
    assert.ok(put.status < 300, JSON.stringify(put.body))
    return { name: 'structureMap', valueCanonical: example('StructureMap', id) }
  }
  const url = example('ConceptMap', 'states')
  const states = (change: object = {}): ConceptMap =>
    lie(url, {
      id: 'states',
      version: '1',
      group: [{ element: [{ code: 'done', target: [{ code: 'completed', equivalence: 'equivalent' }] }] }],
      ...change,
    })
  const other = (name: string) => [{ element: [], unmapped: { mode: 'other-map', url: name } }] as never
  const modifierExtension = [{ url: 'http://example.org/not', valueBoolean: true }]
  const named = `${url}|1`
  const cases: [name: string, asked: string, stored: ConceptMap | undefined, good: boolean][] = [
    ['active', url, states(), true],
    ['draft, named exactly', named, states({ status: 'draft' }), true],
    ['missing', url, undefined, false],
    ['missing in that version', `${url}|2`, states(), false],
    ['draft', url, states({ status: 'draft' }), false],
    ['retired', url, states({ status: 'retired' }), false],
    ['of unknown status', url, states({ status: 'unknown' }), false],
    ['draft without version', url, states({ status: 'draft', version: undefined }), false],
    ['draft, named by the end of its url', 'states', states({ status: 'draft' }), false],
    ['with a modifier', url, states({ modifierExtension }), false],
    ['that hands on to one that is missing', url, states({ group: other(example('ConceptMap', 'gone')) }), false],
  ]
  for (const [index, [name, canonical, given, good]] of cases.entries())
    it(name, async () => {
      // Each has a url of its own: a draft of what was once published counts for nothing at all.
      const asked = canonical.replace('states', `states-${index}`)
      const stored = given && { ...given, url: `${url}-${index}` }
      if (stored) await write(stored)
      const map = await store(`Chosen${index}`, asked)
      const { decision, issues } = await ask(question(specimen('dcc-v'), map, passes))
      if (stored) await write(stored, 'DELETE')
      assert.equal(decision, good ? 'accepted' : 'undetermined', issues.join('\n'))
      assert.equal(
        issues.some((each) => each.startsWith(`ConceptMap ${asked} cannot be used`)),
        !good,
        issues.join('\n'),
      )
    })
})

const passes = { name: 'library', valueCanonical: example('Library', 'Passes') }
await write(ruleLibrary('Passes', 'context Patient define Good: true'))

describe('a value set that a rule names', () => {
  const url = example('ValueSet', 'codes')
  const system = example('CodeSystem', 'codes')
  const modifierExtension = [{ url: 'http://example.org/not', valueBoolean: true }]
  const include = { system, concept: [{ code: 'a' }] }
  const set = (change: object): ValueSet =>
    ({
      resourceType: 'ValueSet',
      id: 'codes',
      url,
      version: '1',
      status: 'active',
      compose: { include: [include] },
      ...change,
    }) as ValueSet
  const expanded = (change: object, more: object = {}) =>
    set({
      compose: undefined,
      expansion: { timestamp: '2026-01-01', contains: [{ system, code: 'a' }], ...change },
      ...more,
    })
  const unclosed = { url: 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed', valueBoolean: true }
  const cases: [name: string, stored: ValueSet, good: boolean, asked?: string][] = [
    ['active', set({}), true],
    ['experimental', set({ experimental: true }), true],
    ['draft', set({ status: 'draft' }), false],
    ['retired', set({ status: 'retired' }), false],
    ['without status', set({ status: undefined }), false],
    ['draft, named exactly', set({ status: 'draft' }), true, "version '1'"],
    ['draft without version', set({ status: 'draft', version: undefined }), false],
    ['that names nothing', set({ compose: undefined }), false],
    ['that includes nothing', set({ compose: { include: [] } }), false],
    ['as expansion', expanded({ total: 1 }), true],
    ['as expansion that says no total', expanded({}), true],
    ['as expansion with less than its total', expanded({ total: 2 }), false],
    ['as page of an expansion', expanded({ offset: 1 }), false],
    ['as expansion asked for in pages', expanded({ parameter: [{ name: 'count', valueInteger: 1 }] }), false],
    ['as expansion that a filter cut', expanded({ parameter: [{ name: 'filter', valueString: 'a' }] }), false],
    ['as unclosed expansion', expanded({ extension: [unclosed] }), false],
    ['as expansion with a code of no system', expanded({ contains: [{ system, code: 'a' }, { code: 'b' }] }), false],
    ['with a modifier', set({ modifierExtension }), false],
    ['with rules that it was made under', set({ implicitRules: 'http://example.org/rules' }), false],
    ['with a modifier in compose', set({ compose: { modifierExtension, include: [include] } }), false],
    ['with a modifier in include', set({ compose: { include: [{ ...include, modifierExtension }] } }), false],
    [
      'with a modifier in exclude',
      set({ compose: { include: [include], exclude: [{ ...include, modifierExtension }] } }),
      false,
    ],
    [
      'with a modifier in a concept',
      set({ compose: { include: [{ system, concept: [{ code: 'a', modifierExtension }] }] } }),
      false,
    ],
    ['that imports a draft', set({ compose: { include: [{ valueSet: [example('ValueSet', 'part')] }] } }), false],
    [
      'that imports a draft exactly',
      set({ compose: { include: [{ valueSet: [`${example('ValueSet', 'part')}|1`] }] } }),
      true,
    ],
  ]
  for (const [index, [name, given, good, version = '']] of cases.entries())
    it(name, async () => {
      const own = `${url}-${index}`
      const stored = { ...given, url: own }
      await write({
        resourceType: 'CodeSystem',
        id: 'codes',
        url: system,
        version: '1',
        status: 'active',
        content: 'complete',
        concept: [{ code: 'a' }, { code: 'b' }],
      })
      await write(set({ id: 'part', url: example('ValueSet', 'part'), status: 'draft' }))
      await write(stored)
      const asks = `Asks${index}`
      await write(
        ruleLibrary(
          asks,
          `codesystem "S": '${system}' valueset "Codes": '${own}' ${version}
          context Patient
          define Good: Code 'a' from "S" in "Codes"
          define AlsoGood: not (Code 'b' from "S" in "Codes")`,
        ),
      )
      const { decision, rules, issues, text } = await ask(
        question(specimen('dcc-v'), { name: 'library', valueCanonical: example('Library', asks) }),
      )
      assert.equal(decision, good ? 'accepted' : 'undetermined', issues.join('\n'))
      assert.deepEqual(
        rules.map(({ result }) => result),
        good ? [true, true] : [null, null],
      )
      if (good) assert.ok(text.includes(`${own}|1`), 'what was used is told with its version')
    })

  it('the operations refuse modifiers and what is not whole, and take drafts', async () => {
    const expand = async (stored: ValueSet) => {
      await write(stored)
      return (await supertest(http).get('/fhir/ValueSet/$expand').query({ url: stored.url })).status
    }
    const validate = async ({ url }: ValueSet) =>
      (await supertest(http).get('/fhir/ValueSet/$validate-code').query({ url, system, code: 'a' })).status
    for (const [index, [given, status]] of (
      [
        [set({ status: 'draft' }), 200],
        [set({ modifierExtension }), 422],
        [set({ implicitRules: 'http://example.org/rules' }), 422],
        [expanded({ total: 2 }), 422],
        [expanded({ total: 1 }), 200],
      ] as const
    ).entries()) {
      const stored = { ...given, url: `${url}-operation-${index}` }
      assert.deepEqual([await expand(stored), await validate(stored)], [status, status])
    }
  })

  it('is refused as active when it holds modifiers or is not whole', async () => {
    for (const [body, refused] of [
      [set({ id: 'put', url: example('ValueSet', 'put'), modifierExtension }), true],
      [expanded({ total: 2 }, { id: 'put', url: example('ValueSet', 'put') }), true],
      [expanded({ total: 2 }, { id: 'put', url: example('ValueSet', 'put'), status: 'draft' }), false],
      [set({ id: 'put', url: example('ValueSet', 'put') }), false],
    ] as const) {
      const put = await supertest(http)
        .put('/fhir/ValueSet/put')
        .set({ Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json' })
        .send(JSON.stringify(body))
      assert.equal(put.status >= 400, refused, JSON.stringify(put.body))
    }
  })
})
