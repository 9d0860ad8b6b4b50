import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { runMutations } from '../support/mutations.ts'

test('changed credentials of every format end in a verdict, and none is verified that says something else', async (t) => {
  const mutants = 1500
  const { faults, statuses, mutants: made } = await runMutations({ mutants, seed: 20_261_129 })
  assert.deepEqual(faults.slice(0, 5), [])
  assert.equal(made, mutants * credentialFormats.length)
  t.diagnostic([...statuses].map(([status, count]) => `${status} ${count}`).join(', '))
  // Changes reach what lies behind every layer, and some change nothing.
  const reached = [...statuses.keys()]
  for (const status of ['VERIFIED', 'INVALID_ENCODING', 'INVALID_COMPRESSION', 'INVALID_SIGNING_FORMAT'] as const)
    assert.ok(reached.includes(status), status)
  for (const status of ['UNSUPPORTED_CONTENT', 'ISSUER_NOT_TRUSTED', 'INVALID_SIGNATURE'] as const)
    assert.ok(reached.includes(status), status)
})
