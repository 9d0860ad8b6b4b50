import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { CompactSign, compactVerify } from 'jose'
import { openJws, signJws } from '../../src/provenance/jws.ts'
import { testSigner } from '../support/cms-signer.ts'
import { testKey } from './support.ts'

const payload = Buffer.from('{"resourceType":"Library"}')
const key = testKey()
const isKey = () => [key.publicKey]
const encode = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')

for (const kind of ['P-256', 'P-384', 'RSA-2048'])
  test(`what a key on ${kind} signs opens here and at others`, async () => {
    const own = testKey(kind)
    const jws = await signJws(payload, own, { cty: 'application/fhir+json' })
    const opened = await openJws(jws, () => [key.publicKey, own.publicKey])
    assert.deepEqual(opened?.payload, payload)
    assert.deepEqual([opened?.header.alg, opened?.header.kid], [own.algorithm, own.keyId])
    const { protectedHeader } = await compactVerify(jws, own.publicKey)
    assert.equal(protectedHeader.cty, 'application/fhir+json')
    assert.deepEqual(protectedHeader.x5c, [own.certificate?.raw.toString('base64')])
    assert.equal(await openJws(jws, isKey), undefined)
  })

test('a header that is asked for does not say another key or algorithm', async () => {
  const jws = await signJws(payload, key, { alg: 'none', kid: 'other', typ: 'JOSE' })
  const opened = await openJws(jws, isKey)
  assert.deepEqual([opened?.header.alg, opened?.header.kid, opened?.header.typ], ['ES256', key.keyId, 'JOSE'])
})

test('what others sign opens, EdDSA too', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jws = await new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA', kid: 'a' }).sign(privateKey)
  assert.deepEqual((await openJws(jws, () => [publicKey]))?.payload, payload)
  const rsa = testSigner('RSA-2048')
  for (const alg of ['PS256', 'RS256']) {
    const signed = await new CompactSign(payload).setProtectedHeader({ alg }).sign(rsa.privateKey)
    assert.deepEqual((await openJws(signed, () => [rsa.certificate.publicKey]))?.payload, payload)
  }
})

describe('refused, though the signature holds', () => {
  const { privateKey, certificate } = testSigner('P-256')
  const signed = (head: string, body = encode(payload), by: KeyObject = privateKey) => {
    const input = `${encode(head)}.${body}`
    return `${input}.${encode(sign('sha256', Buffer.from(input), { key: by, dsaEncoding: 'ieee-p1363' }))}`
  }
  const good = signed('{"alg":"ES256"}')
  const secret = certificate.publicKey.export({ type: 'spki', format: 'pem' })
  const hmac = () => {
    const input = `${encode('{"alg":"HS256"}')}.${encode(payload)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const [head = '', body = '', signature = ''] = good.split('.')
  const cases: Record<string, string> = {
    'alg none': `${encode('{"alg":"none"}')}.${body}.`,
    'alg none with a signature': signed('{"alg":"none"}'),
    'a secret made of the public key': hmac(),
    'no alg': signed('{}'),
    'alg in a list': signed('{"alg":["ES256"]}'),
    'alg of an object': signed('{"alg":"toString"}'),
    'alg of another curve': signed('{"alg":"ES384"}'),
    'alg of another kind': signed('{"alg":"RS256"}'),
    'alg twice': signed('{"alg":"none","alg":"ES256"}'),
    'kid twice': signed('{"alg":"ES256","kid":"a","kid":"b"}'),
    'a member twice, once escaped': signed('{"alg":"ES256","kid":"a","\\u006bid":"b"}'),
    'a critical member that nobody knows': signed('{"alg":"ES256","crit":["x"],"x":1}'),
    'no critical members': signed('{"alg":"ES256","crit":[]}'),
    'critical members that are none': signed('{"alg":"ES256","crit":null}'),
    'a payload as it is': signed('{"alg":"ES256","b64":false,"crit":["b64"]}'),
    'b64, and not critical': signed('{"alg":"ES256","b64":false}'),
    'a header that is a list': signed('[]'),
    'a header that is no JSON': signed('alg=ES256'),
    'a header that is not UTF-8': signed('\xff').replace(/^[^.]+/, Buffer.from([0xff]).toString('base64url')),
    'a header of a megabyte': signed(`{"alg":"ES256","x":"${'x'.repeat(1_000_000)}"}`),
    'a signature in DER': `${head}.${body}.${encode(sign('sha256', Buffer.from(`${head}.${body}`), privateKey))}`,
    'no signature': `${head}.${body}.`,
    'a signature of zeros': `${head}.${body}.${encode(Buffer.alloc(64))}`,
    'a part more': `${good}.`,
    'parts of an encrypted message': `${good}.${body}.${body}`,
    'a part less': `${head}.${body}`,
    'a detached payload': `${head}..${signature}`,
    padding: `${good}==`,
    'white space': ` ${good}`,
    'a line end': `${good}\n`,
    'another spelling of the last character': `${good.slice(0, -1)}${neighbour(good.at(-1) ?? '')}`,
    'the other alphabet': good
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .replace(/\.([^.]*)$/, '.+$1'),
    nothing: '',
    dots: '..',
  }
  for (const [name, jws] of Object.entries(cases))
    it(name, async () => assert.equal(await openJws(jws, () => [certificate.publicKey]), undefined))

  it('and the message itself is not', async () => {
    assert.deepEqual((await openJws(good, () => [certificate.publicKey]))?.payload, payload)
  })

  it('a key in the header counts for nothing', async () => {
    const stranger = testSigner('P-256')
    const jwk = createPublicKey(stranger.privateKey).export({ format: 'jwk' })
    const x5c = [stranger.certificate.raw.toString('base64')]
    const forged = signed(
      JSON.stringify({ alg: 'ES256', jwk, x5c, jku: 'https://evil.example' }),
      body,
      stranger.privateKey,
    )
    assert.equal(await openJws(forged, () => [certificate.publicKey]), undefined)
    assert.equal(await openJws(forged, () => []), undefined)
  })

  it('a private key, or a secret, is no key to open with', async () => {
    assert.equal(await openJws(good, () => [privateKey]), undefined)
  })
})

/** The character that differs in the two lowest bits alone, which 64 bytes do not use. */
function neighbour(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) ^ 1] ?? ''
}

test('one character elsewhere, and it opens no more', async () => {
  const jws = await signJws(payload, key)
  const place = fc.nat(jws.length - 1)
  const character = fc.constantFrom(...'ABCxyz019-_.=+/ ')
  await fc.assert(
    fc.asyncProperty(place, character, async (at, put) => {
      const changed = jws.slice(0, at) + put + jws.slice(at + 1)
      const opened = await openJws(changed, isKey)
      assert.equal(opened !== undefined, changed === jws)
    }),
  )
})

test('whatever text comes, it is opened or not, and nothing is thrown', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.array(fc.string()).map((each) => each.join('.')),
      ),
      async (text) => {
        assert.equal(await openJws(text, isKey), undefined)
      },
    ),
  )
})
