/** Whom the trust mediator trusts, and the step at which every attack ends. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createKeyIndex, type IndexRules } from '../../../src/trust/keys/key-index.ts'
import {
  certificatePrints,
  PASSPORT_DOMAIN,
  publicKeyThumbprint,
  type TrustedKey,
} from '../../../src/trust/keys/trusted-key.ts'
import { type TrustQuestion, trustSteps } from '../../../src/trust/verify/steps.ts'
import { verifyTrust } from '../../../src/trust/verify/verify-trust.ts'
import { country, listedKey } from '../../support/directory.ts'
import { withoutEnd } from '../../support/issuer.ts'
import { certificateUnder } from '../../support/trust-list.ts'

const a = country('XA', 'XXA')
const b = country('XB', 'XXB')
const pair = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve })
const own = pair()
const dsc = a.under({ publicKey: own.publicKey })
const dscKey = a.key(dsc)
const upload = pair()
const uploadCertificate = a.under({ publicKey: upload.publicKey })
const uploadKey = a.key(uploadCertificate, { usage: 'UP', domain: '', lists: ['tng'] })
const stranger = pair()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsaKey = a.key(a.under({ publicKey: rsa.publicKey }))
const card = pair()
const cardPrint = publicKeyThumbprint(card.publicKey)
const { certificate: _, validFrom: __, validTo: ___, ...bareMembers } = dscKey
const cardKey: TrustedKey = {
  ...bareMembers,
  keyId: 'card',
  publicKey: card.publicKey,
  thumbprint: cardPrint,
  publicKeyThumbprint: cardPrint,
  participant: '',
  issuer: 'https://cards.example',
  usage: '',
  domain: '',
  extendedKeyUsage: [],
  otherKeyIds: [],
}
const uploadAuthorities = new Set([a.scaKey.thumbprint])
const listed = [a.scaKey, dscKey, uploadKey, rsaKey, b.scaKey, b.dscKey, cardKey]
const at = new Date('2022-06-01T12:00:00Z')

/** Many keys of another participant, under the same key id. */
const crowd = Array.from({ length: 101 }, (_, at) => b.key(b.dsc, { keyId: dscKey.keyId, domain: `D${at}` }))

/** The authority's key once more, in a certificate of another name. */
const renamedSca = certificateUnder(a.authority, {
  publicKey: a.sca.publicKey,
  subject: { commonName: 'Renamed', country: 'XA' },
  isAuthority: true,
})

const base64url = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')
const raw = (certificate: X509Certificate) => certificate.raw.toString('base64')

/** A compact JWS, signed whatever its header says. */
function jwt(header: object | string, claims: object | string = { sub: 'somebody' }, key: KeyObject = own.privateKey) {
  const head = typeof header === 'string' ? header : JSON.stringify(header)
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims)
  const input = `${base64url(head)}.${base64url(payload)}`
  return `${input}.${base64url(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`
}

const es256 = (more: object = {}) => ({ alg: 'ES256', kid: dscKey.keyId, ...more })

function ask(
  subject: TrustQuestion['subject'],
  more: Partial<TrustQuestion> & { keys?: TrustedKey[]; rules?: IndexRules } = {},
) {
  const { keys = listed, rules = {}, ...question } = more
  return verifyTrust({ subject, at, ...question }, createKeyIndex([keys], rules))
}

/** The step that fails, or `trusted`. */
function outcome(...asked: Parameters<typeof ask>): string {
  const { result, steps, key, authority } = ask(...asked)
  assert.deepEqual(
    steps.map(({ name }) => name),
    trustSteps,
  )
  const failed = steps.filter((each) => each.outcome === 'fail')
  assert.equal(failed.length, result ? 0 : 1)
  if (result) return 'trusted'
  assert.equal(key ?? authority, undefined)
  const at = steps.findIndex((each) => each.outcome === 'fail')
  assert.ok(steps.slice(at + 1).every((each) => each.outcome === 'skipped'))
  return failed[0]?.name ?? ''
}

