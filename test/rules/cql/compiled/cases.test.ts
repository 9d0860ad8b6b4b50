/** Every case of CQL 1.5 (../cases), compiled, as generated code and by the executor: the same value, evidence and failure. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'
import { readTable } from '../../read-table.ts'
import { header, valueSets } from '../cases-library.ts'
import { type Counted, onlyDefine, runOneWay, type Way } from './both-ways.ts'

const folder = new URL('../cases/', import.meta.url)

/** Share of the cases of a section that the compiled form answers itself: one that it leaves to the executor shows nothing. */
const least: Record<string, number> = {
  aggregate: 0.4,
  arithmetic: 0.4,
  clinical: 0.7,
  comparison: 0.9,
  datetime: 0.5,
  interval: 0.5,
  list: 0.75,
  logical: 1,
  nullological: 1,
  query: 0.9,
  string: 0.75,
  types: 0.6,
}

const rules = testRules(testEnvironment([], valueSets))
after(() => rules.close())
const { expressions } = rules.workshop

describe('CQL 1.5, compiled', () => {
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.tsv'))) {
    const section = file.replace('.tsv', '')
    const cases = readTable(new URL(file, folder))
    it(`${section} is as the executor has it`, async () => {
      const defines = cases.map(({ expression }, index) => `define "${index}": ${expression}`)
      const text = `library Cases version '1.0.0'\n${header}${defines.join('\n')}\n`
      const library = await expressions.libraries.compile(cqlLibrary(text))
      let answered = 0
      for (const [index, { expression }] of cases.entries()) {
        const one = onlyDefine(library, String(index))
        const counted: Counted = { asked: 0, answered: 0 }
        for (const clock of ['2026-01-01T00:00:00Z', '2026-03-29T23:30:00+05:30']) {
          const call = { expressions: [String(index)], clock }
          // One whose text has an error is refused, either way.
          const environment = expressions.run
          const ways: Way[] = [
            { environment },
            { environment, counted },
            { environment, counted: { asked: 0, answered: 0 }, isGenerated: true },
          ]
          const [executed, compiled, generated] = await Promise.all(
            ways.map((way) => runOneWay(one, call, way).catch(String)),
          )
          assert.deepEqual(compiled, executed, expression)
          assert.deepEqual(generated, executed, expression)
        }
        if (counted.answered > 0) answered++
      }
      assert.ok(answered >= cases.length * (least[section] ?? 1), `${answered} of ${cases.length} are compiled`)
    })
  }
})
