/** What is changed in a rule, and whether its cases notice. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Library, Parameters } from '../../../src/fhir/types.ts'
import { runAgain } from '../../../src/rules/cases/changed-libraries.ts'
import { coverageOf, createCounter, gapOf } from '../../../src/rules/cases/coverage.ts'
import { coverageHtml } from '../../../src/rules/cases/coverage-html.ts'
import { judge } from '../../../src/rules/cases/judge.ts'
import { markEquivalent, mutantsOf } from '../../../src/rules/cases/mutants.ts'
import { reachOf } from '../../../src/rules/cases/sites.ts'
import { scoreOf, tryMutants } from '../../../src/rules/cases/try-mutants.ts'
import { tracedCopy } from '../../../src/rules/cql/run/trace.ts'
import { createRules, type RuleResult } from '../../../src/rules/rules.ts'
import { readCases } from '../../support/read-cases.ts'

const url = 'http://example.org/Library/Changed'
const library = (text: string): Library => ({
  resourceType: 'Library',
  url,
  version: '1',
  status: 'active',
  type: {},
  content: [{ contentType: 'text/cql', data: Buffer.from(text).toString('base64') }],
})

let stored: Library[] = []
let revision = 0
const rules = createRules(
  {
    findLibraries: async (wanted) => stored.filter((each) => each.url === wanted.split('|')[0]),
    listLibraries: async () => stored,
    membership: async () => (code) => code === 'in',
    expand: async () => [],
    derived: { get: async () => undefined, set: async () => {} },
    revision: () => revision,
  },
  { jobSeconds: 60 },
)
after(() => rules.close())

const head = `library Changed version '1'
parameter N Integer default 3
parameter B Boolean
`

/** A library of one define in an expression that is looked at, numbered, with its mutants. */
async function dissect(expression: string) {
  const text = `${head}define "Rule":\n  ${expression}\n`
  stored = [library(text)]
  revision++
  const compiled = await rules.workshop.expressions.libraries.compile(`${url}|1`)
  assert.deepEqual(compiled.issues, [])
  const numbered = tracedCopy(compiled)
  const reach = reachOf(numbered, ['Rule'])
  const lines = text.split('\n')
  return { numbered, reach, lines, mutants: mutantsOf(numbered, reach, lines) }
}

const source = { library: `${url}|1`, expressions: ['Rule'] }
const call = (parameter: Parameters['parameter'] = []) => ({
  clock: '2026-06-01T12:00:00Z',
  data: { resourceType: 'Bundle' as const, type: 'collection' as const },
  parameters: { resourceType: 'Parameters' as const, parameter },
})

describe('changes of a step', () => {
  for (const { name: cql, changes } of readCases<{ name: string; changes: string[] }>(
    import.meta.url,
    'cases/changes.json',
  ))
    it(cql, async () => {
      const { mutants } = await dissect(cql)
      assert.deepEqual(mutants.map(({ source: text, change }) => `${text}: ${change}`).sort(), changes.toSorted())
    })

  it('every one of them is another library that runs', async () => {
    const { mutants, numbered } = await dissect('if B then N < 3 or exists { 1 } else null')
    const before = JSON.stringify(numbered.elm)
    const texts = new Set<string>([before])
    for (const mutant of mutants) {
      const made = mutant.library()
      texts.add(JSON.stringify(made.elm))
      const [result] = await runAgain([{ source, call: call() }], { workshop: rules.workshop, change: () => made })
      assert.equal(result?.issue, undefined)
    }
    assert.equal(texts.size, mutants.length + 1)
    assert.equal(JSON.stringify(numbered.elm), before)
  })
})

/** A case that gives parameters and expects a result. */
async function trialOf(
  { numbered }: Awaited<ReturnType<typeof dissect>>,
  { name, parameter, expected }: { name: string; parameter: Parameters['parameter']; expected: boolean | null },
) {
  const counter = createCounter()
  const asked = [{ source, call: call(parameter) }]
  const change = () => numbered
  const found = await runAgain(asked, { workshop: rules.workshop, change, step: counter.step })
  const decide = (results: RuleResult[]) =>
    (results.every(({ result }) => result === true) ? 'accepted' : 'rejected') as 'accepted' | 'rejected'
  const expect = { results: [{ rule: 'Rule', value: expected, place: '' }], messages: [], missing: [] }
  const data = { kind: 'coreDataSets' as const, coreDataSets: [] }
  const one = { name, place: '', data, clock: '', parameters: [], plans: [], selected: false, expect }
  const run = { decision: decide(found), rules: found, defines: new Map(), asked, listed: [], decide }
  assert.deepEqual(judge(one, run), [])
  return {
    case: one,
    run,
    defines: [],
    steps: new Set(counter.given.keys()),
    count: counter.total(),
    given: counter.given,
  }
}

