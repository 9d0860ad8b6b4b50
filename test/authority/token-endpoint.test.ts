import assert from 'node:assert/strict'
import { createHmac, type KeyObject, randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  type Bed,
  baseUrl,
  clock,
  ecKey,
  goodAssertion,
  jwsOf,
  messageOf,
  openBed,
  rsaKey,
  tokenForm,
} from './support/bed.ts'

const ec = ecKey('e', 'P-384')
const rsa = rsaKey('r')
const other = ecKey('o', 'P-384')
const moh = {
  id: 'moh',
  jwks: { keys: [ec.jwk, rsa.jwk] },
  jku: ['https://moh.example.org/jwks'],
  scopes: 'system/ValueSet.cruds system/CodeSystem.rs',
  canonicalPrefixes: ['http://a.org'],
}
const clients = [
  moh,
  { id: 'other', jwks: { keys: [other.jwk] }, scopes: 'system/*.cruds', canonicalPrefixes: ['http://b.org'] },
  { id: 'foreign', scopes: 'system/*.cruds', canonicalPrefixes: ['http://c.org'] },
]

const assertion = (
  more: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key: KeyObject = ec.privateKey,
) => jwsOf({ alg: 'ES384', kid: 'e', typ: 'JWT', ...header }, goodAssertion(more), key)
const form = 'application/x-www-form-urlencoded'