describe('what is trusted', () => {
  it('a JWT of a listed signer: by whose authority, on which list, and every step', () => {
    const { result, key, authority, steps } = ask(
      { jwt: jwt(es256()) },
      { domain: 'DCC', usage: 'DSC', participant: 'XA' },
    )
    assert.equal(result, true)
    assert.deepEqual([key?.participant, key?.lists], ['XXA', ['local']])
    assert.deepEqual(authority, { subject: a.sca.subject.replaceAll('\n', ', '), thumbprint: a.scaKey.thumbprint })
    assert.deepEqual(
      steps.map((each) => each.outcome),
      trustSteps.map(() => 'pass'),
    )
  })

  const good: Record<string, Parameters<typeof ask>> = {
    'a key id': [{ keyId: dscKey.keyId }],
    'a key id in base64url': [{ keyId: Buffer.from(dscKey.keyId, 'base64').toString('base64url') }],
    'a listed certificate': [{ certificates: [dsc] }],
    'a listed certificate with its authority': [{ certificates: [dsc, a.sca] }],
    'an authority': [{ certificates: [a.sca] }, { usage: 'CSCA' }],
    'a detached JWS': [{ jws: detached('content'), content: Buffer.from('content') }],
    'a detached JWS whose payload is not encoded': [
      { jws: detached('content', { b64: false, crit: ['b64'] }), content: Buffer.from('content') },
    ],
    'an RSA key': [{ jwt: jwtRsa('RS256') }],
    'a card issuer by his address': [
      { jwt: jwt({ alg: 'ES256', kid: 'card' }, { iss: 'https://cards.example' }, card.privateKey) },
    ],
    'a JWT whose certificate is listed, without key id': [{ jwt: jwt({ alg: 'ES256', x5c: [raw(dsc)] }) }],
    'an upload key of a gateway': [
      { jwt: jwt({ alg: 'ES256', kid: uploadKey.keyId }, {}, upload.privateKey) },
      { usage: 'UP' },
    ],
    'an upload key under a listed authority that issues nothing else': [
      { jwt: jwt({ alg: 'ES256', x5c: [raw(uploadCertificate), raw(a.sca)] }, {}, upload.privateKey) },
      { usage: 'UP', keys: [a.scaKey], uploadAuthorities },
    ],
    'a JWT in its time': [{ jwt: jwt(es256(), { exp: at.getTime() / 1000 + 1, nbf: at.getTime() / 1000 }) }],
    'a JWT with a time in parts of a second': [{ jwt: jwt(es256(), { nbf: 1620992383.218 }) }],
    'a JWT whose issuer is the participant': [{ jwt: jwt(es256(), { iss: 'xa' }) }],
    'the right one of several keys of one key id': [
      { jwt: jwt(es256()) },
      { keys: [...[1, 2, 3].map(() => a.key(a.under(), { keyId: dscKey.keyId })), ...listed] },
    ],
    'a crowded key id, of the participant that is asked for': [
      { jwt: jwt(es256()) },
      { keys: [...crowd, ...listed], participant: 'XA' },
    ],
    'what a key id names beside one that is expired': [
      { jwt: jwt(es256()) },
      { keys: [{ ...dscKey, domain: 'PH4H', lists: ['other'] }, ...listed], domain: 'DCC' },
    ],
  }
  for (const [name, asked] of Object.entries(good)) it(name, () => assert.equal(outcome(...asked), 'trusted'))
})

function detached(content: string, header: object = {}, key: KeyObject = own.privateKey): string {
  const head = base64url(JSON.stringify(es256(header)))
  const payload = 'b64' in header ? content : base64url(content)
  const signature = sign('sha256', Buffer.from(`${head}.${payload}`), { key, dsaEncoding: 'ieee-p1363' })
  return `${head}..${base64url(signature)}`
}

function jwtRsa(alg: string, kid = rsaKey.keyId): string {
  const input = `${base64url(JSON.stringify({ alg, kid }))}.${base64url('{}')}`
  return `${input}.${base64url(sign('sha256', Buffer.from(input), rsa.privateKey))}`
}

/** A MAC under the public key, which a library takes that believes the header. */
function hmac(): string {
  const input = `${base64url(JSON.stringify(es256({ alg: 'HS256' })))}.${base64url('{}')}`
  const secret = own.publicKey.export({ type: 'spki', format: 'pem' })
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const forged = a.under({ publicKey: stranger.publicKey })
const strange = country('XA', 'XXA')
const strangeLeaf = strange.under({ publicKey: stranger.publicKey })
const strangerJwk = stranger.publicKey.export({ format: 'jwk' })
const withdrawn = pair()
const withdrawnDsc = a.under({ publicKey: withdrawn.publicKey, extendedKeyUsage: ['1.3.6.1.4.1.1847.2021.1.2'] })
const client = a.under({ publicKey: withdrawn.publicKey, extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] })
const plainDsc = a.under({ publicKey: withdrawn.publicKey })
const distrust = (thumbprint: string) => ({
  distrust: [{ list: 'bad', participants: [], thumbprints: [thumbprint], keyIds: [] }],
})
const expired = { ...dscKey, validTo: new Date('2022-01-01T00:00:00Z') }
const oldSca = { ...a.scaKey, validTo: new Date('2022-01-01T00:00:00Z') }

