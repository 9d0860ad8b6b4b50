import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import request from 'supertest'
import type { Json } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Parameter, Resource } from '../../../src/fhir/types.ts'
import { applyFhirPathPatch } from '../../../src/http/patch/fhirpath-patch.ts'
import { applyJsonPatch } from '../../../src/http/patch/json-patch.ts'
import { bearer, startApp, valueSet } from '../support.ts'

const { server } = await startApp()
const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  request(server)
    .patch(`/fhir/${path}`)
    .set('Authorization', bearer)
    .set({ 'Content-Type': 'application/json-patch+json', ...headers })
    .send(JSON.stringify(body))
await request(server)
  .put('/fhir/ValueSet/p')
  .set('Authorization', bearer)
  .type('application/fhir+json')
  .send(valueSet('p'))

/** Document, patch, result; undefined = refused (cases of RFC 6902, appendix A, in own words). */
const jsonCases: [document: Json, patch: Json, result: Json | undefined][] = [
  [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
  [{ a: 1, b: 2 }, [{ op: 'remove', path: '/b' }], { a: 1 }],
  [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
  [{ a: 1 }, [{ op: 'replace', path: '/a', value: 2 }], { a: 2 }],
  [{ a: { x: 1 }, b: {} }, [{ op: 'move', from: '/a/x', path: '/b/y' }], { a: {}, b: { y: 1 } }],
  [{ a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
  [{ a: { x: 1 } }, [{ op: 'copy', from: '/a', path: '/b' }], { a: { x: 1 }, b: { x: 1 } }],
  [
    { 'a/b': 1, 'm~n': 2 },
    [
      { op: 'test', path: '/a~1b', value: 1 },
      { op: 'remove', path: '/m~0n' },
    ],
    { 'a/b': 1 },
  ],
  [{ a: 1 }, [{ op: 'test', path: '/a', value: '1' }], undefined],
  [{ a: 1 }, [{ op: 'add', path: '', value: { b: 2 } }], { b: 2 }],
  [{ a: 1 }, [{ op: 'replace', path: '/b', value: 2 }], undefined],
  [{ a: 1 }, [{ op: 'remove', path: '/b' }], undefined],
  [{ a: [1] }, [{ op: 'add', path: '/a/7', value: 2 }], undefined],
  [{ a: [1] }, [{ op: 'add', path: '/a/01', value: 2 }], undefined],
  [{ a: 1 }, [{ op: 'add', path: '/a/b', value: 2 }], undefined],
  [{ a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b' }], undefined],
  [{ a: 1 }, [{ op: 'add', path: 'b', value: 2 }], undefined],
  [{ a: 1 }, [{ op: 'add', path: '/b' }], undefined],
  [{ a: 1 }, [{ op: 'nonsense', path: '/b' }], undefined],
  [{ a: 1 }, [1], undefined],
  [{ a: 1 }, {}, undefined],
  [{ a: 1 }, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }], undefined],
]

for (const [document, patch, result] of jsonCases) {
  test(`JSON Patch ${JSON.stringify(patch)} of ${JSON.stringify(document)}`, () => {
    const before = structuredClone(document)
    if (result === undefined) assert.throws(() => applyJsonPatch(document, patch), FhirError)
    else assert.deepEqual(applyJsonPatch(document, patch), result)
    assert.deepEqual(document, before, 'the document given is not changed')
  })
}

test('a JSON Patch of anything on anything gives a value or a FhirError', () => {
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
    path: fc.constantFrom('', '/', '/a', '/a/0', '/a/b', '/__proto__', '/a/-'),
    from: fc.constantFrom('', '/a', '/a/0'),
    value: fc.jsonValue(),
  })
  const document = fc.oneof(fc.jsonValue(), fc.record({ a: fc.jsonValue() }))
  fc.assert(
    fc.property(document, fc.oneof(fc.jsonValue(), fc.array(operation)), (given, patch) => {
      try {
        applyJsonPatch(given as Json, patch as Json)
      } catch (error) {
        assert.ok(error instanceof FhirError, String(error))
      }
    }),
    { seed: 1, numRuns: 500 },
  )
})

const patient = {
  resourceType: 'Patient',
  id: 'p',
  birthDate: '1920-01-01',
  deceasedBoolean: true,
  name: [{ family: 'A', given: ['x', 'y'] }, { family: 'B' }],
  contact: [{ name: { text: 'N' } }],
}
const operationOf = (...parts: Parameter[]): Parameter => ({ name: 'operation', part: parts })
const typed = (type: string, path: string, ...parts: Parameter[]) =>
  operationOf({ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...parts)
const named = (valueString: string): Parameter => ({ name: 'name', valueString })

/** Operation and the members it changes; undefined = refused. */
const pathCases: [operation: Parameter, changed: object | undefined][] = [
  [typed('replace', 'Patient.birthDate', { name: 'value', valueDate: '1930-01-01' }), { birthDate: '1930-01-01' }],
  [typed('delete', 'Patient.birthDate'), { birthDate: undefined }],
  [typed('delete', 'Patient.gender'), {}],
  [typed('add', 'Patient', named('gender'), { name: 'value', valueCode: 'male' }), { gender: 'male' }],
  [
    typed('add', 'Patient', named('deceased'), { name: 'value', valueDateTime: '1999' }),
    { deceasedDateTime: '1999', deceasedBoolean: true },
  ],
  [
    typed('replace', 'Patient.deceased', { name: 'value', valueDateTime: '1999' }),
    { deceasedDateTime: '1999', deceasedBoolean: undefined },
  ],
  [
    typed('add', 'Patient', named('name'), { name: 'value', valueHumanName: { family: 'C' } }),
    { name: [...patient.name, { family: 'C' }] },
  ],
  [
    typed(
      'insert',
      'Patient.name',
      { name: 'index', valueInteger: 1 },
      { name: 'value', valueHumanName: { family: 'C' } },
    ),
    { name: [patient.name[0], { family: 'C' }, patient.name[1]] },
  ],
  [
    typed('insert', 'Patient.name[0].given', { name: 'index', valueInteger: 0 }, { name: 'value', valueString: 'z' }),
    { name: [{ family: 'A', given: ['z', 'x', 'y'] }, { family: 'B' }] },
  ],
  [typed('delete', 'Patient.name[1]'), { name: [patient.name[0]] }],
  [typed('delete', "Patient.name.where(family = 'A')"), { name: [patient.name[1]] }],
  [typed('delete', 'Patient.contact[0]'), { contact: undefined }],
  [
    typed('replace', "Patient.name.where(family = 'B').family", { name: 'value', valueString: 'D' }),
    { name: [patient.name[0], { family: 'D' }] },
  ],
  [
    typed('move', 'Patient.name', { name: 'source', valueInteger: 1 }, { name: 'destination', valueInteger: 0 }),
    { name: [patient.name[1], patient.name[0]] },
  ],
  [
    typed('add', 'Patient', named('contact'), {
      name: 'value',
      part: [
        { name: 'name', valueHumanName: { text: 'M' } },
        { name: 'telecom', valueContactPoint: { value: '1' } },
      ],
    }),
    { contact: [patient.contact[0], { name: { text: 'M' }, telecom: [{ value: '1' }] }] },
  ],
  [typed('delete', 'Patient.name'), undefined],
  [typed('replace', 'Patient.gender', { name: 'value', valueCode: 'male' }), undefined],
  [typed('add', 'Patient', named('nonsense'), { name: 'value', valueCode: 'x' }), undefined],
  [typed('add', 'Patient', named('gender')), undefined],
  [typed('add', 'Patient.name', named('family'), { name: 'value', valueString: 'x' }), undefined],
  [typed('insert', 'Patient.name', { name: 'index', valueInteger: 9 }, { name: 'value', valueString: 'x' }), undefined],
  [
    typed('move', 'Patient.name', { name: 'source', valueInteger: 7 }, { name: 'destination', valueInteger: 0 }),
    undefined,
  ],
  [typed('delete', 'Patient.('), undefined],
  [typed('nonsense', 'Patient'), undefined],
  [operationOf(), undefined],
  [{ name: 'other' }, undefined],
]

for (const [operation, changed] of pathCases) {
  test(`FHIRPath Patch ${JSON.stringify(operation)}`, () => {
    const apply = () =>
      applyFhirPathPatch(structuredClone(patient) as Resource, { resourceType: 'Parameters', parameter: [operation] })
    if (changed === undefined) assert.throws(apply, FhirError)
    else assert.deepEqual(JSON.parse(JSON.stringify(apply())), JSON.parse(JSON.stringify({ ...patient, ...changed })))
  })
}

test('a patch makes a new version and honours If-Match', async () => {
  const rename = [{ op: 'replace', path: '/title', value: 'Patched' }]
  assert.equal((await send('ValueSet/p', rename, { 'If-Match': 'W/"9"' })).status, 412)
  const patched = await send('ValueSet/p', rename, { 'If-Match': 'W/"1"' })
  assert.equal(patched.status, 200)
  assert.equal(patched.headers.etag, 'W/"2"')
  assert.equal(patched.body.title, 'Patched')
  const parameters = {
    resourceType: 'Parameters',
    parameter: [typed('replace', 'ValueSet.title', { name: 'value', valueString: 'By path' })],
  }
  const byPath = await send('ValueSet/p', parameters, { 'Content-Type': 'application/fhir+json' })
  assert.equal(byPath.body.title, 'By path')
  const conditional = await send('ValueSet?url=http://example.org/ValueSet/p', [{ op: 'remove', path: '/title' }])
  assert.equal(conditional.status, 200)
  assert.equal(conditional.body.title, undefined)
})

test('patches that cannot be', async () => {
  const test = [{ op: 'test', path: '/status', value: 'x' }]
  assert.equal((await send('ValueSet/p', test)).status, 422)
  assert.equal((await send('ValueSet/p', [{ op: 'add', path: '/nonsense', value: 1 }])).status, 422)
  assert.equal((await send('ValueSet/p', [{ op: 'replace', path: '/id', value: 'q' }])).status, 422)
  assert.equal((await send('ValueSet/p', [{ op: 'replace', path: '', value: [] }])).status, 422)
  assert.equal((await send('ValueSet/none', [])).status, 404)
  assert.equal((await send('ValueSet?url=http://none', [])).status, 404)
  assert.equal((await send('ValueSet/p', [], { 'Content-Type': 'text/plain' })).status, 415)
  assert.equal((await send('ValueSet/p', {}, { Authorization: '' })).status, 401)
})
