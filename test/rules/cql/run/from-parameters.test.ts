/** Parameters are held against their declared types when they are read, in one place for both ways of running a library. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { Parameters } from '../../../../src/fhir/types.ts'
import { openRun } from '../../../../src/rules/cql/run/run.ts'
import { toJson } from '../../../../src/rules/cql/run/to-json.ts'
import { definitions, isElm } from '../../../../src/rules/cql/translate/elm.ts'
import { type CompiledLibrary, link } from '../../../../src/rules/cql/translate/libraries.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const rules = testRules(testEnvironment())
after(() => rules.close())
const { libraries, run: environment } = rules.workshop.expressions

const withParameter = (declaration: string) =>
  libraries.compile(
    cqlLibrary(`library L version '1' using FHIR version '4.0.1'
parameter P ${declaration}
context Patient
define A: P`),
  )

/** What the define that is the parameter gives, both ways. @throws what either way throws */
async function resultOf(library: CompiledLibrary, ...given: JsonObject[]): Promise<unknown> {
  const parameter = given.map((each) => ({ name: 'P', ...each }))
  const parameters: Parameters = JSON.parse(JSON.stringify({ resourceType: 'Parameters', parameter }))
  const ways = [environment, { ...environment, programOf: undefined }]
  const call = { clock: '2026-01-01T00:00:00Z', parameters }
  const opened = ways.map((way) => async () => (await openRun(library, call, way).evaluate('A')).value)
  const [compiled, executed] = await Promise.all(opened.map((each) => each().then(toJson, (error: unknown) => error)))
  assert.deepEqual(compiled, executed)
  if (compiled instanceof Error) throw compiled
  return compiled
}

const isWrong = (error: unknown) =>
  error instanceof FhirError && error.status === 422 && /parameter/.test(error.message)

describe('a parameter', () => {
  const wrong: [string, JsonObject][] = [
    ['Time', { valueDateTime: '2020-01-01T00:00:00Z' }],
    ['DateTime', { valueTime: '10:00:00' }],
    ['Tuple { a Integer }', { valueString: 'x' }],
    ['Tuple { a Integer }', { valuePeriod: { start: '2020-01-01' } }],
    ['Tuple { a Integer }', { valueRatio: { numerator: { value: 1 }, denominator: { value: 2 } } }],
    ['Tuple { a Integer }', { resource: { resourceType: 'Patient' } }],
    ['Tuple { a Integer }', { part: [{ name: 'a', valueString: 'x' }] }],
    ['FHIR.Patient', { part: [{ name: 'a', valueString: 'x' }] }],
    ['List<FHIR.Patient>', { part: [{ name: 'a', valueString: 'x' }] }],
    ['Interval<Time>', { valuePeriod: { start: '2020-01-01' } }],
    ['Choice<Integer, Time>', { valueDateTime: '2020-01-01T00:00:00Z' }],
    ['Integer default 5', { valueString: 'x' }],
    ['default 5', { valueString: 'x' }],
  ]
  for (const [type, given] of wrong)
    it(`of ${type} is not ${JSON.stringify(given)}`, async () => {
      const library = await withParameter(type)
      await assert.rejects(resultOf(library, given), isWrong)
    })

  const right: [string, JsonObject, unknown][] = [
    ['Time', { valueTime: '10:00:00' }, '10:00:00'],
    ['Tuple { a Integer }', { part: [{ name: 'a', valueInteger: 1 }] }, { a: 1 }],
    ['Tuple { a Integer }', { part: [{ name: 'b', valueInteger: 1 }] }, { b: 1 }],
    ['Any', { valueInteger: 1 }, 1],
    // The executor would hold these against the type of the default alone.
    ['Any default 5', { valueString: 'x' }, 'x'],
    ['List<Any> default { 5 }', { valueString: 'x' }, ['x']],
    ['List<Integer> default {}', { valueInteger: 1 }, [1]],
    ['Choice<Integer, String> default 5', { valueString: 'x' }, 'x'],
    [
      'Interval<Integer> default Interval[null, null]',
      { valueRange: { low: { value: 1 }, high: { value: 2 } } },
      '[1, 2]',
    ],
  ]
  for (const [type, given, expected] of right)
    it(`of ${type} is ${JSON.stringify(given)}`, async () => {
      const value = await resultOf(await withParameter(type), given)
      assert.deepEqual(value, expected)
    })

  it('of ELM without types is of the type of its default, where that is told', async () => {
    const { canonical, identifier, elm, includes } = await withParameter('default 5')
    const untyped = (literal: JsonObject | undefined) => {
      const copy = structuredClone(elm)
      for (const each of definitions(copy, 'parameters')) {
        delete each.resultTypeName
        each.default = literal ?? { type: 'Today' }
      }
      assert.ok(isElm(copy))
      return link({ text: { canonical, identifier }, elm: copy, issues: [], includes })
    }
    const five = untyped({ type: 'Literal', valueType: '{urn:hl7-org:elm-types:r1}Integer', value: '5' })
    assert.equal(await resultOf(five, { valueInteger: 7 }), 7)
    await assert.rejects(resultOf(five, { valueString: 'x' }), isWrong)
    await assert.rejects(resultOf(untyped(undefined), { valueString: 'x' }), /does not tell the type/)
  })
})
