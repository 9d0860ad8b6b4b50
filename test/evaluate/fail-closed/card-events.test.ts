import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { subjectOf } from '../../../src/evaluate/person.ts'
import type { Bundle, Resource } from '../../../src/fhir/types.ts'
import { card, cardDose, cardPatient, cardResult, mapByDefault, resources } from '../../support/map-samples.ts'
import { mappingClock } from '../../support/own-mapping.ts'

describe('what a card says of an event', () => {
  for (const status of ['completed', 'not-done', 'entered-in-error'])
    it(`stays as it says: Immunization ${status}`, async () => {
      const mapped = await mapByDefault('shc', card(cardPatient(), cardDose({ status })))
      assert.equal(resources(mapped.bundle, 'Immunization')[0]?.status, status)
    })
  for (const status of ['final', 'amended', 'preliminary', 'cancelled', 'entered-in-error'])
    it(`stays as it says: Observation ${status}`, async () => {
      const mapped = await mapByDefault('shc', card(cardPatient(), cardResult({ status })))
      assert.equal(resources(mapped.bundle, 'Observation')[0]?.status, status)
    })

  it('is not replaced by a translation that there is not: the code stays as issued, and that is told', async () => {
    const mapped = await mapByDefault(
      'shc',
      card(
        cardPatient(),
        cardResult({ valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '373068000' }] } }),
      ),
    )
    const [data] = mapped.coreDataSets
    assert.deepEqual((data?.test as JsonObject | undefined)?.result, {
      system: 'http://snomed.info/sct',
      code: '373068000',
    })
    assert.match(
      JSON.stringify(mapped.warnings),
      /test-result-to-icd-11\|1\.0\.0 has no translation for DDCCCoreDataSetTR\.test\.result/,
    )
  })
})

/** Names of a Patient, and the one that counts. */
const NAMES: [what: string, names: JsonObject[], expected: string][] = [
  [
    'official before old, old first',
    [
      { use: 'old', text: 'Old' },
      { use: 'official', text: 'New' },
    ],
    'New',
  ],
  [
    'official before old, old last',
    [
      { use: 'official', text: 'New' },
      { use: 'old', text: 'Old' },
    ],
    'New',
  ],
  [
    'official before usual',
    [
      { use: 'usual', text: 'Usual' },
      { use: 'official', text: 'Official' },
    ],
    'Official',
  ],
  [
    'usual before nickname',
    [
      { use: 'nickname', text: 'Nick' },
      { use: 'usual', text: 'Usual' },
    ],
    'Usual',
  ],
  ['a name without use before an old one', [{ use: 'old', text: 'Old' }, { text: 'Plain' }], 'Plain'],
  ['a name without use before a maiden one', [{ use: 'maiden', text: 'Maiden' }, { text: 'Plain' }], 'Plain'],
  [
    'anything before anonymous',
    [
      { use: 'anonymous', text: 'Nobody' },
      { use: 'temp', text: 'Temp' },
    ],
    'Temp',
  ],
  [
    'one in force before one that ended',
    [
      { use: 'official', text: 'Ended', period: { end: '2020-01-01' } },
      { use: 'usual', text: 'Now' },
    ],
    'Now',
  ],
  [
    'one that ends later',
    [
      { use: 'usual', text: 'Usual' },
      { use: 'official', text: 'Now', period: { end: '2030' } },
    ],
    'Now',
  ],
  [
    'one that ended before an old one',
    [
      { use: 'old', text: 'Old' },
      { text: 'Ended', period: { end: '2020' } },
    ],
    'Ended',
  ],
  ['an old one where there is no other', [{ use: 'old', text: 'Old' }], 'Old'],
  ['the first of equals', [{ text: 'First' }, { text: 'Second' }], 'First'],
  ['one with letters before one without', [{ use: 'official' }, { text: 'Usual' }], 'Usual'],
  [
    'given and family without text',
    [
      { use: 'old', text: 'Old' },
      { use: 'official', given: ['A', 'B'], family: 'C' },
    ],
    'A B C',
  ],
]

describe('of several names the one that a person has now', () => {
  for (const [what, name, expected] of NAMES)
    it(`counts in the core data set and as subject: ${what}`, async () => {
      const mapped = await mapByDefault('shc', card(cardPatient({ name }), cardDose()))
      assert.equal(mapped.coreDataSets[0]?.name, expected)
      const bundle = {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ resource: { resourceType: 'Patient', name } as Resource }],
      } as Bundle
      assert.equal(subjectOf([], bundle, mappingClock)?.name, expected)
    })

  it('and of several identifiers', async () => {
    const identifier = [
      { use: 'old', value: '1' },
      { use: 'usual', value: '2', period: { end: '2020' } },
      { value: '3' },
    ]
    const mapped = await mapByDefault('shc', card(cardPatient({ identifier }), cardDose()))
    assert.deepEqual(mapped.coreDataSets[0]?.identifier, { value: '3' })
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: { resourceType: 'Patient', identifier } as Resource }],
    } as Bundle
    assert.equal(subjectOf([], bundle, mappingClock)?.identifier, '3')
  })
})
