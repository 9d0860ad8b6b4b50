/** What is left to the executor, and that nothing is half answered. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import type { Bundle, Parameters } from '../../../../src/fhir/types.ts'
import { programOf } from '../../../../src/rules/cql/compiled/program.ts'
import { openRun, runLibrary } from '../../../../src/rules/cql/run/run.ts'
import { isElm } from '../../../../src/rules/cql/translate/elm.ts'
import { type CompiledLibrary, link } from '../../../../src/rules/cql/translate/libraries.ts'
import { createRules } from '../../../../src/rules/rules.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'
import { type Counted, onlyDefine, runOneWay } from './both-ways.ts'

const clock = '2026-01-01T00:00:00Z'
const data: Bundle = JSON.parse(`{ "resourceType": "Bundle", "type": "collection",
  "entry": [{ "resource": { "resourceType": "Patient", "id": "p", "birthDate": "1985-03-14" } }] }`)

const environment = testEnvironment([], { 'http://example.org/one': ['http://example.org/s|1'] })
const rules = testRules(environment)
after(() => rules.close())
const { expressions } = rules.workshop
const compile = (cql: string) =>
  expressions.libraries.compile(cqlLibrary(`library L version '1'\nusing FHIR version '4.0.1'\n${cql}`))

/** Both ways of all that is asked, one define after the other in one run. */
async function bothWays(library: CompiledLibrary, expressionsAsked: string[], parameters?: Parameters) {
  const counted: Counted = { asked: 0, answered: 0 }
  const call = { data, clock, expressions: expressionsAsked, ...(parameters && { parameters }) }
  const [compiled, executed] = [
    await runOneWay(library, call, { environment: expressions.run, counted }).catch(String),
    await runOneWay(library, call, { environment: expressions.run }).catch(String),
  ]
  return { compiled, executed, counted }
}

describe('a library', () => {
  it('is compiled when all that it reaches can be', async () => {
    const library = await compile(
      'context Patient\ndefine A: Patient.birthDate.value before Today()\ndefine B: A and true',
    )
    const { compiled, executed, counted } = await bothWays(library, ['A', 'B'])
    assert.deepEqual(compiled, executed)
    assert.deepEqual(counted, { asked: 2, answered: 2 })
  })

  it('is left whole when one define reaches what is not compiled', async () => {
    const library = await compile("context Patient\ndefine A: true\ndefine B: Message(1, true, 'c', 'Message', 'm')")
    assert.equal(programOf(library), 'Message is not compiled')
    assert.ok(typeof programOf(onlyDefine(library, 'A')) !== 'string')
  })

  it('is left where a name within a define is that of a define', async () => {
    const library = await compile('context Patient\ndefine A: 1\ndefine B: { 2 }')
    const elm = structuredClone(library.elm)
    const query = {
      type: 'Query',
      source: [{ alias: 'A', expression: { type: 'ExpressionRef', name: 'B' } }],
      return: { distinct: false, expression: { type: 'ExpressionRef', name: 'A' } },
    }
    const { statements } = elm.library
    const defs =
      typeof statements === 'object' && statements !== null && 'def' in statements ? statements.def : undefined
    assert.ok(Array.isArray(defs))
    defs.push({ name: 'C', context: 'Patient', accessLevel: 'Public', expression: query })
    const { canonical, identifier, includes } = library
    const made = link({ text: { canonical, identifier }, elm, issues: [], includes })
    assert.equal(programOf(made), 'a name within a define is that of a define')
  })

  it('is left where a define has no patient, and where it has errors', async () => {
    assert.equal(programOf(await compile('define A: true')), 'a define has no patient')
    const broken = await compile('context Patient\ndefine A: true\ndefine B: nothing')
    const { compiled, executed, counted } = await bothWays(broken, ['A'])
    assert.deepEqual(compiled, executed)
    assert.equal(counted.asked, 0)
  })
})

