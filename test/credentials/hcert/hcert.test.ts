import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { defaultLimits } from '../../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeBase45, encodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import { parseSign1 } from '../../../src/credentials/encoding/cose.ts'
import { inflateZlib } from '../../../src/credentials/encoding/inflate.ts'
import { hcert } from '../../../src/credentials/hcert/hcert.ts'
import { encodeCbor } from '../../../src/demo/cbor-encode.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { sampleKinds, samplePayload } from '../../../src/demo/samples.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { issueSample, testIssuer } from '../../support/issuer.ts'

const issuer = testIssuer()
const keys = anchorKeySource([issuer.anchor])
const clock = new Date('2022-06-01T00:00:00Z')
const verdictOf = async (text: string) =>
  (await verifyCredential([text], { formats: credentialFormats, keys, clock })).status
const hc1 = (bytes: Uint8Array) => `HC1:${encodeBase45(deflateSync(bytes))}`
const messageOf = (text: string) => inflateZlib(decodeBase45(text, 4) ?? Buffer.alloc(0), 1e6) ?? Buffer.alloc(0)
const decode = (text: string) => hcert.decode([text], defaultLimits)

describe('recognition', () => {
  for (const text of ['hc1:', 'HC0:A', 'HL0:', ' HC1:', 'hello', '', '{"a":1}']) {
    it(`${JSON.stringify(text)} is no HCERT`, () => assert.equal(hcert.recognises([text]), false))
  }
  for (const text of ['HC2:ABC', 'HC9:ABC', 'HCA:ABC', 'HCZ:'])
    it(`${JSON.stringify(text)} is refused as a later version`, async () => {
      const { status, checks } = await verifyCredential([text], { formats: credentialFormats, keys, clock })
      assert.equal(status, 'NOT_SUPPORTED')
      const [recognise, ...others] = checks
      assert.deepEqual(recognise, {
        name: 'recognise',
        outcome: 'fail',
        detail: 'a later version of HCERT than HC1',
      })
      assert.ok(others.every(({ outcome }) => outcome === 'skipped'))
    })
  it('does not trim: the space is a character of base45', async () => {
    const text = issueSample('dcc-v', issuer)
    assert.equal(await verdictOf(text), 'VERIFIED')
    assert.equal(await verdictOf(`${text} `), 'INVALID_ENCODING')
  })
})

describe('any text', () => {
  it('is decoded or refused, never an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        for (const format of credentialFormats) assert.equal(typeof format.decode([text], defaultLimits), 'object')
      }),
      { numRuns: 500 },
    )
  })

  it('is decoded or refused at every layer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const raw = decode(`HC1:${encodeBase45(bytes)}`)
        const inflated = decode(hc1(bytes))
        const payload = decode(hc1(encodeCbor([encodeCbor(new Map([[1, -7]])), new Map(), bytes, Buffer.alloc(64)])))
        assert.deepEqual(['check' in raw, 'check' in inflated, 'check' in payload], [true, true, true])
      }),
      { numRuns: 500 },
    )
  })

  it('over the limit is refused before it is decoded', () => {
    const answer = decode(`HC1:${'0'.repeat(8189)}`)
    assert.equal('check' in answer && answer.status, 'INVALID_ENCODING')
  })

  it('that inflates beyond the limit is refused', () => {
    const answer = decode(hc1(Buffer.alloc(257 * 1024)))
    assert.equal('check' in answer && answer.status, 'INVALID_COMPRESSION')
  })
})

describe('damage', () => {
  const text = issueSample('dcc-v', issuer)
  const message = messageOf(text)

  it('of any one byte of the signed parts or the signature is never VERIFIED', async () => {
    const parts = parseSign1(message, { depth: 32, items: 20_000 })
    assert.ok(typeof parts === 'object')
    // Tag and array head apart, the message is the protected header, an empty map, the payload and the signature.
    const unsigned = new Set([0, 1, message.indexOf(parts.protectedBytes) + parts.protectedBytes.length])
    await fc.assert(
      fc.asyncProperty(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        fc.pre(!unsigned.has(at))
        const damaged = Buffer.from(message)
        damaged[at] = (damaged[at] ?? 0) ^ change
        assert.notEqual(await verdictOf(hc1(damaged)), 'VERIFIED', `byte ${at} changed by ${change}`)
      }),
      { numRuns: 600 },
    )
  })

  it('by truncation is never VERIFIED', async () => {
    for (let length = 0; length < text.length; length++)
      assert.notEqual(await verdictOf(text.slice(0, length)), 'VERIFIED')
    for (let length = 0; length < message.length; length++) {
      assert.notEqual(await verdictOf(hc1(message.subarray(0, length))), 'VERIFIED')
    }
  })
})

describe('details', () => {
  it('never quote the credential', async () => {
    const other = testIssuer()
    for (const kind of sampleKinds) {
      const verdict = await verifyCredential([issueSample(kind, other)], { formats: credentialFormats, keys, clock })
      assert.equal(verdict.status, 'ISSUER_NOT_TRUSTED')
      assert.doesNotMatch(JSON.stringify(verdict), /Ada|SPECIMEN|Specimen|1985|LOT-0000/)
    }
  })
})

