import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { jwkThumbprint } from '../../../src/base/crypto/jwk-thumbprint.ts'
import { anchorKeySource, certificateKey } from '../../../src/trust/keys/anchors.ts'
import { createKeyIndex } from '../../../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { wrappedKeyIds } from '../../../src/trust/keys/wrapped-keys.ts'
import { frameworks } from '../../support/frameworks.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { certificateUnder } from '../../support/trust-list.ts'

const issuer = testIssuer({ country: 'XA' })
const { publicKey } = keyPairFor('ES256')
const thumbprint = jwkThumbprint(publicKey) ?? ''
const spkiId = createHash('sha256')
  .update(publicKey.export({ type: 'spki', format: 'der' }))
  .digest()
  .subarray(0, 8)
  .toString('base64')
const address = 'https://issuer.example/cards'
const published = 'did:web:issuer.example#key-1'

const oids = (...arcs: number[]) =>
  ['1.3.6.1.4.1.1847.2022.1', '1.3.6.1.4.1.0.1847.2022.1'].map((prefix) => arcs.map((arc) => `${prefix}.${arc}`))
const certificate = (extendedKeyUsage: string[]) => certificateUnder(issuer.authority, { publicKey, extendedKeyUsage })
const listed = (extendedKeyUsage: string[], more: Partial<TrustedKey> = {}): TrustedKey => ({
  ...certificateKey(certificate(extendedKeyUsage)),
  keyId: published,
  participant: 'XXA',
  usage: 'DSC',
  ...more,
})

/** Under which key ids a key is found, by framework and issuer. */
function found(key: TrustedKey, framework: keyof typeof frameworks, issuers: (string | undefined)[]): string[] {
  const index = createKeyIndex([[key]])
  const ids = [published, thumbprint, spkiId, ...key.otherKeyIds]
  return ids.filter((keyId) =>
    issuers.some(
      (each) =>
        index.find({ framework: frameworks[framework], keyId, ...(each === undefined ? {} : { issuer: each }) })
          .length > 0,
    ),
  )
}
const countries = ['XA', 'XXA', undefined, address]

describe('certificates that wrap a raw key', () => {
  for (const [at, [divoc = '', card = '', raw = '']] of oids(20, 21, 22).entries()) {
    const arc = at === 0 ? 'the right arc' : 'the wrong arc'

    it(`${arc}, of DIVOC: found by the name it was published under, and by DIVOC alone`, () => {
      const key = listed([divoc])
      assert.deepEqual(found(key, 'divoc', [address]), [published])
      for (const framework of ['hcert', 'shc', 'icao-vds-nc'] as const)
        assert.deepEqual(found(key, framework, countries), [])
    })

    it(`${arc}, of SMART Health Cards: found by thumbprint, only where the list is bound to the issuer’s address`, () => {
      assert.deepEqual(found(listed([card], { issuer: address }), 'shc', [address]), [thumbprint])
      assert.deepEqual(found(listed([card], { issuer: address }), 'shc', ['https://other.example', undefined]), [])
      for (const framework of ['shc', 'hcert', 'divoc', 'icao-vds-nc'] as const) {
        assert.deepEqual(found(listed([card]), framework, countries), [], framework)
      }
    })

    it(`${arc}, of raw EU DCC keys: found by the hash of the key and by the published id`, () => {
      const key = listed([raw])
      assert.deepEqual(found(key, 'hcert', ['XA']), [published, spkiId])
      assert.deepEqual(found(key, 'hcert', ['FR']), [])
      for (const framework of ['shc', 'divoc', 'icao-vds-nc'] as const)
        assert.deepEqual(found(key, framework, countries), [])
    })

    it(`${arc}, of two frameworks: each by its own id`, () => {
      const key = listed([card, raw], { issuer: address })
      assert.deepEqual(found(key, 'shc', [address]), [thumbprint])
      assert.deepEqual(found(key, 'hcert', countries), [], 'bound to an address')
    })

    it(`${arc}, beside the usages of events: still only its framework`, () => {
      const key = listed([card, '1.3.6.1.4.1.1847.2021.1.2'])
      assert.deepEqual(found(key, 'hcert', countries), [])
    })
  }

  it('in the anchors of a request, too', () => {
    const [[, card = ''] = []] = oids(20, 21)
    const keys = anchorKeySource([certificate([card]).raw])
    assert.equal(keys.find({ framework: frameworks.shc, keyId: thumbprint, issuer: address }).length, 1)
    assert.equal(keys.find({ framework: frameworks.hcert, keyId: certificateKey(certificate([card])).keyId }).length, 0)
  })

  it('are listed under every name when no framework is asked for', () => {
    const [[, card = ''] = []] = oids(20, 21)
    const index = createKeyIndex([[listed([card])]])
    for (const keyId of [published, thumbprint]) assert.equal(index.find({ keyId }).length, 1)
  })

  it('are no others: the usages of events and unrelated ones leave a key as it is', () => {
    for (const usage of [
      '1.3.6.1.4.1.1847.2021.1.2',
      '1.3.6.1.4.1.1847.2022.1.2',
      '1.3.6.1.4.1.1847.2022.1.200',
      '1.3.6.1.5.5.7.3.2',
    ]) {
      assert.equal(wrappedKeyIds(listed([usage])), undefined)
      assert.deepEqual(found(listed([usage]), 'hcert', ['XA']).includes(published), true)
    }
  })

  it('have no thumbprint on a curve without name in JOSE, and are then not found', () => {
    const { publicKey: brainpool } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
    assert.equal(jwkThumbprint(brainpool), undefined)
  })
})

describe('thumbprints of keys', () => {
  it('are those of RFC 7638, 3.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const key = createPublicKey({ key: { kty: 'RSA', e: 'AQAB', n }, format: 'jwk' })
    assert.equal(jwkThumbprint(key), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  it('are those of RFC 8037, A.3', () => {
    const jwk = { crv: 'Ed25519', kty: 'OKP', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    assert.equal(jwkThumbprint(key), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })
})
