import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { toJson } from '../../../src/rules/cql/run/to-json.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'
import { readTable } from '../read-table.ts'
import { header, valueSets } from './cases-library.ts'

/**
 * What CQL 1.5 says, section by section: `cases/<section>.tsv` has a sentence, an expression and the answer as JSON, or `error`. The
 * expressions of a section are defines of one library, which is translated once; each is evaluated for itself.
 */
const folder = new URL('cases/', import.meta.url)

const rules = testRules(testEnvironment([], valueSets))
after(() => rules.close())

for (const file of readdirSync(folder).filter((each) => each.endsWith('.tsv'))) {
  const section = file.replace('.tsv', '')
  const cases = readTable(new URL(file, folder))
  describe(`CQL 1.5: ${section}`, () => {
    const defines = cases.map(({ expression }, index) => `define "${index}": ${expression}`)
    const library = cqlLibrary(`library Cases version '1.0.0'\n${header}${defines.join('\n')}\n`)
    const answerOf = async (define: string): Promise<unknown> => {
      const call = { library, expressions: [define], clock: '2026-01-01T00:00:00Z' }
      const [result] = (await rules.evaluateLibrary(call)).results
      return result?.issue ? 'error' : toJson(result?.value)
    }
    before(() => answerOf('0'))
    for (const [index, { sentence = '', expression, answer = '' }] of cases.entries())
      it(sentence, async () => {
        const expected: unknown = answer === 'error' ? 'error' : JSON.parse(answer)
        assert.deepEqual(await answerOf(String(index)), expected, expression)
      })
  })
}