describe('the token endpoint', () => {
  let bed: Bed
  before(async () => {
    bed = await openBed({ clients })
  })
  after(() => bed.close())
  const ask = async (text: string, more: { contentType?: string; authorization?: string; client?: string } = {}) => {
    const { contentType = form, authorization, client = randomUUID() } = more
    const found = await bed.authority.endpoint?.answer({ contentType, authorization, text, client })
    assert.ok(found)
    assert.equal(found.cacheControl, 'no-store')
    const body = JSON.parse(found.body.toString()) as Record<string, unknown>
    return { status: found.status, body, outcome: found.status === 200 ? 'token' : `${found.status} ${body.error}` }
  }

  const cases: [name: string, text: () => string, outcome: string][] = [
    ['ES384', () => tokenForm(assertion()), 'token'],
    ['RS384', () => tokenForm(assertion({}, { alg: 'RS384', kid: 'r' }, rsa.privateKey)), 'token'],
    ['an audience in a list', () => tokenForm(assertion({ aud: [`${baseUrl}/token`] })), 'token'],
    ['a registered jku', () => tokenForm(assertion({}, { jku: moh.jku[0] })), 'token'],
    ['its own client_id', () => tokenForm(assertion(), { client_id: 'moh' }), 'token'],
    ['what is not known beside', () => tokenForm(assertion(), { more: 'x' }), 'token'],
    ['another client_id', () => tokenForm(assertion(), { client_id: 'other' }), '400 invalid_request'],
    ['no grant', () => tokenForm(assertion()).replace('grant_type', 'x'), '400 invalid_request'],
    ['another grant', () => tokenForm(assertion(), { grant_type: 'password' }), '400 unsupported_grant_type'],
    ['a secret', () => tokenForm(assertion(), { client_secret: 'x' }), '400 invalid_request'],
    ['another type of assertion', () => tokenForm(assertion(), { client_assertion_type: 'x' }), '400 invalid_request'],
    ['no assertion', () => tokenForm(''), '400 invalid_request'],
    ['two assertions', () => `${tokenForm(assertion())}&client_assertion=x`, '400 invalid_request'],
    ['two scopes', () => `${tokenForm(assertion())}&scope=x`, '400 invalid_request'],
    ['nothing at all', () => '', '400 invalid_request'],
    ['no scope', () => tokenForm(assertion(), { scope: '' }), '400 invalid_scope'],
    [
      'a scope that is not registered',
      () => tokenForm(assertion(), { scope: 'system/Library.c' }),
      '400 invalid_scope',
    ],
    ['a scope of a user', () => tokenForm(assertion(), { scope: 'user/ValueSet.c' }), '400 invalid_scope'],
    [
      'a client of the external issuer',
      () => tokenForm(assertion({ iss: 'foreign', sub: 'foreign' })),
      '401 invalid_client',
    ],
    ['a client of nobody', () => tokenForm(assertion({ iss: 'x', sub: 'x' })), '401 invalid_client'],
    ['the key of another client', () => tokenForm(assertion({}, { kid: 'o' }, other.privateKey)), '401 invalid_client'],
    [
      'the key of another client under its kid',
      () => tokenForm(assertion({}, {}, other.privateKey)),
      '401 invalid_client',
    ],
    ['another subject', () => tokenForm(assertion({ sub: 'other' })), '401 invalid_client'],
    ['no subject', () => tokenForm(assertion({ sub: undefined })), '401 invalid_client'],
    ['another audience', () => tokenForm(assertion({ aud: 'https://evil.org/token' })), '401 invalid_client'],
    ['the audience of the FHIR base', () => tokenForm(assertion({ aud: `${baseUrl}/fhir` })), '401 invalid_client'],
    [
      'an audience beside',
      () => tokenForm(assertion({ aud: [`${baseUrl}/token`, 'https://evil.org'] })),
      '401 invalid_client',
    ],
    ['no audience', () => tokenForm(assertion({ aud: undefined })), '401 invalid_client'],
    ['expired', () => tokenForm(assertion({ exp: clock - 31 })), '401 invalid_client'],
    ['a life of more than five minutes', () => tokenForm(assertion({ exp: clock + 331 })), '401 invalid_client'],
    ['no end', () => tokenForm(assertion({ exp: undefined })), '401 invalid_client'],
    ['not yet valid', () => tokenForm(assertion({ nbf: clock + 60 })), '401 invalid_client'],
    ['no jti', () => tokenForm(assertion({ jti: undefined })), '401 invalid_client'],
    ['an empty jti', () => tokenForm(assertion({ jti: '' })), '401 invalid_client'],
    ['a jti that is a number', () => tokenForm(assertion({ jti: 1 })), '401 invalid_client'],
    ['a jti of 300 characters', () => tokenForm(assertion({ jti: 'x'.repeat(300) })), '401 invalid_client'],
    ['an unknown jku', () => tokenForm(assertion({}, { jku: 'https://evil.org/jwks' })), '401 invalid_client'],
    ['a jku that is a list', () => tokenForm(assertion({}, { jku: moh.jku })), '401 invalid_client'],
    [
      'its key in its header',
      () => tokenForm(assertion({}, { jwk: other.jwk }, other.privateKey)),
      '401 invalid_client',
    ],
    ['ES256', () => tokenForm(assertion({}, { alg: 'ES256' }, ecKey('e').privateKey)), '401 invalid_client'],
    ['RS256', () => tokenForm(assertion({}, { alg: 'RS256', kid: 'r' }, rsa.privateKey)), '401 invalid_client'],
    [
      'RS384 under the kid of another kind',
      () => tokenForm(assertion({}, { alg: 'RS384' }, rsa.privateKey)),
      '401 invalid_client',
    ],
    ['no kid', () => tokenForm(assertion({}, { kid: undefined })), '401 invalid_client'],
    ['no type', () => tokenForm(assertion({}, { typ: undefined })), '401 invalid_client'],
    ['the type of an access token', () => tokenForm(assertion({}, { typ: 'at+jwt' })), '401 invalid_client'],
    [
      'two kids',
      () => tokenForm(jwsOf('{"alg":"ES384","kid":"e","kid":"e","typ":"JWT"}', goodAssertion(), ec.privateKey)),
      '401 invalid_client',
    ],
    ['HS384 with the public key', () => tokenForm(hmac()), '401 invalid_client'],
    ['no JWT', () => tokenForm('x'), '401 invalid_client'],
    ['of 20,000 characters', () => tokenForm(assertion({ note: 'x'.repeat(20_000) })), '401 invalid_client'],
  ]
  const hmac = () => {
    const [, claims] = assertion().split('.')
    const head = Buffer.from('{"alg":"HS384","kid":"e","typ":"JWT"}').toString('base64url')
    const secret = String(ec.publicKey.export({ type: 'spki', format: 'pem' }))
    return `${head}.${claims}.${createHmac('sha384', secret).update(`${head}.${claims}`).digest('base64url')}`
  }
  for (const [name, text, outcome] of cases)
    it(`${name}: ${outcome}`, async () => assert.equal((await ask(text())).outcome, outcome))

  it('says what an assertion must have where it is easily wrong', async () => {
    const told = async (text: string) => (await ask(text)).body.error_description
    assert.match(
      String(await told(tokenForm(assertion({ aud: `${baseUrl}/fhir` })))),
      new RegExp(`another audience \\(aud must be ${baseUrl}/token\\)\\.$`),
    )
    assert.match(
      String(await told(tokenForm(assertion({}, { kid: 'unknown' })))),
      /\(kid, alg and jku must be those of a registered key\)\.$/,
    )
  })

  it('takes no proof in the header Authorization, and no other body than a form', async () => {
    assert.equal((await ask(tokenForm(assertion()), { authorization: 'Basic x' })).outcome, '400 invalid_request')
    assert.equal(
      (await ask(tokenForm(assertion()), { contentType: 'application/json' })).outcome,
      '400 invalid_request',
    )
    assert.equal((await ask(tokenForm(assertion()), { contentType: `${form}; charset=utf-8` })).outcome, 'token')
  })

  it('gives a short-lived token with what is asked for and registered', async () => {
    const { body } = await ask(tokenForm(assertion(), { scope: 'system/*.read system/ValueSet.cud system/Library.c' }))
    assert.equal(body.token_type, 'bearer')
    assert.equal(body.expires_in, 600)
    assert.equal(body.scope, 'system/ValueSet.cruds system/CodeSystem.rs')
    const headers = { authorization: `Bearer ${body.access_token}` }
    const principal = await bed.authority.authenticate(messageOf({ headers }))
    assert.equal(principal?.id, 'client:moh')
    assert.equal(principal?.permits('update', 'ValueSet'), true)
    assert.equal(principal?.permits('update', 'CodeSystem'), false)
    assert.deepEqual(principal?.ownership, { canonicalPrefixes: ['http://a.org'], jurisdictions: [] })
    bed.at.seconds = clock + 631
    assert.equal(await bed.outcome({ headers }), '401')
    bed.at.seconds = clock
  })

  it('keeps the spelling of version 1 where it grants just that', async () => {
    const { body } = await ask(
      tokenForm(
        jwsOf({ alg: 'ES384', kid: 'o', typ: 'JWT' }, goodAssertion({ iss: 'other', sub: 'other' }), other.privateKey),
        { scope: 'system/*.write' },
      ),
    )
    assert.equal(body.scope, 'system/*.write')
  })

  it('takes an assertion once', async () => {
    const once = tokenForm(assertion())
    assert.equal((await ask(once)).outcome, 'token')
    assert.equal((await ask(once)).outcome, '401 invalid_client')
    bed.at.seconds = clock + 200
    assert.equal((await ask(once)).outcome, '401 invalid_client')
    bed.at.seconds = clock
    const jti = randomUUID()
    assert.equal((await ask(tokenForm(assertion({ jti })))).outcome, 'token')
    assert.equal((await ask(tokenForm(assertion({ jti, exp: clock + 100 })))).outcome, '401 invalid_client')
    const same = jwsOf(
      { alg: 'ES384', kid: 'o', typ: 'JWT' },
      goodAssertion({ iss: 'other', sub: 'other', jti }),
      other.privateKey,
    )
    assert.equal((await ask(tokenForm(same))).outcome, 'token')
  })

  it('takes an assertion once, sent ten times at the same time', async () => {
    const text = tokenForm(assertion())
    const outcomes = await Promise.all(Array.from({ length: 10 }, async () => (await ask(text)).outcome))
    assert.equal(outcomes.filter((each) => each === 'token').length, 1)
  })

  it('lets an address wait that fails again and again, and no other', async () => {
    const guess = () => tokenForm(assertion({}, {}, other.privateKey))
    for (let at = 0; at < 20; at++) assert.equal((await ask(guess(), { client: 'a' })).status, 401)
    assert.equal((await ask(tokenForm(assertion()), { client: 'a' })).status, 429)
    assert.equal((await ask(tokenForm(assertion()), { client: 'b' })).status, 200)
    bed.at.seconds = clock + 61
    assert.equal((await ask(tokenForm(assertion({ exp: clock + 300 })), { client: 'a' })).status, 200)
    bed.at.seconds = clock
  })

  it('has tokens that no other key made', async () => {
    const claims = {
      iss: baseUrl,
      aud: `${baseUrl}/fhir`,
      client_id: 'moh',
      sub: 'moh',
      scope: 'system/*.cruds',
      exp: clock + 600,
    }
    const { body } = await ask(tokenForm(assertion()))
    const head = JSON.parse(Buffer.from(String(body.access_token).split('.')[0] ?? '', 'base64url').toString()) as {
      kid: string
    }
    for (const kid of [head.kid, 'e'])
      for (const [alg, key] of [['ES384', ec.privateKey] as const, ['ES256', ecKey('x').privateKey] as const])
        assert.equal(
          await bed.outcome({
            headers: { authorization: `Bearer ${jwsOf({ alg, kid, typ: 'at+jwt' }, claims, key)}` },
          }),
          '401',
        )
    // An assertion is no token, and a token no assertion.
    assert.equal(await bed.outcome({ headers: { authorization: `Bearer ${assertion()}` } }), '401')
    assert.equal((await ask(tokenForm(String(body.access_token)))).outcome, '401 invalid_client')
  })
})