describe('claims', () => {
  const times = (extra: Map<number, unknown>) => {
    const claims = hcertClaims({ issuer: 'XA', certificate: [5, 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ'] })
    for (const [key, value] of extra) claims.set(key, value as number)
    const envelope = decode(issueHcert(claims, issuer.signer))
    assert.ok(!('check' in envelope), 'decodes')
    return envelope
  }

  it('read times as integer, float, 64-bit integer and tagged date', () => {
    assert.equal(times(new Map([[4, 1e9]])).period.expires, 1e9)
    assert.equal(times(new Map([[4, 1.5]])).period.expires, 1.5)
    assert.equal(times(new Map([[4, 2n ** 64n - 1n]])).period.expires, 2 ** 64)
    assert.equal(times(new Map([[6, { tag: 0, value: '2021-05-03T00:00:00Z' }]])).period.issuedAt, 1620000000)
    assert.equal(times(new Map([[6, { tag: 1, value: 7 }]])).period.issuedAt, 7)
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 'x', null, { tag: 0, value: 'yesterday' }]) {
      assert.equal(times(new Map([[4, wrong]])).period.expires, 'not-a-number')
    }
  })

  it('become JSON with text keys and times in seconds', () => {
    const envelope = times(
      new Map<number, unknown>([
        [6, { tag: 0, value: '2021-05-03T00:00:00Z' }],
        [4, 1e9],
      ]),
    )
    const opened = envelope.open()
    assert.ok(typeof opened !== 'string')
    assert.deepEqual(opened.content, {
      '1': 'XA',
      '4': 1e9,
      '6': 1620000000,
      '-260': { '5': 'vhlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnL3gifQ' },
    })
  })

  it('of a flat certificate end with the last millisecond of valid_until', () => {
    const payload = samplePayload('flat', {
      issuer: 'XA',
      issuedAt: new Date('2022-01-01'),
      expires: new Date('2022-12-31'),
    })
    const envelope = decode(issueHcert(payload, issuer.signer))
    assert.ok(!('check' in envelope))
    assert.deepEqual(envelope.period, {
      notBefore: Date.parse('2022-01-01T00:00:00Z') / 1000,
      expires: Date.parse('2022-12-31T23:59:59.999Z') / 1000,
    })
  })
})

describe('the schema of the EU DCC', () => {
  const dcc = (changes: object) => ({
    ver: '1.3.0',
    nam: { fnt: 'MUSTER' },
    dob: '1964-08-12',
    r: [recovery],
    ...changes,
  })
  const recovery = {
    tg: '840539006',
    fr: '2021-01-01',
    co: 'AT',
    is: 'X',
    df: '2021-02-01',
    du: '2021-06-01',
    ci: 'URN:1',
  }
  const remarks = (value: object) => {
    const envelope = decode(
      issueHcert(
        hcertClaims({ issuedAt: 1, expires: 1, certificate: [1, value as Record<string, string>] }),
        issuer.signer,
      ),
    )
    if ('check' in envelope) return envelope.status
    const opened = envelope.open()
    return typeof opened === 'string' ? 'UNSUPPORTED_CONTENT' : opened.remarks
  }
  const withEntry = (changes: object) => remarks(dcc({ r: [{ ...recovery, ...changes }] }))

  it('is content with a complete certificate', () => assert.deepEqual(remarks(dcc({})), []))
  it('allows a year of birth since 1.2.1 only', () => {
    assert.deepEqual(remarks(dcc({ dob: '1963' })), [])
    assert.equal(remarks(dcc({ dob: '1963', ver: '1.0.0' })).length, 1)
    assert.equal(remarks(dcc({ dob: '1963-XX' })).length, 1)
  })
  it('remarks on several kinds, several entries, wrong dates and unknown countries', () => {
    assert.deepEqual(remarks(dcc({ v: [] })), ['several of v, t and r'])
    assert.equal(remarks(dcc({ r: [recovery, recovery] })).length, 1)
    assert.deepEqual(remarks(dcc({ r: [recovery, recovery], ver: '1.2.1' })), [])
    assert.equal(withEntry({ fr: '2021-02-30' }).length, 1)
    assert.equal(withEntry({ fr: '2021-02-03T00:00:00' }).length, 1)
    assert.equal(withEntry({ co: 'ZZ' }).length, 1)
    assert.equal(withEntry({ fr: { tag: 0, value: '2021-02-03' } }).length, 1)
  })
  it('refuses only what cannot be read', () => {
    assert.equal(remarks(dcc({ r: [] })), 'UNSUPPORTED_CONTENT')
    assert.equal(remarks(dcc({ r: ['x'] })), 'UNSUPPORTED_CONTENT')
    assert.equal(remarks(dcc({ nam: 'x' })), 'UNSUPPORTED_CONTENT')
    assert.equal(Array.isArray(remarks(dcc({ t: {}, r: [recovery] }))), true)
  })
})
