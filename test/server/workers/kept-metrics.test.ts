/** Counts of workers that are no more. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { mergedText } from '../../../src/http/metrics/merge-metrics.ts'
import { createKeptMetrics } from '../../../src/server/workers/kept-metrics.ts'

const numbers = () => {
  const registry = new Registry()
  new Counter({ name: 'requests_total', help: 'Requests', registers: [registry] }).inc(1)
  return registry.getMetricsAsJSON()
}

it('what workers counted goes on to count, however many end at once', async () => {
  const kept = createKeptMetrics()
  for (let id = 0; id < 40; id++) kept.tell(id, await numbers())
  for (let id = 0; id < 40; id++) kept.gone(id)
  for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next))
  for (let id = 40; id < 60; id++) {
    kept.tell(id, await numbers())
    kept.gone(id)
    kept.gone(id)
  }
  for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next))
  assert.match(await mergedText(kept.all()), /^requests_total 60$/m)
  assert.ok(kept.all().length < 32)
})

it('what cannot be put together is kept', async () => {
  const kept = createKeptMetrics()
  const other = [{ name: 'requests_total', type: 'counter', help: 'x', values: 'none', aggregator: 'odd' }]
  for (let id = 0; id < 20; id++) {
    kept.tell(id, other)
    kept.gone(id)
  }
  for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next))
  assert.equal(kept.all().length, 20)
})
