import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { canonicalJson } from '../../../src/credentials/encoding/strict-json.ts'
import { writeCertificate } from '../../../src/demo/certificate-writer.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../../src/demo/issue-icao-vds-nc.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { keyPairFor, type TestIssuer, testIssuer } from '../../support/issuer.ts'

const issuer = testIssuer({ country: 'UY', extendedKeyUsage: [sealKeyUsage] })
const issuedAt = new Date('2022-01-01')
const data = sampleSeal({ issuer: 'URY', issuedAt })
const seal = (by: TestIssuer = issuer, content = data) =>
  issueSeal(content, { privateKey: by.signer.privateKey, certificate: by.dsc.raw })
const verify = async (text: string, anchors = [issuer.sca.raw], clock = '2022-06-01T00:00:00Z') =>
  verifyCredential([text], { formats: credentialFormats, keys: anchorKeySource(anchors), clock: new Date(clock) })

describe('ICAO seals', () => {
  it('verify under the authority that signed the signer, or under the pinned signer', async () => {
    const verdict = await verify(seal())
    assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
    assert.equal(verdict.format, 'icao-vds-nc')
    assert.deepEqual(verdict.events, ['v'])
    // A member beside data and sig is not signed: it is not content.
    const unsigned = await verify(JSON.stringify({ ...JSON.parse(seal()), note: 'x' }))
    assert.deepEqual(Object.keys(Object(unsigned.content)), ['data', 'sig'])
    assert.equal((await verify(seal(), [issuer.dsc.raw])).status, 'VERIFIED')
    assert.equal((await verify(JSON.stringify(JSON.parse(seal()), null, 2))).status, 'VERIFIED')
  })

  it('are not trusted for their own certificate, nor under another authority of the same key id', async () => {
    const other = testIssuer({ country: 'UY' })
    assert.equal((await verify(seal(other))).status, 'ISSUER_NOT_TRUSTED')
    const keyId = Buffer.from('x').toString('base64')
    assert.equal(
      (await verify(seal(), [Buffer.from(JSON.stringify({ kid: keyId, x5c: [other.sca.raw.toString('base64')] }))]))
        .status,
      'ISSUER_NOT_TRUSTED',
    )
    const sameId = { kid: authorityId(), x5c: [other.sca.raw.toString('base64')] }
    assert.equal((await verify(seal(), [Buffer.from(JSON.stringify(sameId))])).status, 'ISSUER_NOT_TRUSTED')
  })

  it('are not trusted when a document signer signed the signer', async () => {
    const subject = { commonName: 'Second', country: 'UY' }
    const { publicKey, privateKey } = keyPairFor('ES256')
    const period = { notBefore: new Date('2021-01-01'), notAfter: new Date('2030-01-01') }
    const signer = { name: subject, publicKey: issuer.dsc.publicKey, privateKey: issuer.signer.privateKey }
    const certificate = writeCertificate({ subject, publicKey, serialNumber: Buffer.from([1]), ...period }, signer)
    assert.equal(
      (await verify(issueSeal(data, { privateKey, certificate }), [issuer.dsc.raw])).status,
      'ISSUER_NOT_TRUSTED',
    )
  })

  it('are bound to the country of the signer', async () => {
    assert.equal((await verify(seal(issuer, sampleSeal({ issuer: 'CHL', issuedAt })))).status, 'ISSUER_NOT_TRUSTED')
  })

  it('are refused when forged or when the signer has run out, or may not seal', async () => {
    const forged = issueSeal(
      data,
      { privateKey: issuer.signer.privateKey, certificate: issuer.dsc.raw },
      sampleSeal({ issuer: 'URY', issuedAt: new Date('2022-02-01') }),
    )
    assert.equal((await verify(forged)).status, 'INVALID_SIGNATURE')
    assert.equal((await verify(seal(), [issuer.sca.raw], '2035-01-01T00:00:00Z')).status, 'EXPIRED_KEYS')
    const other = testIssuer({ country: 'UY', extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] })
    assert.equal((await verify(seal(other), [other.sca.raw])).status, 'KEY_USAGE_MISMATCH')
    const plain = testIssuer({ country: 'UY' })
    const verdict = await verify(seal(plain), [plain.sca.raw])
    assert.equal(verdict.status, 'VERIFIED')
    assert.equal(verdict.checks.find(({ name }) => name === 'key-usage')?.outcome, 'warn')
  })
})

/** Key id under which the signer certificate names its authority. */
function authorityId(): string {
  const decoded = credentialFormats
    .find(({ name }) => name === 'icao-vds-nc')
    ?.decode([seal()], { textCharacters: 8192, jsonDepth: 64 } as never)
  return decoded && 'keyId' in decoded ? String(decoded.keyId) : ''
}

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(canonicalJson(value as null), canonicalize(value))))
    assert.equal(canonicalJson({ b: 1e21, a: ['\u20ac', -0] }), '{"a":["€",0],"b":1e+21}')
    assert.equal(canonicalJson(['\ud800']), undefined)
    assert.equal(canonicalJson(JSON.parse('{"a":1e400}')), undefined)
    assert.equal(canonicalJson({ '\udc00': 1 }), undefined)
  })
})
