/** Nothing of an evaluation stays; `npm run soak -- memory` looks after 100,000. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryOfEvaluations, slopeOf } from '../support/evaluation-memory.ts'

describe('memory', () => {
  it('does not grow by what was evaluated', async () => {
    const { samples } = await memoryOfEvaluations(600, 150)
    const [, early, , late] = samples.map(({ megabytes }) => megabytes)
    // A verdict that were kept, some 50 kB, would be 15 MB in between.
    assert.ok((late ?? Number.NaN) - (early ?? Number.NaN) < 8, JSON.stringify(samples))
  })
  it('that grows is seen', () => {
    const growing = [1, 2, 3, 4].map((at) => ({ evaluations: at * 1000, megabytes: 100 + at / 5 }))
    assert.ok(Math.abs(slopeOf(growing) * 10_000 - 2) < 1e-9)
  })
})
