/** A filter that stands in for a revocation list: who passes it may be revoked, and is not accepted for that. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import type { RevocationLists } from '../../../src/trust/revocation/revocation-lists.ts'
import { issueSample, testIssuer } from '../../support/issuer.ts'

const issuer = testIssuer()

async function verdict(passes: boolean) {
  const revocations: RevocationLists = {
    hashes: () => ({
      types: ['UCI'],
      countries: ['XA'],
      faults: [],
      told: [],
      names: () => false,
      mayName: () => passes,
    }),
    cards: () => undefined,
  }
  return verifyCredential([issueSample('dcc-v', issuer)], {
    formats: credentialFormats,
    keys: anchorKeySource([issuer.anchor]),
    clock: new Date('2022-06-01T00:00:00Z'),
    revocations,
  })
}

it('what passes the filter is verified with a warning, and can be accepted by nobody', async () => {
  const { status, checks, obstacles } = await verdict(true)
  assert.equal(status, 'VERIFIED')
  assert.equal(checks.find(({ name }) => name === 'revocation')?.outcome, 'warn')
  assert.match(obstacles[0]?.details?.text ?? '', /may be on the revocation list/)
})

it('what does not pass is on no list', async () => {
  const { checks, obstacles } = await verdict(false)
  assert.equal(checks.find(({ name }) => name === 'revocation')?.outcome, 'pass')
  assert.deepEqual(obstacles, [])
})
