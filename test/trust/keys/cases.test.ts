import assert from 'node:assert/strict'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { participantCode, sameParticipant } from '../../../src/base/participant-codes.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource, readJwk } from '../../../src/trust/keys/anchors.ts'
import { issueSample, testIssuer } from '../../support/issuer.ts'
import { walkSections } from '../../support/sections.ts'

walkSections<{ text: string; code: string | null }>('participants.json', import.meta.url, ({ text, code }) => {
  assert.equal(participantCode(text) ?? null, code)
})

walkSections<{ a: string; b: string; same: boolean }>('same-participant.json', import.meta.url, ({ a, b, same }) => {
  assert.equal(sameParticipant(a, b), same)
  assert.equal(sameParticipant(b, a), same)
})

interface JwkCase {
  /** Members beside the public key. */
  jwk: JsonObject
  /** Of the signature; default ES256. */
  algorithm?: 'ES256' | 'EdDSA'
  /** False when something of the key is not understood, so that it is refused. */
  usable: boolean
  /** Of a certificate that it signed. */
  status?: string
  /** Outcome of the check `key-usage`. */
  usageOutcome?: string
}

const clock = new Date('2022-06-01T00:00:00Z')
const issuers = { ES256: testIssuer(), EdDSA: testIssuer({ algorithm: 'EdDSA' }) }

walkSections<JwkCase>(
  'jwk.json',
  import.meta.url,
  async ({ jwk: members, algorithm = 'ES256', usable, ...expected }) => {
    const issuer = issuers[algorithm]
    const jwk = { ...issuer.dsc.publicKey.export({ format: 'jwk' }), kid: issuer.keyId.toString('base64'), ...members }
    const bytes = Buffer.from(JSON.stringify(jwk))
    const { key, problem } = readJwk(JSON.parse(bytes.toString()))
    assert.ok(key, 'its public key can be read')
    assert.equal(problem === undefined, usable, problem)
    if (!usable) return assert.throws(() => anchorKeySource([bytes]), /trustAnchor 1/)
    const keys = anchorKeySource([bytes])
    const verdict = await verifyCredential([issueSample('dcc-v', issuer)], { formats: credentialFormats, keys, clock })
    assert.equal(verdict.status, expected.status ?? 'VERIFIED', JSON.stringify(verdict.checks))
    const usage = verdict.checks.find(({ name }) => name === 'key-usage')
    if (expected.usageOutcome !== undefined) assert.equal(usage?.outcome, expected.usageOutcome, usage?.detail)
  },
)