describe('a run', () => {
  it('that fails is the executor’s from its beginning: failure, place, and the evidence of what was asked before', async () => {
    const library = await compile(`context Patient
define "One": 1
define A: "One" > 0
define B: A and singleton from { 1, 2 } = 1
define C: B or A`)
    const { compiled, executed, counted } = await bothWays(library, ['A', 'B', 'C'])
    assert.deepEqual(compiled, executed)
    assert.ok(Array.isArray(compiled) && compiled[1]?.issue !== undefined)
    assert.deepEqual(counted, { asked: 2, answered: 1 })
  })

  it('over a value set that is not known fails as the executor does, also where nothing is looked up in it', async () => {
    const library = await compile(`valueset "None": 'http://example.org/none'
context Patient
define A: exists [Immunization: vaccineCode in "None"]
define B: null as Code in "None"`)
    const { compiled, executed } = await bothWays(library, ['A', 'B'])
    assert.deepEqual(compiled, executed)
    assert.ok(Array.isArray(compiled) && compiled[0]?.issue !== undefined)
  })

  it('waits for a value set, and goes on with what it knows', async () => {
    const library = await compile(`valueset "One": 'http://example.org/one'
context Patient
define A: Code { code: '1', system: 'http://example.org/s' } in "One"`)
    const { compiled, executed, counted } = await bothWays(library, ['A'])
    assert.deepEqual(compiled, executed)
    assert.deepEqual(counted, { asked: 2, answered: 1 })
  })

  it('with parameters is as the executor has it: wrong types, nulls, defaults, lists', async () => {
    const library = await compile(`parameter P Integer default 5
parameter Q List<String>
context Patient
define A: ({ 1, 9 }) X where X > P return all X
define B: 'a' in Q`)
    const given: Parameters['parameter'][] = [
      [],
      [{ name: 'P', valueInteger: 0 }],
      [{ name: 'P', valueString: 'x' }],
      [
        { name: 'Q', valueString: 'a' },
        { name: 'Q', valueString: 'b' },
      ],
      // A null in FHIR's words, where there is a default.
      [Object.assign({ name: 'P' }, { _valueInteger: { extension: [{ url: 'x' }] } })],
    ]
    for (const parameter of given) {
      const { compiled, executed } = await bothWays(library, ['A', 'B'], {
        resourceType: 'Parameters',
        ...(parameter && { parameter }),
      })
      assert.deepEqual(compiled, executed, JSON.stringify(parameter))
    }
  })

  it('that tells its steps is the executor’s', async () => {
    const library = await compile('context Patient\ndefine A: true')
    let asked = 0
    const run = openRun(
      library,
      { clock, step: () => undefined },
      {
        ...expressions.run,
        programOf: (each) => {
          asked++
          return programOf(each)
        },
      },
    )
    assert.equal((await run.evaluate('A')).value, true)
    assert.equal(asked, 0)
  })

  it('is the executor’s where compiled rules are switched off', async () => {
    const off = createRules(environment, { isCompiled: false })
    assert.equal(off.workshop.expressions.run.programOf, undefined)
    await off.close()
  })
})

