import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Parameter } from '../../../src/fhir/types.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'

/** Expression → value, `null`, or `error`; one for each place where the executor alone departs from CQL 1.5. */
const cases: Record<string, [expression: string, expected: unknown][]> = {
  'Decimals and Longs are no Integers': [
    ['Power(2.0, 30.0) + Power(2.0, 30.0)', 2147483648],
    ['-Power(2.0, 30.0) - 1.0 - Power(2.0, 30.0)', -2147483649],
    ['0.1 + 0.2', 0.3],
    ['2147483647 + 1', null],
    ['1L + 2L', '3'],
    ['1 * 1L', '1'],
    ['Sum({ 6L, 2L, 3L, 4L, 5L })', '20'],
    ['9007199254740993L', '9007199254740993'],
    ['ToLong(true)', '1'],
    ["ConvertsToLong('x')", false],
  ],
  'results out of range': [
    ['Ceiling(2147483647.2)', null],
    ['Floor(-2147483649.2)', null],
    ['Ln(0)', 'error'],
    ['Ln(-1)', null],
    ['Exp(1000)', 'error'],
    ['DateTime(2005, 10, 10) + 8000 years', 'error'],
    ['DateTime(10000, 1, 1)', 'error'],
    ['DateTime(null)', null],
    ['successor of @T23:59:59.999', 'error'],
    ['predecessor of 1.0', 0.99999999],
    ['successor of 1L', '2'],
  ],
  'regular expressions': [
    ["Matches('abc', 'b')", false],
    ["Matches('ax', 'a|b')", false],
    ["Matches('abc', '[a-c]+')", true],
    ["Matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')", 'error'],
    ["Matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a|aa)+$')", 'error'],
    ["Matches(null as String, 'a')", null],
    ["ReplaceMatches('ABCDE', 'C', 'XYZ')", 'ABXYZDE'],
    ["ReplaceMatches('a1b2', '([a-z])([0-9])', '$2$1')", '1a2b'],
    ["ReplaceMatches('All that', 'All', 'The price is \\\\$')", 'The price is $ that'],
    ["ReplaceMatches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a*)*b', '')", 'error'],
    ["Combine(SplitOnMatches('a1b22c', '([0-9])+'), '-')", 'a-b-c'],
    ["SplitOnMatches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')", 'error'],
  ],
  'expansions without end': [
    ['Count(expand { Interval[1, 1000000000] })', 'error'],
    ['Count(expand Interval[1, 1000000000])', 'error'],
    ['Count(expand { Interval[1.0, 10.0] } per 0.00001)', 'error'],
    ['Count(expand { Interval[@2000, @2020] } per 0 days)', 'error'],
    ['Count(expand { Interval[@2000-01-01T00:00:00.000, @2020-01-01T00:00:00.000] } per second)', 'error'],
    ["Count(expand { Interval[1 'kg', 1000 'kg'] } per 1 'mg')", 'error'],
    ['Count(expand { Interval[1, 50000] })', 50000],
    ['Count(expand { Interval[@2000-01-01, @2001-01-01] } per day)', 367],
  ],
  'division of quantities': [
    ["(3.5 'cm' mod 3 'cm').value", 0.5],
    ["(10.1 'cm' div -3.1 'cm').value", -3],
    ["(10.0 'g' div 5.0 'g').value", 2],
    ["1 'g' mod 1 'cm'", null],
  ],
  rounding: [
    ['Round(-0.5)', -1],
    ['Round(-1.5)', -2],
    ['Round(1.45, 1)', 1.5],
  ],
  'precision and boundaries': [
    ['Precision(1.58700)', 5],
    ['HighBoundary(1.587, 8)', 1.58799999],
    ['LowBoundary(1.587, 8)', 1.587],
    ['HighBoundary(-1.5, 2)', -1.5],
    ['LowBoundary(-1.5, 2)', -1.59],
    ['HighBoundary(@2014, 6)', '2014-12'],
    ['HighBoundary(@2014-02, 8)', '2014-02-28'],
    ['LowBoundary(@T10:30, 9)', '10:30:00.000'],
    ['HighBoundary(@2014-01-01T08, 17)', '2014-01-01T08:59:59.999Z'],
    ['LowBoundary(null as Decimal, 8)', null],
    ['point from Interval[1, 1]', 1],
    ['point from Interval[1, 2]', 'error'],
  ],
  'proper inclusion of a point': [
    ["{ 'a', 'b' } properly includes 'a'", true],
    ["{ 'a', 'a' } properly includes 'a'", false],
    ["{ 'a', null } properly includes 'a'", null],
    ["'c' properly included in { 'a', 'b' }", false],
    ['Interval[1, 5] properly includes 1', false],
    ['Interval[1, 5] properly includes 2', true],
    ['Interval[1, 5] properly includes 7', false],
    ['Interval[@T12:00:00.001, @T21:00:00.000] properly includes second of @T12:00:00', false],
  ],
  'intervals and lists': [
    ['Count(expand Interval[1, 3])', 3],
    ['First(expand Interval[4, 6])', 4],
    ['Count(expand { Interval[1, 3] })', 3],
    ['Count(expand { null })', 0],
    ['Interval[5, 3]', 'error'],
    ['Interval[5, 5)', 'error'],
    ['{ null } = { null }', true],
    ['{ 1, null } = { 1, null }', true],
    ['{ 1, null } = { 2, null }', false],
  ],
  'calendar and UCUM durations': [
    ["1 month = 1 'mo'", null],
    ["1 month != 1 'mo'", null],
    ["1 year ~ 1 'a'", true],
    ['1 year ~ 12 months', true],
    ['1 month ~ 30 days', true],
    ['1 month ~ 31 days', false],
    ['2 days = 48 hours', true],
  ],
  'equivalence of decimals': [
    ['1.001 ~ 1.00', true],
    ['1.01 ~ 1.02', false],
  ],
  'literals out of range': [
    ['2147483648', 'error'],
    ['-2147483648', -2147483648],
    ['0.000000001', 'error'],
    ['10000000000000000000000000000.0', 'error'],
    ['hour from @2020-01-01T10:00:00-05:00', 10],
  ],
  'texts that are no value of a type': [
    ["ToInteger('12abc')", null],
    ["ToInteger('1e3')", null],
    ["ToInteger(' 12')", null],
    ["ToInteger('2147483648')", null],
    ["ToInteger('-7')", -7],
    ["ConvertsToInteger('12abc')", false],
    ["ToDecimal('1.5x')", null],
    ["ToDecimal('0x10')", null],
    ["ToDecimal('1.5')", 1.5],
    ["ConvertsToDecimal('1e5')", false],
    ["ToQuantity('5 mg')", null],
    ["ToQuantity('5 \\'nothing\\'')", null],
    ["ToQuantity('5 \\'mg\\'') = 5 'mg'", true],
    ["ToQuantity('5 days') = 5 days", true],
    ["ConvertsToQuantity('5 mg')", false],
    ['ToString(0.0000001)', '0.0000001'],
    ['ToString(10.5)', '10.5'],
  ],
  'moments that do not exist': [
    ['Date(2021, 2, 29)', 'error'],
    ['Date(2024, 2, 29)', '2024-02-29'],
    ['Date(2021, 0, 1)', 'error'],
    ['DateTime(2021, 2, 30, 10)', 'error'],
    ['DateTime(2021, 2, 3, 24)', 'error'],
    ['@2020-01-01 + 5 hours', 'error'],
    ['@2020-01-01 - 1 second', 'error'],
    ['@2020-01-01 + 1 day', '2020-01-02'],
    ['@2021-01-31 + 1.5 years', '2022-01-31'],
    ['@2021-01-31 - 1.9 months', '2020-12-31'],
  ],
  sort: [
    ['First(({ 2, null, 1 }) A sort asc)', null],
    ['Last(({ 2, null, 1 }) A sort desc)', null],
    ["First(({ 'b', null, 'a' }) A sort desc)", 'b'],
    ["(({ 1 'kg', null, 500 'g' }) A sort asc)[1] = 500 'g'", true],
    [
      'First(({ @2026-01-01T23:00:00-05:00, @2026-01-02T01:00:00+00:00 }) A sort asc) = @2026-01-02T01:00:00+00:00',
      true,
    ],
    ['First(({ Tuple { a: 2 }, Tuple { a: null as Integer } }) A sort by a).a', null],
  ],
  'units and intervals': [
    ["1 'cm' ~ 1 'g'", false],
    ["Tuple { a: 1 'cm' } ~ Tuple { a: 1 'g' }", false],
    ["1 '[IU]' = 1 '[IU]'", true],
    ["1 '[IU]' < 2 '[IU]'", true],
    ["1 month >= 1 'mo'", null],
    ["1 year < 2 'a'", null],
    ['Interval[1, 5) ~ Interval[1, 4]', true],
    ['Interval[1, 5) ~ Interval[1, 5]', false],
    ['Interval[1, 5] starts Interval[1, null]', true],
    ['Interval[@2020-01-01, null] ends Interval[@2019-01-01, null]', true],
    ['Interval[1, 5] starts Interval[1, null)', null],
    ['start of (Interval[1, 10] intersect Interval[5, null))', 5],
    ['end of (Interval[1, 10] intersect Interval[5, null)) is null', true],
  ],
  'what is nothing is not known, and never true': [
    ['true and ((5) Y where Y > 6 return true)', null],
    ['if true and ((5) Y where Y > 6 return false) then 1 else 2', 2],
    ['((5) Y where Y > 6 return true) or false', null],
    ['((5) Y where Y > 6 return true) xor false', null],
    ['Count(({ true }) Z let W: ((5) Y where Y > 6 return true) where true and W)', 0],
    ["true and ((if true then 1 else 'a') is Concept)", false],
    ["not ((if true then 1 else 'a') is Quantity)", true],
    ["((if true then 1 else 'a') is Date) is null", false],
  ],
  'operators that nobody has': [["Descendents('x')", 'error']],
}

