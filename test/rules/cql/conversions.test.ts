import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { toJson } from '../../../src/rules/cql/run/to-json.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'

/**
 * A text converts when all of it is a value of the type, and is null else (CQL 1.5, Type Operators): whatever stands before or behind a
 * good text makes it none.
 */
const good: Record<string, string[]> = {
  Boolean: ['true', 'f', 'no', '1'],
  Integer: ['12', '-3', '+4'],
  Long: ['12', '-9007199254740993'],
  Decimal: ['1.5', '-0.25', '7'],
  Date: ['2020-01-31', '2020-02', '2020'],
  DateTime: ['2020-01-31T10:00:00.0Z', '2020-01-31T10:00:00.0+02:00', '2020-01-31T10:00', '2020-01-31'],
  Time: ['T10:30:00.000', 'T10:30', 'T10'],
  Quantity: ["5 'mg'", '5 days', "0.5 '[IU]'"],
  Ratio: ["1 'mg':2 'mL'"],
}

const junk = [' ', 'x', 'e5', '%', ',', '\u00a0', '..', '--', 'NaN', '\n', '\t', 'Zz']

const quoted = (text: string) => `'${text.replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\t', '\\t')}'`

describe('texts with junk around are no values', () => {
  const rules = testRules(testEnvironment())
  after(() => rules.close())

  for (const [type, texts] of Object.entries(good))
    it(`of ${type}`, async () => {
      const spoilt = texts.flatMap((text) => junk.flatMap((each) => [`${text}${each}`, `${each}${text}`]))
      const asked = [
        ...texts.map((text) => ({ expression: `ConvertsTo${type}(${quoted(text)})`, expected: true })),
        ...spoilt.flatMap((text) => [
          { expression: `To${type}(${quoted(text)})`, expected: null },
          { expression: `ConvertsTo${type}(${quoted(text)})`, expected: false },
        ]),
      ]
      const defines = asked.map(({ expression }, index) => `define "${index}": ${expression}`)
      const library = cqlLibrary(`library Texts version '1'\n${defines.join('\n')}`)
      const { results } = await rules.evaluateLibrary({ library, clock: '2026-01-01T00:00:00Z' })
      assert.equal(results.length, asked.length)
      for (const [index, { value, issue }] of results.entries()) {
        assert.equal(issue, undefined, asked[index]?.expression)
        assert.equal(toJson(value), asked[index]?.expected, asked[index]?.expression)
      }
    })
})
