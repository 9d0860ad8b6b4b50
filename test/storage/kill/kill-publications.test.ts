import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killPublications } from './run.ts'

const rounds = 10

test(`kill -9 in ${rounds} publications: each is there with its Provenance and AuditEvent, or not at all`, async () => {
  const { acknowledged, faults } = await killPublications({ rounds, seed: 1 })
  assert.deepEqual(faults, [])
  assert.ok(acknowledged > 0)
})
