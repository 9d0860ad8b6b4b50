import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Bundle, Parameters } from '../../../../src/fhir/types.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const data = {
  resourceType: 'Bundle',
  type: 'collection',
  entry: [
    { resource: { resourceType: 'Patient', id: 'p', name: [{ text: 'Secret Person' }] } },
    {
      resource: {
        resourceType: 'Immunization',
        status: 'completed',
        vaccineCode: { coding: [{ code: 'x' }] },
        occurrenceDateTime: '2026',
        protocolApplied: [{ doseNumberString: 'secret words' }],
      },
    },
  ],
} as unknown as Bundle // as little as the rules need

/** Define → what is missing. */
const cases: [body: string, missing: string[]][] = [
  ['AgeInYears() >= 18', ['birthDate of Patient is missing']],
  ['Patient.birthDate before Today()', ['birthDate of Patient is missing']],
  ["Patient.gender = 'male'", ['gender of Patient is missing']],
  ["First([Observation]).status = 'final'", ['Observation is missing']],
  [
    '(First([Immunization]).occurrence as FHIR.dateTime) same day or before Today()',
    ['occurrence of Immunization does not decide it'],
  ],
  ['not (AgeInYears() >= 18)', ['birthDate of Patient is missing']],
  ['true and AgeInYears() >= 18', ['birthDate of Patient is missing']],
  [
    "Patient.gender = 'male' or AgeInYears() >= 18",
    ['gender of Patient is missing', 'birthDate of Patient is missing'],
  ],
  ['if AgeInYears() >= 18 then true else null', ['birthDate of Patient is missing']],
  ['case when AgeInYears() >= 18 then true else null end', ['birthDate of Patient is missing']],
  [
    'if exists ([Immunization] I where I.lotNumber is null) then null else true',
    ['lotNumber of Immunization is missing'],
  ],
  ['"Through another"', ['birthDate of Patient is missing']],
  ['Adult(Patient.birthDate)', ['birthDate of Patient is missing']],
  ['C.Grown', ['birthDate of Patient is missing']],
  ['First("Tuples" T return T.lot) = \'a\'', ['lotNumber of Immunization is missing']],
  ["First([Immunization] I let Lot: I.lotNumber return Lot.value = 'a')", ['lotNumber of Immunization is missing']],
  [
    'ToInteger((First(First([Immunization]).protocolApplied).doseNumber as FHIR.string).value) > 1',
    ['doseNumber of Immunization.ProtocolApplied does not decide it'],
  ],
  [
    "Coalesce(First([Immunization]).lotNumber.value, First([Immunization]).note.text.value[0]) = 'a'",
    ['lotNumber of Immunization is missing', 'note of Immunization is missing'],
  ],
  ['Least > 1', ['parameter Least has no value']],
  ['null as Boolean', []],
]

const library = cqlLibrary(`library Missing version '1' using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
include Common version '1' called C
parameter Least Integer
context Patient
define "Another": AgeInYears() >= 18
define "Through another": "Another"
define "Tuples": [Immunization] I return all Tuple { lot: I.lotNumber.value }
define function Adult(birthDate FHIR.date): birthDate.value before Today()
${cases.map(([body], index) => `define "Case ${index}": ${body}`).join('\n')}`)
const common = cqlLibrary(`library Common version '1' using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
context Patient
define Grown: AgeInYears() >= 18`)

describe('what was missing', () => {
  const rules = testRules(testEnvironment([library, common]))
  after(() => rules.close())
  const run = async (expression: string, parameters?: Parameters) => {
    const source = { library: 'http://example.org/Library/Missing', expressions: [expression] }
    const [result] = await rules.evaluateRules(source, {
      data,
      clock: '2026-06-01T12:00:00Z',
      ...(parameters ? { parameters } : {}),
    })
    assert.ok(result)
    return result
  }
  for (const [index, [body, missing]] of cases.entries())
    it(body, async () => {
      const { result, message, issue } = await run(`Case ${index}`)
      assert.equal(issue, undefined, JSON.stringify(issue))
      assert.equal(result, null)
      const told = missing.length > 0 ? missing.join('; ') : 'the data do not decide it'
      assert.equal(message, `not determined: ${told}`)
      assert.doesNotMatch(String(message), /secret|Secret/)
    })

  it('is asked for nulls alone', async () => {
    const at = cases.findIndex(([body]) => body === 'Least > 1')
    const least = (valueInteger: number): Parameters => ({
      resourceType: 'Parameters',
      parameter: [{ name: 'Least', valueInteger }],
    })
    const passing = await run(`Case ${at}`, least(2))
    assert.deepEqual([passing.result, passing.message], [true, undefined])
    const failing = await run(`Case ${at}`, least(1))
    assert.deepEqual([failing.result, failing.message], [false, `Case ${at}: not fulfilled`])
  })
})
