/** What reasons are told from is the same, whether a define is recorded through its compiled form or by the executor. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError, isError } from '../../../src/fhir/error.ts'
import type { Bundle, Library } from '../../../src/fhir/types.ts'
import type { RunCall } from '../../../src/rules/cql/run/run.ts'
import type { CompiledLibrary } from '../../../src/rules/cql/translate/libraries.ts'
import { ofType } from '../../content/own-content.ts'
import { ownRuleDoor } from '../../support/own-rules.ts'
import { header, valueSets } from '../cql/cases-library.ts'
import { drawnCall } from '../cql/compiled/drawn-call.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'
import { readTable } from '../read-table.ts'
import { recordBothWays } from './both-recordings.ts'

const clock = '2026-06-01T12:00:00Z'

/** Content that no rule runs over. */
function refused(error: unknown): undefined {
  if (!(error instanceof FhirError && error.status === 422)) throw error
}

describe('recordings of own rules', () => {
  const rules = ownRuleDoor()
  const { expressions } = rules.workshop

  it('are the same over drawn content', async () => {
    const libraries: CompiledLibrary[] = []
    for (const { url, version } of ofType('Library'))
      if (url?.startsWith('http://vidimus.org/'))
        libraries.push(await expressions.libraries.compile(`${url}|${version}`))
    const came = { compiled: 0, left: 0, none: 0 }
    await fc.assert(
      fc.asyncProperty(drawnCall, async (call) => {
        for (const library of libraries)
          for (const { name, type } of library.defines) {
            if (type?.name !== '{urn:hl7-org:elm-types:r1}Boolean') continue
            const both = await recordBothWays(library, name, { call, environment: expressions.run }).catch(refused)
            if (!both) return
            assert.equal(both.compiled, both.executed, `${name} of ${library.canonical}`)
            came[both.isCompiled ? 'compiled' : both.compiled ? 'left' : 'none']++
          }
      }),
      { numRuns: Number(process.env.RUNS ?? 15) },
    )
    // What the executor records as well shows nothing.
    assert.ok(came.compiled > 100 && came.left * 20 < came.compiled, JSON.stringify(came))
  })
})

describe('recordings of CQL 1.5', () => {
  const folder = new URL('../cql/cases/', import.meta.url)
  /** Share of the cases of a section that is recorded through the compiled form. */
  const least: Record<string, number> = {
    aggregate: 0.4,
    arithmetic: 0.4,
    clinical: 0.65,
    comparison: 0.9,
    datetime: 0.45,
    interval: 0.5,
    list: 0.7,
    logical: 0.95,
    nullological: 0.95,
    query: 0.8,
    string: 0.7,
    types: 0.6,
  }
  const rules = testRules(testEnvironment([], valueSets))
  after(() => rules.close())
  const { expressions } = rules.workshop
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.tsv'))) {
    const section = file.replace('.tsv', '')
    const cases = readTable(new URL(file, folder))
    it(`${section} are the executor's`, async () => {
      const defines = cases.flatMap(({ expression }, index) => [
        `define "${index}": ${expression}`,
        `define "${index} asked": exists (({ 1, 2 }) X where ("${index}") is not null return X)`,
      ])
      const text = `library Cases version '1.0.0'\n${header}${defines.join('\n')}\n`
      const library = await expressions.libraries.compile(cqlLibrary(text))
      let compiled = 0
      for (const [index, { expression }] of cases.entries())
        for (const name of [`${index}`, `${index} asked`]) {
          const call: RunCall = { clock: index % 2 === 0 ? clock : '2026-03-29T23:30:00+05:30' }
          const both = await recordBothWays(library, name, { call, environment: expressions.run })
          assert.equal(both.compiled, both.executed, expression)
          if (both.isCompiled) compiled++
        }
      const wanted = cases.length * 2 * (least[section] ?? 1)
      assert.ok(compiled >= wanted, `${compiled} of ${cases.length * 2} are compiled`)
    })
  }
})

interface Setting {
  library: string[]
  common: string[]
  valueSets: Record<string, string[]>
  data: Bundle
}

