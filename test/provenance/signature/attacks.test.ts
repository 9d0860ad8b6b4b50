/** Whatever is changed of a signature, its header or what is signed: refused, at the step that the scheme names. */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { asResource, parseJson } from '../../../src/fhir/json.ts'
import type { Provenance, Resource } from '../../../src/fhir/types.ts'
import { parseXml } from '../../../src/fhir/xml/read.ts'
import { writeXml } from '../../../src/fhir/xml/write.ts'
import { canonicalBytes } from '../../../src/provenance/signature/canonicalization.ts'
import { type AllowedSigner, allowedKeys } from '../../../src/provenance/signature/signers.ts'
import { verifyProvenance } from '../../../src/provenance/signature/verify.ts'
import { authorityOf } from '../../../src/publish/provenance/signing-authority.ts'
import {
  type Publisher,
  provenanceOf,
  publisher,
  type SignatureOptions,
  signature,
} from '../../support/signed-artefact.ts'

const ministry = await publisher('did:web:ministry.example')
const other = await publisher('did:web:other.example')
const resource = {
  resourceType: 'ValueSet',
  id: 'x',
  url: 'http://example.org/ValueSet/x',
  version: '1.2.0',
  name: 'Signed',
  title: 'Vaccins – “é”€',
  status: 'active',
  extension: [{ url: 'http://example.org/number', valueDecimal: 1.5 }],
  compose: { include: [{ system: 'http://example.org/codes', concept: [{ code: 'a', display: 'A' }] }] },
}
const at = new Date('2026-02-01T12:00:00Z')
const signedAt = new Date('2026-01-31T12:00:00Z')

const allowed = ({ did, kid, publicJwk }: Publisher, prefix: string): AllowedSigner => ({
  issuer: did,
  canonicalPrefixes: [prefix],
  jurisdictions: ['*'],
  keys: [{ keyId: kid, publicKey: createPublicKey({ key: publicJwk, format: 'jwk' }) }],
  anchors: [],
})
const signers = [allowed(ministry, 'http://example.org'), allowed(other, 'http://other.example')]

/** The first step that fails; undefined when it verifies. */
function failing(provenance: unknown, about: unknown = resource, clock = at): string | undefined {
  const { result, signatures } = verifyProvenance(
    { provenance: provenance as Provenance, resource: about as Resource },
    { findKeys: (asked) => allowedKeys(signers, asked), authority: authorityOf(signers), at: clock },
  )
  const failed = signatures.flatMap(({ steps }) => steps).find(({ outcome }) => outcome === 'fail')
  assert.equal(result, failed === undefined)
  return failed?.name
}

const made = (options: SignatureOptions = {}, by = ministry) => signature(resource, by, { at: signedAt, ...options })
const about = (given: object) => provenanceOf(resource, given)
const good = await made()

/** The signature with its message made anew, signed or not. */
function remade(change: (message: { head: string; body: string; mac: string }) => string): object {
  const [head = '', body = '', mac = ''] = Buffer.from(good.data, 'base64').toString('ascii').split('.')
  return { ...good, data: Buffer.from(change({ head, body, mac }), 'latin1').toString('base64') }
}
const header = JSON.parse(
  Buffer.from(Buffer.from(good.data, 'base64').toString().split('.')[0] ?? '', 'base64url').toString(),
)
const encoded = (json: string) => Buffer.from(json).toString('base64url')
const bytes = canonicalBytes(resource as unknown as Resource, 'static')
/** Signed as it stands, whatever its header says. */
const resigned = (text: string, payload = bytes.toString('base64url')) =>
  remade(() => {
    const head = encoded(text)
    const input = Buffer.from(`${head}.${payload}`)
    const mac = sign('sha256', input, { key: ministry.privateKey, dsaEncoding: 'ieee-p1363' })
    return `${head}..${mac.toString('base64url')}`
  })
const withHeader = (more: object) => resigned(JSON.stringify({ ...header, ...more }))
const { privateKey: strangeKey, publicKey: strange } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

