/** What calls, parameters and value sets mean, compiled and by the executor; calls with static types are `cases/overloads.json`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { visit } from '../../../../src/rules/cql/translate/elm.ts'
import { type CompiledLibrary, link } from '../../../../src/rules/cql/translate/libraries.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'
import { runOneWay } from './both-ways.ts'

interface Case {
  sentence: string
  functions: string
  call: string
  value: string
}
const cases: Case[] = JSON.parse(readFileSync(new URL('cases/overloads.json', import.meta.url), 'utf8'))

const common = cqlLibrary(`library Common version '1'
using FHIR version '4.0.1'
codesystem "S": 'http://example.org/s'
valueset "V": 'http://example.org/one' codesystems { "S" }
context Patient
define X: true`)
const rules = testRules(testEnvironment([common], { 'http://example.org/one': ['http://example.org/s|1'] }))
after(() => rules.close())
const { expressions } = rules.workshop
const compile = (cql: string) =>
  expressions.libraries.compile(cqlLibrary(`library L version '1'\nusing FHIR version '4.0.1'\n${cql}`))

/** What A is, when both ways say so, or why not. */
async function answer(library: CompiledLibrary, more: object = {}): Promise<unknown> {
  const call = { clock: '2026-01-01T00:00:00Z', expressions: ['A'], data, ...more }
  const [compiled] = await runOneWay(library, call, {
    environment: expressions.run,
    counted: { asked: 0, answered: 0 },
  })
  const [executed] = await runOneWay(library, call, { environment: expressions.run })
  assert.deepEqual(compiled, executed)
  const [generated] = await runOneWay(library, call, {
    environment: expressions.run,
    counted: { asked: 0, answered: 0 },
    isGenerated: true,
  })
  assert.deepEqual(generated, executed)
  return executed?.issue === undefined ? executed?.value : JSON.stringify(executed.issue)
}
const data = { resourceType: 'Bundle' as const, type: 'collection' as const }

/** The library without the types that the translator told. */
function untyped(library: CompiledLibrary): CompiledLibrary {
  const elm = structuredClone(library.elm)
  visit(elm.library.statements, (node) => {
    delete node.signature
    delete node.resultTypeName
    delete node.resultTypeSpecifier
  })
  const { canonical, identifier, includes } = library
  return link({ text: { canonical, identifier }, elm, issues: [], includes })
}

describe('a call among functions of one name', () => {
  for (const { sentence, functions, call, value } of cases)
    it(sentence, async () =>
      assert.equal(await answer(await compile(`context Patient\n${functions}\ndefine A: ${call}`)), value),
    )

  const numbers = "define function f(a Integer): 'Integer'\ndefine function f(a Decimal): 'Decimal'"
  for (const [call, expected] of [
    ['f(1)', /nothing tells which is meant/],
    ['f(null as Integer)', /nothing tells which is meant/],
    ['f(1.5)', /^Decimal$/],
  ] as const)
    it(`without types fails where the values do not tell: ${call}`, async () =>
      assert.match(
        String(await answer(untyped(await compile(`context Patient\n${numbers}\ndefine A: ${call}`)))),
        expected,
      ))

  it('without types is null where every function makes null of null, as conversions do', async () => {
    const functions = 'define function f(a Integer): a + 1\ndefine function f(a Decimal): a + 1.0'
    const library = untyped(await compile(`context Patient\n${functions}\ndefine A: f(null as Integer)`))
    assert.equal(await answer(library), null)
  })
})

describe('a parameter that is given as null', () => {
  const parameters = {
    resourceType: 'Parameters' as const,
    parameter: [
      Object.assign(
        { name: 'Min' },
        {
          _valueInteger: {
            extension: [
              { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' as const },
            ],
          },
        },
      ),
    ],
  }
  for (const [expression, value, byDefault] of [
    ['5 > Min', null, true],
    ['First(({5}) X return X > Min)', null, true],
    ['AnyTrue(({5}) X return X > Min)', false, true],
  ] as const)
    it(`is null and not its default: ${expression}`, async () => {
      const library = await compile(`parameter Min Integer default 0\ncontext Patient\ndefine A: ${expression}`)
      assert.equal(await answer(library, { parameters }), value)
      assert.equal(await answer(library), byDefault)
    })
})

describe('a value set that names code systems', () => {
  it('is that of the library which declares it', async () => {
    const library = await compile(`include Common version '1' called C
codesystem "T": 'http://example.org/s'
code "One": '1' from "T"
context Patient
define A: "One" in C."V"`)
    assert.equal(await answer(library), true)
  })
})
