import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareResults, comparisonLines, type Finding, isBad } from '../../bench/support/harness/compare.ts'
import type { Figure, Measured } from '../../bench/support/harness/figure.ts'
import { type Results, resultsOf, type SectionResult } from '../../bench/support/harness/results.ts'

const figure = (changes: Partial<Measured> = {}): Measured => ({
  name: 'one',
  value: 10,
  unit: 'µs',
  better: 'lower',
  noise: 0.02,
  ratio: { of: 'bare', value: 2, noise: 0.02 },
  ...changes,
})
const section = (figures: Figure[], changes: Partial<SectionResult> = {}): SectionResult => ({
  name: 'room',
  status: 'measured',
  seconds: 1,
  baselines: [],
  figures,
  ...changes,
})
const run = (...sections: SectionResult[]): Results => resultsOf(sections, false)
const compare = (before: Figure[], now: Figure[]) => compareResults(run(section(before)), run(section(now)))
const kinds = (findings: Finding[]) => findings.map(({ kind }) => kind)
const ratio = (value: number, noise = 0.02) => ({ ratio: { of: 'bare', value, noise } })

describe('a run held against another', () => {
  it('goes by the ratio: another machine is neither slower nor faster', () => {
    assert.deepEqual(kinds(compare([figure()], [figure({ value: 30 })])), ['same'])
    assert.deepEqual(kinds(compare([figure()], [figure(ratio(3))])), ['slower'])
    assert.deepEqual(kinds(compare([figure()], [figure(ratio(1))])), ['faster'])
  })

  it('knows what is better', () => {
    const rate = (value: number) => figure({ unit: '/s', better: 'higher', ...ratio(value) })
    assert.deepEqual(kinds(compare([rate(2)], [rate(1)])), ['slower'])
    assert.deepEqual(kinds(compare([rate(2)], [rate(4)])), ['faster'])
  })

  it('goes by the value where there is no ratio', () => {
    const memory = (value: number): Measured => ({ name: 'm', value, unit: 'MB', better: 'lower', noise: 0 })
    assert.deepEqual(kinds(compare([memory(100)], [memory(130)])), ['slower'])
    assert.deepEqual(kinds(compare([memory(100)], [memory(110)])), ['same'])
  })

  it('counts only what is beyond the noise and the tolerance', () => {
    assert.deepEqual(kinds(compare([figure(ratio(2, 0.2))], [figure(ratio(2.8, 0.2))])), ['same'])
    assert.deepEqual(kinds(compare([figure({ tolerance: 1 })], [figure({ tolerance: 1, ...ratio(3.9) })])), ['same'])
    assert.deepEqual(kinds(compare([figure({ tolerance: 1 })], [figure({ tolerance: 1, ...ratio(4.1) })])), ['slower'])
  })

  it('says of too much noise that nothing can be said', () => {
    const findings = compare([figure(ratio(2, 0.3))], [figure(ratio(2, 0.3))])
    assert.deepEqual(kinds(findings), ['too noisy'])
    assert.equal(findings.some(isBad), true)
  })

  it('tells of what is missing and of what is new', () => {
    const findings = compare([figure()], [figure({ name: 'two' })])
    assert.deepEqual(
      findings.map(({ figure: name, kind }) => [name, kind]),
      [
        ['two', 'new'],
        ['one', 'missing'],
      ],
    )
    assert.equal(findings.some(isBad), true)
    assert.match(comparisonLines(findings).join('\n'), /^missing {4}room: one: was there before/m)
  })

  it('tells of sections that are missing, new, failed or skipped', () => {
    const other = section([figure()], { name: 'other' })
    const kindsOf = (before: SectionResult[], now: SectionResult[], chosen?: string[]) =>
      kinds(compareResults(run(...before), run(...now), chosen))
    const failed = section([], { status: 'failed', reason: 'x' })
    const skipped = section([], { status: 'skipped', reason: 'x' })
    assert.deepEqual(kindsOf([section([figure()]), other], [other]), ['same', 'missing'])
    assert.deepEqual(kindsOf([section([figure()]), other], [other], ['other']), ['same'])
    assert.deepEqual(kindsOf([], [other]), ['new'])
    assert.deepEqual(kindsOf([section([figure()])], [failed]), ['missing'])
    assert.deepEqual(kindsOf([section([figure()])], [skipped]), ['missing'])
    assert.deepEqual(kindsOf([failed], [section([figure()])]), ['new'])
    assert.deepEqual(kindsOf([skipped], [skipped]), ['unmeasured'])
  })

  for (const [name, now] of [
    ['another unit', figure({ unit: 'ms' })],
    ['another direction', figure({ better: 'higher' })],
    ['another baseline', figure({ ratio: { of: 'another', value: 2, noise: 0 } })],
    ['words', { name: 'one', value: 'fast', target: '–' }],
    ['0 where something was', figure(ratio(0))],
  ] as const)
    it(`does not hold ${name} against a figure`, () => {
      assert.deepEqual(kinds(compare([figure()], [now])), ['missing'])
    })

  it('keeps words apart from figures', () => {
    const words = { name: 'one', value: 'fast', target: '–' }
    assert.deepEqual(kinds(compare([words], [words])), ['in words'])
    assert.deepEqual(kinds(compare([words], [figure()])), ['in words'])
  })

  it('finds every figure of either run once, whatever they are', () => {
    const anyFigure = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.double({ min: 0, max: 1e6, noNaN: true }),
      unit: fc.constantFrom('ms' as const, 'MB' as const),
      better: fc.constantFrom('lower' as const, 'higher' as const),
      noise: fc.double({ min: 0, max: 2, noNaN: true }),
    })
    const figures = fc.uniqueArray(anyFigure, { selector: ({ name }) => name })
    fc.assert(
      fc.property(figures, figures, (before, now) => {
        const names = [...new Set([...before, ...now].map(({ name }) => name))].sort()
        assert.deepEqual(
          compare(before, now)
            .map((each) => each.figure)
            .sort(),
          names,
        )
      }),
    )
  })

  it('finds every slowdown that is larger than its limit', () => {
    const small = fc.double({ min: 0, max: 0.1, noNaN: true })
    fc.assert(
      fc.property(small, small, fc.double({ min: 2, max: 1000, noNaN: true }), (before, now, factor) => {
        assert.deepEqual(kinds(compare([figure(ratio(2, before))], [figure(ratio(2 * factor, now))])), ['slower'])
      }),
    )
  })
})