it('a good one verifies, from JSON, from XML, and with b64 false', async () => {
  assert.equal(failing(about(good)), undefined)
  const read = asResource(parseXml(Buffer.from(writeXml(asResource(parseJson(JSON.stringify(resource)))))))
  assert.equal(failing(about(good), read), undefined)
  const raw = remade(() => {
    const head = encoded(JSON.stringify({ ...header, crit: ['b64'], b64: false }))
    const input = Buffer.concat([Buffer.from(`${head}.`), bytes])
    return `${head}..${sign('sha256', input, { key: ministry.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  })
  assert.equal(failing(about(raw)), undefined)
})

describe('an attack', async () => {
  const attacks: Record<string, [string, object, object?]> = {
    'an embedded key': [
      'signature',
      remade(({ body }) => {
        const head = encoded(JSON.stringify({ ...header, jwk: strange.export({ format: 'jwk' }) }))
        const input = Buffer.from(`${head}.${bytes.toString('base64url')}`)
        return `${head}.${body}.${sign('sha256', input, { key: strangeKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
      }),
    ],
    'an address of keys, and a key id that nobody knows': [
      'key',
      withHeader({ jku: 'https://evil.example/jwks', kid: 'evil' }),
    ],
    'no key id': ['key', withHeader({ kid: undefined })],
    'the key of one issuer in the name of another': ['key', withHeader({ iss: other.did })],
    'the key of one issuer under the DID of another': [
      'key',
      withHeader({ kid: `${other.did}#${ministry.kid.split('#')[1]}` }),
    ],
    'alg none': ['algorithm', withHeader({ alg: 'none' })],
    'HS256 with the public key as secret': [
      'algorithm',
      remade(({ body }) => {
        const head = encoded(JSON.stringify({ ...header, alg: 'HS256' }))
        const secret = JSON.stringify(ministry.publicJwk)
        return `${head}.${body}.${createHmac('sha256', secret)
          .update(`${head}.${bytes.toString('base64url')}`)
          .digest('base64url')}`
      }),
    ],
    'RS256 for a key on a curve': ['algorithm', withHeader({ alg: 'RS256' })],
    'ES384 for a key on another curve': ['algorithm', withHeader({ alg: 'ES384' })],
    'an algorithm that is no text': ['parse', withHeader({ alg: ['ES256'] })],
    'an unknown crit': ['parse', withHeader({ crit: ['exp'], exp: 1 })],
    'an empty crit': ['parse', withHeader({ crit: [] })],
    'b64 that crit does not name': ['parse', withHeader({ b64: false })],
    'a member twice': ['parse', resigned(JSON.stringify(header).replace('{', '{"alg":"ES256",'))],
    'a member twice, once escaped': ['parse', resigned(JSON.stringify(header).replace('{', '{"\\u0061lg":"ES256",'))],
    'a header of 1 MB': ['parse', withHeader({ padding: 'x'.repeat(1_000_000) })],
    'a header that is nested deep': ['parse', resigned(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)],
    'a header that is no object': ['parse', resigned('[]')],
    'an attached payload': ['parse', remade(({ head, mac }) => `${head}.${bytes.toString('base64url')}.${mac}`)],
    'a padded part': ['parse', remade(({ head, mac }) => `${head}..${mac}==`)],
    'four parts': ['parse', remade(({ head, mac }) => `${head}..${mac}.`)],
    'a signature in DER': [
      'signature',
      remade(
        ({ head }) =>
          `${head}..${sign('sha256', Buffer.from(`${head}.${bytes.toString('base64url')}`), ministry.privateKey).toString('base64url')}`,
      ),
    ],
    'an empty signature': ['parse', remade(({ head }) => `${head}..`)],
    'a signature of zeros': ['signature', remade(({ head }) => `${head}..${Buffer.alloc(64).toString('base64url')}`)],
    'another sigFormat': ['parse', { ...good, sigFormat: 'application/signature+xml' }],
    'data that is no base64': ['parse', { ...good, data: `${good.data}*` }],
    'a hash of other content': ['signature', withHeader({ hash: '0'.repeat(64) })],
    'no purpose': ['signature', withHeader({ srCms: undefined })],
    'another purpose in the header': ['signature', await made({ purpose: 'review', type: 'author' })],
    'no purpose in the element': ['signature', { ...good, type: [] }],
    'no signing time': ['time', withHeader({ sigT: undefined })],
    'a signing time in parts of a second': ['time', withHeader({ sigT: '2026-01-31T12:00:00.000Z' })],
    'a day that there is not': [
      'time',
      { ...withHeader({ sigT: '2026-02-30T12:00:00Z' }), when: '2026-03-02T12:00:00Z' },
    ],
    'another time in the element': ['time', { ...good, when: '2026-01-31T12:00:01Z' }],
    'another canonicalization in the header': [
      'canonicalization',
      withHeader({ canon: 'http://hl7.org/fhir/canonicalization/json' }),
    ],
    'no canonicalization in the header': ['canonicalization', withHeader({ canon: undefined })],
    'no targetFormat': ['canonicalization', { ...good, targetFormat: undefined }],
    'another url in the header': ['target', withHeader({ url: 'http://example.org/ValueSet/y' })],
    'another version in the header': ['target', withHeader({ version: '1.3.0' })],
    'somebody without authority': ['authority', await made({}, other)],
  }
  for (const [name, [step, given]] of Object.entries(attacks))
    it(`${name}: fails at ${step}`, () => assert.equal(failing(about(given)), step))

  it('a target of another name, or of another type', () => {
    const named = (value: string) => ({
      ...about(good),
      target: [{ identifier: { system: 'urn:ietf:rfc:3986', value } }],
    })
    assert.equal(failing(named(`${resource.url}|1.3.0`)), 'target')
    assert.equal(failing(named(resource.url)), 'target')
    assert.equal(failing({ ...about(good), target: [] }), 'target')
    const [target] = about(good).target
    assert.equal(failing({ ...about(good), target: [{ ...target, type: 'CodeSystem' }] }), 'target')
  })

  it('a signature before its time by more than five minutes', () => {
    assert.equal(failing(about(good), resource, new Date('2026-01-31T11:55:00Z')), undefined)
    assert.equal(failing(about(good), resource, new Date('2026-01-31T11:54:59Z')), 'time')
  })

  it('many signatures, none, and one that is no object', () => {
    assert.equal(failing({ ...about(good), signature: Array(21).fill(good) }), 'parse')
    assert.equal(failing({ ...about(good), signature: [] }), 'parse')
    assert.equal(failing({ ...about(good), signature: [null] }), 'parse')
    assert.equal(failing(provenanceOf(resource, good, { ...good, when: '2026-01-31T12:00:01Z' })), 'time')
  })
})

describe('what has no canonical bytes', () => {
  const faults: Record<string, string> = {
    'an integer beyond 2^53−1': '9007199254740993',
    'one that a double takes for 2^53': '9007199254740992',
    'a negative one': '-9007199254740992',
    'one of forty digits': '1'.repeat(40),
  }
  const refused = (text: string) => () =>
    canonicalBytes(asResource(parseJson(`{"resourceType":"Basic","id":"b","valueDecimal":${text}}`)), 'static')
  for (const [name, text] of Object.entries(faults)) it(name, () => assert.throws(refused(text), { status: 422 }))
  it('a lone surrogate, in a text or in a name', () => {
    assert.throws(refused('"\\ud800"'), { status: 422 })
    assert.throws(refused('{"\\ud800":1}'), { status: 422 })
  })
  it('others have', () => {
    for (const [text, written] of [
      ['9007199254740991', '9007199254740991'],
      ['1e22', '1e+22'],
      ['1.10', '1.1'],
      ['-0.0', '0'],
      ['1E-7', '1e-7'],
    ] as const)
      assert.match(refused(text)().toString(), new RegExp(`:${written.replaceAll(/[.+]/g, '\\$&')}[,}]`), text)
  })
})

it('a byte of what is signed is another: refused, or without effect on the bytes', () => {
  const text = JSON.stringify(resource)
  const original = bytes.toString()
  fc.assert(
    fc.property(fc.nat(Buffer.byteLength(text) - 1), fc.integer({ min: 1, max: 255 }), (place, difference) => {
      const changed = Buffer.from(text)
      changed[place] = ((changed[place] ?? 0) + difference) % 256
      let read: Resource
      try {
        read = asResource(parseJson(changed))
      } catch {
        return
      }
      const isSame = failing(about(good), read) === undefined
      assert.equal(isSame, isSame && canonicalBytes(read, 'static').toString() === original)
    }),
    { numRuns: 1000 },
  )
})

it('a character of the signature is another: refused', () => {
  const message = Buffer.from(good.data, 'base64').toString('ascii')
  fc.assert(
    fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 127 }), (place, difference) => {
      const character = String.fromCharCode((message.charCodeAt(place) + difference) % 128)
      const given = remade(() => message.slice(0, place) + character + message.slice(place + 1))
      assert.notEqual(failing(about(given)), undefined)
    }),
    { numRuns: 1000 },
  )
})
