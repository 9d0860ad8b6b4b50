import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { unprocessable } from '../../../../src/fhir/error.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const library = cqlLibrary(`library Brands version '1'
include VidimusTerminology version '1.0.0' called T
codesystem "Cards": 'http://example.org/cards'
define "Is": T.Translate(Code 'a' from "Cards", 'http://example.org/ConceptMap/brands')
define "Related": T.Related(Code 'a' from "Cards", 'http://example.org/ConceptMap/brands')
define "None": T.Translate(Code 'z' from "Cards", 'http://example.org/ConceptMap/brands')
define "Unknown map": T.Translate(Code 'a' from "Cards", 'http://example.org/ConceptMap/nowhere')
define "No code": T.Translate(null, 'http://example.org/ConceptMap/brands')
define "Without system": T.Translate(System.Code { code: 'a' }, 'http://example.org/ConceptMap/brands')
define "Doses": T.Property(Code 'a' from "Cards", 'doses')
define "No such property": T.Property(Code 'a' from "Cards", 'colour')
define "Unknown code": T.Property(Code 'z' from "Cards", 'doses')
define "Of a version": T.Property(System.Code { code: 'a', system: 'http://example.org/cards', version: '2' }, 'doses')
define "Unknown system": T.Property(System.Code { code: 'a', system: 'http://example.org/nowhere' }, 'doses')`)

const environment = testEnvironment([library])
environment.translator = async (conceptMap) => {
  if (!conceptMap.endsWith('brands')) throw unprocessable(`ConceptMap ${conceptMap} is not known`, 'not-found')
  const target = (code: string, equivalence: string) => ({ code, system: 'http://example.org/brands', equivalence })
  const all = ['equal', 'equivalent', 'wider', 'subsumes', 'relatedto', 'inexact', 'narrower', 'specializes']
  return (code) => (code === 'a' ? [...all, 'unmatched', 'disjoint'].map((each) => target(each, each)) : [])
}
environment.properties = async (system) => {
  if (!system.includes('cards')) throw unprocessable(`CodeSystem ${system} is not known`, 'not-found')
  const doses = system.endsWith('|2') ? '3' : '2'
  return (code, property) => (code === 'a' ? (property === 'doses' ? [doses] : []) : undefined)
}

describe('concept maps and properties of codes in CQL', () => {
  const rules = testRules(environment)
  after(() => rules.close())
  const cases: [define: string, result: string[] | null | undefined, why?: RegExp][] = [
    ['Is', ['equal', 'equivalent', 'wider', 'subsumes']],
    ['Related', ['equal', 'equivalent', 'wider', 'subsumes', 'relatedto', 'inexact', 'narrower', 'specializes']],
    ['None', []],
    ['Unknown map', undefined, /ConceptMap http:\/\/example\.org\/ConceptMap\/nowhere is not known/],
    ['No code', null],
    ['Without system', null],
    ['Doses', ['2']],
    ['No such property', []],
    ['Unknown code', null],
    ['Of a version', ['3']],
    ['Unknown system', undefined, /CodeSystem http:\/\/example\.org\/nowhere is not known/],
  ]
  const canonical = 'http://example.org/Library/Brands'
  for (const untrusted of [false, true])
    for (const [define, expected, why] of cases)
      it(`${define}${untrusted ? ', in a process of its own' : ''}`, async () => {
        const call = { library: canonical, expressions: [define], clock: '2026-01-01', untrusted }
        const { results } = await rules.encodeLibrary(call)
        const [result] = results
        if (why) assert.match(result?.issue?.details?.text ?? '', why)
        else {
          const values = (result?.parameters ?? []).flatMap(
            ({ valueCoding, valueString }) => valueCoding?.code ?? valueString ?? [],
          )
          const isNull = JSON.stringify(result?.parameters).includes('data-absent-reason')
          assert.deepEqual(isNull ? null : values, expected)
        }
      })

  it('a server that has neither fails the rule', async () => {
    const { translator: _, properties: _p, ...bare } = environment
    const without = testRules(bare)
    after(() => without.close())
    const call = { library: canonical, expressions: ['Is', 'Doses'], clock: '2026-01-01' }
    const { results } = await without.evaluateLibrary(call)
    for (const { issue } of results) assert.match(issue?.details?.text ?? '', /cannot be asked here/)
  })

  it('what a library translates by is told as what it needs', async () => {
    const { names } = await rules.references(library)
    const maps = names.filter(({ type }) => type === 'ConceptMap').map((each) => each.canonical)
    assert.deepEqual(maps, ['http://example.org/ConceptMap/brands', 'http://example.org/ConceptMap/nowhere'])
    assert.ok(names.some(({ canonical: each, isGenerated }) => isGenerated && each.includes('VidimusTerminology')))
  })

  it('another library cannot name an external function of its own', async () => {
    const foreign = cqlLibrary(`library Foreign version '1'
define function Translate(code System.Code) returns List<System.Code>: external
define "Called": Translate(System.Code { code: 'a', system: 'b' })`)
    const others = testRules(testEnvironment([foreign]))
    after(() => others.close())
    const { results } = await others.evaluateLibrary({
      library: 'http://example.org/Library/Foreign',
      clock: '2026-01-01',
    })
    assert.ok(results.every(({ value, issue }) => value === null && issue !== undefined))
  })
})