describe('a recording', () => {
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
  const setting: Setting = read('setting.json')
  const sections = ['comparison', 'logic', 'lists', 'texts']
  const cases: { cql: string }[] = sections.flatMap((each) => read(`cases/${each}.json`))
  const numbers = (count: number) => `({ ${Array.from({ length: count }, (_, at) => at).join(', ')} })`
  /** What runs, and whether its compiled form records it. */
  const own: Record<string, { cql: string; isCompiled: boolean }> = {
    'Same Define At Once': { cql: 'Count({ "Enough", "Enough" }) = 2', isCompiled: false },
    'Same Define After': { cql: '"Enough" is not null and Count({ "Enough", "Enough" }) = 2', isCompiled: true },
    'Both Sources': {
      cql: 'exists (from "Vaccinations" A, "Vaccinations" B where A.id.value < B.id.value)',
      isCompiled: false,
    },
    'Rows Of Two': {
      cql: `exists (from ${numbers(4)} A, ${numbers(3)} B let Sum: A + B where Sum > 4 and A < B)`,
      isCompiled: true,
    },
    'With And Without': {
      cql: `exists (${numbers(5)} A with ${numbers(3)} B such that A = B + 2 without ${numbers(2)} D such that D = A)`,
      isCompiled: true,
    },
    'Of A Moment': { cql: 'DateTime("Least Doses" + 2000, Twice(3), 1) < Now()', isCompiled: true },
    Called: { cql: 'Twice(Twice("Least Doses")) = Twice(4) and Twice(1) = 2', isCompiled: true },
    Summed: {
      cql: `(${numbers(6)} A let B: A * 2 aggregate S starting 1: S + B + "Least Doses") = 43`,
      isCompiled: true,
    },
    'Within A Row': {
      cql: `exists (${numbers(3)} A where exists (${numbers(3)} B where B > A and "Least Doses" > A))`,
      isCompiled: true,
    },
    Fails: { cql: '(singleton from { 1, 2 }) = 1', isCompiled: false },
    'Too Long': { cql: `exists (from ${numbers(100)} A, ${numbers(100)} B where A + B > 1000)`, isCompiled: false },
  }
  const text = [
    ...setting.library,
    'define function Twice(n Integer): n * 2',
    ...cases.map(({ cql }, at) => `define "Case ${at + 1}":\n  ${cql}`),
    ...Object.entries(own).map(([name, { cql }]) => `define "${name}": ${cql}`),
  ]
  const libraries: Library[] = [cqlLibrary(text.join('\n')), cqlLibrary(setting.common.join('\n'))]
  const rules = testRules(testEnvironment(libraries, setting.valueSets))
  after(() => rules.close())
  const { expressions } = rules.workshop
  const compile = () => expressions.libraries.compile('http://example.org/Library/Explained')
  const environment = expressions.run
  const call: RunCall = { data: setting.data, clock }

  it('of every case that is explained is the same, with data and without', async () => {
    const library = await compile()
    assert.deepEqual(library.issues.filter(isError), [])
    let compiled = 0
    for (const each of [call, { clock }])
      for (const at of cases.keys()) {
        const both = await recordBothWays(library, `Case ${at + 1}`, { call: each, environment })
        assert.ok(both.executed !== undefined)
        assert.equal(both.compiled, both.executed, cases[at]?.cql)
        if (both.isCompiled) compiled++
      }
    assert.ok(compiled > cases.length, `${compiled} of ${cases.length * 2}`)
  })
  for (const [name, { cql, isCompiled }] of Object.entries(own))
    it(`${isCompiled ? 'through the compiled form' : 'left to the executor'} is the same: ${cql.slice(0, 80)}`, async () => {
      const both = await recordBothWays(await compile(), name, { call, environment })
      assert.equal(both.compiled, both.executed)
      assert.equal(both.isCompiled, isCompiled)
    })
  it('is one of its own, whatever else is recorded meanwhile', async () => {
    const library = await compile()
    const names = ['With And Without', 'Called', 'Case 1', 'Within A Row', 'Same Define At Once', 'Case 9']
    const alone = new Map<string, unknown>()
    for (const name of names) alone.set(name, await recordBothWays(library, name, { call, environment }))
    await Promise.all(
      [...names, ...names.toReversed(), ...names].map(async (name) =>
        assert.deepEqual(await recordBothWays(library, name, { call, environment }), alone.get(name), name),
      ),
    )
  })
})
