import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import { parseSign1 } from '../../../src/credentials/encoding/cose.ts'
import type { CborInput } from '../../../src/demo/cbor-encode.ts'
import { type HcertClaims, hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { sampleKinds } from '../../../src/demo/samples.ts'
import { issuerCodes } from '../../../src/evaluate/verify/verification.ts'
import { type VerificationContext, verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource, certificateKey, keyFromJwk } from '../../../src/trust/keys/anchors.ts'
import { createKeyIndex } from '../../../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { forgeSample, issueSample, testIssuer } from '../../support/issuer.ts'

const clock = new Date('2022-06-01T00:00:00Z')
const issuer = testIssuer()

const verify = (text: string, more: Partial<VerificationContext> = {}) =>
  verifyCredential([text], { formats: credentialFormats, keys: anchorKeySource([issuer.anchor]), clock, ...more })
const outcomes = (verdict: Awaited<ReturnType<typeof verify>>) =>
  Object.fromEntries(verdict.checks.map(({ name, outcome }) => [name, outcome]))
/** An index as a list of the network gives it. */
const listed = (changes: Partial<TrustedKey> = {}) =>
  createKeyIndex([
    [{ ...certificateKey(issuer.dsc), participant: 'XXA', domain: 'DCC', usage: 'DSC', lists: ['dev'], ...changes }],
  ])

describe('verifyCredential', () => {
  const formats: Record<string, string> = {
    flat: 'hcert-ddcc-vs',
    link: 'hcert-link',
    dvc: 'hcert-dvc',
    icvp: 'hcert-icvp',
    'icvp-polio': 'hcert-icvp',
  }
  for (const kind of sampleKinds) {
    it(`verifies ${kind}, refuses its forged and expired siblings`, async () => {
      const good = await verify(issueSample(kind, issuer))
      assert.equal(good.status, 'VERIFIED', JSON.stringify(good.checks))
      assert.equal(good.format, formats[kind] ?? `hcert-${kind.replace(/^dcc-.$/, 'dcc')}`)
      assert.ok(good.content)
      const forged = await verify(forgeSample(kind, issuer))
      assert.equal(forged.status, 'INVALID_SIGNATURE')
      assert.equal(forged.content, undefined)
      const expired = await verify(issueSample(kind, issuer, { expires: new Date('2022-02-01T00:00:00Z') }))
      assert.equal(expired.status, 'EXPIRED')
      assert.equal(expired.content, undefined)
    })
  }

  for (const algorithm of ['ES256', 'ES384', 'ES512', 'PS256', 'EdDSA'] as const) {
    it(`verifies ${algorithm}`, async () => {
      const other = testIssuer({ algorithm })
      const verdict = await verify(issueSample('dcc-v', other), { keys: anchorKeySource([other.anchor]) })
      assert.equal(verdict.status, 'VERIFIED')
      assert.equal(outcomes(verdict).signature, 'pass')
    })
  }

  it('reports every check of a good credential in the order of the contract', async () => {
    const verdict = await verify(issueSample('dcc-v', issuer))
    assert.deepEqual(
      verdict.checks.map(({ name, outcome }) => `${name} ${outcome}`),
      [
        'recognise pass',
        'encoding pass',
        'compression pass',
        'envelope pass',
        'payload pass',
        'key pass',
        'signature pass',
        'key-validity pass',
        'key-usage pass',
        'validity-period pass',
        'revocation skipped',
      ],
    )
  })

  it('remarks on ES256 with a P-384 key, which verifies', async () => {
    const other = testIssuer({ algorithm: 'ES384' })
    const text = issueHcert(
      hcertClaims({
        issuer: 'XA',
        issuedAt: 1,
        expires: 2e9,
        certificate: [5, 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ'],
      }),
      {
        ...other.signer,
        algorithm: 'ES256',
      },
    )
    const verdict = await verify(text, { keys: anchorKeySource([other.anchor]) })
    assert.equal(verdict.status, 'VERIFIED')
    assert.equal(outcomes(verdict).envelope, 'warn')
    assert.equal(outcomes(verdict).signature, 'warn')
  })

  it('takes the key id from the unprotected header, and misses it when there is none', async () => {
    assert.equal((await verify(issueSample('dcc-v', issuer, { keyIdIn: 'unprotected' }))).status, 'VERIFIED')
    const without = await verify(issueSample('dcc-v', issuer, { keyIdIn: 'none' }))
    assert.equal(without.status, 'KID_NOT_INCLUDED')
    assert.equal(outcomes(without).signature, 'skipped')
  })

  it('accepts any nesting of the tags 18 and 61, and none', async () => {
    for (const tags of [[], [18], [61, 18], [61, 61, 18, 18]]) {
      assert.equal((await verify(issueSample('dcc-v', issuer, { tags }))).status, 'VERIFIED', String(tags))
    }
    assert.equal((await verify(issueSample('dcc-v', issuer, { tags: [17] }))).status, 'INVALID_SIGNING_FORMAT')
  })

  it('counts bounds of the validity period in', async () => {
    const text = issueSample('dcc-v', issuer)
    assert.equal((await verify(text, { clock: new Date('2022-01-01T00:00:00Z') })).status, 'VERIFIED')
    assert.equal((await verify(text, { clock: new Date('2023-01-01T00:00:00Z') })).status, 'VERIFIED')
    assert.equal((await verify(text, { clock: new Date('2021-12-31T23:59:59Z') })).status, 'NOT_YET_VALID')
    assert.equal((await verify(text, { clock: new Date('2023-01-01T00:00:01Z') })).status, 'EXPIRED')
  })

  it('treats an expiry that is no finite number as expired, an absent one as a remark', async () => {
    const certificate: HcertClaims['certificate'] = [1, { ver: '1.3.0', nam: { fnt: 'A' }, dob: '1990-01-01', v: [{}] }]
    const claims = hcertClaims({ issuer: 'XA', issuedAt: 1, certificate })
    const absent = await verify(issueHcert(claims, issuer.signer))
    assert.equal(absent.status, 'VERIFIED')
    assert.equal(outcomes(absent)['validity-period'], 'warn')
    assert.equal(outcomes(absent).payload, 'warn')
    claims.set(4, Number.NaN)
    assert.equal((await verify(issueHcert(claims, issuer.signer))).status, 'EXPIRED')
  })

  it('reads times in the forms of CBOR, the same wherever the process runs', async () => {
    const statusAt = async (expires: CborInput) => {
      const claims = hcertClaims({
        issuer: 'XA',
        issuedAt: 1,
        certificate: [5, 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ'],
      })
      claims.set(4, expires)
      return (await verify(issueHcert(claims, issuer.signer))).status
    }
    for (const value of ['2022-06-01T00:00:00Z', '2022-06-01T00:00:00', '2022-06-01t02:00:00+02:00', '2022-06-01']) {
      assert.equal(await statusAt({ tag: 0, value }), 'VERIFIED', value)
    }
    for (const value of ['2022-05-31T23:59:59Z', '2055', 'June 2, 2055', '2022-06-01T01:00:00+01:01']) {
      assert.equal(await statusAt({ tag: 0, value }), 'EXPIRED', value)
    }
    assert.equal(await statusAt({ tag: 1, value: 1_654_041_600 }), 'VERIFIED')
    assert.equal(await statusAt({ tag: 1, value: Number.NaN }), 'EXPIRED')
    assert.equal(await statusAt(2n ** 64n), 'VERIFIED')
    assert.equal(await statusAt('1672531200'), 'EXPIRED')
  })

  it('counts a flat certificate as valid to the very end of its last day', async () => {
    const flat = (until: string) =>
      issueHcert({ name: 'A', vaccine: { code: 'x' }, valid_from: '2022-01-01', valid_until: until }, issuer.signer)
    const statusAt = async (until: string, at: string) => (await verify(flat(until), { clock: new Date(at) })).status
    assert.equal(await statusAt('2022-05-31', '2022-05-31T23:59:59.999Z'), 'VERIFIED')
    assert.equal(await statusAt('2022-05-31', '2022-06-01T00:00:00Z'), 'EXPIRED')
    assert.equal(await statusAt('2022-05-31T12:00:00Z', '2022-05-31T12:00:01Z'), 'EXPIRED')
    assert.equal(await statusAt('tomorrow', '2022-01-02T00:00:00Z'), 'EXPIRED')
  })

  it('judges by the extended key usage, right arc and wrong arc alike', async () => {
    const cases: [string[], 'dcc-v' | 'dcc-t', string][] = [
      [['1.3.6.1.4.1.1847.2021.1.2'], 'dcc-v', 'VERIFIED'],
      [['1.3.6.1.4.1.0.1847.2021.1.2'], 'dcc-v', 'VERIFIED'],
      [['1.3.6.1.4.1.1847.2021.1.1'], 'dcc-v', 'KEY_USAGE_MISMATCH'],
      [['1.3.6.1.4.1.0.1847.2021.1.2'], 'dcc-t', 'KEY_USAGE_MISMATCH'],
      [['1.3.6.1.5.5.7.3.2'], 'dcc-t', 'VERIFIED'],
    ]
    for (const [extendedKeyUsage, kind, status] of cases) {
      const other = testIssuer({ extendedKeyUsage })
      const verdict = await verify(issueSample(kind, other), { keys: anchorKeySource([other.anchor]) })
      assert.equal(verdict.status, status, `${extendedKeyUsage} ${kind}`)
      assert.equal(outcomes(verdict)['validity-period'], 'pass')
    }
  })

  it('reports key-usage and validity-period after a bad key, and takes the first failure', async () => {
    const other = testIssuer({ notAfter: new Date('2022-03-01T00:00:00Z') })
    const text = issueSample('dcc-v', other, { expires: new Date('2022-02-01T00:00:00Z') })
    const verdict = await verify(text, { keys: anchorKeySource([other.anchor]) })
    assert.equal(verdict.status, 'EXPIRED_KEYS')
    const found = outcomes(verdict)
    assert.deepEqual(
      [found['key-validity'], found['key-usage'], found['validity-period'], found.revocation],
      ['fail', 'pass', 'fail', 'skipped'],
    )
  })

  it('restricts by domain and by usage', async () => {
    const text = issueSample('dcc-v', issuer)
    assert.equal((await verify(text, { keys: listed(), trustDomains: ['DCC'] })).status, 'VERIFIED')
    assert.equal((await verify(text, { keys: listed(), trustDomains: ['PH4H'] })).status, 'KEY_USAGE_MISMATCH')
    assert.equal((await verify(text, { keys: listed({ usage: 'SCA' }) })).status, 'KEY_USAGE_MISMATCH')
  })

  it('takes a listed key that names nobody by its key id alone, one that names an issuer for that issuer alone', async () => {
    const text = issueSample('dcc-v', issuer)
    assert.equal((await verify(text, { keys: listed({ participant: '' }) })).status, 'VERIFIED')
    const named = listed({ participant: '', issuer: 'https://issuer.example' })
    assert.equal((await verify(text, { keys: named })).status, 'ISSUER_NOT_TRUSTED')
    assert.equal((await verify(text, { keys: listed({ participant: 'DEU' }) })).status, 'ISSUER_NOT_TRUSTED')
  })

  it('names participant, domain, usage and list of the key', async () => {
    const { issuer: found } = await verify(issueSample('dcc-v', issuer), { keys: listed() })
    assert.deepEqual(found, {
      name: 'XA',
      participant: 'XXA',
      keyId: issuer.keyId.toString('base64'),
      trustDomain: 'DCC',
      keyUsage: 'DSC',
      trustList: 'dev',
    })
  })

  it('binds a listed key to its participant, in any spelling, but not to free text', async () => {
    const claim = (name: string) =>
      issueHcert(
        hcertClaims({
          issuer: name,
          issuedAt: 1,
          expires: 2e9,
          certificate: [5, 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ'],
        }),
        issuer.signer,
      )
    for (const name of ['XA', 'xa', 'XXA'])
      assert.equal((await verify(claim(name), { keys: listed() })).status, 'VERIFIED', name)
    assert.equal((await verify(claim('XB'), { keys: listed() })).status, 'ISSUER_NOT_TRUSTED')
    const free = await verify(claim('Ministry of Health'), { keys: listed() })
    assert.equal(free.status, 'VERIFIED')
    assert.equal(outcomes(free).key, 'warn')
  })

  it('does not know an issuer whose code is that of no country or participant', async () => {
    const certificate: [number, string] = [5, 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ']
    const claim = (name: string) =>
      issueHcert(hcertClaims({ issuer: name, issuedAt: 1, expires: 2e9, certificate }), issuer.signer)
    for (const [name, participant, isUnknown] of [
      ['MOH', '', true],
      ['UK', '', true],
      ['EL', '', true],
      ['UK', 'UK', true],
      ['Ministry of Health', '', true],
      ['XA', '', false],
      ['GB', '', false],
      ['did:web:example.org:v2:trustlist:DIVOC:FRA', '', false],
      ['Ministry of Health', 'DEU', false],
      ['WHO', 'WHO', false],
    ] as const) {
      const verdict = await verify(claim(name), { keys: listed({ participant }) })
      assert.equal(verdict.status, 'VERIFIED', name)
      assert.equal(verdict.isIssuerUnknown, isUnknown, name)
      assert.equal(issuerCodes(verdict.issuer).length === 0, isUnknown, name)
    }
  })

  it('prefers among several keys of one id the one that verifies, is current and fits', async () => {
    const id = issuer.keyId.toString('base64')
    const stranger = certificateKey(testIssuer().dsc)
    const good = { ...certificateKey(issuer.dsc), participant: 'XXA', usage: 'DSC' }
    const find = (keys: TrustedKey[]) => ({
      keys: createKeyIndex([keys.map((key) => ({ ...key, keyId: id, participant: 'XXA' }))]),
    })
    const text = issueSample('dcc-v', issuer)
    assert.equal((await verify(text, find([stranger, good]))).status, 'VERIFIED')
    assert.equal((await verify(text, find([{ ...good, usage: 'SCA' }, good]))).status, 'VERIFIED')
    assert.equal((await verify(text, find([{ ...good, status: 'revoked', usage: 'X' }, good]))).status, 'REVOKED_KEYS')
    assert.equal((await verify(text, find([stranger]))).status, 'INVALID_SIGNATURE')
    const strangers = Array.from({ length: 30 }, (_, i) => ({ ...stranger, thumbprint: String(i) }))
    assert.equal(
      (await verify(text, find([...strangers, good]))).status,
      'VERIFIED',
      'however many are tried before it',
    )
  })

  it('reports what the list says of a key, and its revocation list', async () => {
    const text = issueSample('dcc-v', issuer)
    assert.equal((await verify(text, { keys: listed({ status: 'terminated' }) })).status, 'TERMINATED_KEYS')
    assert.equal((await verify(text, { keys: listed({ status: 'revoked' }) })).status, 'REVOKED_KEYS')
    const message = parseSign1(inflateSync(decodeBase45(text, 4) ?? ''), { depth: 32, items: 1000 })
    assert.ok(typeof message !== 'string')
    const id = 'URN:UVCI:01:XA:SPECIMENV'
    // The certificate's id, country and id, and r of the signature (EU DCC gateway, revocation).
    for (const revoked of [id, `XA${id}`, message.signature.subarray(0, 32)]) {
      const hash = createHash('sha256').update(revoked).digest().subarray(0, 16)
      for (const written of [hash.toString('hex'), hash.toString('base64')])
        assert.equal(
          (await verify(text, { keys: listed({ revocationList: { hashes: [written] } }) })).status,
          'REVOKED',
        )
    }
    const lists = [
      'x',
      ...[
        '00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff',
        'ab'.repeat(33),
        'a'.repeat(33),
        'see the other list of hashes',
      ].map((each) => ({ hashes: [each] })),
    ]
    for (const revocationList of lists) {
      const broken = await verify(text, { keys: listed({ revocationList }) })
      assert.equal(broken.status, 'VERIFIED')
      assert.equal(outcomes(broken).revocation, 'warn', JSON.stringify(revocationList))
    }
  })

  it('calls a list of doses an ICVP where the signer’s domain says so', async () => {
    const certificate: HcertClaims['certificate'] = [-6, { n: 'A', v: [{ vp: 'x', dt: '2022-01-01' }] }]
    const text = issueHcert(hcertClaims({ issuer: 'XA', issuedAt: 1, expires: 2e9, certificate }), issuer.signer)
    assert.equal((await verify(text, { keys: listed() })).format, 'hcert-dvc')
    assert.equal((await verify(text, { keys: listed({ domain: 'ICVP' }) })).format, 'hcert-icvp')
  })

  it('fails a key of the wrong type by its signature', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = keyFromJwk({ ...publicKey.export({ format: 'jwk' }), kid: issuer.keyId.toString('base64') } as never)
    assert.ok(key)
    const verdict = await verify(issueSample('dcc-v', issuer), {
      keys: createKeyIndex([[{ ...key, participant: 'XXA' }]]),
    })
    assert.equal(verdict.status, 'INVALID_SIGNATURE')
  })
})
