import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killServers } from './over-http.ts'

const rounds = 4

test(`kill -9 of a server in ${rounds} signed publications: artefacts, Provenance and AuditEvents, or nothing`, async () => {
  const { acknowledged, faults } = await killServers({ rounds, seed: 1 })
  assert.deepEqual(faults, [])
  assert.ok(acknowledged > 0)
})
