import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { mergeCoreDataSets } from '../../../src/evaluate/several/merge-core-data-sets.ts'

const icd11 = (code: string) => ({ system: 'http://id.who.int/icd11/mms', code })

const dose = (date: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'DDCCCoreDataSetVS',
  name: 'Ada Specimen',
  vaccination: { vaccine: icd11('XM0GQ8'), disease: icd11('RA01'), date, ...more },
})
const tested = (date: string, result: string): JsonObject => ({
  resourceType: 'DDCCCoreDataSetTR',
  test: { type: icd11('1334426561'), date, result: icd11(result) },
})
const recovered = (date: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'DDCCCoreDataSetRecovery',
  recovery: { disease: icd11('RA01'), date, ...more },
})

describe('core data sets of several credentials', () => {
  it('tell one event once, with all that is said of it', () => {
    const merged = mergeCoreDataSets([
      [dose('2026-01-01', { dose: 1, totalDoses: 2, lot: 'L' })],
      [dose('2026-01-01', { country: icd11('x') }), dose('2026-02-01', { dose: 2 })],
    ])
    assert.deepEqual(merged, [
      dose('2026-01-01', { dose: 1, totalDoses: 2, lot: 'L', country: icd11('x') }),
      dose('2026-02-01', { dose: 2 }),
    ])
  })

  it('keep the limits that only one of them tells', () => {
    const merged = mergeCoreDataSets([
      [recovered('2026-01-01')],
      [recovered('2026-01-01', { validUntil: '2026-07-01' })],
    ])
    assert.deepEqual(merged, [recovered('2026-01-01', { validUntil: '2026-07-01' })])
  })

  it('are the same whatever their order, where they tell equally much', () => {
    const [one, other] = [dose('2026-01-01', { lot: 'LA' }), dose('2026-01-01', { site: 'B' })].map((each) => [each])
    const differing = [dose('2026-01-01', { country: icd11('a') }), dose('2026-01-01', { country: icd11('b') })]
    for (const [a = [], b = []] of [[one, other], differing.map((each) => [each])])
      assert.deepEqual(mergeCoreDataSets([a, b]), mergeCoreDataSets([b, a]))
  })

  it('keep apart what is not the same, and what one credential tells twice', () => {
    for (const each of [
      [[dose('2026-01-01', { dose: 1 })], [dose('2026-01-01', { dose: 2 })]],
      [[dose('2026-01-01')], [dose('2026-01-02')]],
      [[dose('2026-01-01'), dose('2026-01-01')], []],
      [[tested('2026-01-01T09:00:00Z', 'QA02')], [tested('2026-01-01T09:00:00Z', 'RA01.0')]],
      [[{ resourceType: 'Other' }], [{ resourceType: 'Other' }]],
    ])
      assert.equal(mergeCoreDataSets(each).length, 2, JSON.stringify(each))
  })

  it('tell one test result once', () => {
    const result = tested('2026-01-01T09:00:00Z', 'QA02')
    assert.deepEqual(mergeCoreDataSets([[result], [structuredClone(result)]]), [result])
  })
})
