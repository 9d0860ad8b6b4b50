/** In which order SQLite joins: found by its plan, for a product of two tables ends no test and holds a server for minutes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFilter } from '../../../src/fhir/search/filter.ts'
import { parseSearch } from '../../../src/fhir/search/parse-search.ts'
import { openDatabase } from '../../../src/storage/sqlite/database.ts'
import { conditionsSql } from '../../../src/storage/sqlite/search.ts'
import type { SearchCondition } from '../../../src/storage/storage.ts'

const read = (type: string, name: string, value: string) => parseSearch(type, [[name, value]]).conditions

const cases: [type: string, name: string, conditions: SearchCondition[]][] = [
  ['Provenance', 'a chain', read('Provenance', 'target:ValueSet.name', 'x')],
  ['Provenance', 'a chain by a filter', [parseFilter('Provenance', 'target.name co "x"')]],
  ['Library', 'a chain by canonicals', read('Library', 'depends-on:Library.depends-on:Library.name', 'x')],
  ['ValueSet', 'a reverse chain', read('ValueSet', '_has:Provenance:target:recorded', 'gt2020')],
  [
    'ValueSet',
    'two reverse chains',
    read('ValueSet', '_has:Library:depends-on:_has:Provenance:target:recorded', 'gt2020'),
  ],
]

for (const [type, name, conditions] of cases)
  test(`${name}: what is joined is walked once, the rest is found by keys`, () => {
    const database = openDatabase(':memory:')
    const { text, values } = conditionsSql({ type, conditions }, { parameterNumber: () => 1, now: 0, snapshot: 1 })
    const plan = database.all(
      `EXPLAIN QUERY PLAN SELECT s.seq FROM searchable s WHERE s.type = 'x' AND ${text}`,
      ...values,
    )
    const details = plan.map(({ detail }) => String(detail))
    assert.ok(
      details.some((each) => each.startsWith('SCAN joined')),
      details.join('\n'),
    )
    for (const each of details) assert.doesNotMatch(each, /^SCAN (?!joined$|n$)/, details.join('\n'))
    database.close()
  })
