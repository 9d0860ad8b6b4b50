import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { primitiveCheck, primitiveFault } from '../../src/fhir/elements.ts'

/** Values that are of the type, and values that are not (https://hl7.org/fhir/R4/datatypes.html#primitive). */
const CASES: Record<string, { good: unknown[]; bad: unknown[] }> = {
  boolean: { good: [true, false], bad: ['true', 1, null, 'yes'] },
  integer: { good: [0, -2_147_483_648, 2_147_483_647], bad: [1.5, '1', 2_147_483_648, Number.NaN] },
  unsignedInt: { good: [0, 7], bad: [-1, 0.1, '7'] },
  positiveInt: { good: [1], bad: [0, -1, 1.5, 2_147_483_648, '1'] },
  decimal: { good: [0, -1.5, 1e-22], bad: ['1.5', Number.POSITIVE_INFINITY, Number.NaN, true] },
  string: {
    good: ['a', ' ', 'tab\tand\nline\r', '😀', 'x'.repeat(1_048_576)],
    bad: ['', 'a\u0000', '\u001f', '\ud800', 'a\udc00b', 'x'.repeat(1_048_577), 1, {}, []],
  },
  markdown: { good: ['# a'], bad: ['', 'a\u0007'] },
  uri: { good: ['urn:x', 'relative'], bad: ['a b', '', 'a\tb', 'a\u0001', '\ud800'] },
  canonical: { good: ['http://x|1'], bad: ['http://x |1'] },
  url: { good: ['mailto:a'], bad: [' http://x'] },
  oid: { good: ['urn:oid:1.2.3'], bad: ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02'] },
  uuid: {
    good: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
    bad: ['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:c757873dec9a4326a141556f43239520'],
  },
  id: { good: ['A-1.b', 'x'.repeat(64)], bad: ['a_b', 'x'.repeat(65), '', 'resource:0', 7] },
  code: { good: ['a', 'a b'], bad: [' a', 'a ', 'a  b', 'a\u0000', ''] },
  base64Binary: { good: ['AAAA', 'AA==', 'AAAA\nAAAA', 'A'.repeat(2_000_000)], bad: ['A', 'A===', 'ä'] },
  date: {
    good: ['2024', '2024-05', '2024-02-29', '0004-02-29'],
    bad: ['2023-02-29', '1988-00-02', '2021-13-01', '2021-04-31', '01.06.2021', '0000', '20210501', '2024-5-1', 2024],
  },
  dateTime: {
    good: ['2024', '2024-05-06', '2024-05-06T07:08:09Z', '2024-05-06T07:08:60.123+14:00'],
    bad: [
      '2021-13-01',
      '2024-05-06T07:08:09',
      '2024-05-06T07:08Z',
      '2024-05-06T24:00:00Z',
      '2023-02-29T00:00:00Z',
      '2024-05-06T07:08:09+14:01',
      '2024-05T07:08:09Z',
    ],
  },
  instant: { good: ['2024-05-06T07:08:09.1Z'], bad: ['2024-05-06', '2024-05-06T07:08:09', '0000-01-01T00:00:00Z'] },
  time: { good: ['00:00:00', '23:59:60.5'], bad: ['25:00:00', '24:00:00', '07:08', '07:60:00', '7:08:09', 70809] },
}

for (const [type, { good, bad }] of Object.entries(CASES))
  test(`${type}: what FHIR allows and what it refuses`, () => {
    for (const value of good) assert.equal(primitiveFault(type, value), undefined, JSON.stringify(value)?.slice(0, 60))
    for (const value of bad)
      assert.match(primitiveFault(type, value) ?? 'no fault', /^must /, JSON.stringify(value)?.slice(0, 60))
  })

test('a fault never repeats the value', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(CASES)), fc.string({ minLength: 12 }), (type, text) => {
      assert.ok(!(primitiveFault(type, text) ?? '').includes(text))
    }),
  )
})

test('what is no primitive type has no rule', () => {
  for (const name of ['Patient', 'constructor', '__proto__', '']) assert.equal(primitiveCheck(name), undefined)
})

test('every day of the calendar is a date, and no other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(13), fc.nat(32), (year, month, day) => {
      const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
      const date = new Date(`${text}T00:00:00Z`)
      const exists = !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text
      assert.equal(primitiveFault('date', text) === undefined, exists, text)
    }),
    { numRuns: 2000 },
  )
})

/** The forms of the standard, without what they have in common: that a text is not empty and can be carried. */
const FORMS: Record<string, RegExp> = {
  string: /^[\t\n\r -\ud7ff\ue000-\ufffd]+$/,
  uri: /^[!-\ud7ff\ue000-\ufffd]+$/,
  code: /^[!-\ud7ff\ue000-\ufffd]+(\s[!-\ud7ff\ue000-\ufffd]+)*$/,
  id: /^[A-Za-z0-9\-.]{1,64}$/,
  dateTime:
    /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d:[0-5]\d|1[0-3]:[0-5]\d|14:00)))?)?)?$/,
  instant:
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d:[0-5]\d|1[0-3]:[0-5]\d|14:00))$/,
}

/** Texts that are of a type, or nearly. */
const nearly = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'azAZ09-.:/@[`{ \t\n\u0000\u001f!~\u007fä') }),
  fc
    .tuple(
      fc.constantFrom(
        '2021-05-28T07:08:09Z',
        '2021-05-28',
        '0000-01-01',
        '1999-12-31T23:59:59Z',
        'a1-b.c',
        'http://x.org/a',
      ),
      fc.nat(),
      fc.constantFrom('', '0', '9', ':', '-', 'T', 'Z', ' ', '/', 'é', '\u0000'),
    )
    .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1)),
)

for (const [type, form] of Object.entries(FORMS))
  test(`${type}: what is told at a glance is what its form says`, () => {
    let good = 0
    fc.assert(
      fc.property(nearly, (text) => {
        const day = Number(text.slice(8, 10))
        const isForm = form.test(text) && text.isWellFormed()
        // The days of the calendar are asked of elsewhere.
        if (isForm && /^(dateTime|instant)$/.test(type) && (day > 28 || text.startsWith('0000'))) return
        if (isForm) good++
        assert.equal(primitiveFault(type, text) === undefined, isForm, JSON.stringify(text))
      }),
      { numRuns: 5000 },
    )
    assert.ok(good > 20, `${good}`)
  })

test('a day is one of the calendar: every number for a day, of every number for a month, in years of each kind', () => {
  const two = (number: number) => String(number).padStart(2, '0')
  for (const year of ['0000', '0001', '0100', '0400', '1900', '2000', '2023', '2024'])
    for (let month = 0; month <= 13; month++)
      for (let day = 0; day <= 32; day++) {
        const text = `${year}-${two(month)}-${two(day)}`
        const at = new Date(`${text}T00:00:00Z`)
        const isDay = year !== '0000' && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
        for (const [type, value] of [
          ['date', text],
          ['dateTime', text],
          ['dateTime', `${text}T07:08:09Z`],
          ['instant', `${text}T07:08:09Z`],
        ] as const)
          assert.equal(primitiveFault(type, value) === undefined, isDay, `${type} ${value}`)
      }
})
