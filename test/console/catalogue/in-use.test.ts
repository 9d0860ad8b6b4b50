/** Which version is said to decide: never one that does not, and none where that cannot be told. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inUse } from '../../../src/console/catalogue/readers/in-use.ts'
import { Reading } from '../../../src/console/catalogue/readers/reading.ts'

type Row = [version: string | undefined, status: string, more?: object]
const rows = (...all: Row[]) => all.map(([version, status, more]) => new Reading({ version, status, ...more }))
const mirrored = { meta: { tag: [{ system: 'http://vidimus.org/fhir/CodeSystem/mirrored', code: 'XXA' }] } }

describe('the version that is used without being named', () => {
  const cases: [what: string, given: Row[], used: string | undefined][] = [
    [
      'the highest that is active',
      [
        ['1.9.0', 'active'],
        ['1.10.0', 'active'],
        ['2.0.0', 'draft'],
        ['3.0.0', 'retired'],
      ],
      '1.10.0',
    ],
    [
      'a release before its trial',
      [
        ['2.0.0-rc.1', 'active'],
        ['2.0.0', 'active'],
      ],
      '2.0.0',
    ],
    ['none that is no more than a draft', [['1.0.0', 'draft']], undefined],
    [
      'none of two of one version',
      [
        ['1.0.0', 'active'],
        ['1.0.0', 'active'],
      ],
      undefined,
    ],
    [
      'its own, not what is mirrored',
      [
        ['1.0.0', 'active'],
        ['2.0.0', 'active', mirrored],
      ],
      '1.0.0',
    ],
    ['nothing of what is mirrored alone', [['2.0.0', 'active', mirrored]], undefined],
    ['nothing of nothing', [], undefined],
  ]
  for (const [what, given, used] of cases)
    it(`is ${what}`, () => assert.equal(inUse(rows(...given), true)?.text('version'), used))

  it('is not told of a part of the versions', () => {
    assert.equal(inUse(rows(['1.0.0', 'active']), false), undefined)
  })
})
