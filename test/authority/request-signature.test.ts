import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { readDigest, readSignature } from '../../src/authority/signatures/signature-input.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { type Bed, baseUrl, clock, ecKey, messageOf, openBed, rsaKey } from './support/bed.ts'
import { digestOf, type Signing, signed } from './support/signed-request.ts'

const up = ecKey('up')
const up384 = ecKey('up384', 'P-384')
const rsa = rsaKey('rsa')
const edwards = generateKeyPairSync('ed25519')
const german = ecKey('de')
const shared = ecKey('shared')
const unlisted = ecKey('up')

/** Upload keys of the lists by their ids. */
const listed: Record<string, { participant: string; publicKey: typeof up.publicKey; algorithm?: string }[]> = {
  up: [{ participant: 'AUT', publicKey: up.publicKey }],
  up384: [{ participant: 'AUT', publicKey: up384.publicKey, algorithm: 'ES384' }],
  rsa: [{ participant: 'AUT', publicKey: rsa.publicKey }],
  pss: [{ participant: 'AUT', publicKey: rsa.publicKey, algorithm: 'PS256' }],
  ed: [{ participant: 'AUT', publicKey: edwards.publicKey }],
  de: [{ participant: 'DEU', publicKey: german.publicKey }],
  fr: [{ participant: 'FRA', publicKey: german.publicKey }],
  both: [
    { participant: 'DEU', publicKey: german.publicKey },
    { participant: 'AUT', publicKey: up.publicKey },
  ],
  shared: [
    { participant: 'AUT', publicKey: shared.publicKey },
    { participant: 'DEU', publicKey: shared.publicKey },
  ],
  crowded: Array.from({ length: 17 }, () => ({ participant: 'AUT', publicKey: up.publicKey })),
}
const participants = [
  { participant: 'AT', canonicalPrefixes: ['http://a.org'], networkKeys: true },
  { participant: 'DEU', canonicalPrefixes: ['http://de.org'] },
]

