import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { mapContent } from '../../../src/evaluate/map/map-content.ts'
import {
  claim6,
  codes,
  dcc,
  inputOf,
  mapByDefault,
  person,
  recovery,
  resources,
  testEvent,
  texts,
  vaccination,
} from '../../support/map-samples.ts'
import { ownMapping } from '../../support/own-mapping.ts'

describe('every certified event', () => {
  it('is mapped, of all kinds in one certificate', async () => {
    const mapped = await mapByDefault(
      'hcert-dcc',
      dcc({ v: [vaccination, { ...vaccination, dn: 1 }], t: [testEvent], r: [recovery] }),
    )
    assert.deepEqual(codes(mapped), [], texts(mapped))
    assert.deepEqual(
      mapped.coreDataSets.map(({ resourceType }) => resourceType),
      ['DDCCCoreDataSetVS', 'DDCCCoreDataSetVS', 'DDCCCoreDataSetTR', 'DDCCCoreDataSetRecovery'],
    )
    for (const [type, count] of [
      ['Immunization', 2],
      ['Observation', 1],
      ['Condition', 1],
      ['Patient', 1],
      ['Composition', 4],
    ] as const)
      assert.equal(resources(mapped.bundle, type).length, count, type)
  })

  const both: JsonObject = {
    '-260': {
      '1': { ver: '1.3.0', ...person, v: [vaccination] },
      '3': {
        name: 'Aoife Beispiel',
        birthDate: '1984',
        sex: 'female',
        vaccination: { vaccine: { code: '1' }, date: '2026-02-15' },
      },
      '4': {
        name: 'BEISPIEL,  AÓIFE',
        birthDate: '1984-02',
        test: { type: { code: '1' }, date: '2026-01-15', result: { code: '2' } },
      },
      '-6': claim6,
    },
  }
  const formats = ['hcert-dcc', 'hcert-ddcc-vs', 'hcert-ddcc-tr', 'hcert-dvc']
  const mapAll = (content: JsonObject, chosen: string[] = []) =>
    mapContent(
      formats.map((format) => inputOf(format, content)),
      chosen,
      ownMapping(),
    )

  it('is mapped, of all kinds of certificate in one credential, into one Bundle with one Patient', async () => {
    const mapped = await mapAll(both)
    assert.deepEqual(codes(mapped), [], texts(mapped))
    assert.equal(mapped.coreDataSets.length, 4)
    assert.equal(resources(mapped.bundle, 'Immunization').length, 3)
    assert.equal(resources(mapped.bundle, 'Observation').length, 1)
    const [patient, ...others] = resources(mapped.bundle, 'Patient')
    assert.equal(others.length, 0)
    assert.deepEqual([patient?.birthDate, patient?.gender], ['1984-02-29', 'female'])
    assert.equal(mapped.structureMaps.length, 4)
  })

  const others: [what: string, part: JsonObject, expected: RegExp][] = [
    [
      'another name',
      { '3': { name: 'Aoife Other', vaccination: { vaccine: { code: '1' }, date: '2026' } } },
      /names differ/,
    ],
    [
      'another date of birth',
      {
        '3': { name: 'Aoife Beispiel', birthDate: '1984-03-01', vaccination: { vaccine: { code: '1' }, date: '2026' } },
      },
      /dates of birth differ/,
    ],
    [
      'another year of birth',
      {
        '4': {
          name: 'Aoife Beispiel',
          birthDate: '1985',
          test: { type: { code: '1' }, date: '2026', result: { code: '2' } },
        },
      },
      /dates of birth differ/,
    ],
    ['a part that lacks its date', { '-6': { ...claim6, v: { vp: 'XM0GQ8' } } }, /lacks vaccination\.date/],
    ['a part without event', { '4': { name: 'Aoife Beispiel' } }, /./],
  ]
  for (const [what, part, expected] of others)
    it(`is of one person and complete, else an obstacle: ${what}`, async () => {
      const mapped = await mapAll({ '-260': { ...(both['-260'] as JsonObject), ...part } })
      assert.notDeepEqual(codes(mapped), [])
      assert.match(texts(mapped), expected)
      assert.doesNotMatch(texts(mapped), /Aoife|1984|1985/)
    })

  it('is due of chosen maps, too: they read the first kind', async () => {
    const mapped = await mapAll(both, ['http://vidimus.org/fhir/StructureMap/HcertDccToCoreDataSet'])
    assert.equal(mapped.coreDataSets.length, 1)
    assert.match(texts(mapped), /4 events are certified, and the maps made 1 core data sets of them/)
  })
})
