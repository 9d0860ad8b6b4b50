import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killHistories } from './kill/run.ts'

test('kill -9 while lists are kept: what counted is told, or nothing is', async () => {
  const { counted, told, faults } = await killHistories({ rounds: 6, seed: 7 })
  assert.deepEqual(faults, [])
  assert.ok(counted >= 6)
  assert.ok(told > 0)
})
