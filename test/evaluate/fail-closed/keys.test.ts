import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { writeCertificate } from '../../../src/demo/certificate-writer.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../../src/demo/issue-icao-vds-nc.ts'
import { samplePayload } from '../../../src/demo/samples.ts'
import { type VerificationContext, verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { certificateKey } from '../../../src/trust/keys/anchors.ts'
import { createKeyIndex } from '../../../src/trust/keys/key-index.ts'
import { readCertificate, type TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { issueSample, keyPairFor, testIssuer, withoutEnd } from '../../support/issuer.ts'

const issuer = testIssuer()
const clock = new Date('2022-06-01T00:00:00Z')
const listed = (...entries: Partial<TrustedKey>[]) =>
  createKeyIndex([
    entries.map((changes) => ({
      ...certificateKey(issuer.dsc),
      participant: 'XXA',
      domain: 'DCC',
      usage: 'DSC',
      lists: ['list'],
      ...changes,
    })),
  ])
const verify = (text: string, more: Partial<VerificationContext> = {}) =>
  verifyCredential([text], { formats: credentialFormats, keys: listed({}), clock, ...more })
const check = ({ checks }: Awaited<ReturnType<typeof verify>>, name: string) =>
  checks.find((each) => each.name === name)

describe('an issuer that could not be compared', () => {
  const issue = (name: unknown) => {
    const payload = samplePayload('dcc-v', {
      issuer: 'XA',
      issuedAt: new Date('2022-01-01'),
      expires: new Date('2023-01-01'),
    })
    assert.ok(payload instanceof Map)
    if (name === undefined) payload.delete(1)
    else payload.set(1, name as string)
    return issueHcert(payload, issuer.signer)
  }

  for (const name of [
    'https://issuer.example',
    'urn:iso:std:iso:3166#XA',
    'did:web:issuer.example',
    'Ministry of Health',
    '12',
    undefined,
  ]) {
    it(`is told, with the participant: ${name}`, async () => {
      const verdict = await verify(issue(name))
      assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
      assert.equal(check(verdict, 'key')?.outcome, 'warn')
      assert.match(String(check(verdict, 'key')?.detail), /XXA/)
    })
  }

  it('is not told of a country that was compared', async () => {
    for (const name of ['XA', 'xa', 'XXA']) assert.equal(check(await verify(issue(name)), 'key')?.outcome, 'pass')
    assert.equal((await verify(issue('XB'))).status, 'ISSUER_NOT_TRUSTED')
  })

  for (const [what, name] of Object.entries({
    'a control character': 'X\u0000A',
    'a line end': 'XA\n',
    'a change of direction': '\u202eAX',
    'a blank of no width': 'X\u200bA',
    'a number': 7,
    'a list': ['XA'],
    'thousands of characters': 'X'.repeat(3000),
  })) {
    it(`fails the key, being ${what}, and is not repeated`, async () => {
      const verdict = await verify(issue(name))
      assert.equal(verdict.status, 'ISSUER_NOT_TRUSTED')
      assert.equal(check(verdict, 'key')?.outcome, 'fail')
      assert.equal(verdict.issuer?.name, undefined)
    })
  }
})

describe('the domain of a key', () => {
  it('must be one that signs this kind: warned of, or refused where the operator says so', async () => {
    const wrong = { keys: listed({ domain: 'IPS-PILGRIMAGE' }) }
    const warned = await verify(issueSample('dcc-v', issuer), wrong)
    assert.equal(warned.status, 'VERIFIED')
    assert.equal(check(warned, 'key-usage')?.outcome, 'warn')
    const refused = await verify(issueSample('dcc-v', issuer), { ...wrong, domainMismatch: 'fail' })
    assert.equal(refused.status, 'KEY_USAGE_MISMATCH')
  })

  it('that is unknown is warned of', async () => {
    const verdict = await verify(issueSample('dcc-v', issuer), { keys: listed({ domain: 'NO-SUCH-DOMAIN' }) })
    assert.equal(check(verdict, 'key-usage')?.outcome, 'warn')
  })

  it('of RACSEL is told for what it is, and signs vaccination certificates alone', async () => {
    const keys = listed({ domain: 'RACSEL-DDVC' })
    const other = await verify(issueSample('dcc-v', issuer), { keys })
    assert.match(
      check(other, 'key-usage')?.detail ?? '',
      /RACSEL-DDVC, which is for the regional vaccination certificates of RACSEL, is not one that signs hcert-dcc/,
    )
    assert.equal(
      (await verify(issueSample('dcc-v', issuer), { keys, domainMismatch: 'fail' })).status,
      'KEY_USAGE_MISMATCH',
    )
    const own = await verify(issueSample('dvc', issuer), { keys, domainMismatch: 'fail' })
    assert.equal(own.status, 'VERIFIED', JSON.stringify(own.checks))
    assert.equal(check(own, 'key-usage')?.outcome, 'pass')
  })

  it('ICVP and DICVP are one', async () => {
    for (const domain of ['ICVP', 'DICVP']) {
      const verdict = await verify(issueSample('icvp', issuer), { keys: listed({ domain }), domainMismatch: 'fail' })
      assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
      assert.equal(check(verdict, 'key-usage')?.outcome, 'pass')
    }
  })

  it('a key that is listed for a right domain, too, is taken', async () => {
    const keys = listed({ domain: 'IPS-PILGRIMAGE' }, { domain: 'DCC' })
    const verdict = await verify(issueSample('dcc-v', issuer), { keys, domainMismatch: 'fail' })
    assert.equal(verdict.status, 'VERIFIED')
  })
})

describe('usages', () => {
  for (const usage of ['SCA', 'UP', 'TLS', 'DESC', 'DECA', 'AUTH', 'dsc', 'X']) {
    it(`a key listed as ${usage} signs no certificate`, async () => {
      assert.equal(
        (await verify(issueSample('dcc-v', issuer), { keys: listed({ usage }) })).status,
        'KEY_USAGE_MISMATCH',
      )
    })
  }
})

describe('a certificate that only wraps a raw EU DCC key', () => {
  it('signs EU DCC and nothing else', async () => {
    for (const usage of ['1.3.6.1.4.1.1847.2022.1.22', '1.3.6.1.4.1.0.1847.2022.1.22']) {
      const keys = listed({ extendedKeyUsage: [usage] })
      assert.equal((await verify(issueSample('dcc-v', issuer), { keys })).status, 'VERIFIED')
      for (const kind of ['ddcc-vs', 'icvp', 'link'] as const) {
        assert.equal((await verify(issueSample(kind, issuer), { keys })).status, 'KEY_USAGE_MISMATCH', kind)
      }
    }
  })
})

describe('keys under one id', () => {
  it('are all tried, however many', async () => {
    const { publicKey } = keyPairFor('ES256')
    const strangers = Array.from({ length: 40 }, (_, at) => ({ publicKey, thumbprint: `stranger ${at}` }))
    assert.equal((await verify(issueSample('dcc-v', issuer), { keys: listed(...strangers, {}) })).status, 'VERIFIED')
    assert.equal(
      (await verify(issueSample('dcc-v', issuer), { keys: listed(...strangers) })).status,
      'INVALID_SIGNATURE',
    )
  })
})

describe('seals', () => {
  const country = testIssuer({ country: 'UY', extendedKeyUsage: [sealKeyUsage] })
  const data = sampleSeal({ issuer: 'URY', issuedAt: new Date('2022-01-01') })
  const authorityKeys = keyPairFor('ES256')
  const name = { commonName: 'Authority', country: 'UY' }
  const period = { notBefore: new Date('2021-01-01'), notAfter: new Date('2030-01-01') }
  const authority = readCertificate(
    writeCertificate(
      {
        subject: name,
        publicKey: authorityKeys.publicKey,
        serialNumber: Buffer.from([7]),
        isAuthority: true,
        extendedKeyUsage: [sealKeyUsage],
        ...period,
      },
      { name, ...authorityKeys },
    ),
  )
  assert.ok(authority)
  const selfSealed = issueSeal(data, { privateKey: authorityKeys.privateKey, certificate: authority.raw })
  const entry = (changes: Partial<TrustedKey>, certificate = authority): TrustedKey => ({
    ...certificateKey(certificate),
    participant: 'URY',
    ...changes,
  })
  const under = (text: string, ...keys: TrustedKey[]) => verify(text, { keys: createKeyIndex([keys]) })

  for (const usage of ['SCA', '']) {
    it(`are not signed by the authority itself (usage "${usage}")`, async () => {
      const verdict = await under(selfSealed, entry({ usage }))
      assert.equal(verdict.status, 'KEY_USAGE_MISMATCH', JSON.stringify(verdict.checks))
    })
  }

  it('nor by another certificate of the key of the authority', async () => {
    const again = writeCertificate(
      {
        subject: { commonName: 'Again', country: 'UY' },
        publicKey: authorityKeys.publicKey,
        serialNumber: Buffer.from([8]),
        extendedKeyUsage: [sealKeyUsage],
        ...period,
      },
      { name, ...authorityKeys },
    )
    const text = issueSeal(data, { privateKey: authorityKeys.privateKey, certificate: again })
    assert.notEqual((await under(text, entry({ usage: 'SCA' }))).status, 'VERIFIED')
  })

  const seal = issueSeal(data, { privateKey: country.signer.privateKey, certificate: country.dsc.raw })
  const sca = entry({ usage: 'SCA' }, country.sca)

  it('are verified under the authority that signed their signer', async () => {
    assert.equal((await under(seal, sca)).status, 'VERIFIED')
  })

  it('are not verified when a list says that the signer itself is no document signer, or revoked', async () => {
    assert.equal((await under(seal, sca, entry({ usage: 'SCA' }, country.dsc))).status, 'KEY_USAGE_MISMATCH')
    const revoked = await under(seal, sca, entry({ usage: 'DSC', status: 'revoked' }, country.dsc))
    assert.equal(revoked.status, 'REVOKED_KEYS')
  })

  it('are not verified when the end of their signer cannot be read, whoever lists it', async () => {
    const endless = new X509Certificate(withoutEnd(country.dsc.raw))
    const text = issueSeal(data, { privateKey: country.signer.privateKey, certificate: endless.raw })
    assert.equal((await under(text, sca, entry({ usage: 'DSC' }, endless))).status, 'INVALID_SIGNING_FORMAT')
  })

  it('are on no list that is known: that is said, and the operator may make it fail', async () => {
    assert.equal(check(await under(seal, sca), 'revocation')?.outcome, 'skipped')
    const strict = await verify(seal, { keys: createKeyIndex([[sca]]), revocationFailure: 'fail-unknown' })
    assert.equal(strict.status, 'REVOKED')
  })

  it('are not vouched for by a document signer', async () => {
    assert.equal((await under(seal, entry({ usage: 'DSC' }, country.sca))).status, 'ISSUER_NOT_TRUSTED')
  })

  it('of an unknown version make accepted impossible, and hold no events of another kind', async () => {
    const issue = (changes: object) =>
      issueSeal({ ...data, ...changes }, { privateKey: country.signer.privateKey, certificate: country.dsc.raw })
    const later = await under(issue({ hdr: { t: 'icao.vacc', v: 2, is: 'URY' } }), sca)
    assert.equal(later.status, 'VERIFIED')
    assert.equal(later.obstacles.length, 1)
    const { msg } = data as { msg: object }
    for (const wrong of [
      { ...msg, tr: {} },
      { ...msg, ve: {} },
      { ...msg, ve: [] },
      { pid: {} },
      { ...msg, pid: 'x' },
    ]) {
      assert.equal((await under(issue({ msg: wrong }), sca)).status, 'UNSUPPORTED_CONTENT')
    }
    const asTest = await under(issue({ hdr: { t: 'icao.test', v: 1, is: 'URY' } }), sca)
    assert.equal(asTest.status, 'UNSUPPORTED_CONTENT')
  })
})

describe('revocation', () => {
  it('is not done, and says so, where no list is known; the operator may make that fail', async () => {
    const text = issueSample('dcc-v', issuer)
    const verdict = await verify(text)
    assert.deepEqual([verdict.status, check(verdict, 'revocation')?.outcome], ['VERIFIED', 'skipped'])
    assert.equal((await verify(text, { revocationFailure: 'fail' })).status, 'VERIFIED')
    assert.equal((await verify(text, { revocationFailure: 'fail-unknown' })).status, 'REVOKED')
  })

  it('finds the hcid of a DDCC core data set', async () => {
    const certificate: [number, object] = [
      3,
      { name: 'Ada', vaccination: {}, certificate: { hcid: { value: 'HC-1' } } },
    ]
    const text = issueHcert(
      hcertClaims({ issuer: 'XA', issuedAt: 1_640_995_200, expires: 1_700_000_000, certificate: certificate as never }),
      issuer.signer,
    )
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update('HC-1').digest('hex').slice(0, 32)
    assert.equal((await verify(text, { keys: listed({ revocationList: { hashes: [hash] } }) })).status, 'REVOKED')
  })
})
