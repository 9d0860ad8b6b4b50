import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkDeclared } from '../../../src/fhir/check/parameters.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import type { ParameterDeclaration } from '../../../src/fhir/operation.ts'
import type { Parameters } from '../../../src/fhir/types.ts'

const declared = (name: string, type: string | undefined, change: object = {}): ParameterDeclaration => ({
  name,
  use: 'in',
  min: 0,
  max: '1',
  documentation: name,
  ...(type === undefined ? {} : { type }),
  ...change,
})
const operation = {
  name: 'ask',
  notSupported: ['later'],
  parameters: [
    declared('text', 'string'),
    declared('link', 'uri'),
    declared('count', 'integer', { max: '*' }),
    declared('flag', 'boolean'),
    declared('coding', 'Coding'),
    declared('set', 'ValueSet'),
    declared('any', 'Any'),
    declared('place', 'string', { scope: ['type'] }),
    declared('both', undefined, { max: '*', part: [declared('url', 'canonical'), declared('name', 'string')] }),
    declared('answer', 'string', { use: 'out' }),
  ],
}
const check = (...parameter: object[]) =>
  checkDeclared(operation, { resourceType: 'Parameters', parameter } as Parameters, 'system')
const statusOf = (run: () => void) => {
  try {
    run()
    return 200
  } catch (error) {
    assert.ok(error instanceof FhirError)
    return error.status
  }
}

describe('parameters as declared', () => {
  const cases: [status: number, ...parameters: object[]][] = [
    [200],
    [200, { name: 'text', valueString: 'x' }],
    [200, { name: 'text', valueCode: 'x' }],
    [200, { name: 'link', valueCanonical: 'http://x' }],
    [200, { name: 'count', valueInteger: 1 }, { name: 'count', valuePositiveInt: 2 }],
    [200, { name: 'flag', valueBoolean: false }],
    [200, { name: 'coding', valueCoding: { code: 'x' } }],
    [200, { name: 'set', resource: { resourceType: 'ValueSet' } }],
    [200, { name: 'any', valueDate: '2026' }],
    [200, { name: 'any', resource: { resourceType: 'Patient' } }],
    [200, { name: 'both', part: [{ name: 'url', valueCanonical: 'http://x' }] }, { name: 'both', part: [] }],
    [200, { name: 'text', valueString: 'x', id: 'a', extension: [], _valueString: { id: 'b' } }],
    [400, { name: 'txet', valueString: 'x' }],
    [400, { valueString: 'x' }],
    [400, { name: '', valueString: 'x' }],
    [400, { name: 'both', part: [{ valueCanonical: 'http://x' }] }],
    [400, { name: 'text', valueString: 'x', __proto__: null, toString: 'x' }],
    [400, { name: 'answer', valueString: 'x' }],
    [400, { name: 'place', valueString: 'x' }],
    [400, { name: 'later', valueString: 'x' }],
    [400, { name: 'flag', valueBoolean: true }, { name: 'flag', valueBoolean: true }],
    [400, { name: 'both', part: [{ name: 'ulr', valueCanonical: 'http://x' }] }],
    [400, { name: 'text' }],
    [400, { name: 'text', valueString: '' }],
    [400, { name: 'text', valueString: 'x', resource: { resourceType: 'Patient' } }],
    [422, { name: 'text', valueUri: 'x' }],
    [422, { name: 'count', valueDecimal: 1 }],
    [422, { name: 'count', valueInteger: '1' }],
    [422, { name: 'flag', valueString: 'true' }],
    [422, { name: 'set', resource: { resourceType: 'CodeSystem' } }],
    [422, { name: 'coding', valueCoding: 'x' }],
    [422, { name: 'both', valueString: 'x' }],
    [422, { name: 'any', part: [] }],
    [422, { name: 'both', part: [{ name: 'url', valueInteger: 1 }] }],
    [400, { name: 'text', valueUri: 'x' }, { name: 'txet', valueString: 'x' }],
  ]
  for (const [status, ...parameters] of cases)
    it(`${JSON.stringify(parameters)}: ${status}`, () =>
      assert.equal(
        statusOf(() => check(...parameters)),
        status,
      ))

  it('the level decides about some', () => {
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'place', valueString: 'x' }] } as Parameters
    assert.equal(
      statusOf(() => checkDeclared(operation, parameters, 'type')),
      200,
    )
  })

  it('answers anything with nothing or a FhirError that repeats no value', () => {
    const name = fc.oneof(fc.constantFrom('text', 'count', 'both', 'any'), fc.string())
    const member = fc.constantFrom(
      'valueString',
      'valueInteger',
      'valueCoding',
      'resource',
      'part',
      'valu',
      '_valueString',
    )
    const secret = fc.constant('Ada Specimen')
    const parameter = fc
      .record({ name })
      .chain((base) =>
        fc
          .dictionary(member, fc.oneof(secret, fc.integer(), fc.constant({}), fc.constant([])))
          .map((more) => ({ ...more, ...base })),
      )
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 5 }), (parameters) => {
        try {
          check(...parameters)
        } catch (error) {
          assert.ok(error instanceof FhirError, String(error))
          assert.doesNotMatch(JSON.stringify(error.issues), /Ada/)
        }
      }),
    )
  })
})
