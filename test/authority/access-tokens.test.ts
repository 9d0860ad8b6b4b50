import assert from 'node:assert/strict'
import { createHmac, type KeyObject } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Bed,
  baseUrl,
  clock,
  ecKey,
  goodClaims,
  issuer,
  jwsOf,
  messageOf,
  openBed,
  rsaKey,
} from './support/bed.ts'

const rsa = rsaKey('r')
const rsa384 = rsaKey('r384', 'RS384')
const ec = ecKey('e', 'P-256')
const ec384 = ecKey('e384', 'P-384')
const forEncryption = { ...rsaKey('enc'), jwk: {} as Record<string, unknown> }
forEncryption.jwk = { ...forEncryption.publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc' }
const twice = [ecKey('twice'), ecKey('twice')]
const stranger = ecKey('e')
const registered = {
  id: 'registered',
  name: 'Registered',
  participant: 'AT',
  scopes: 'system/ValueSet.cruds',
  canonicalPrefixes: ['http://a.org/x'],
  jurisdictions: ['AT'],
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const token = (
  more: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key: KeyObject = ec.privateKey,
) => jwsOf({ alg: 'ES256', kid: 'e', typ: 'at+jwt', ...header }, goodClaims(more), key)
const hmac = (secret: string | Buffer) => {
  const input = token({}, { alg: 'ES256' }).split('.')
  const head = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'e', typ: 'JWT' })).toString('base64url')
  return `${head}.${input[1]}.${createHmac('sha256', secret).update(`${head}.${input[1]}`).digest('base64url')}`
}
const unsigned = (alg: string) => {
  const [, claims] = token().split('.')
  return `${Buffer.from(JSON.stringify({ alg, kid: 'e' })).toString('base64url')}.${claims}.`
}
const without = (name: string) => {
  const { [name]: _left, ...claims } = goodClaims()
  return jwsOf({ alg: 'ES256', kid: 'e' }, claims, ec.privateKey)
}
const pem = String(ec.publicKey.export({ type: 'spki', format: 'pem' }))

