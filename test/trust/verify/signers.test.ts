/** Keys of the network that sign artefacts: upload keys that a list has, and no others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeyIndex, type IndexRules } from '../../../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { artefactSigners, objectionTo } from '../../../src/trust/verify/signers.ts'
import { country } from '../../support/directory.ts'

const a = country('XA', 'XXA')
const upload = a.key(a.under(), { usage: 'UP', domain: '', lists: ['tng'] })
const signer = a.key(a.under())
const delisted = a.under()
const at = new Date('2022-06-01T12:00:00Z')

/** The first of key, chain and revocation that fails for a key id, `good`, or `unknown`. */
function outcome(
  key: Pick<TrustedKey, 'keyId' | 'certificate'>,
  more: { keys?: TrustedKey[]; rules?: IndexRules; certificates?: (typeof delisted)[]; at?: Date } = {},
): string {
  const { keys = [a.scaKey, upload, signer], rules = {}, certificates = [] } = more
  const index = createKeyIndex([keys], rules)
  const [found] = artefactSigners({ keyId: key.keyId, certificates, at: more.at ?? at }, index)
  if (!found) return 'unknown'
  const failed = (['known', 'chain', 'revocation'] as const).find(
    (name) => typeof found[name] === 'object' && 'fail' in found[name],
  )
  return failed ?? 'good'
}
describe('a key that signs artefacts', () => {
  it('is an upload key that a list has', () => {
    assert.equal(outcome(upload), 'good')
    assert.equal(outcome(upload, { certificates: upload.certificate ? [upload.certificate] : [] }), 'good')
  })
  it('is no document signer, listed or not, and no authority', () => {
    assert.equal(outcome(signer), 'chain')
    assert.equal(outcome({ keyId: 'none' }, { certificates: [delisted, a.sca] }), 'unknown')
    assert.equal(outcome(a.scaKey), 'chain')
    assert.equal(outcome({ ...signer }, { keys: [a.scaKey, { ...signer, usage: '' }] }), 'chain')
  })
  it('is none whose certificate is another, whose time is over, or that is withdrawn', () => {
    assert.equal(outcome(upload, { certificates: [delisted] }), 'chain')
    assert.equal(outcome(upload, { at: new Date('2060-01-01T00:00:00Z') }), 'chain')
    assert.equal(outcome(upload, { keys: [a.scaKey, { ...upload, status: 'revoked' }] }), 'revocation')
    assert.equal(outcome(upload, { keys: [{ ...a.scaKey, status: 'revoked' }, upload] }), 'revocation')
    assert.equal(outcome(upload, { rules: { unavailable: 'a list cannot be read' } }), 'known')
    assert.equal(outcome(upload, { keys: [a.scaKey, { ...upload, participant: '' }] }), 'known')
  })
  it('is none that a list speaks against, wherever it is vouched for', () => {
    const index = createKeyIndex([[a.scaKey, { ...signer, status: 'revoked' }]])
    assert.match(objectionTo(signer.publicKey, undefined, index) ?? '', /revoked/)
    assert.equal(objectionTo(upload.publicKey, undefined, index), undefined)
  })
})
