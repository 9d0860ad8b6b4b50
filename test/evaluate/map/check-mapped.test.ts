import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { removeAt } from '../../../src/evaluate/map/check-mapped.ts'
import type { Resource } from '../../../src/fhir/types.ts'

const given = (): JsonObject => ({
  resourceType: 'Bundle',
  entry: [
    {
      resource: {
        resourceType: 'Patient',
        birthDate: 'x',
        _birthDate: { id: 'kept' },
        deceasedDateTime: 'x',
        name: [{ family: 'x' }, { given: ['A', 'x', 'C'] }, { given: ['A', 'x'], _given: [null, { id: 'kept' }] }],
        contact: [{ period: { start: 'x' } }],
      },
    },
  ],
})

/** Paths as a check of structure reports them, and what the Patient has under a name afterwards. */
const CASES: [path: string, name: string, left: Json | undefined][] = [
  ['birthDate', 'birthDate', undefined],
  ['birthDate', '_birthDate', { id: 'kept' }],
  ['deceased', 'deceasedDateTime', undefined],
  [
    'name[1].given[1]',
    'name',
    [{ family: 'x' }, { given: ['A', 'C'] }, { given: ['A', 'x'], _given: [null, { id: 'kept' }] }],
  ],
  [
    'name[2].given[1]',
    'name',
    [{ family: 'x' }, { given: ['A', 'x', 'C'] }, { given: ['A', null], _given: [null, { id: 'kept' }] }],
  ],
  ['name[0].family', 'name', [{ given: ['A', 'x', 'C'] }, { given: ['A', 'x'], _given: [null, { id: 'kept' }] }]],
  ['contact[0].period.start', 'contact', undefined],
]

test('an element is taken out by its path, and what is left empty by that', () => {
  for (const [path, name, left] of CASES) {
    const bundle = given()
    assert.ok(removeAt(bundle as unknown as Resource, `Bundle.entry[0].resource.${path}`), path)
    const patient = (bundle.entry as { resource: JsonObject }[])[0]?.resource
    assert.deepEqual(patient?.[name], left, path)
  }
})

test('what is not there stays not there', () => {
  for (const path of [
    'Bundle',
    'Bundle.entry[7].resource',
    'Bundle.entry[0].resource.nam',
    'Bundle.entry.resource',
    'Bundle.entry[0].resource.birthDate.value',
    'Bundle.toString',
    'Bundle.__proto__',
    '',
  ]) {
    const bundle = given()
    assert.equal(removeAt(bundle as unknown as Resource, path), false, path)
    assert.deepEqual(bundle, given())
  }
})
