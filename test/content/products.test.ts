import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CodeSystemConcept } from '../../src/fhir/types.ts'
import { ownTerminology } from '../support/own-rules.ts'
import { byCanonical } from './own-content.ts'

const base = 'http://vidimus.org/fhir'
const terminology = ownTerminology()

const [system] = byCanonical('CodeSystem', `${base}/CodeSystem/vaccine-products`)
assert.ok(system)
const concepts = system.concept ?? []
const property = (concept: CodeSystemConcept, name: string) => {
  const { valueCode, valueInteger, valueString, valueCoding } =
    concept.property?.find((each) => each.code === name) ?? {}
  return valueCode ?? valueInteger ?? valueString ?? valueCoding?.code
}
const membership = (id: string) => terminology.membership(`${base}/ValueSet/${id}`)

describe('the table of vaccine products', () => {
  it('has doses, a source and a disease in every row, and an interval wherever there are several doses', () => {
    for (const each of concepts) {
      const doses = Number(property(each, 'doses'))
      assert.ok(doses >= 1 && doses <= 3, each.code)
      assert.ok(property(each, 'source'), each.code)
      assert.ok(property(each, 'disease'), each.code)
      const interval = property(each, 'minimumInterval')
      if (doses > 1) assert.ok([14, 21, 28].includes(Number(interval)), each.code)
      else assert.equal(interval, undefined, each.code)
    }
  })

  it('gives a type the highest numbers among its products', () => {
    for (const type of concepts.filter((each) => property(each, 'kind') === 'type')) {
      const own = concepts.filter(
        (each) => property(each, 'kind') === 'product' && property(each, 'platform') === property(type, 'platform'),
      )
      assert.ok(own.length > 0, type.code)
      for (const name of ['doses', 'minimumInterval'])
        for (const each of own)
          assert.ok(Number(property(type, name)) >= Number(property(each, name) ?? 0), `${type.code}: ${each.code}`)
    }
  })

  const isProductOf = (each: CodeSystemConcept, days: number) =>
    property(each, 'kind') === 'product' && property(each, 'minimumInterval') === days
  const sets: [id: string, holds: (concept: CodeSystemConcept) => boolean][] = [
    ['single-dose-vaccines', (each) => property(each, 'doses') === 1],
    ['two-dose-vaccines', (each) => property(each, 'doses') === 2 && property(each, 'kind') === 'product'],
    ['three-dose-vaccines', (each) => property(each, 'doses') === 3 && property(each, 'kind') === 'product'],
    ['vaccine-types-two-doses', (each) => property(each, 'doses') === 2 && property(each, 'kind') === 'type'],
    ['vaccine-types-three-doses', (each) => property(each, 'doses') === 3 && property(each, 'kind') === 'type'],
    ['vaccine-interval-14-days', (each) => isProductOf(each, 14)],
    ['vaccine-interval-21-days', (each) => isProductOf(each, 21)],
    ['vaccine-interval-28-days', (each) => isProductOf(each, 28)],
    ['covid-19-vaccine-products', (each) => property(each, 'target') === 'covid-19'],
  ]
  for (const [id, holds] of sets)
    it(`${id} is drawn from it: by filter in its own system, by list in the others`, async () => {
      const includes = await membership(id)
      for (const each of concepts) assert.equal(includes(each.code, system.url), holds(each), each.code)
      const [map] = byCanonical('ConceptMap', `${base}/ConceptMap/vaccine-code-to-product`)
      for (const { source, element } of map?.group ?? [])
        for (const { code = '', target } of element) {
          const concept = concepts.find((each) => each.code === target?.[0]?.code)
          assert.ok(concept, code)
          assert.equal(includes(code, source), holds(concept), `${source} ${code}`)
        }
    })

  it('leads no code of another system to two products', () => {
    const [map] = byCanonical('ConceptMap', `${base}/ConceptMap/vaccine-code-to-product`)
    const codes = (map?.group ?? []).flatMap(({ source, element }) => element.map(({ code }) => `${source} ${code}`))
    assert.deepEqual(codes.toSorted(), [...new Set(codes)].toSorted())
    assert.ok(codes.length > 200)
  })

  it('translates a code of a card and of the EU to the same product', async () => {
    const translate = async (source: string, code: string) => {
      const translator = await terminology.translator(`${base}/ConceptMap/vaccine-code-to-product`)
      return translator(code, source).map((each) => each.code)
    }
    assert.deepEqual(await translate('http://hl7.org/fhir/sid/cvx', '208'), ['comirnaty'])
    const register = 'https://ec.europa.eu/health/documents/community-register/html/'
    assert.deepEqual(await translate(register, 'EU/1/20/1528'), ['comirnaty'])
    assert.deepEqual(await translate('http://hl7.org/fhir/sid/cvx', '213'), [])
  })

  it('says nothing of what only says COVID-19 vaccine', async () => {
    const generic: [system: string, code: string][] = [
      ['http://id.who.int/icd11/mms', 'XM68M6'],
      ['http://hl7.org/fhir/sid/cvx', '213'],
      ['http://hl7.org/fhir/sid/cvx', '500'],
      ['http://www.whocc.no/atc', 'J07BX03'],
      ['http://snomed.info/sct', '28531000087107'],
      ['http://snomed.info/sct', '1119305005'],
    ]
    for (const [id] of sets) for (const [url, code] of generic) assert.equal((await membership(id))(code, url), false)
  })
})
