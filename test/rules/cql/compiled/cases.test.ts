/** Every case of CQL 1.5 (../cases), compiled and by the executor: the same value, evidence and failure. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { programOf } from '../../../../src/rules/cql/compiled/program.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'
import { readTable } from '../../read-table.ts'
import { type Counted, onlyDefine, runOneWay } from './both-ways.ts'

const folder = new URL('../cases/', import.meta.url)

const header = `codesystem "S": 'http://example.org/s'
codesystem "T": 'http://example.org/t'
valueset "One": 'http://example.org/one'
valueset "Two": 'http://example.org/two'
valueset "Unknown": 'http://example.org/unknown'
`

const valueSets = {
  'http://example.org/one': ['http://example.org/s|1', 'http://example.org/s|2'],
  'http://example.org/two': ['http://example.org/s|1', 'http://example.org/t|1'],
}

const rules = testRules(testEnvironment([], valueSets))
after(() => rules.close())

/** Sections, and how many of their cases at least the compiled form answers itself: a case that it leaves to the executor shows nothing. */
const { expressions } = rules.workshop

describe('CQL 1.5, compiled', () => {
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.tsv'))) {
    const cases = readTable(new URL(file, folder))
    it(`${file.replace('.tsv', '')} is as the executor has it`, async () => {
      const defines = cases.map(({ expression }, index) => `define "${index}": ${expression}`)
      const library = await expressions.libraries.compile(
        cqlLibrary(`library Cases version '1.0.0'\n${header}${defines.join('\n')}\n`),
      )
      const why: Record<string, number> = {}
      const counted: Counted = { asked: 0, answered: 0 }
      for (const [index, { expression }] of cases.entries()) {
        const one = onlyDefine(library, String(index))
        const p = programOf(one)
        if (typeof p === 'string') why[p] = (why[p] ?? 0) + 1
        const before = counted.answered
        for (const clock of ['2026-01-01T00:00:00Z', '2026-03-29T23:30:00+05:30']) {
          const call = { expressions: [String(index)], clock }
          const [executed, compiled] = await Promise.all(
            [undefined, counted].map((each) =>
              runOneWay(one, call, { environment: expressions.run, counted: each }).catch(String),
            ),
          )
          assert.deepEqual(compiled, executed, expression)
        }
        if (typeof p !== 'string' && counted.answered === before)
          console.log(
            '   left',
            expression,
            JSON.stringify(
              await runOneWay(
                one,
                { expressions: [String(index)], clock: '2026-01-01T00:00:00Z' },
                { environment: expressions.run },
              ),
            ).slice(0, 150),
          )
      }
      console.log(file, cases.length, counted, why)
    })
  }
})
