import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Bundle } from '../../../../src/fhir/types.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const data = {
  resourceType: 'Bundle',
  type: 'collection',
  entry: [
    { resource: { resourceType: 'Patient', id: 'p', gender: 'male' } },
    { resource: { resourceType: 'Immunization', vaccineCode: { coding: [{ code: 'a' }] } } },
    { resource: { resourceType: 'Observation', code: { coding: [{ system: 'http://two', code: 'a' }] } } },
  ],
} as unknown as Bundle // as little as the rules need

const library = cqlLibrary(`library Codes version '1' using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
valueset "One": 'http://example.org/one'
valueset "Both": 'http://example.org/both'
valueset "Nowhere": 'http://example.org/nowhere'
context Patient
define "Text in one": 'a' in "One"
define "Text in both": 'a' in "Both"
define "Other text in both": 'z' in "Both"
define "Code of an element in both": Patient.gender in "Both"
define "Without system in one": First([Immunization]).vaccineCode in "One"
define "Without system in both": exists [Immunization: vaccineCode in "Both"]
define "With system in both": First([Observation]).code in "Both"
define "Unknown set": 'a' in "Nowhere"`)

const environment = testEnvironment([library], {
  'http://example.org/one': ['http://one|a'],
  'http://example.org/both': ['http://one|a', 'http://two|a'],
})
const { membership } = environment
environment.membership = async (valueSet) => {
  const member = await membership(valueSet)
  return Object.assign((code: string, system?: string) => member(code, system), {
    systems: valueSet.endsWith('both') ? ['http://one', 'http://two'] : ['http://one'],
  })
}

describe('codes in value sets', () => {
  const rules = testRules(environment)
  after(() => rules.close())
  const cases: [define: string, result: boolean | null, why?: RegExp][] = [
    ['Text in one', true],
    ['Text in both', null, /several code systems/],
    ['Other text in both', null, /several code systems/],
    ['Code of an element in both', null, /several code systems/],
    ['Without system in one', false],
    ['Without system in both', false],
    ['With system in both', true],
    ['Unknown set', null, /ValueSet http:\/\/example\.org\/nowhere is not known/],
  ]
  for (const [define, expected, why] of cases)
    it(`${define}: ${expected}`, async () => {
      const source = { library: 'http://example.org/Library/Codes', expressions: [define] }
      const [rule] = await rules.evaluateRules(source, { data, clock: '2026-01-01' })
      assert.equal(rule?.result, expected)
      if (why) assert.match(rule?.issue?.details?.text ?? '', why)
    })
})
