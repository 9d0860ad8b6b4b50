import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { RUNTIME } from '../../../src/structure-map/generate/runtime.ts'

const { secondsAfter, countOf, areAll } = RUNTIME

it('instants are those of Date', () => {
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString()
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
      assert.equal(secondsAfter(0, 'Z', String(seconds)), `${iso(seconds).slice(0, 19)}Z`)
      assert.equal(secondsAfter(seconds, '+02:00', '0'), `${iso(seconds).slice(0, 19)}+02:00`)
    }),
    { numRuns: 20_000 },
  )
  for (const year of [1, 4, 100, 400, 1900, 1970, 2000, 2024, 2100, 9999])
    for (const day of ['-01-01', '-02-28', '-03-01', '-12-31']) {
      const date = new Date(`${String(year).padStart(4, '0')}${day}T23:59:59Z`)
      assert.equal(secondsAfter(0, 'Z', String(date.getTime() / 1000)), `${date.toISOString().slice(0, 19)}Z`)
    }
})

it('what is no whole number, or no year that FHIR has, is not counted', () => {
  for (const text of [
    '',
    ' 1',
    '1.5',
    '1e3',
    '+1',
    '-0',
    '01',
    '0x10',
    'x',
    '1'.repeat(30),
    '-62135596801',
    '253402300800',
    'NaN',
    'Infinity',
  ])
    assert.equal(secondsAfter(0, 'Z', text), undefined, text)
})

it('items of a member: none, one, or more than code takes', () => {
  assert.deepEqual(
    [
      undefined,
      null,
      '',
      {},
      [],
      [null, ''],
      'a',
      0,
      false,
      { a: 1 },
      ['a'],
      [{}, 'a'],
      ['a', 'b'],
      [[], { a: 1 }, 'x'],
    ].map((each) => countOf(each, undefined)),
    [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2],
  )
  assert.equal(countOf('a', { id: 'x' }), 2)
})

it('lists of one kind', () => {
  assert.deepEqual(
    [areAll([], 'string'), areAll(['a'], 'string'), areAll(['a', ''], 'string'), areAll(['a', 1], 'string')],
    [true, true, false, false],
  )
  assert.deepEqual(
    [areAll([{ a: 1 }], 'object'), areAll([{}], 'object'), areAll([null], 'object'), areAll([['a']], 'object')],
    [true, false, false, false],
  )
  assert.deepEqual(
    [
      areAll([{ resourceType: 'X' }], 'silent'),
      areAll([{ resourceType: 1 }], 'silent'),
      areAll([{ resourceType: 'X' }], 'object'),
    ],
    [false, true, true],
  )
})