/** Each attack, and the step at which it ends. */
const attacks: Record<string, [step: string, ...Parameters<typeof ask>]> = {
  'no JWS at all': ['parse', { jwt: 'garbage' }],
  'the empty text': ['parse', { jwt: '' }],
  'four parts': ['parse', { jwt: `${jwt(es256())}.x` }],
  'padding after the signature': ['parse', { jwt: `${jwt(es256())}=` }],
  'another spelling of the signature': ['parse', { jwt: respelt(jwt(es256())) }],
  'a header that is no JSON': ['parse', { jwt: jwt('{') }],
  'a member of the header twice': ['parse', { jwt: jwt(`{"alg":"none","alg":"ES256","kid":"${dscKey.keyId}"}`) }],
  'a claim twice': ['parse', { jwt: jwt(es256(), '{"iss":"XA","iss":"XB"}') }],
  'a header without end': ['parse', { jwt: jwt(es256({ x: 'x'.repeat(70_000) })) }],
  'an unknown crit': ['parse', { jwt: jwt(es256({ crit: ['exp'], exp: 1 })) }],
  'an empty crit': ['parse', { jwt: jwt(es256({ crit: [] })) }],
  'b64 in a JWT': ['parse', { jwt: jwt(es256({ crit: ['b64'], b64: false })) }],
  'b64 without crit': ['parse', { jws: detached('content', { b64: false }), content: Buffer.from('content') }],
  'a key id that is no text': ['parse', { jwt: jwt({ alg: 'ES256', kid: 7 }) }],
  'a payload in a detached JWS': ['parse', { jws: jwt(es256()), content: Buffer.from('{}') }],
  'no payload in a JWT': ['parse', { jwt: detached('content') }],
  'x5c that is no list': ['parse', { jwt: jwt(es256({ x5c: raw(dsc) })) }],
  'x5c that is no certificate': ['parse', { jwt: jwt(es256({ x5c: ['AAAA'] })) }],
  'x5c with an end that is no time': [
    'parse',
    { jwt: jwt(es256({ x5c: [withoutEnd(Buffer.from(raw(dsc), 'base64')).toString('base64')] })) },
  ],
  'x5c that is no chain': ['parse', { jwt: jwt(es256({ x5c: [raw(dsc), raw(b.sca)] })) }],
  'x5c without end': ['parse', { jwt: jwt(es256({ x5c: Array.from({ length: 11 }, () => raw(a.sca)) })) }],
  'certificates that are no chain': ['parse', { certificates: [dsc, b.sca] }],
  'alg none': ['algorithm', { jwt: `${base64url(JSON.stringify(es256({ alg: 'none' })))}.${base64url('{}')}.AA` }],
  'alg none without signature': [
    'parse',
    { jwt: `${base64url(JSON.stringify(es256({ alg: 'none' })))}.${base64url('{}')}.` },
  ],
  'a MAC under the public key': ['algorithm', { jwt: hmac() }],
  'an algorithm in other letters': ['algorithm', { jwt: jwt(es256({ alg: 'es256' })) }],
  'an algorithm for another curve': ['algorithm', { jwt: jwt(es256({ alg: 'ES384' })) }],
  'an algorithm for another kind of key': ['algorithm', { jwt: jwt(es256({ alg: 'RS256' })) }],
  'an algorithm other than that of the list': [
    'algorithm',
    { jwt: jwtRsa('RS256') },
    { keys: [a.scaKey, { ...rsaKey, algorithm: 'PS256' }] },
  ],
  'no key id': ['key', { jwt: jwt({ alg: 'ES256' }) }],
  'an unknown key id': ['key', { jwt: jwt({ alg: 'ES256', kid: 'unknown' }) }],
  'the key in the header': ['key', { jwt: jwt({ alg: 'ES256', jwk: strangerJwk }, {}, stranger.privateKey) }],
  'addresses of keys in the header': [
    'key',
    {
      jwt: jwt(
        { alg: 'ES256', kid: 'x', jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' },
        {},
        stranger.privateKey,
      ),
    },
  ],
  'a listed key id, and another key in the header': [
    'signature',
    { jwt: jwt(es256({ jwk: strangerJwk, jku: 'https://evil.example' }), {}, stranger.privateKey) },
  ],
  'a listed key id, and the certificate of another key': [
    'key',
    { jwt: jwt(es256({ x5c: [raw(forged)] }), {}, stranger.privateKey) },
  ],
  'the key id of nobody, and a listed certificate': [
    'key',
    { jwt: jwt({ alg: 'ES256', kid: 'other', x5c: [raw(dsc)] }) },
  ],
  'a certificate that its thumbprint contradicts': [
    'key',
    { jwt: jwt(es256({ x5c: [raw(dsc)], 'x5t#S256': Buffer.from(a.scaKey.thumbprint, 'hex').toString('base64url') })) },
  ],
  'a key id that its thumbprint contradicts': [
    'key',
    { jwt: jwt(es256({ 'x5t#S256': Buffer.from(a.scaKey.thumbprint, 'hex').toString('base64url') })) },
  ],
  'a certificate under an SCA of the same name that is not listed': [
    'key',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(strangeLeaf), raw(strange.sca)] }, {}, stranger.privateKey) },
    { usage: 'UP' },
  ],
  'a certificate that signed itself': ['key', { certificates: [strange.sca] }],
  'another participant than asked for': ['key', { jwt: jwt(es256()) }, { participant: 'XB' }],
  'an unknown participant': ['key', { jwt: jwt(es256()) }, { participant: 'ZZ' }],
  'an issuer that is another country': ['key', { jwt: jwt(es256(), { iss: 'XB' }) }],
  'an issuer that is the list of another country': [
    'key',
    { jwt: jwt(es256(), { iss: 'did:web:tng-cdn.who.int:v2:trustlist:DCC:XXB:DSC' }) },
  ],
  'an issuer that is no text': ['key', { jwt: jwt(es256(), { iss: ['XA'] }) }],
  'a card issuer under another address': [
    'key',
    { jwt: jwt({ alg: 'ES256', kid: 'card' }, { iss: 'https://evil.example' }, card.privateKey) },
  ],
  'a card issuer without address': ['key', { jwt: jwt({ alg: 'ES256', kid: 'card' }, {}, card.privateKey) }],
  'a card issuer as a participant': [
    'key',
    { jwt: jwt({ alg: 'ES256', kid: 'card' }, { iss: 'https://cards.example' }, card.privateKey) },
    { participant: 'XA' },
  ],
  'a signer that is withdrawn, with its certificate': [
    'list',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(withdrawnDsc)] }, {}, withdrawn.privateKey) },
    { usage: 'DSC' },
  ],
  'the same without asking for a usage': [
    'list',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(withdrawnDsc)] }, {}, withdrawn.privateKey) },
  ],
  'the same as an upload key': [
    'usage',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(withdrawnDsc)] }, {}, withdrawn.privateKey) },
    { usage: 'UP', uploadAuthorities },
  ],
  'a withdrawn signer without extended key usage, as an upload key': [
    'list',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(plainDsc)] }, {}, withdrawn.privateKey) },
    { usage: 'UP' },
  ],
  'the same where another authority issues upload certificates': [
    'list',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(plainDsc)] }, {}, withdrawn.privateKey) },
    { usage: 'UP', uploadAuthorities: new Set([b.scaKey.thumbprint]) },
  ],
  'a client certificate as an upload key': ['usage', { certificates: [client] }, { usage: 'UP', uploadAuthorities }],
  'a certificate on no list': ['list', { certificates: [withdrawnDsc, a.sca] }],
  'a list of withdrawals that cannot be read': [
    'key',
    { keyId: 'unknown' },
    { rules: { unavailable: 'bad cannot be read' } },
  ],
  'a listed key while no key counts': ['list', { jwt: jwt(es256()) }, { rules: { unavailable: 'bad cannot be read' } }],
  'a key that a required list lacks': [
    'list',
    { jwt: jwt(es256()) },
    { rules: { required: [{ name: 'own', keys: [] }] } },
  ],
  'an expired key': ['period', { jwt: jwt(es256()) }, { keys: [a.scaKey, expired] }],
  'a key before its time': ['period', { jwt: jwt(es256()) }, { at: new Date('2020-01-01T00:00:00Z') }],
  'a key after its time': ['period', { jwt: jwt(es256()) }, { at: new Date('2040-01-01T00:00:00Z') }],
  'a key whose SCA is expired': ['period', { jwt: jwt(es256()) }, { keys: [oldSca, dscKey] }],
  'a JWT that has expired': ['period', { jwt: jwt(es256(), { exp: at.getTime() / 1000 }) }],
  'a JWT of tomorrow': ['period', { jwt: jwt(es256(), { nbf: at.getTime() / 1000 + 86_400 }) }],
  'a JWT whose end is a text': ['period', { jwt: jwt(es256(), { exp: '9999999999' }) }],
  'a document signer as an upload key': ['usage', { jwt: jwt(es256()) }, { usage: 'UP' }],
  'an upload key as a document signer': [
    'usage',
    { jwt: jwt({ alg: 'ES256', kid: uploadKey.keyId }, {}, upload.privateKey) },
    { usage: 'DSC' },
  ],
  'a card issuer as an upload key': [
    'usage',
    { jwt: jwt({ alg: 'ES256', kid: 'card' }, { iss: 'https://cards.example' }, card.privateKey) },
    { usage: 'UP' },
  ],
  'a document signer as an authority': ['usage', { certificates: [dsc] }, { usage: 'SCA' }],
  'an authority that signs a message': [
    'usage',
    { jwt: jwt({ alg: 'ES256', kid: a.scaKey.keyId }, {}, a.authority.privateKey) },
  ],
  'an authority listed as a signer': [
    'usage',
    { jwt: jwt({ alg: 'ES256', kid: a.scaKey.keyId }, {}, a.authority.privateKey) },
    { keys: [{ ...a.scaKey, usage: 'DSC' }] },
  ],
  'a key for data exchange that signs a message': [
    'usage',
    { jwt: jwt(es256()) },
    { keys: [a.scaKey, { ...dscKey, usage: 'DESC' }] },
  ],
  'a client key that signs a message': [
    'usage',
    { jwt: jwt(es256()) },
    { keys: [a.scaKey, { ...dscKey, usage: 'TLS' }] },
  ],
  'another domain': ['domain', { jwt: jwt(es256()) }, { domain: 'PH4H' }],
  'a domain in other letters': ['domain', { jwt: jwt(es256()) }, { domain: 'dcc' }],
  'a key of no domain': ['domain', { keyId: uploadKey.keyId }, { domain: 'DCC' }],
  'a revoked key': ['revocation', { jwt: jwt(es256()) }, { keys: [a.scaKey, { ...dscKey, status: 'revoked' }] }],
  'a key that another list revokes': [
    'revocation',
    { jwt: jwt(es256()) },
    { keys: [...listed, { ...dscKey, domain: 'X', lists: ['own'], status: 'revoked' }] },
  ],
  'a terminated key': [
    'revocation',
    { keyId: dscKey.keyId },
    { keys: [a.scaKey, { ...dscKey, status: 'terminated' }] },
  ],
  'a key whose authority is revoked': [
    'revocation',
    { jwt: jwt(es256()) },
    { keys: [{ ...a.scaKey, status: 'revoked' }, dscKey] },
  ],
  'a distrusted key': ['revocation', { jwt: jwt(es256()) }, { rules: distrust(dscKey.thumbprint) }],
  'a key whose authority is distrusted': [
    'revocation',
    { jwt: jwt(es256()) },
    { rules: distrust(a.scaKey.thumbprint) },
  ],
  'a key id of more keys than are tried': ['key', { jwt: jwt(es256()) }, { keys: [...crowd, ...listed] }],
  'a key whose authority is distrusted under another name': [
    'revocation',
    { jwt: jwt(es256()) },
    {
      keys: [a.scaKey, dscKey, listedKey(renamedSca, { usage: 'SCA' })],
      rules: distrust(certificatePrints(renamedSca).thumbprint),
    },
  ],
  'a signer of passports as an upload key': [
    'key',
    { jwt: jwt({ alg: 'ES256', x5c: [raw(uploadCertificate), raw(a.sca)] }, {}, upload.privateKey) },
    { usage: 'UP', keys: [{ ...a.scaKey, domain: PASSPORT_DOMAIN }] },
  ],
  'an upload key of nobody': [
    'chain',
    { certificates: [a.under({ subject: { commonName: 'Somebody', country: 'Anywhere' } })] },
    { usage: 'UP', keys: [{ ...a.scaKey, participant: '' }] },
  ],
  'an upload certificate that is distrusted': [
    'revocation',
    { certificates: [uploadCertificate] },
    { usage: 'UP', keys: [a.scaKey], uploadAuthorities, rules: distrust(a.key(uploadCertificate).thumbprint) },
  ],
  'a signature by another key': ['signature', { jwt: jwt(es256(), {}, stranger.privateKey) }],
  'a payload that was changed': ['signature', { jwt: changed(jwt(es256())) }],
  'other content than was signed': ['signature', { jws: detached('content'), content: Buffer.from('other') }],
  'content whose encoding was signed': [
    'signature',
    { jws: detached('content'), content: Buffer.from(base64url('content')) },
  ],
  'a signature in DER': ['signature', { jwt: inDer() }],
  'a signature of zeros': ['signature', { jwt: `${jwt(es256()).replace(/[^.]*$/, '')}${base64url(Buffer.alloc(64))}` }],
}

