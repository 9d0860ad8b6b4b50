/** Counting between whole dates, held against the executor's own way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Date as CqlDate } from 'cql-execution'
import fc from 'fast-check'
import { countWholeDates } from '../../../src/rules/cql/corrections/whole-dates.ts'

const { differenceBetween, durationBetween } = CqlDate.prototype
countWholeDates()

const date = fc
  .date({ min: new Date('1890-01-01T00:00:00Z'), max: new Date('2110-01-01T00:00:00Z'), noInvalidDate: true })
  .map((each) => new CqlDate(each.getUTCFullYear(), each.getUTCMonth() + 1, each.getUTCDate()))
/** Where months and leap years end. */
const edge = fc
  .record({
    year: fc.constantFrom(1899, 1900, 2000, 2023, 2024),
    month: fc.integer({ min: 1, max: 12 }),
    last: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ year, month, last }) => new CqlDate(year, month, new Date(Date.UTC(year, month, 0)).getUTCDate() - last))
const any = fc.oneof(date, edge)

/** A zero of either sign is none. */
const bounds = (value: unknown) => [Reflect.get(Object(value), 'low') + 0, Reflect.get(Object(value), 'high') + 0]

describe('between whole dates', () => {
  for (const [name, original] of [
    ['differenceBetween', differenceBetween],
    ['durationBetween', durationBetween],
  ] as const)
    for (const unit of ['day', 'week', 'month', 'year'])
      it(`${name} in ${unit}s is what it was`, () =>
        fc.assert(
          fc.property(any, any, (from, to) => {
            const found: unknown = Reflect.get(from, name).call(from, to, unit)
            assert.deepEqual(bounds(found), bounds(original.call(from, to, unit)), `${from} ${to}`)
          }),
          { numRuns: 300 },
        ))

  it('leaves dates that are known to the month, and moments, to the executor', () => {
    const [month, day] = [new CqlDate(2024, 2, null), new CqlDate(2024, 3, 15)]
    const found = month.differenceBetween(day, 'day')
    assert.deepEqual({ ...found }, { ...differenceBetween.call(month, day, 'day') })
    assert.equal(day.differenceBetween(null, 'day'), null)
  })
})