describe('an access token of the external issuer', () => {
  let bed: Bed
  before(async () => {
    const issuerKeys = [rsa, rsa384, ec, ec384, forEncryption, ...twice]
    bed = await openBed({ issuerKeys, clients: [registered], developmentToken: 'development' })
  })
  after(() => bed.close())

  const cases: [name: string, given: () => string, outcome: string][] = [
    ['good', () => token(), 'issuer:moh'],
    ['RS256', () => token({}, { alg: 'RS256', kid: 'r' }, rsa.privateKey), 'issuer:moh'],
    ['PS256', () => token({}, { alg: 'PS256', kid: 'r' }, rsa.privateKey), 'issuer:moh'],
    ['RS384', () => token({}, { alg: 'RS384', kid: 'r' }, rsa.privateKey), 'issuer:moh'],
    ['ES384', () => token({}, { alg: 'ES384', kid: 'e384' }, ec384.privateKey), 'issuer:moh'],
    ['without type', () => jwsOf({ alg: 'ES256', kid: 'e' }, goodClaims(), ec.privateKey), 'issuer:moh'],
    ['for several audiences', () => token({ aud: ['https://b.org', issuer.audience] }), 'issuer:moh'],
    ['of a client named by azp', () => token({ client_id: undefined, azp: 'b' }), 'issuer:b'],
    ['of a subject alone', () => token({ client_id: undefined }), 'issuer:moh'],
    ['with scp', () => token({ scope: undefined, scp: ['system/*.cruds'] }), 'issuer:moh'],
    ['at the end of the skew', () => token({ exp: clock - 29 }), 'issuer:moh'],
    ['the development token', () => 'development', 'token'],
    ['another development token', () => 'developmenu', '401'],
    ['nothing', () => '', '401'],
    ['alg none', () => unsigned('none'), '401'],
    ['alg None', () => unsigned('None'), '401'],
    [
      'alg none with a signature',
      () => token().replace(/^[^.]+/, Buffer.from('{"alg":"none","kid":"e"}').toString('base64url')),
      '401',
    ],
    ['HS256 with the public key in PEM', () => hmac(pem), '401'],
    ['HS256 with the key as JWK', () => hmac(JSON.stringify(ec.jwk)), '401'],
    ['HS256 with an empty key', () => hmac(''), '401'],
    ['PS512, which is not accepted', () => token({}, { alg: 'PS512', kid: 'r' }, rsa.privateKey), '401'],
    ['an algorithm that is none', () => token({}, { alg: 'ES999x384', kid: 'e384' }, ec384.privateKey), '401'],
    ['RS256 with a key for RS384 alone', () => token({}, { alg: 'RS256', kid: 'r384' }, rsa384.privateKey), '401'],
    ['a key for encryption', () => token({}, { alg: 'RS256', kid: 'enc' }, forEncryption.privateKey), '401'],
    ['a key of another under the same kid', () => token({}, {}, stranger.privateKey), '401'],
    ['a kid that stands for two keys', () => token({}, { kid: 'twice' }, twice[0]?.privateKey), '401'],
    ['a kid of nobody', () => token({}, { kid: 'nobody' }), '401'],
    ['without kid', () => jwsOf({ alg: 'ES256' }, goodClaims(), ec.privateKey), '401'],
    ['a kid that is a list', () => token({}, { kid: ['e'] }), '401'],
    ['two kids', () => jwsOf('{"alg":"ES256","kid":"x","kid":"e"}', goodClaims(), ec.privateKey), '401'],
    [
      'a claim twice',
      () => jwsOf({ alg: 'ES256', kid: 'e' }, `{"scope":"",${JSON.stringify(goodClaims()).slice(1)}`, ec.privateKey),
      '401',
    ],
    ['its key in its header', () => token({}, { jwk: stranger.jwk }, stranger.privateKey), '401'],
    [
      'the address of its keys in its header',
      () => token({}, { jku: 'https://evil.org/jwks' }, stranger.privateKey),
      '401',
    ],
    ['crit', () => token({}, { crit: ['exp'], exp: 1 }), '401'],
    ['b64', () => token({}, { crit: ['b64'], b64: false }), '401'],
    ['another type', () => token({}, { typ: 'logout+jwt' }), '401'],
    ['the type of artefact signatures', () => token({}, { typ: 'JOSE' }), '401'],
    ['expired', () => token({ exp: clock - 31 }), '401'],
    ['without exp', () => without('exp'), '401'],
    ['exp as text', () => token({ exp: String(clock + 600) }), '401'],
    ['exp in ten years', () => token({ exp: clock + 315_360_000 }), '401'],
    ['nbf in the future', () => token({ nbf: clock + 31 }), '401'],
    ['nbf as text', () => token({ nbf: 'now' }), '401'],
    ['issued in the future', () => token({ iat: clock + 31 }), '401'],
    ['of another issuer', () => token({ iss: 'https://evil.org' }), '401'],
    ['of an issuer with a slash', () => token({ iss: `${issuer.issuer}/` }), '401'],
    ['without issuer', () => without('iss'), '401'],
    ['of this server’s own name', () => token({ iss: baseUrl }), '401'],
    ['for another audience', () => token({ aud: 'https://b.org' }), '401'],
    ['without audience', () => without('aud'), '401'],
    ['for an audience in another case', () => token({ aud: issuer.audience.toUpperCase() }), '401'],
    ['of two clients', () => token({ azp: 'other' }), '401'],
    ['of a client with a line end', () => token({ client_id: 'a\nb' }), '401'],
    ['of a client that is no text', () => token({ client_id: 1 }), '401'],
    ['with scope and scp', () => token({ scp: 'system/*.cruds' }), '401'],
    ['with scopes that are no text', () => token({ scope: 1 }), '401'],
    ['with prefixes that are a text', () => token({ canonical_prefixes: 'http://a.org' }), '401'],
    ['with a prefix that is none', () => token({ canonical_prefixes: ['http://a.org', 'a.org'] }), '401'],
    ['with jurisdictions that are none', () => token({ jurisdictions: ['Austria'] }), '401'],
    ['bound to a key that does not come with it', () => token({ cnf: { jkt: 'x' } }), '401'],
    ['bound to a certificate that does not come with it', () => token({ cnf: { 'x5t#S256': 'A'.repeat(43) } }), '401'],
    ['of 9,000 characters', () => token({ note: 'x'.repeat(9_000) }), '401'],
    ['with padding', () => `${token()}=`, '401'],
    ['with a fourth part', () => `${token()}.x`, '401'],
    ['with another payload', () => token().replace(/\.[^.]+\./, `.${token({ scope: 'x' }).split('.')[1]}.`), '401'],
  ]
  for (const [name, given, outcome] of cases)
    it(`${name}: ${outcome}`, async () => {
      assert.equal(await bed.outcome(bearer(given())), outcome)
      // Once more: what is kept of it says the same.
      assert.equal(await bed.outcome(bearer(given())), outcome)
    })

  it('is taken from one header Authorization, and from nowhere else', async () => {
    const good = token()
    const authorization = `Bearer ${good}`
    const raw = ['Authorization', authorization, 'authorization', 'Bearer x']
    assert.equal(await bed.outcome({ headers: { authorization }, rawHeaders: raw }), '401')
    assert.equal(await bed.outcome({ url: `/fhir/ValueSet?access_token=${good}` }), '401')
    assert.equal(
      await bed.outcome({ url: `/fhir/ValueSet?a=b&access_token=${good}`, headers: { authorization } }),
      '401',
    )
    assert.equal(await bed.outcome({ headers: { authorization: `Basic ${good}` } }), '401')
    assert.equal(await bed.outcome({ headers: { authorization: good } }), '401')
    assert.equal(await bed.outcome({ headers: { authorization: `Bearer ${good} x` } }), '401')
    assert.equal(await bed.outcome({ headers: { authorization: `bearer ${good}` } }), 'issuer:moh')
    assert.equal(await bed.outcome({ headers: { 'x-authorization': authorization } }), 'nobody')
    assert.equal(await bed.outcome({}), 'nobody')
  })

  it('that was verified ends when it ends', async () => {
    const good = token({ exp: clock + 10 })
    assert.equal(await bed.outcome(bearer(good)), 'issuer:moh')
    bed.at.seconds = clock + 41
    assert.equal(await bed.outcome(bearer(good)), '401')
    bed.at.seconds = clock
  })

  const ownershipOf = async (more: Record<string, unknown>) =>
    (await bed.authority.authenticate(messageOf(bearer(token(more)))))?.ownership
  it('that says nothing of what its client may write, of one that is not registered: owns nothing', async () => {
    assert.deepEqual(await ownershipOf({ canonical_prefixes: undefined }), { canonicalPrefixes: [], jurisdictions: [] })
  })
  it('says what its client may write', async () => {
    const claims = { canonical_prefixes: ['http://a.org/'], jurisdictions: ['AT'] }
    assert.deepEqual(await ownershipOf(claims), { canonicalPrefixes: ['http://a.org'], jurisdictions: ['AUT'] })
    assert.equal(await ownershipOf({ canonical_prefixes: ['*'], jurisdictions: ['*'] }), 'all')
  })
  it('of a registered client is worth no more than its registration', async () => {
    const of = { client_id: 'registered' }
    const own = { canonicalPrefixes: ['http://a.org/x'], jurisdictions: ['AUT'] }
    assert.deepEqual(await ownershipOf({ ...of, canonical_prefixes: undefined }), own)
    assert.deepEqual(await ownershipOf({ ...of, canonical_prefixes: ['*'], jurisdictions: ['*'] }), own)
    assert.deepEqual(await ownershipOf({ ...of, canonical_prefixes: ['http://b.org'] }), {
      ...own,
      canonicalPrefixes: [],
    })
    assert.deepEqual(await ownershipOf({ ...of, canonical_prefixes: undefined, jurisdictions: ['DE'] }), {
      ...own,
      jurisdictions: [],
    })
    const principal = await bed.authority.authenticate(
      messageOf(bearer(token({ ...of, canonical_prefixes: undefined }))),
    )
    assert.equal(principal?.permits('create', 'ValueSet'), true)
    assert.equal(principal?.permits('create', 'CodeSystem'), false)
    assert.equal(principal?.name, 'Registered')
    assert.equal(principal?.participant, 'AT')
  })
  it('whose subject has the name of a registered client is not that client’s', async () => {
    const principal = await bed.authority.authenticate(
      messageOf(bearer(token({ client_id: undefined, sub: 'registered', canonical_prefixes: undefined }))),
    )
    assert.deepEqual(principal?.ownership, { canonicalPrefixes: [], jurisdictions: [] })
  })

  it('of any bytes is refused, and never breaks', async () => {
    const part = fc.oneof(fc.base64String(), fc.constantFrom('eyJhbGciOiJub25lIn0', 'e30', ''), fc.string())
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
        const text = parts.join('.').replace(/\s/g, '')
        assert.equal(await bed.outcome(bearer(text)), '401')
      }),
    )
  })
  it('with one letter changed is refused', async () => {
    const good = token()
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(...letters), async (at, letter) => {
        if (good[at] === letter) return
        assert.equal(await bed.outcome(bearer(good.slice(0, at) + letter + good.slice(at + 1))), '401')
      }),
    )
  })
})

describe('a token where no issuer is configured', () => {
  it('is refused', async () => {
    const bed = await openBed({})
    try {
      assert.deepEqual(bed.authority.proofs, [])
      assert.equal(await bed.outcome(bearer(token())), '401')
      assert.equal(await bed.outcome({}), 'nobody')
    } finally {
      await bed.close()
    }
  })
})
