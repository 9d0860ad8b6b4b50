import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { authorityKeyIdentifier, subjectKeyIdentifier } from '../../../src/base/crypto/x509.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { anchorKeySource, keyFromJwk } from '../../../src/trust/keys/anchors.ts'
import type { Framework } from '../../../src/trust/keys/trusted-key.ts'
import { frameworks } from '../../support/frameworks.ts'
import { keyPairFor, testIssuer, withoutEnd } from '../../support/issuer.ts'

const issuer = testIssuer()
const keyId = issuer.keyId.toString('base64')
const jwk = { ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid: 'k' } as Record<string, string>
const base64 = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64')

describe('request trust anchors', () => {
  it('find a certificate by its derived and its subject key id, for any issuer', () => {
    const keys = anchorKeySource([issuer.anchor])
    const subjectKeyId = Buffer.from(subjectKeyIdentifier(issuer.dsc.raw) ?? []).toString('base64')
    for (const id of [keyId, subjectKeyId]) {
      const [key] = keys.find({ framework: frameworks.hcert, keyId: id, issuer: 'FR' })
      assert.equal(key?.certificate?.subject, issuer.dsc.subject)
      assert.equal(key?.validTo?.toISOString(), '2030-12-31T23:59:59.000Z')
    }
    assert.deepEqual(keys.find({ framework: frameworks.hcert, keyId: 'AAAAAAAAAAA=' }), [])
  })

  it('are taken as bytes too', () => {
    assert.equal(anchorKeySource([issuer.dsc.raw]).find({ keyId }).length, 1)
  })

  it('bind the issuer of a JWK: countries by ISO 3166, names of SMART Health Cards by character', () => {
    const serves = (iss: string, issuerName: string | undefined, framework: Framework = frameworks.hcert) =>
      anchorKeySource([base64({ ...jwk, iss })]).find({
        framework,
        keyId: 'k',
        ...(issuerName === undefined ? {} : { issuer: issuerName }),
      }).length === 1
    assert.ok(serves('ITA', 'IT'))
    assert.ok(serves('it', 'ITA'))
    assert.ok(serves('ITA', undefined))
    assert.ok(!serves('FRA', 'IT'))
    assert.ok(!serves('XCL', 'XL'))
    assert.ok(!serves('CHE', 'CH BAG'))
    assert.ok(serves('https://a.example', 'https://a.example', frameworks.shc))
    assert.ok(!serves('https://a.example', 'https://a.example/', frameworks.shc))
    assert.ok(!serves('https://a.example', undefined, frameworks.shc))
  })

  it('read the further members of a JWK', () => {
    const key = keyFromJwk({
      ...jwk,
      iss: 'UY',
      status: 'terminated',
      nbf: 1,
      exp: 2,
      domain: 'DCC',
      usage: 'CSCA',
      crlVersion: 3,
      crl: { rids: [] },
    })
    assert.ok(key)
    const { participant, status, validFrom, validTo, domain, usage, revocationVersion, revocationList } = key
    assert.deepEqual(
      {
        participant,
        status,
        from: validFrom?.getTime(),
        to: validTo?.getTime(),
        domain,
        usage,
        revocationVersion,
        revocationList,
      },
      {
        participant: 'URY',
        status: 'terminated',
        from: 1000,
        to: 2000,
        domain: 'DCC',
        usage: 'SCA',
        revocationVersion: 3,
        revocationList: { rids: [] },
      },
    )
  })

  it('read coordinates written as signed integers', () => {
    const padded = {
      ...jwk,
      x: Buffer.concat([Buffer.from([0]), Buffer.from(jwk.x ?? '', 'base64url')]).toString('base64'),
    }
    const same = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b)
    const exported = (json: object) =>
      keyFromJwk(json as Record<string, string>)?.publicKey.export({ format: 'jwk' }) ?? {}
    assert.ok(same(exported(padded), exported(jwk)))
  })

  it('take key, period and extended key usage from x5c', () => {
    const other = testIssuer({ extendedKeyUsage: ['1.3.6.1.4.1.1847.2021.1.2'] })
    const key = keyFromJwk({ ...jwk, x5c: [other.anchor] })
    assert.deepEqual(key?.extendedKeyUsage, ['1.3.6.1.4.1.1847.2021.1.2'])
    assert.equal(key?.keyId, 'k')
  })

  it('that cannot be read are a 400 that names the anchor', () => {
    for (const wrong of [
      '',
      'AAAA',
      withoutEnd(issuer.dsc.raw).toString('base64'),
      base64({ kty: 'EC' }),
      base64({ ...jwk, x: 'AAAA' }),
      Buffer.from('{').toString('base64'),
    ]) {
      assert.throws(
        () => anchorKeySource([issuer.anchor, wrong]),
        (error) => error instanceof FhirError && error.status === 400 && /trustAnchor 2/.test(error.message),
      )
    }
  })
})

describe('key identifiers of certificates', () => {
  it('are those of the extensions', () => {
    const signer = Buffer.from(authorityKeyIdentifier(issuer.dsc.raw) ?? []).toString('hex')
    assert.equal(signer, Buffer.from(subjectKeyIdentifier(issuer.sca.raw) ?? []).toString('hex'))
    assert.equal(signer.length, 40)
    assert.ok(issuer.dsc.verify(issuer.sca.publicKey))
    assert.ok(issuer.sca.ca)
  })

  it('never throw on damaged certificates', () => {
    const { raw } = issuer.dsc
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.nat(255), fc.nat(raw.length), (at, byte, length) => {
        const damaged = Buffer.from(raw.subarray(0, length))
        if (at < length) damaged[at] = byte
        authorityKeyIdentifier(damaged)
        subjectKeyIdentifier(damaged)
      }),
      { numRuns: 1000 },
    )
  })
})
