import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import {
  card,
  cardDose,
  cardPatient,
  cardResult,
  claim6,
  codes,
  dcc,
  divoc,
  divocDose,
  flat,
  mapByDefault,
  recovery,
  resources,
  seal,
  sealDose,
  testEvent,
  texts,
  vaccination,
} from '../../support/map-samples.ts'

/** A good credential of each format: everything below is held against it. */
const GOOD: [string, Json][] = [
  ['hcert-dcc', dcc({ v: [vaccination] })],
  ['hcert-dcc', dcc({ t: [testEvent] })],
  ['hcert-dcc', dcc({ r: [recovery] })],
  ['hcert-dcc', dcc({ v: [vaccination], t: {}, r: '' })],
  ['hcert-ddcc-vs', { '-260': { '3': { name: 'A', vaccination: { vaccine: { code: '1' }, date: '2026-01-15' } } } }],
  ['hcert-ddcc-vs', flat],
  [
    'hcert-ddcc-tr',
    { '-260': { '4': { name: 'A', test: { type: { code: '1' }, date: '2026-01-15', result: { code: '2' } } } } },
  ],
  ['hcert-dvc', { '-260': { '-6': claim6 } }],
  ['hcert-icvp', { '-260': { '-6': { ...claim6, v: claim6.v[0] ?? null } } }],
  ['shc', card(cardPatient(), cardDose(), cardDose({ occurrenceDateTime: '2026-01-29' }))],
  ['shc', card(cardPatient(), cardResult())],
  ['divoc', divoc(divocDose)],
  ['divoc', divoc({ testType: 'RT-PCR', result: 'Negative', sampleCollectionTimestamp: '2026-05-30T10:00:00Z' })],
  ['icao-vds-nc', seal({ ve: [{ des: 'XM0GQ8', vd: [sealDose] }] })],
  ['icao-vds-nc', seal({ tr: { tc: 'antigen', r: 'negative' }, dat: { sc: '2026-05-30T10:00:00Z' } })],
]

describe('what the default maps make of a good credential', () => {
  for (const [index, [format, content]] of GOOD.entries())
    it(`has no obstacle and is FHIR R4: ${format} ${index}`, async () => {
      const mapped = await mapByDefault(format, content)
      assert.deepEqual(codes(mapped), [], texts(mapped))
      assert.deepEqual(mapped.leftOut, [])
      assert.deepEqual(checkResource(mapped.bundle), [])
      assert.equal(resources(mapped.bundle, 'Patient').length, 1)
    })
})
