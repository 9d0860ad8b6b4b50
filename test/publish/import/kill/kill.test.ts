/** One moment; \`npm run soak -- imports\` has many. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killImports } from './run.ts'

test('an import that is killed leaves nothing that counts, the old release answers, and the next import does the whole', async () => {
  const { faults, killed } = await killImports([{ at: 'unpacking' }])
  assert.deepEqual(faults, [])
  assert.equal(killed, 1)
})