/** The last character of 64 bytes in base64url has four bits that say nothing. */
function respelt(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) ?? '')
  return `${text.slice(0, -1)}${alphabet[last ^ 1]}`
}

function changed(text: string): string {
  const [head, , signature] = text.split('.')
  return `${head}.${base64url('{"sub":"somebody else"}')}.${signature}`
}

function inDer(): string {
  const input = `${base64url(JSON.stringify(es256()))}.${base64url('{}')}`
  return `${input}.${base64url(sign('sha256', Buffer.from(input), own.privateKey))}`
}

describe('what speaks for caution', () => {
  const standings = new Map([['local', { since: new Date('2022-01-01T00:00:00Z'), warnAfterSeconds: 86_400 }]])
  const rules = { standings, now: () => at }
  const told = (...asked: Parameters<typeof ask>) =>
    ask(...asked).steps.find(({ name }) => name === 'list')?.detail ?? ''

  it('is told with the list: nobody confirmed it for long, or a newer one that waits lacks the key', () => {
    assert.match(told({ jwt: jwt(es256()) }, { rules }), /^local; trust list is 151 days old: local$/)
    assert.match(
      told({ certificates: [uploadCertificate] }, { usage: 'UP', keys: [a.scaKey], uploadAuthorities, rules }),
      /^its SCA: local; trust list is 151 days old/,
    )
    const newer = { standings: new Map([['local', { newer: new Set<string>() }]]) }
    assert.match(told({ keyId: dscKey.keyId }, { rules: newer }), /^local; a newer list of local.*lacks the key$/)
    assert.equal(told({ keyId: dscKey.keyId }), 'local')
  })
})

