/** Dates and moments as FHIR writes them: most are read character by character, and none is read otherwise than by its form and the calendar. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDate, parseDateTime } from '../../../../src/rules/cql/run/temporal.ts'

const form =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(?:Z|([+-])(\d\d):(\d\d))?)?)?)?$/

/** What a text says, by its form and by JavaScript's calendar; undefined for none. */
function told(text: string): (number | null)[] | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((each) => (each ? Number(each) : null))
  const fraction = match[7]
  if (year === undefined || month === undefined || day === undefined) return undefined
  const last = new Date(Date.UTC(2000 + ((year ?? 0) % 400), month ?? 1, 0)).getUTCDate()
  if (month !== null && (month < 1 || month > 12)) return undefined
  if (day !== null && (day < 1 || day > last)) return undefined
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return undefined
  const size = match[8] === undefined ? 0 : Number(match[9]) + Number(match[10]) / 60
  const zone = match[8] !== undefined || text.endsWith('Z') ? (match[8] === '-' ? -size : size) : -5
  if (Math.abs(zone) > 14) return undefined
  const millisecond = fraction === undefined ? null : Number(`${fraction}00`.slice(0, 3))
  return [year, month, day, hour ?? null, minute ?? null, second ?? null, millisecond, zone]
}

const usual = [
  ...['2026-06-01', '2026-02-28', '2024-02-29', '2026-12-31', '0000-01-01', '2026', '2026-06', '2026-06-31'],
  ...['2026-06-01T12:30:59.123Z', '2026-06-01T00:00:00.000Z', '2026-06-30T23:59:59.999Z', '2026-06-01T12:30:59Z'],
  ...['2026-06-01T12:30:59.12+05:30', '2026-06-01T12', '2026-06-01T12:30:59.1234-03:00', '2026-02-30T12:30:59.123Z'],
]
const character = fc.constantFrom(...'0123456789-:.TZ+ /;x\u0660')

/** A text as it is usual, with up to three characters changed. */
const text = fc
  .tuple(fc.constantFrom(...usual), fc.array(fc.tuple(fc.nat(25), character), { maxLength: 3 }))
  .map(([written, changes]) =>
    changes.reduce(
      (known, [at, each]) => (at < known.length ? known.slice(0, at) + each + known.slice(at + 1) : known),
      written,
    ),
  )

describe('a date or moment', () => {
  it('is read as its form and the calendar say, whatever its characters are', () => {
    let read = 0
    fc.assert(
      fc.property(text, (each) => {
        const found = parseDateTime(each, -5)
        const { year, month, day, hour, minute, second, millisecond, timezoneOffset } = found ?? {}
        const own = found ? [year, month, day, hour, minute, second, millisecond, timezoneOffset] : undefined
        assert.deepEqual(own, told(each), each)
        const date = parseDate(each)
        assert.equal(date === undefined, own === undefined || own[3] !== null, each)
        if (date) assert.deepEqual([date.year, date.month, date.day], own?.slice(0, 3), each)
        if (own) read++
      }),
      { numRuns: 3_000 },
    )
    assert.ok(read > 500, `${read} were read`)
  })
})
