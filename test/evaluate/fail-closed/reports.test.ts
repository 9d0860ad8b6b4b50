/** Situations of public reports, rebuilt in corpora/reports; run where the corpora are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import type { Library } from '../../../src/fhir/types.ts'
import { corpora, readCorpus, testEnvironment, testRules } from '../../rules/environment.ts'
import { overShared } from '../../support/shared.ts'
import { openVerdicts } from '../../support/verdicts.ts'

overShared.describe('reports', () => {
  it('a define that gives null is listed, and the verdict undetermined', async () => {
    const { ask, store } = await openVerdicts()
    const read = (name: string) => JSON.parse(readFileSync(new URL(`reports/evaluate/${name}`, corpora), 'utf8'))
    await store(read('Library-NullA.json') as Library)
    const { decision, rules } = await ask(read('null-rule-dob-empty.json'))
    assert.equal(decision, 'undetermined')
    assert.deepEqual(
      rules.map((each) => [each.expression, each.result]),
      [
        ['Good', true],
        ['Adult', null],
      ],
    )
    assert.equal(rules[1]?.message, 'not determined: birthDate of Patient is missing')
  })

  it('CQL expressions answer as the standard has it', async () => {
    const rules = testRules(testEnvironment())
    const clock = '2026-01-01T00:00:00Z'
    const answer = async (expression: string) => {
      const { parameters, issue } = await rules.evaluateCql({ expression, clock })
      if (issue) return 'error'
      return parameters.map((each) => ('_valueBoolean' in each ? 'null' : JSON.stringify(each))).join(' ')
    }
    const lines = readCorpus('reports/cql/expressions.tsv').trim().split('\n').slice(1)
    assert.ok(lines.length >= 26)
    for (const line of lines) {
      const [expression = '', right = ''] = line.split('\t')
      const found = await answer(expression)
      const wanted = /^(?:null|true|false)$/.test(right) ? right : undefined
      if (wanted === 'null') assert.equal(found, 'null', expression)
      else if (wanted) assert.match(found, new RegExp(`"valueBoolean":${wanted}`), expression)
      else if (right.startsWith('error')) assert.ok(['error', 'null'].includes(found), `${expression}: ${found}`)
      else assert.notEqual(found, 'error', expression)
    }
    await rules.close()
  })
})