describe('the key of tokens', () => {
  it('is its owner’s alone, and the same after a restart', async () => {
    let dataDir = ''
    const parts = {
      get dataDir() {
        return dataDir
      },
    }
    const first = await openBed({ clients })
    await first.close()
    const { mkdtempSync, rmSync, chmodSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    dataDir = mkdtempSync(join(tmpdir(), 'vidimus-token-key-'))
    const one = await openBed({ clients, parts })
    const two = await openBed({ clients, parts })
    const file = join(dataDir, 'keys', 'access-tokens.jwk.json')
    try {
      assert.deepEqual(readdirSync(join(dataDir, 'keys')), ['access-tokens.jwk.json'])
      assert.equal(statSync(file).mode & 0o777, 0o600)
      const text = tokenForm(assertion())
      const found = await one.authority.endpoint?.answer({
        contentType: form,
        authorization: undefined,
        text,
        client: 'a',
      })
      const { access_token: token } = JSON.parse(String(found?.body)) as { access_token: string }
      assert.equal(await two.outcome({ headers: { authorization: `Bearer ${token}` } }), 'client:moh')
      chmodSync(file, 0o644)
      await assert.rejects(openBed({ clients, parts }), /chmod 600/)
    } finally {
      await one.close()
      await two.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('and the endpoint are not there where no client has a key', async () => {
    const bed = await openBed({ clients: [clients[2] ?? {}] })
    try {
      assert.equal(bed.authority.endpoint, undefined)
      assert.equal(bed.authority.tokenEndpoint, undefined)
    } finally {
      await bed.close()
    }
  })
})
