/** Whose word counts for what a participant publishes. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Signers } from '../../src/gateway/mirror/open-signed.ts'
import { signersOf } from '../../src/server/mirror.ts'
import { createKeyIndex, type IndexRules } from '../../src/trust/keys/key-index.ts'
import { PASSPORT_DOMAIN, type TrustedKey } from '../../src/trust/keys/trusted-key.ts'
import { country } from '../support/directory.ts'

const a = country('XA', 'XXA')
const upload = a.key(a.under(), { usage: 'UP', domain: '' })

function authoritiesAndUploads(keys = [a.scaKey, upload], rules: IndexRules = {}) {
  const index = createKeyIndex([keys], rules)
  const { authorities, uploads } = signersOf({ keys: () => index }, 'XA')
  return [authorities.length, uploads.length]
}

describe('the signers of a participant', () => {
  it('are its authorities and upload certificates that count', () => {
    assert.deepEqual(authoritiesAndUploads(), [1, 1])
    assert.deepEqual(authoritiesAndUploads([a.scaKey, { ...upload, status: 'revoked' }]), [1, 0])
  })

  it('are not those of a list that is too old', () => {
    const standings = new Map([['local', { since: new Date('2022-01-01T00:00:00Z'), rejectAfterSeconds: 86_400 }]])
    assert.deepEqual(
      authoritiesAndUploads(undefined, { standings, now: () => new Date('2022-06-01T00:00:00Z') }),
      [0, 0],
    )
  })

  it('are not document signers that are withdrawn, nor what is distrusted, under an authority that counts', () => {
    const unlisted = a.under()
    const signers = (keys: TrustedKey[], rules: IndexRules = {}) =>
      signersOf({ keys: () => createKeyIndex([keys], rules) }, 'XA')
    const may = ({ authorities, ...rest }: Signers, { fingerprint256, raw }: X509Certificate) =>
      authorities.length > 0 && !rest.documentSigners.has(fingerprint256) && !rest.isWithdrawn(new X509Certificate(raw))
    const one = a.under()
    for (const status of ['current', 'revoked', 'terminated', 'expired'] as const)
      assert.equal(may(signers([a.scaKey, a.key(one, { status })]), one), false)
    const { thumbprint } = a.key(unlisted)
    const distrust = [{ list: 'bad', participants: [], keyIds: [], thumbprints: [thumbprint] }]
    assert.equal(may(signers([a.scaKey]), unlisted), true)
    assert.equal(may(signers([a.scaKey], { distrust }), unlisted), false)
    // The same signer distrusted is left out of the index, and is a document signer all the same.
    const listed = [{ list: 'bad', participants: [], keyIds: [], thumbprints: [a.key(one).thumbprint] }]
    const out = signers([a.scaKey, a.key(one)], { distrust: listed })
    assert.deepEqual([out.documentSigners.has(one.fingerprint256), out.isWithdrawn(one)], [true, true])
  })

  it('are not the authorities of passports', () => {
    assert.deepEqual(authoritiesAndUploads([{ ...a.scaKey, domain: PASSPORT_DOMAIN }, upload]), [0, 1])
  })
})