describe('corrections of the executor', () => {
  const rules = testRules(testEnvironment())
  after(() => rules.close())

  const plainValue = (parameter: Parameter | undefined): unknown => {
    if (!parameter || '_valueBoolean' in parameter) return null
    const member = Object.keys(parameter).find((each) => each.startsWith('value'))
    return member ? parameter[member as keyof Parameter] : parameter
  }
  const evaluate = async (expression: string): Promise<unknown> => {
    try {
      const { parameters, issue } = await rules.evaluateCql({ expression, clock: '2026-01-01T00:00:00Z' })
      return issue ? 'error' : plainValue(parameters[0])
    } catch (error) {
      assert.ok(error instanceof FhirError, String(error))
      return 'error'
    }
  }

  for (const [name, list] of Object.entries(cases)) {
    it(name, async () => {
      for (const [expression, expected] of list) assert.deepEqual(await evaluate(expression), expected, expression)
    })
  }

  it('a DateTime that names no offset has that of the clock, in India too', async () => {
    const call = { expression: 'DateTime(2026, 1, 1, 10, 0, 0, 0)', clock: '2026-01-01T00:00:00+05:30' }
    const { parameters } = await rules.evaluateCql(call)
    assert.equal(parameters[0]?.valueDateTime, '2026-01-01T10:00:00.000+05:30')
  })

  it('a parameter without value and default is null, also within a query', async () => {
    const library = cqlLibrary(`library Undeclared version '1'
parameter "Day" Date
define "Plain": Coalesce("Day", @2026-01-01)
define "Within": ({ 1, 2 }) N return all Coalesce("Day", @2026-01-01)
define "Is Null": ({ 1 }) N return "Day" is null`)
    const own = testRules(testEnvironment([library]))
    after(() => own.close())
    const { results } = await own.evaluateLibrary({ library: library.url ?? '', clock: '2026-01-01T00:00:00Z' })
    assert.deepEqual(
      results.map(({ name, issue }) => [name, issue]),
      ['Plain', 'Within', 'Is Null'].map((name) => [name, undefined]),
    )
    assert.deepEqual(results[2]?.value, [true])
    assert.equal(String(results[0]?.value), '2026-01-01')
    assert.equal(String(results[1]?.value), '2026-01-01,2026-01-01')
  })
})
