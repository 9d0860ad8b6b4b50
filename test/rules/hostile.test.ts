import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { Bundle, Parameters } from '../../src/fhir/types.ts'
import { cqlLibrary, testEnvironment, testRules } from './environment.ts'

const clock = '2026-01-01T00:00:00Z'
const library = cqlLibrary(`library Reads version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
valueset "VS": 'http://example.org/vs'
parameter P Integer
parameter Q Interval<DateTime>
context Patient
define Name: Patient.name[0].family + 'x'
define Age: AgeInYearsAt(Today())
define Codes: [Immunization: "VS"] I where I.status = 'completed'
define Days: [Immunization] I return difference in days between FHIRHelpers.ToDateTime(I.occurrence as FHIR.dateTime) and Now()
define Doses: [Immunization] I return I.protocolApplied.doseNumber.value
define Raw: [Immunization] I return I.protocolApplied
define All: [Immunization]
define Values: [Observation] O return O.value
define Period: [Condition] C where (C.onset as FHIR.Period) during Interval[@2020-01-01, @2027-01-01]
define Low: [Observation] O where (O.value as Quantity) > 5 'mg'
define Params: { P, P + 1 }`)

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('2026-13-45', '2026-01-01', 'Patient/p', -1, 1e300),
)
const member = fc.oneof(
  anything,
  fc.array(anything, { maxLength: 2 }),
  fc.record({ coding: anything, value: anything, start: anything }, { requiredKeys: [] }),
)
const resource = fc.oneof(
  anything,
  fc.record(
    {
      resourceType: fc.constantFrom('Patient', 'Immunization', 'Observation', 'Condition', 'Nothing', '__proto__'),
      id: anything,
      name: member,
      birthDate: member,
      status: member,
      _status: member,
      patient: fc.oneof(member, fc.constant({ reference: 'Patient/p' })),
      subject: member,
      vaccineCode: member,
      occurrenceDateTime: member,
      protocolApplied: member,
      valueQuantity: member,
      valueString: member,
      onsetPeriod: member,
    },
    { requiredKeys: ['resourceType'] },
  ),
)

describe('data that is not FHIR', () => {
  const rules = testRules(testEnvironment([library], { 'http://example.org/vs': ['s|c'] }))
  after(() => rules.close())

  it('gives results, issues or FhirErrors, and results that can be encoded', async () => {
    const entries = fc.array(fc.oneof(anything, fc.record({ resource })), { maxLength: 4 })
    const parameters = fc.array(
      fc.record(
        { name: fc.constantFrom('P', 'Q', 'R'), valueInteger: anything, valuePeriod: anything, part: anything },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 2 },
    )
    await fc.assert(
      fc.asyncProperty(entries, parameters, async (entry, parameter) => {
        // Deliberately not what the types promise.
        const data = { resourceType: 'Bundle', type: 'collection', entry } as unknown as Bundle
        const given = { resourceType: 'Parameters', parameter } as unknown as Parameters
        const call = { library: 'Reads|1', data, parameters: given, clock }
        await rules.encodeLibrary(call).then(
          ({ results }) => assert.ok(JSON.stringify(results).length > 0),
          (error: unknown) => assert.ok(error instanceof FhirError, String((error as Error).stack)),
        )
      }),
      { numRuns: 400 },
    )
  })
})
