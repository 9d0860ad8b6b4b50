/**
 * An explanation is enough: whatever it does not name may be anything, and the result stays. A reason that is left out, or one of the
 * wrong branch, makes this fail; so does a null for which it names a datum that is there.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Parameters } from '../../../src/fhir/types.ts'
import type { Explanation } from '../../../src/rules/explain/explanation.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'

const integers = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6']
const booleans = ['B1', 'B2', 'B3', 'B4']

/** Conditions over the parameters. */
const { condition } = fc.letrec<{ condition: string; number: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...booleans),
    fc
      .tuple(tie('number'), fc.constantFrom('=', '!=', '<', '<=', '>', '>='), tie('number'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('and', 'or', 'xor', 'implies'), tie('condition'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    tie('condition').map((a) => `(not ${a})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('is true', 'is false', 'is null', 'is not null'))
      .map(([a, asked]) => `(${a} ${asked})`),
    fc.tuple(tie('condition'), tie('condition'), tie('condition')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'), tie('condition'))
      .map(([a, b, c, d]) => `(case when ${a} then ${b} when ${c} then false else ${d} end)`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `Coalesce(${a}, ${b})`),
    fc
      .tuple(tie('number'), tie('number'), tie('condition'))
      .map(([a, b, c]) => `(exists (({ ${a}, ${b} }) N where N > I1 and ${c}))`),
    fc
      .tuple(tie('number'), tie('condition'))
      .map(([a, b]) => `(exists (({ ${a}, I2 }) N let L: N > 3 where L or ${b}))`),
    fc
      .tuple(tie('number'), tie('condition'))
      .map(([a, b]) => `First(({ Tuple { n: ${a}, holds: ${b} } }) T return T.n > 1 or T.holds)`),
  ),
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...integers),
    fc.integer({ min: 0, max: 5 }).map(String),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(tie('condition'), tie('number'), tie('number')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => `Coalesce(${a}, ${b})`),
  ),
}))

/** What the parameters are given; what is not named is null. */
type Given = Record<string, number | boolean>

const given: fc.Arbitrary<Given> = fc
  .tuple(
    fc.subarray([...integers, ...booleans]),
    fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 10, maxLength: 10 }),
  )
  .map(([names, numbers]) =>
    Object.fromEntries(
      names.map((name, at) => [name, integers.includes(name) ? (numbers[at] ?? 0) : (numbers[at] ?? 0) > 2]),
    ),
  )

const parametersOf = (values: Given): Parameters => ({
  resourceType: 'Parameters',
  parameter: Object.entries(values).map(([name, value]) =>
    typeof value === 'number' ? { name, valueInteger: value } : { name, valueBoolean: value },
  ),
})

const textsOf = ({ text, parts }: Explanation): string[] => [text, ...parts.flatMap(textsOf)]

const many = 25
const conditions = fc.sample(condition, { numRuns: many, seed: Number(process.env.TEST_SEED ?? 20_261_129) })
const text = [
  'library Drawn',
  ...integers.map((name) => `parameter ${name} Integer`),
  ...booleans.map((name) => `parameter ${name} Boolean`),
  'context Unfiltered',
  ...conditions.map((each, at) => `define "Drawn ${at}": ${each}`),
].join('\n')

describe('an explanation', () => {
  const rules = testRules(testEnvironment([cqlLibrary(text)]))
  after(() => rules.close())
  const ask = async (at: number, values: Given) => {
    const source = { library: 'http://example.org/Library/Drawn', expressions: [`Drawn ${at}`] }
    const call = { clock: '2026-06-01T12:00:00Z', explainAll: true, parameters: parametersOf(values) }
    const [rule] = await rules.evaluateRules(source, call)
    assert.ok(rule)
    assert.equal(rule.issue, undefined, JSON.stringify(rule.issue))
    return rule
  }
  const question = fc.tuple(fc.nat(many - 1), given, given)

  it('names all that a true or a false needs', async () => {
    let left = 0
    await fc.assert(
      fc.asyncProperty(question, async ([at, values, others]) => {
        const { result, explanation } = await ask(at, values)
        assert.ok(explanation)
        const told = textsOf(explanation).join('\n')
        fc.pre(result !== null && !/and \d+ more|…/.test(told))
        const named = new Set(told.match(/\b[IB]\d\b/g) ?? [])
        const pick = (from: Given, isNamed: boolean) =>
          Object.entries(from).filter(([name]) => named.has(name) === isNamed)
        const changed = Object.fromEntries([...pick(values, true), ...pick(others, false)])
        left += [...integers, ...booleans].filter((name) => conditions[at]?.includes(name) && !named.has(name)).length
        const again = await ask(at, changed)
        assert.equal(again.result, result, `${conditions[at]}\n${told}\n${JSON.stringify([values, changed])}`)
      }),
      { numRuns: 400 },
    )
    // One that names everything would pass as well.
    assert.ok(left > 100, `${left} parameters were left out`)
  })
  it('names what a null lacked, and nothing that is there', async () => {
    let nulls = 0
    await fc.assert(
      fc.asyncProperty(question, async ([at, values]) => {
        const { result, message } = await ask(at, values)
        if (result !== null) return
        nulls++
        const named = [...String(message).matchAll(/parameter (\w+) has no value/g)].map(([, name]) => String(name))
        assert.ok(named.length > 0, `${conditions[at]}: ${message}`)
        for (const name of named) assert.ok(!(name in values), `${name} is there: ${conditions[at]}`)
      }),
      { numRuns: 200 },
    )
    assert.ok(nulls > 20)
  })
})
