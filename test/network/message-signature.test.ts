import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { contentDigest, type SignedMessage, signatureBase, signMessage } from '../../src/network/message-signature.ts'
import { createMessageSigner, ownKey } from '../../src/network/own-key.ts'
import { walkSections } from '../support/sections.ts'

interface Vector {
  components: [string, string][]
  parameters: string
  /** JWK of the public key, and the signature in base64, where there is a key of a kind that can be tried. */
  key?: { kty: string; crv: string; x: string; y?: string }
  signature?: string
  base: string[]
}

walkSections<Vector>('rfc-9421.json', import.meta.url, ({ components, parameters, key, signature = '', base }) => {
  const made = signatureBase(components, parameters)
  assert.equal(made, base.join('\n'))
  if (!key) return
  const publicKey = createPublicKey({ key, format: 'jwk' })
  const hash = key.kty === 'EC' ? 'sha256' : null
  const bytes = Buffer.from(signature, 'base64')
  const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  assert.ok(verify(hash, Buffer.from(made), options, bytes))
  assert.ok(!verify(hash, Buffer.from(`${made} `), options, bytes))
})

describe('the digest of a content', () => {
  it('is as RFC 9530, appendix D, has it', () =>
    assert.equal(
      contentDigest(Buffer.from('{"hello": "world"}\n')),
      'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
    ))
  it('is as RFC 9421 has it without a line end', () =>
    assert.equal(
      contentDigest(Buffer.from('{"hello": "world"}')),
      'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
    ))
})

/** What was signed, with a signature that is the hash of it: anybody can see what it covers. */
function signed(message: SignedMessage, keyId = 'key-1') {
  let base = ''
  const headers = signMessage(message, {
    keyId,
    algorithm: 'ecdsa-p256-sha256',
    created: 1_618_884_473,
    sign(bytes) {
      base = Buffer.from(bytes).toString('latin1')
      return createHash('sha256').update(bytes).digest()
    },
  })
  return { headers, base }
}

describe('a signed request', () => {
  const body = Buffer.from('a=1')
  const form = 'application/x-www-form-urlencoded'
  it('with a body covers method, path, host, media type and digest', () => {
    const url = 'https://Sharer.example/fhir/List/_search'
    const { headers, base } = signed({ method: 'POST', url, contentType: form, body })
    const digest = contentDigest(body)
    const parameters =
      '("@method" "@path" "@authority" "content-type" "content-digest");created=1618884473;keyid="key-1";alg="ecdsa-p256-sha256"'
    assert.deepEqual(base.split('\n'), [
      '"@method": POST',
      '"@path": /fhir/List/_search',
      '"@authority": sharer.example',
      `"content-type": ${form}`,
      `"content-digest": ${digest}`,
      `"@signature-params": ${parameters}`,
    ])
    assert.deepEqual(headers, {
      'Signature-Input': `sig1=${parameters}`,
      Signature: `sig1=:${createHash('sha256').update(base).digest('base64')}:`,
      'Content-Digest': digest,
    })
  })
  it('without a body covers its query where it has one, and no content', () => {
    const lines = (url: string) => signed({ method: 'GET', url }).base.split('\n').slice(0, -1)
    assert.deepEqual(lines('https://sharer.example:8443/Binary/1?a=b&c=%20d?e'), [
      '"@method": GET',
      '"@path": /Binary/1',
      '"@authority": sharer.example:8443',
      '"@query": ?a=b&c=%20d?e',
    ])
    assert.deepEqual(lines('https://sharer.example:443'), [
      '"@method": GET',
      '"@path": /',
      '"@authority": sharer.example',
    ])
    assert.equal(signed({ method: 'GET', url: 'https://sharer.example/x' }).headers['Content-Digest'], undefined)
  })
  it('names its key as a string of structured fields', () =>
    assert.match(signed({ method: 'GET', url: 'https://s.example/' }, 'a"\\b').base, /keyid="a\\"\\\\b"/))
})

/** A data folder that goes with the test. */
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'vidimus-own-key-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

describe('the key of this server', () => {
  it('is made at first need, for its owner alone, and is the same ever after', (t) => {
    const dataDir = folder(t)
    createMessageSigner(dataDir, () => new Date())
    assert.deepEqual(readdirSync(dataDir), [])
    const made = ownKey(dataDir)
    assert.deepEqual(readdirSync(join(dataDir, 'keys')), ['message-signing.jwk.json'])
    assert.equal(statSync(join(dataDir, 'keys')).mode & 0o777, 0o700)
    assert.equal(statSync(join(dataDir, 'keys/message-signing.jwk.json')).mode & 0o777, 0o600)
    const again = ownKey(dataDir)
    assert.equal(again.keyId, made.keyId)
    assert.match(made.keyId, /^[\w-]{43}$/)
    assert.ok(again.privateKey.equals(made.privateKey))
  })
  it('signs what a verifier who knows it can check', (t) => {
    const dataDir = folder(t)
    const sign = createMessageSigner(dataDir, () => new Date('2026-01-01T00:00:00.900Z'))
    const headers = sign({ method: 'GET', url: 'https://sharer.example/x' })
    const { keyId, privateKey } = ownKey(dataDir)
    const input = String(headers['Signature-Input'])
    assert.match(input, new RegExp(`;created=1767225600;keyid="${keyId}";alg="ecdsa-p256-sha256"$`))
    const components: [string, string][] = [
      ['@method', 'GET'],
      ['@path', '/x'],
      ['@authority', 'sharer.example'],
    ]
    const base = Buffer.from(signatureBase(components, input.slice('sig1='.length)))
    const signature = Buffer.from(/^sig1=:(.+):$/.exec(headers.Signature ?? '')?.[1] ?? '', 'base64')
    assert.ok(verify('sha256', base, { key: createPublicKey(privateKey), dsaEncoding: 'ieee-p1363' }, signature))
  })
  it('is known by the name that the operator gives it', (t) => {
    const dataDir = folder(t)
    ownKey(dataDir)
    const file = join(dataDir, 'keys/message-signing.jwk.json')
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), kid: 'aBcD/+8=' }))
    assert.equal(ownKey(dataDir).keyId, 'aBcD/+8=')
  })
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })
  const { d: _, ...publicJwk } = jwk
  const broken: [what: string, content: string][] = [
    ['nothing', ''],
    ['no JSON', 'secret'],
    ['a public key', JSON.stringify({ ...publicJwk, kid: 'a' })],
    ['a key of another curve', JSON.stringify({ ...other, kid: 'a' })],
    ['a key without name', JSON.stringify(jwk)],
    ['a key whose name has a line end', JSON.stringify({ ...jwk, kid: 'a\nb' })],
    ['a key that is none', JSON.stringify({ ...jwk, kid: 'a', x: 'AAAA' })],
  ]
  for (const [what, content] of broken)
    it(`is refused, not replaced, when its file holds ${what}`, (t) => {
      const dataDir = folder(t)
      ownKey(dataDir)
      const file = join(dataDir, 'keys/message-signing.jwk.json')
      writeFileSync(file, content)
      assert.throws(
        () => ownKey(dataDir),
        (error: Error) => error.message.includes(file) && !error.message.includes('secret'),
      )
      assert.equal(readFileSync(file, 'utf8'), content)
    })
})
