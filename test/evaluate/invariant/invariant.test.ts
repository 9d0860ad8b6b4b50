import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kinds } from '../../support/generator/documents.ts'
import { reportLines, runCases } from './run-cases.ts'

/** Most lines of a failure that are shown; `npm run soak` shows all. */
const shownLines = 80

/** A seed that is not the fixed one: `npm run soak -- properties` gives another each time. */
const givenSeed = Number(process.env.TEST_SEED ?? 29)

test('keys that a list withdraws, or that a required list lacks, count nowhere', async (t) => {
  const report = await runCases({ cases: 0, seed: 0, worlds: ['withdrawn'] })
  const lines = reportLines(report, 0)
  for (const line of lines.slice(0, 5)) t.diagnostic(line)
  assert.equal(report.findings.length, 0, lines.slice(0, shownLines).join('\n'))
  assert.equal(report.figures.decision.get('accepted'), 6) // two good standings, three kinds
})

describe('what is accepted, an independent judge would accept', { timeout: 900_000 }, () => {
  for (const run of [
    { name: 'every twist and every standing of a key, once', cases: 0, seed: 0 },
    { name: 'credentials of a fixed seed', cases: 600, seed: 20_261_129 },
    { name: 'credentials of a seed that may be given', cases: 600, seed: givenSeed },
  ]) {
    test(run.name, async (t) => {
      const report = await runCases(run)
      const lines = reportLines(report, run.seed)
      for (const line of lines.slice(0, 5)) t.diagnostic(line)
      // Refusing everything would be no answer: good credentials of every kind are accepted.
      const neverAccepted = kinds.filter((kind) => !report.figures.accepted.has(kind))
      assert.deepEqual(neverAccepted, [])
      assert.equal(report.findings.length, 0, lines.slice(0, shownLines).join('\n'))
    })
  }
})
