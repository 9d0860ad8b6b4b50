import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import type { Bundle, Library } from '../../../src/fhir/types.ts'
import type { Explanation } from '../../../src/rules/explain/explanation.ts'
import type { RuleResult } from '../../../src/rules/rules.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'

interface Setting {
  /** Lines of the library in which each case is a define more, and of one that it includes. */
  library: string[]
  common: string[]
  valueSets: Record<string, string[]>
  data: Bundle
  /** Its author's texts, for the cases about them. */
  texts: Partial<Library>
}

interface Case {
  cql: string
  language?: string
  result: boolean | null
  /** Sentences, each level indented by two. */
  because: string[]
}

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const setting: Setting = read('setting.json')

const linesOf = ({ text, parts }: Explanation, level = 0): string[] => [
  `${'  '.repeat(level)}${text}`,
  ...parts.flatMap((each) => linesOf(each, level + 1)),
]

for (const section of ['comparison', 'logic', 'lists', 'texts'])
  describe(`explanations: ${section}`, () => {
    const cases: Case[] = read(`cases/${section}.json`)
    const text = [...setting.library, ...cases.map(({ cql }, at) => `define "Case ${at + 1}":\n  ${cql}`)].join('\n')
    const library = cqlLibrary(text, section === 'texts' ? setting.texts : {})
    const rules = testRules(testEnvironment([library, cqlLibrary(setting.common.join('\n'))], setting.valueSets))
    after(() => rules.close())
    for (const [at, { cql, language, result, because }] of cases.entries())
      it(`${language === undefined ? '' : `${language}: `}${cql}`, async () => {
        const source = { library: 'http://example.org/Library/Explained', expressions: [`Case ${at + 1}`] }
        const call = { data: setting.data, clock: '2026-06-01T12:00:00Z', explainAll: true }
        const [rule] = await rules.evaluateRules(source, { ...call, ...(language ? { language } : {}) })
        assert.deepEqual(rule?.issue, undefined)
        assert.equal(rule?.result, result)
        assert.ok(rule?.explanation)
        assert.deepEqual(linesOf(rule.explanation), because)
        assert.equal(rule.explanation.value, result)
      })
  })

const numbers = (count: number) => `({ ${Array.from({ length: count }, (_, at) => at).join(', ')} })`

/** Defines of the library that the rest is asked of. */
const bodies: Record<string, string> = {
  Placed: 'C."Is Woman" and exists ("Vaccinations" V\n    where V.lotNumber = \'L3\')',
  Passing: 'true',
  Failing: 'false',
  Wide: Array.from({ length: 40 }, (_, at) => `"Least Doses" = ${at + 100}`).join(' or '),
  Long: `exists (${numbers(300)} N where N > 300)`,
  Dear: `exists (from ${numbers(100)} A, ${numbers(100)} B where A + B > 1000)`,
}

describe('explanations', () => {
  const text = [...setting.library, ...Object.entries(bodies).map(([name, cql]) => `define ${name}:\n  ${cql}`)]
  const libraries = [cqlLibrary(text.join('\n')), cqlLibrary(setting.common.join('\n'))]
  const rules = testRules(testEnvironment(libraries, setting.valueSets))
  after(() => rules.close())
  const run = async (name: string, explainAll = false): Promise<RuleResult> => {
    const source = { library: 'http://example.org/Library/Explained', expressions: [name] }
    const [rule] = await rules.evaluateRules(source, { data: setting.data, clock: '2026-06-01T12:00:00Z', explainAll })
    assert.ok(rule)
    return rule
  }
  const first = setting.library.length + 2

  it('name the place of each sentence as its author counts', async () => {
    const { explanation } = await run('Placed')
    assert.deepEqual(explanation?.place, { library: 'Explained', line: first, column: 3 })
    const [woman, , second] = explanation?.parts ?? []
    assert.deepEqual(woman?.place, { library: 'Explained', line: first, column: 3 })
    assert.deepEqual(woman?.parts[0]?.place, { library: 'Common', line: 5, column: 20 })
    assert.deepEqual(second?.place, { library: 'Explained', line: first + 1, column: 5 })
  })
  it('are made of what is true only when they are asked for', async () => {
    assert.equal((await run('Passing')).explanation, undefined)
    assert.ok((await run('Passing', true)).explanation)
    assert.ok((await run('Failing')).explanation)
  })
  it('are bounded, however much was looked at', async () => {
    const { explanation } = await run('Wide')
    assert.equal(explanation?.parts.length, 9)
    assert.equal(explanation?.parts[8]?.text, 'and 32 more')
    const long = (await run('Long')).explanation
    assert.ok(long)
    assert.equal(long.parts[5]?.text, 'and 295 more')
    assert.ok(JSON.stringify(long).length < 5000, JSON.stringify(long))
  })
  it('are left out where the define takes too many steps, and its result stands', async () => {
    const rule = await run('Dear')
    assert.deepEqual([rule.result, rule.explanation, rule.issue], [false, undefined, undefined])
  })
})