describe('a signed request', () => {
  let bed: Bed
  before(async () => {
    bed = await openBed({ participants, parts: { networkKeys: (id) => listed[id] ?? [] } })
  })
  after(() => bed.close())
  /** As a server does: who it is, and then whether the body is that which was signed. */
  const outcome = async (sent: ReturnType<typeof signed>, body = sent.body) => {
    try {
      const principal = await bed.authority.authenticate(messageOf(sent))
      principal?.checkBody?.(Buffer.from(body))
      return principal?.id ?? 'nobody'
    } catch (error) {
      assert.ok(error instanceof FhirError, String(error))
      return String(error.status)
    }
  }

  const good = 'participant:AUT'
  const cases: [name: string, given: Partial<Signing>, outcome: string][] = [
    ['good', {}, good],
    ['with a query', { url: '/fhir/ValueSet?url=http://a.org/x' }, good],
    ['of a GET without body', { method: 'GET', body: '' }, good],
    ['of a DELETE without body', { method: 'DELETE', body: '' }, good],
    [
      'of a DELETE with the digest of nothing',
      { method: 'DELETE', body: '', components: ['@method', '@target-uri', 'content-digest'] },
      good,
    ],
    [
      'of a GET with the digest of something',
      { method: 'GET', body: '', signed: { body: 'x' }, components: ['@method', '@target-uri', 'content-digest'] },
      '401',
    ],
    ['P-384', { key: up384.privateKey, keyId: 'up384', alg: 'ecdsa-p384-sha384' }, good],
    ['RSA-PSS', { key: rsa.privateKey, keyId: 'rsa', alg: 'rsa-pss-sha512' }, good],
    ['RSA', { key: rsa.privateKey, keyId: 'rsa', alg: 'rsa-v1_5-sha256' }, good],
    ['Ed25519', { key: edwards.privateKey, keyId: 'ed', alg: 'ed25519' }, good],
    [
      'that covers more',
      { components: ['@method', '@target-uri', '@authority', '@path', '@query', 'content-digest', 'content-length'] },
      good,
    ],
    ['four minutes ago', { created: clock - 299 }, good],
    ['until later', { more: `;expires=${clock + 1}` }, good],
    ['for something (tag)', { more: ';tag="x"' }, good],
    ['with a kid that two participants have', { keyId: 'both' }, good],
    ['with the key of another under its kid', { key: unlisted.privateKey }, '401'],
    ['with a key of nobody', { keyId: 'nobody' }, '401'],
    ['with a key of two participants', { key: shared.privateKey, keyId: 'shared' }, '401'],
    ['with a kid of 17 keys', { keyId: 'crowded' }, '401'],
    ['of a participant whose keys may not write', { key: german.privateKey, keyId: 'de' }, '403'],
    ['of such a participant under a kid that two have', { key: german.privateKey, keyId: 'both' }, '403'],
    ['of a participant that is not configured', { key: german.privateKey, keyId: 'fr' }, '403'],
    ['of another method', { signed: { method: 'DELETE' } }, '401'],
    ['of another target', { signed: { target: `${baseUrl}/fhir/ValueSet/w` } }, '401'],
    ['of another host', { signed: { target: 'https://evil.org/fhir/ValueSet/v' } }, '401'],
    ['of another scheme', { signed: { target: 'http://fhir.example.org/fhir/ValueSet/v' } }, '401'],
    ['of another query', { url: '/fhir/ValueSet?a=b', signed: { target: `${baseUrl}/fhir/ValueSet?a=c` } }, '401'],
    ['of another body', { signed: { body: '{"a":1}' } }, '401'],
    ['without method', { components: ['@target-uri', 'content-digest'] }, '401'],
    ['without target', { components: ['@method', 'content-digest'] }, '401'],
    ['with the path alone', { components: ['@method', '@path', 'content-digest'] }, '401'],
    ['without digest', { components: ['@method', '@target-uri'] }, '401'],
    [
      'without digest, its body in pieces',
      { components: ['@method', '@target-uri'], headers: { 'transfer-encoding': 'chunked' } },
      '401',
    ],
    ['with a component twice', { components: ['@method', '@target-uri', '@target-uri', 'content-digest'] }, '401'],
    [
      'with a component that is not there',
      { components: ['@method', '@target-uri', 'content-digest', 'x-none'] },
      '401',
    ],
    ['with the status', { components: ['@method', '@target-uri', 'content-digest', '@status'] }, '401'],
    ['with a component in capitals', { components: ['@method', '@target-uri', 'Content-Digest'] }, '401'],
    ['six minutes ago', { created: clock - 301 }, '401'],
    ['in the future', { created: clock + 301 }, '401'],
    ['until before', { more: `;expires=${clock}` }, '401'],
    ['with a parameter that is not known', { more: ';x=1' }, '401'],
    ['with a parameter twice', { more: `;created=${clock}` }, '401'],
    ['with a short nonce', { nonce: 'x' }, '401'],
    ['with another algorithm than its key’s', { alg: 'ecdsa-p384-sha384' }, '401'],
    ['with a MAC', { alg: 'hmac-sha256' }, '401'],
    ['with RSA under the key of a curve', { key: rsa.privateKey, alg: 'rsa-v1_5-sha256' }, '401'],
    ['with an algorithm that its list has not', { key: rsa.privateKey, keyId: 'pss', alg: 'rsa-v1_5-sha256' }, '401'],
    ['with a packed body', { headers: { 'content-encoding': 'gzip' } }, '401'],
    ['to an absolute address', { url: 'https://fhir.example.org/fhir/ValueSet/v', base: '' }, '401'],
  ]
  for (const [name, given, expected] of cases)
    it(`${name}: ${expected}`, async () => {
      const base = given.base === '' ? { base: baseUrl, signed: { target: String(given.url) } } : {}
      const sent = signed({ key: up.privateKey, ...given, ...base })
      assert.equal(await outcome(sent), expected)
      // What counted once counts no more; what did not count, counts no more the second time.
      assert.equal(await outcome(sent), expected === good ? '401' : expected)
    })

  it('with a nonce that was used, in another request: 401', async () => {
    const nonce = 'nonce-nonce-nonce'
    assert.equal(await outcome(signed({ key: up.privateKey, nonce })), good)
    assert.equal(await outcome(signed({ key: up.privateKey, nonce, body: '{"b":1}', created: clock + 1 })), '401')
    assert.equal(await outcome(signed({ key: rsa.privateKey, keyId: 'rsa', alg: 'rsa-v1_5-sha256', nonce })), '401')
  })

  it('sent ten times at the same time counts once', async () => {
    const sent = signed({ key: up.privateKey })
    const all = await Promise.all(Array.from({ length: 10 }, () => outcome(sent)))
    assert.equal(all.filter((each) => each === good).length, 1)
  })

  it('of another body than it was sent with is found out by the body', async () => {
    assert.equal(await outcome(signed({ key: up.privateKey }), '{"evil":1}'), '401')
    assert.equal(await outcome(signed({ key: up.privateKey }), ''), '401')
    assert.equal(await outcome(signed({ key: up.privateKey, body: '', method: 'POST' }), '{"evil":1}'), '401')
  })

  it('with half of its headers, or with one twice, is refused', async () => {
    const { headers, ...sent } = signed({ key: up.privateKey })
    const { signature, 'signature-input': input, ...others } = headers
    const with_ = (more: Record<string, string | undefined>) =>
      outcome({ ...sent, headers: { ...others, ...more } as Record<string, string> })
    assert.equal(await with_({ signature }), '401')
    assert.equal(await with_({ 'signature-input': input }), '401')
    assert.equal(await with_({ 'signature-input': input, signature: `${signature}, ${signature}` }), '401')
    assert.equal(await with_({ 'signature-input': `${input}, ${input}`, signature }), '401')
    assert.equal(await with_({ 'signature-input': input, signature: signature?.replace('sig1', 'sig2') }), '401')
    assert.equal(
      await with_({
        'signature-input': input,
        signature,
        'content-digest': `${headers['content-digest']}, ${digestOf('x')}`,
      }),
      '401',
    )
    assert.equal(await with_({ 'signature-input': input, signature }), good)
  })

  it('with the token of another party is refused', async () => {
    const both = await openBed({
      participants,
      developmentToken: 'd',
      parts: { networkKeys: (id) => listed[id] ?? [] },
    })
    try {
      const { headers, ...sent } = signed({ key: up.privateKey })
      assert.equal(await both.outcome({ ...sent, headers: { ...headers, authorization: 'Bearer d' } }), '401')
      assert.equal(await both.outcome({ ...sent, headers: { ...headers, authorization: 'Bearer x' } }), '401')
    } finally {
      await both.close()
    }
  })

  it('where no participant may write so is refused', async () => {
    const none = await openBed({ developmentToken: 'd' })
    try {
      assert.equal(await none.outcome(signed({ key: up.privateKey })), '401')
    } finally {
      await none.close()
    }
  })
})

