import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchAfterEvaluations } from './support/privacy/run.ts'
import { createSecrets, traceLines } from './support/privacy/traces.ts'

test('a secret is found as it is, in other letters and inside base64, and nothing else is', () => {
  const secrets = createSecrets()
  secrets.add('name', 'Mustermannova')
  const kinds = (text: string) => secrets.search('place', Buffer.from(text)).map(({ kind }) => kind)
  assert.deepEqual(kinds('a Mustermannova b'), ['name'])
  assert.deepEqual(kinds('aMUSTERMANNOVAb'), ['name'])
  for (const before of ['', 'x', 'xy'])
    assert.deepEqual(kinds(Buffer.from(`${before}Mustermannova, Erika`).toString('base64')), ['name in base64'])
  assert.deepEqual(kinds('Mustermann'), [])
})

test('nothing of a person is left after evaluations of all kinds', { timeout: 600_000 }, async (t) => {
  const report = await searchAfterEvaluations({ evaluations: 120, seed: 7 })
  const { evaluations, requests, patterns, statuses, traces, control } = report
  t.diagnostic(
    `${evaluations} evaluations, ${requests} requests, ${patterns} patterns, replies ${[...statuses].join(' ')}`,
  )
  // The search must have had something to find.
  for (const status of ['200', '400', '404']) assert.ok(statuses.has(status), `no reply with ${status}`)
  assert.ok(control.some(({ place }) => place.startsWith('data/')))
  assert.deepEqual(traceLines(traces), [])
})
