/** A local directory is evaluated before it is merged: what would count, and each thing that would not. */
import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { evaluateSource, isWhole } from '../../../src/trust/directory/onboard.ts'
import type { TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { checkTrustList } from '../../../src/trust/lists/check-list.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { country, freshKey } from '../../support/directory.ts'
import { type Files, memoryReaders } from '../../support/memory-readers.ts'
import { itemsOf, pinnedKey, signedList } from '../../support/trust-list.ts'

const a = country('XA', 'XXA')
const now = new Date('2022-06-01T12:00:00Z')
const folder: TrustSource = { name: 'province', kind: 'certificates', location: 'province', domain: 'DCC' }
const pem = (certificate: X509Certificate) => certificate.toString()

async function evaluate(files: Files, source: TrustSource = folder, others: TrustedKey[] = []) {
  const readers = memoryReaders(files)
  const trust = await loadTrustLists([source], { readers, now: () => now, check: checkTrustList })
  const [status] = trust.status()
  assert.ok(status)
  const did = 'did:web:directory.example:v2:trustlist'
  const ownEnvironment = trust.sources()[0]?.content?.environment
  return evaluateSource({ source, index: trust.keys(), status, others, did, environment: 'dev', ownEnvironment, now })
}

const good = { 'province/sca.pem': pem(a.sca), 'province/dsc.pem': pem(a.dsc) }

describe('a local directory', () => {
  it('that is whole', async () => {
    const report = await evaluate(good)
    assert.ok(isWhole(report))
    assert.deepEqual([report.keys, report.published, report.refused, report.duplicates], [2, 2, [], []])
    assert.deepEqual([report.usages, report.domains], [{ DSC: 1, SCA: 1 }, { DCC: 2 }])
    assert.deepEqual(report.entry, folder)
  })

  it('that is a signed list', async () => {
    const list = JSON.stringify(await signedList(itemsOf(a)))
    const source: TrustSource = { name: 'list', kind: 'did-v2', location: 'list.json', key: ['key.json'] }
    const report = await evaluate({ 'list.json': list, 'key.json': pinnedKey }, source)
    assert.ok(isWhole(report))
    assert.equal(report.created, '2022-05-01T00:00:00Z')
    const forged = await evaluate({ 'list.json': list.replace('XXA', 'DEU'), 'key.json': pinnedKey }, source)
    assert.equal(isWhole(forged), false)
    assert.match(forged.failure ?? '', /signature/)
  })

  const faults: Record<string, { files: Files; source?: TrustSource; reason: RegExp }> = {
    'a signer without its authority': {
      files: { 'province/dsc.pem': pem(a.dsc) },
      reason: /no SCA of the name of its issuer/,
    },
    'a signer that is expired': {
      files: { ...good, 'province/old.pem': pem(a.under({ notAfter: new Date('2022-01-01T00:00:00Z') })) },
      reason: /it is expired/,
    },
    'a signer that its authority did not sign': {
      files: { ...good, 'province/other.pem': pem(country('XA', 'XXA').dsc) },
      reason: /authority key id|not signed/,
    },
    'keys without domain': {
      files: good,
      source: { name: 'province', kind: 'certificates', location: 'province' },
      reason: /names no domain/,
    },
    'a bare JWK': {
      files: {
        'cards.jwks.json': JSON.stringify({ keys: [{ ...freshKey().export({ format: 'jwk' }), kid: 'k' }] }),
      },
      source: {
        name: 'cards',
        kind: 'jwks',
        location: 'cards.jwks.json',
        participant: 'XXA',
        domain: 'DCC',
        usage: 'DSC',
      },
      reason: /a bare JWK is refused: raw keys only inside a certificate/,
    },
    'a key that its folder revokes': {
      files: {
        ...good,
        'province/trust.json': JSON.stringify([
          { file: 'dsc.pem', participant: 'XXA', usage: 'DSC', status: 'revoked' },
        ]),
      },
      reason: /it is revoked/,
    },
  }
  for (const [name, { files, source, reason }] of Object.entries(faults))
    it(`with ${name} is not whole, and says so`, async () => {
      const report = await evaluate(files, source)
      assert.equal(isWhole(report), false)
      assert.ok(
        report.refused.some((each) => reason.test(each.reason)),
        JSON.stringify(report.refused),
      )
    })

  it('that is not there, or holds nothing', async () => {
    for (const files of [{}, { 'province/readme.txt': 'nothing' }]) {
      const report = await evaluate(files)
      assert.equal(isWhole(report), false)
      assert.notEqual(report.failure, undefined)
    }
  })

  it('tells what stands twice: in itself, and in what is configured', async () => {
    const publicKey = freshKey()
    const files = {
      ...good,
      'province/one.pem': pem(a.under({ publicKey })),
      'province/two.pem': pem(a.under({ publicKey })),
    }
    const renewed = a.under({ isAuthority: true, publicKey: a.authority.publicKey, subject: a.authority.name })
    const others = [
      a.key(a.dsc, { lists: ['who'], domain: 'PH4H' }),
      a.key(renewed, { usage: 'SCA', lists: ['who'] }),
      a.key(a.under(), { keyId: a.dscKey.keyId, lists: ['who'] }),
    ]
    const { duplicates } = await evaluate(files, folder, others)
    for (const text of [
      /another certificate of the same key stands in province/,
      /the same certificate stands in who as DSC .* \(PH4H, DSC\)/,
      /has the same name and subject key id/,
      /is another key of the same id/,
    ])
      assert.ok(
        duplicates.some((each) => text.test(each)),
        `${text}\n${duplicates.join('\n')}`,
      )
  })
})