describe('headers of signatures', () => {
  it('of any text are read or refused, and never break', () => {
    const piece = fc.constantFrom(
      'sig1=',
      '(',
      ')',
      '"@method"',
      ' ',
      ';created=1',
      ';keyid="a"',
      ';alg="b"',
      ';nonce="12345678"',
      ':AA==:',
      '"',
      '\\',
      ',',
      ';',
      '=',
    )
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 12 }).map((each) => each.join(''))
    fc.assert(
      fc.property(text, text, (input, signature) => {
        const read = readSignature(input, signature)
        if (typeof read === 'string') return
        // What is read is what is signed: the parameters stand in the header as they are.
        assert.ok(input.endsWith(read.parameters))
        assert.ok(read.nonce.length >= 8)
      }),
    )
  })
  it('read what is written in the one spelling', () => {
    const input = 'a=("@method" "x-b");created=1;keyid="k\\"\\\\";alg="ed25519";nonce="12345678"'
    const read = readSignature(input, 'a=:AA==:')
    assert.ok(typeof read === 'object')
    assert.deepEqual(read.components, ['@method', 'x-b'])
    assert.equal(read.keyId, 'k"\\')
    for (const other of [
      input.replace('"@method" "x-b"', '"@method"  "x-b"'),
      input.replace('"x-b"', '"x-b";bs'),
      input.replace('created=1', 'created=1.0'),
      input.replace(';keyid', '; keyid'),
      `${input};`,
      `${input},b=("@method")`,
      input.replace('("@method" "x-b")', '()'),
    ])
      assert.equal(typeof readSignature(other, 'a=:AA==:'), 'string', other)
    for (const signature of ['a=:AA=:', 'a=:AB==:', 'a=AA==', 'b=:AA==:', 'a=:AA==:;x'])
      assert.equal(typeof readSignature(input, signature), 'string')
  })
  it('of digests are sha-256 alone', () => {
    assert.ok(readDigest(digestOf('x')))
    for (const other of [
      '',
      'sha-256=::',
      digestOf('x').replace('sha-256', 'sha-512'),
      `${digestOf('x')};a`,
      `md5=:AA==:, ${digestOf('x')}`,
    ])
      assert.equal(readDigest(other), undefined)
  })
})
