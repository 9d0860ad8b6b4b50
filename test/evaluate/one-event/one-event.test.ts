/** One event, all formats: the same core data set, but for what a format cannot carry (differences.json, docs/formats.md). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type Cell, type Differences, withTables } from '../../../scripts/content/format-tables.ts'
import { elementsOf, expected } from './elements.ts'
import { issued } from './issue.ts'

const differences: Differences = JSON.parse(readFileSync(new URL('differences.json', import.meta.url), 'utf8'))

/** What became of an element, with the remark that the data have for exactly this value. */
function cellOf(found: string | undefined, wanted: string | undefined, known: Cell | undefined): Cell {
  if (found === undefined) return false
  if (found === wanted) return true
  const isKnown = typeof known === 'object' && known.is === found
  return { is: found, remark: isKnown ? known.remark : 'not told why' }
}

for (const [kind, formats] of Object.entries(issued))
  describe(`one ${kind}`, () => {
    for (const [format, issue] of Object.entries(formats))
      it(`as ${format}`, async () => {
        const { status, mapped } = await issue()
        assert.equal(status, 'VERIFIED')
        assert.deepEqual(mapped.obstacles, [])
        const [data, ...more] = mapped.coreDataSets
        assert.ok(data && more.length === 0)
        const found = elementsOf(data)
        const wanted = expected[kind] ?? {}
        assert.deepEqual(
          Object.keys(found).filter((element) => !Object.hasOwn(wanted, element)),
          [],
          'elements that the description does not know',
        )
        const known = differences[kind]?.[format] ?? {}
        const cells = Object.keys(wanted).map((element): [string, Cell] => [
          element,
          cellOf(found[element], wanted[element], known[element]),
        ])
        assert.deepEqual(Object.fromEntries(cells), known)
      })
  })

describe('the table of differences', () => {
  it('has a row for every format, and no other', () => {
    const names = (table: Record<string, object>) =>
      Object.entries(table).map(([kind, formats]) => [kind, ...Object.keys(formats)])
    assert.deepEqual(names(differences), names(issued))
  })

  it('stands in docs/formats.md as it is: node scripts/format-tables.ts', () => {
    const page = readFileSync(new URL('../../../docs/formats.md', import.meta.url), 'utf8')
    assert.equal(page, withTables(page, differences))
  })
})