const integer = (valueInteger: number) => [{ name: 'N', valueInteger }]

describe('whether cases notice', () => {
  const clock = { milliseconds: () => 0, caseMilliseconds: 1 }

  it('those at the limit do, those beside it do not', async () => {
    const dissected = await dissect('N >= 3')
    const { mutants, numbered } = dissected
    const trials = (...cases: [number, boolean][]) =>
      Promise.all(cases.map(([n, expected]) => trialOf(dissected, { name: `${n}`, parameter: integer(n), expected })))
    const tried = async (...cases: [number, boolean][]) =>
      (
        await tryMutants(mutants, {
          ...clock,
          workshop: rules.workshop,
          library: numbered,
          trials: await trials(...cases),
        })
      )
        .filter(({ noticedBy }) => noticedBy === undefined)
        .map(({ mutant }) => mutant.change)
    assert.deepEqual(await tried([9, true], [0, false]), ['>= → >', '3 → 4', '3 → 2', '3 → 4', '3 → 2'])
    assert.deepEqual(await tried([3, true], [2, false]), ['3 → 4', '3 → 2'])
  })

  it('what goes on for too long is noticed, and what no case comes to is not', async () => {
    const dissected = await dissect('N > 0 and (if B then N > 5 else true)')
    const trial = await trialOf(dissected, { name: 'none', parameter: integer(0), expected: false })
    const laboratory = { workshop: rules.workshop, library: dissected.numbered, caseMilliseconds: 1 }
    const tried = await tryMutants(dissected.mutants, { ...laboratory, milliseconds: () => 0, trials: [trial] })
    const unreached = tried.filter(({ isReached }) => !isReached)
    assert.ok(unreached.length > 0 && unreached.every(({ noticedBy }) => noticedBy === undefined))
    assert.ok(scoreOf(tried).survived.length >= unreached.length)
    // As if the rule itself took less than nothing: its first step is too much.
    const endless = await tryMutants(dissected.mutants, {
      ...laboratory,
      milliseconds: () => 0,
      trials: [{ ...trial, count: -2500 }],
    })
    const ended = endless.filter(({ isEndless }) => isEndless)
    assert.ok(ended.length > 0 && ended.every(({ noticedBy }) => noticedBy === 'none'))
  })

  it('an equivalent one is named by its text, and found wrong where a case notices it', async () => {
    const dissected = await dissect('N >= 3')
    const one = { in: 'Rule', source: 'N  >= 3', change: '>= → <', reason: 'none', place: 'line 1, column 1' }
    assert.deepEqual(markEquivalent(dissected.mutants, [one]), [])
    const trial = await trialOf(dissected, { name: 'three', parameter: integer(3), expected: true })
    const tried = await tryMutants(dissected.mutants, {
      ...clock,
      workshop: rules.workshop,
      library: dissected.numbered,
      trials: [trial],
    })
    const { equivalent, wronglyEquivalent } = scoreOf(tried)
    assert.deepEqual([equivalent, wronglyEquivalent.length], [1, 1])
    const faults = markEquivalent(dissected.mutants, [
      { ...one, change: '>= → =<' },
      { ...one, in: 'Rul' },
    ])
    assert.deepEqual(
      faults.map(({ text }) => text),
      [
        'no change ">= → =<" is made there; ">= → <" is the nearest',
        'nothing is changed in "Rul"; "Rule" is the nearest',
      ],
    )
  })

  it('conditions are counted where they stand, and shown escaped', async () => {
    const dissected = await dissect("N > 5 or '<b>' = '<i>'")
    const { given } = await trialOf(dissected, { name: 'nine', parameter: integer(9), expected: true })
    const coverage = coverageOf(dissected.reach, given, dissected.lines)
    const [first, whole] = coverage.conditions.map((each) => [
      each.place.line,
      each.place.column,
      each.source,
      gapOf(each),
    ])
    assert.deepEqual(
      [whole, first],
      [
        [5, 3, "N > 5 or '<b>' = '<i>'", 'never false'],
        [5, 3, 'N > 5', 'never false'],
      ],
    )
    assert.ok(coverage.conditions.length >= 3)
    const page = coverageHtml([
      { file: '<f>', library: '"l"', source: { file: "'s'", lines: dissected.lines }, coverage },
    ])
    assert.doesNotMatch(page, /<b>|<f>|<i>/)
    assert.match(page, /&lt;b&gt;/)
  })
})
