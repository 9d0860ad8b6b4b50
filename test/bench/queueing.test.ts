/** The simulation against what queueing theory says exactly. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type QueueModel, serversFor, simulate } from '../../bench/support/queueing.ts'

const model: QueueModel = {
  servers: 1,
  serviceMilliseconds: 1,
  spread: 1,
  handingMilliseconds: 0,
  load: { kind: 'closed', connections: 10 },
  requests: 100_000,
  seed: 7,
}
const near = (actual: number, wanted: number, part: number) =>
  assert.ok(Math.abs(actual / wanted - 1) < part, `${actual} is not ${wanted}`)

describe('the simulation', () => {
  it('gives the same for the same seed, and another for another', () => {
    assert.deepEqual(simulate(model), simulate(model))
    assert.notDeepEqual(simulate(model), simulate({ ...model, seed: 8 }))
  })
  it('answers at a closed load as fast as its servers compute', () => {
    near(simulate(model).perSecond, 1000, 0.02)
    near(simulate({ ...model, servers: 2 }).perSecond, 2000, 0.02)
    near(simulate({ ...model, servers: 4, handingMilliseconds: 0.5 }).perSecond, 2000, 0.02)
  })
  it('waits as M/M/1 does: the median of its answers is ln 2 ÷ (1 − load) service times', () => {
    const { p50, p99, busy } = simulate({ ...model, load: { kind: 'open', perSecond: 600 } })
    near(p50, Math.LN2 / 0.4, 0.05)
    near(p99, Math.log(100) / 0.4, 0.08)
    near(busy, 0.6, 0.03)
  })
  it('needs more servers for more, and for a lower load of each', () => {
    assert.deepEqual([serversFor(4630, 1, 0.6), serversFor(4630, 2, 0.6), serversFor(100, 1, 0.6)], [8, 16, 1])
  })
})
