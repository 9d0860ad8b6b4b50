/** A summary says more of a vaccination than a core data set has words for: rules must not answer as if it did not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../src/base/json-value.ts'
import { openIps } from '../../src/credentials/ips/ips.ts'
import { ipsInput } from '../../src/credentials/ips/ips-input.ts'
import { mapContent } from '../../src/evaluate/map/map-content.ts'
import { cardDose, cardPatient } from '../support/map-samples.ts'
import { ownMapping } from '../support/own-mapping.ts'
import { ownRules } from '../support/own-rules.ts'

const rules = ownRules()
const clock = '2026-06-01T12:00:00Z'
const icd11 = (code: string) => ({ system: 'http://id.who.int/icd11/mms', code })
const snomed = (code: string) => ({ system: 'http://snomed.info/sct', code })
const cvx = (code: string) => ({ system: 'http://hl7.org/fhir/sid/cvx', code })
const words = { system: 'urn:example', display: 'A vaccine' }
const address = (at: number) => `urn:uuid:00000000-0000-4000-8000-0000000000${10 + at}`

/** A summary with these vaccinations. */
function summary(doses: JsonObject[]): JsonObject {
  const composition = {
    resourceType: 'Composition',
    status: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '60591-5' }] },
    subject: { reference: address(1) },
    date: '2026-05-01',
    author: [{ display: 'Authority' }],
    title: 'Summary',
  }
  const resources = [
    composition,
    cardPatient(),
    ...doses.map((each) => ({ ...each, patient: { reference: address(1) } })),
  ]
  const entry = resources.map((resource, at) => ({ fullUrl: address(at), resource }))
  return { resourceType: 'Bundle', type: 'document', identifier: { value: 'urn:example:1' }, entry }
}

/** Results of a rule set over a summary: as the server runs it, and over its resources alone. */
async function results(plan: string, doses: JsonObject[]) {
  const opened = openIps(summary(doses))
  assert.ok(typeof opened !== 'string', String(opened))
  const { bundle, coreDataSets } = await mapContent([ipsInput(opened.content)], [], ownMapping())
  assert.ok(bundle)
  assert.equal(coreDataSets.length, doses.length)
  const ran = await rules.run(plan, { data: bundle, coreDataSets, clock })
  const over = await rules.run(plan, { data: bundle, clock })
  return [ran, over].map((all) => all.map(({ result }) => result))
}

const dose = (coding: JsonObject[], members: JsonObject = {}) =>
  cardDose({ vaccineCode: { coding }, occurrenceDateTime: '2025-12-01', ...members })
const against = (...coding: JsonObject[]) => ({
  protocolApplied: [{ targetDisease: [{ coding }], doseNumberPositiveInt: 1 }],
})

const cases: [what: string, plan: string, doses: JsonObject[], expected: boolean | null][] = [
  [
    'a code that another vaccination of the day has makes no single dose of one that contradicts itself',
    'complete-primary-series',
    [dose([snomed('1119349007')]), dose([words, snomed('1119349007'), icd11('XM0N24')])],
    null,
  ],
  [
    'a kind of vaccine in ICD-11 that there is no place for is not passed over',
    'complete-primary-series',
    [dose([cvx('212'), icd11('XM8NQ0'), icd11('XM1J92')])],
    null,
  ],
  ['the code behind words alone is not passed over', 'yellow-fever-certificate', [dose([words, cvx('37')])], true],
  [
    'the second code of a disease is not passed over',
    'yellow-fever-certificate',
    [dose([cvx('183')], against({ system: 'urn:example', code: 'A' }, snomed('16541001')))],
    true,
  ],
]

describe('what a core data set has no word for', () => {
  for (const [what, plan, doses, expected] of cases)
    it(what, async () => {
      const [ran, over] = await results(plan, doses)
      assert.deepEqual(ran, [expected])
      assert.deepEqual(ran, over)
    })
})
