import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'

/**
 * Intervals against the sets of points that they stand for: whatever the bounds, open or closed, an operator answers as the sets do. The
 * points are those of a type, one step apart.
 */
interface PointType {
  name: string
  /** The point at a position. */
  literal(position: number): string
}

const day = (position: number) => new Date(Date.UTC(2020, 0, 28 + position)).toISOString().slice(0, 10)

const pointTypes: PointType[] = [
  { name: 'Integer', literal: String },
  { name: 'Long', literal: (position) => `${position}L` },
  { name: 'Decimal', literal: (position) => (position / 1e8).toFixed(8) },
  { name: 'Quantity', literal: (position) => `${(position / 1e8).toFixed(8)} 'g'` },
  { name: 'Date', literal: (position) => `@${day(position)}` },
  { name: 'Time', literal: (position) => `@T10:00:00.${String(position + 100).padStart(3, '0')}` },
  { name: 'DateTime', literal: (position) => `@2020-02-28T23:59:59.${String(position + 500)}Z` },
]

interface Drawn {
  low: number
  high: number
  lowClosed: boolean
  highClosed: boolean
}

const interval = fc
  .record({ low: fc.nat(9), length: fc.integer({ min: 2, max: 6 }), lowClosed: fc.boolean(), highClosed: fc.boolean() })
  .map(({ low, length, lowClosed, highClosed }): Drawn => ({ low, high: low + length, lowClosed, highClosed }))

const write = ({ low, high, lowClosed, highClosed }: Drawn, { literal }: PointType) =>
  `Interval${lowClosed ? '[' : '('}${literal(low)}, ${literal(high)}${highClosed ? ']' : ')'}`

/** First and last point. */
const ends = ({ low, high, lowClosed, highClosed }: Drawn) =>
  [low + (lowClosed ? 0 : 1), high - (highClosed ? 0 : 1)] as const

type Relation = (a: readonly [number, number], b: readonly [number, number]) => boolean

const relations: Record<string, Relation> = {
  '=': ([a, b], [c, d]) => a === c && b === d,
  '~': ([a, b], [c, d]) => a === c && b === d,
  overlaps: ([a, b], [c, d]) => a <= d && c <= b,
  'overlaps before': ([a, b], [c]) => a < c && c <= b,
  'overlaps after': ([a, b], [, d]) => a <= d && d < b,
  includes: ([a, b], [c, d]) => a <= c && d <= b,
  'included in': ([a, b], [c, d]) => c <= a && b <= d,
  'properly includes': ([a, b], [c, d]) => a <= c && d <= b && (a < c || d < b),
  before: ([, b], [c]) => b < c,
  after: ([a], [, d]) => a > d,
  meets: ([a, b], [c, d]) => b + 1 === c || d + 1 === a,
  'meets before': ([, b], [c]) => b + 1 === c,
  'meets after': ([a], [, d]) => d + 1 === a,
  starts: ([a, b], [c, d]) => a === c && b <= d,
  ends: ([a, b], [c, d]) => b === d && a >= c,
}

describe('intervals answer as the sets of their points do', () => {
  const rules = testRules(testEnvironment())
  after(() => rules.close())

  for (const type of pointTypes)
    it(`of ${type.name}`, async () => {
      const pairs = fc.sample(fc.tuple(interval, interval), 25)
      const asked = pairs.flatMap(([left, right]) =>
        Object.entries(relations)
          // Decimals are equivalent at the precision of the less precise one, which is no relation of sets.
          .filter(([operator]) => operator !== '~' || type.name !== 'Decimal')
          .map(([operator, holds]) => ({
            expression: `${write(left, type)} ${operator} ${write(right, type)}`,
            expected: holds(ends(left), ends(right)),
          })),
      )
      const defines = asked.map(({ expression }, index) => `define "${index}": ${expression}`)
      const library = cqlLibrary(`library Intervals version '1'\n${defines.join('\n')}`)
      const { results } = await rules.evaluateLibrary({ library, clock: '2026-01-01T00:00:00Z' })
      assert.equal(results.length, asked.length)
      for (const [index, { value, issue }] of results.entries()) {
        const { expression, expected } = asked[index] ?? {}
        assert.equal(issue, undefined, expression)
        assert.equal(value, expected, expression)
      }
    })
})