describe('an attack', () => {
  for (const [name, [step, ...asked]] of Object.entries(attacks))
    it(`${name}: fails at ${step}`, () => assert.equal(outcome(...asked), step))

  it('by any change of a good message: not trusted', () => {
    const good = jwt(es256({ x5c: [raw(dsc), raw(a.sca)] }), { sub: 'somebody' })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 127 }), (place, difference) => {
        const character = String.fromCharCode((good.charCodeAt(place) + difference) % 128)
        assert.equal(ask({ jwt: good.slice(0, place) + character + good.slice(place + 1) }).result, false)
      }),
      { numRuns: 300 },
    )
  })

  it('by any text: not trusted, and no exception', () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .array(fc.string({ maxLength: 20 }), { minLength: 3, maxLength: 3 })
        .map((parts) => parts.map(base64url).join('.')),
      fc.json().map((json) => `${base64url(json)}.e30.AA`),
    )
    fc.assert(
      fc.property(anything, (text) => assert.equal(ask({ jwt: text }).result, false)),
      { numRuns: 300 },
    )
  })

  it('never gets its own words back', () => {
    const secrets = ['SECRET-NAME', 'https://evil.example/SECRET', 'SECRET-KID']
    const jws = jwt(
      { alg: 'ES256', kid: secrets[2], jku: secrets[1], crit: ['SECRET'] },
      { sub: secrets[0], iss: secrets[0] },
    )
    for (const text of [
      jws,
      jwt({ alg: 'SECRET', kid: secrets[2] }),
      jwt(es256(), { iss: 'SECRET', name: secrets[0] }, stranger.privateKey),
    ])
      assert.ok(!JSON.stringify(ask({ jwt: text }).steps).includes('SECRET'))
  })
})
