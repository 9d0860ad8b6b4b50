/** Whose word counts for what a participant publishes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { signersOf } from '../../src/server/mirror.ts'
import { createKeyIndex, type IndexRules } from '../../src/trust/keys/key-index.ts'
import { PASSPORT_DOMAIN } from '../../src/trust/keys/trusted-key.ts'
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

  it('are not the authorities of passports', () => {
    assert.deepEqual(authoritiesAndUploads([{ ...a.scaKey, domain: PASSPORT_DOMAIN }, upload]), [0, 1])
  })
})