describe('a library whose program leaves its runs', () => {
  const leaving =
    'context Patient\ndefine A: true\ndefine B: if Now() after DateTime(2027) then singleton from { 1, 2 } else 1'
  const late = '2030-01-01T00:00:00Z'
  /** Runs the library over and over. @returns how often its program was asked for the second define, and answered it */
  async function runs(library: CompiledLibrary, times: number, clockOf: (at: number) => string) {
    const counted: Counted = { asked: 0, answered: 0 }
    for (let at = 0; at < times; at++) {
      const call = { data, clock: clockOf(at), expressions: ['A', 'B'] }
      const told = await runOneWay(library, call, { environment: expressions.run, counted })
      assert.deepEqual(told, await runOneWay(library, call, { environment: expressions.run }))
    }
    return counted
  }

  it('is soon run by the executor alone, and tried again much later', async () => {
    const library = await compile(leaving)
    assert.deepEqual(await runs(library, 100, () => late), { asked: 16, answered: 8 })
    assert.deepEqual(await runs(library, 108, () => late), { asked: 0, answered: 0 })
    assert.deepEqual(await runs(library, 20, () => clock), { asked: 40, answered: 40 })
  })

  it('is not, where it leaves no more than one of two', async () => {
    const library = await compile(leaving)
    const { asked } = await runs(library, 100, (at) => (at % 2 === 0 ? late : clock))
    assert.equal(asked, 200)
  })

  it('is told of, once, where it fails and the executor answers; not where both fail', async () => {
    const library = await compile(leaving)
    const told: unknown[] = []
    const fault = new TypeError('a step is wrong')
    const run = (clock: string, programOf_: typeof programOf) =>
      runLibrary(
        library,
        { data, clock, expressions: ['A', 'B'] },
        { ...expressions.run, programOf: programOf_, programFailed: (error) => told.push(error) },
      )
    await run(late, programOf)
    assert.deepEqual(told, [])
    const broken = (each: CompiledLibrary) => {
      const program = programOf(each)
      assert.ok(typeof program !== 'string')
      return {
        ...program,
        evaluate: () => {
          throw fault
        },
      }
    }
    for (let at = 0; at < 3; at++) {
      const { results } = await run(clock, broken)
      assert.deepEqual(
        results.map(({ value, issue }) => [value, issue]),
        [
          [true, undefined],
          [1, undefined],
        ],
      )
    }
    assert.deepEqual(told, [fault])
  })
})

/** Names and texts that would be something else in a program, a pattern or an object of JavaScript. */
const hostile = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'then',
    '"; process.exit(1); "',
    '`$' + '{process.env.HOME}`',
    "'); throw 0; ('",
    '\u2028\u2029\n\r\0',
    '*/ evil() /*',
    '</script>',
    '$this',
    '',
    '0',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
)

describe('hostile names and texts', () => {
  it('are names and texts', async () => {
    const empty = await compile('context Patient\ndefine A: 1')
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(hostile, { minLength: 6, maxLength: 6 }), hostile, async (names, text) => {
        const [define, other, alias, variable, operand, element] = names
        assert.ok(define !== undefined && other !== undefined && alias !== undefined)
        const literal = { type: 'Literal', valueType: '{urn:hl7-org:elm-types:r1}String', value: text }
        const tuple = { type: 'Tuple', element: [{ name: element ?? '', value: literal }] }
        const statements = {
          def: [
            {
              type: 'FunctionDef',
              name: other,
              context: 'Patient',
              operand: [{ name: operand ?? '', operandTypeSpecifier: { type: 'NamedTypeSpecifier', name: 'x' } }],
              expression: {
                type: 'Property',
                path: element ?? '',
                source: { type: 'OperandRef', name: operand ?? '' },
              },
            },
            {
              name: define,
              context: 'Patient',
              expression: {
                type: 'Query',
                source: [{ alias, expression: { type: 'List', element: [tuple] } }],
                let: [{ identifier: variable ?? '', expression: { type: 'AliasRef', name: alias } }],
                return: {
                  distinct: false,
                  expression: {
                    type: 'FunctionRef',
                    name: other,
                    operand: [{ type: 'QueryLetRef', name: variable ?? '' }],
                  },
                },
              },
            },
          ],
        }
        const elm: JsonObject = JSON.parse(JSON.stringify({ library: { identifier: { id: 'L' }, statements } }))
        assert.ok(isElm(elm))
        const { identifier } = empty
        const made = link({ text: { canonical: 'L', identifier }, elm, issues: [], includes: [] })
        const { compiled, executed } = await bothWays(made, [define])
        assert.deepEqual(compiled, executed)
      }),
      { numRuns: 300 },
    )
  })
})
