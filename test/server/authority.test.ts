import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { authorityWarnings } from '../../src/server/authority.ts'
import { createServer, type VidimusServer } from '../../src/server.ts'
import { ecKey, jwsOf, tokenForm } from '../authority/support/bed.ts'
import { type Signing, signed } from '../authority/support/signed-request.ts'
import { startHttpsPeer } from '../support/https-peer.ts'

const now = () => Math.floor(Date.now() / 1000)

interface Pair {
  publicKey: KeyObject
  privateKey: KeyObject
}
const pair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' })
let serial = 0
function certificate(commonName: string, own: Pair, by?: { name: string; keys: Pair }): Buffer {
  serial += 1
  const [subject, issuer] = [commonName, by?.name ?? commonName].map((name) => ({ commonName: name, country: 'AT' }))
  const content = {
    subject: subject ?? { commonName },
    publicKey: own.publicKey,
    serialNumber: Buffer.from([serial]),
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    isAuthority: by === undefined,
  }
  return writeCertificate(content, { name: issuer ?? { commonName }, ...(by?.keys ?? own) })
}

/** The keys of a participant, by what lists say of them. */
const keys = Object.fromEntries(
  ['SCA', 'UP', 'DSC', 'both', 'gone', 'delisted'].map((name) => [name, pair()]),
) as Record<string, Pair>
const keysOf = (name: string): Pair => keys[name] ?? pair()
const under = { name: 'SCA', keys: keysOf('SCA') }
const certificates: Record<string, Buffer> = Object.fromEntries(
  Object.keys(keys).map((name) => [name, certificate(name, keysOf(name), name === 'SCA' ? undefined : under)]),
)
const idOf = (name: string) =>
  createHash('sha256')
    .update(certificates[name] ?? '')
    .digest()
    .subarray(0, 8)
    .toString('base64')
const client = ecKey('c', 'P-384')

/** Asks the token endpoint of a server for a token, as one of its clients. */
async function tokenAt(address: string, id: string, scope = 'system/ValueSet.cruds') {
  const claims = { iss: id, sub: id, aud: `${address}/token`, exp: now() + 60, jti: randomUUID() }
  const assertion = jwsOf({ alg: 'ES384', kid: 'c', typ: 'JWT' }, claims, client.privateKey)
  const reply = await fetch(`${address}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: tokenForm(assertion, { scope }),
  })
  return { reply, body: (await reply.json()) as Record<string, unknown> }
}

describe('who may write on a server', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-server-authority-'))
  let server: VidimusServer
  let address = ''
  before(async () => {
    const folder = (name: string, ...names: string[]) => {
      mkdirSync(join(dataDir, name))
      for (const each of names)
        writeFileSync(join(dataDir, name, `${each}.pem`), new X509Certificate(certificates[each] ?? '').toString())
      return join(dataDir, name)
    }
    const source = (usage: string, ...names: string[]) => ({
      name: usage,
      kind: 'certificates',
      participant: 'AUT',
      usage,
      location: folder(usage, ...names),
    })
    const gone = createHash('sha256')
      .update(certificates.gone ?? '')
      .digest('hex')
    writeFileSync(join(dataDir, 'gone.json'), JSON.stringify({ thumbprints: [gone] }))
    server = await createServer(
      readConfig({
        STORAGE_URL: 'sqlite::memory:',
        DATA_DIR: dataDir,
        PORT: '0',
        ACCESS_LOG: 'off',
        NODE_ENV: 'production',
        TRUST_LISTS: JSON.stringify([
          source('UP', 'UP', 'both', 'gone'),
          source('DSC', 'DSC', 'both'),
          source('SCA', 'SCA'),
          { name: 'gone', kind: 'distrusted', location: join(dataDir, 'gone.json') },
        ]),
        CLIENTS: JSON.stringify([
          {
            id: 'moh',
            jwks: { keys: [client.jwk] },
            scopes: 'system/ValueSet.cruds',
            canonicalPrefixes: ['http://a.org'],
          },
        ]),
        PARTICIPANTS: JSON.stringify([{ participant: 'AT', canonicalPrefixes: ['http://a.org'], networkKeys: true }]),
      }),
    )
    address = await server.listen()
  })
  after(async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const set = (id: string) =>
    JSON.stringify({ resourceType: 'ValueSet', id, status: 'draft', url: `http://a.org/${id}` })
  const put = async (name: string, more: Partial<Signing> = {}) => {
    const id = randomUUID()
    const url = `/fhir/ValueSet/${id}`
    const given = {
      key: keysOf(name).privateKey,
      keyId: idOf(name),
      url,
      body: set(id),
      base: address,
      created: now(),
      ...more,
    }
    const { headers, body } = signed(given)
    const { 'content-length': _length, ...sent } = headers
    const reply = await fetch(`${address}${url}`, {
      method: 'PUT',
      headers: { ...sent, 'content-type': 'application/fhir+json' },
      body,
    })
    return { status: reply.status, text: await reply.text(), id }
  }

  it('a listed upload key, and no key of another use', async () => {
    assert.equal((await put('UP')).status, 201)
    for (const name of ['DSC', 'SCA']) {
      const { status, text } = await put(name)
      assert.equal(status, 401, name)
      assert.match(text, /no upload key/)
    }
  })
  it('no key that is listed as an upload key and for another use', async () =>
    assert.equal((await put('both')).status, 401))
  it('no certificate under a listed authority that no list names: it may be a signer that was taken off the lists', async () =>
    assert.equal((await put('delisted')).status, 401))
  it('no upload key that another list withdraws', async () => assert.equal((await put('gone')).status, 401))
  it('no key under the id of another', async () => assert.equal((await put('DSC', { keyId: idOf('UP') })).status, 401))
  it('no request that was meant for another server', async () =>
    assert.equal((await put('UP', { base: 'https://other.example.org' })).status, 401))

  const tokenOf = () => tokenAt(address, 'moh')
  it('a client with a token of the endpoint that smart-configuration names', async () => {
    for (const path of ['/.well-known/smart-configuration', '/fhir/.well-known/smart-configuration']) {
      const reply = await fetch(`${address}${path}`)
      assert.equal(reply.headers.get('content-type'), 'application/json')
      assert.deepEqual(await reply.json(), {
        token_endpoint: `${address}/token`,
        grant_types_supported: ['client_credentials'],
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
        token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
        scopes_supported: ['system/ValueSet.cruds'],
        capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
      })
    }
    const { reply, body } = await tokenOf()
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    const headers = { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/fhir+json' }
    const write = await fetch(`${address}/fhir/ValueSet/t`, { method: 'PUT', headers, body: set('t') })
    assert.equal(write.status, 201)
    const type = { ...JSON.parse(set('c')), resourceType: 'CodeSystem', content: 'complete' }
    const other = await fetch(`${address}/fhir/CodeSystem/c`, { method: 'PUT', headers, body: JSON.stringify(type) })
    assert.equal(other.status, 403)
    assert.equal(((await other.json()) as { resourceType: string }).resourceType, 'OperationOutcome')
  })
  it('and stands with its name in the AuditEvent', async () => {
    const { id } = await put('UP')
    const { matches } = await server.storage.search({
      type: 'AuditEvent',
      conditions: [],
      sort: [],
      count: 1,
      total: 'none',
    })
    const event = matches[0]?.resource
    assert.ok(event?.resourceType === 'AuditEvent')
    assert.equal(event.entity?.at(-1)?.what?.reference, `ValueSet/${id}`)
    assert.equal(event.agent[0]?.who?.identifier?.value, 'participant:AUT')
  })
  it('other methods at the endpoint are 405, what is too long 413, what is no UTF-8 400', async () => {
    const get = await fetch(`${address}/token`)
    assert.equal(get.status, 405)
    assert.equal(get.headers.get('allow'), 'POST, OPTIONS')
    assert.equal((await fetch(`${address}/token`, { method: 'OPTIONS' })).status, 204)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    assert.equal((await fetch(`${address}/token`, { method: 'POST', headers, body: 'a'.repeat(70_000) })).status, 413)
    assert.equal((await fetch(`${address}/token`, { method: 'POST', headers, body: Buffer.from([0xff]) })).status, 400)
    const empty = await fetch(`${address}/token`, { method: 'POST', headers })
    assert.equal(empty.status, 400)
    assert.equal(((await empty.json()) as { error: string }).error, 'invalid_request')
  })
  it('is told in metadata and in the OpenAPI description', async () => {
    const { rest } = (await (await fetch(`${address}/fhir/metadata`)).json()) as {
      rest: { security: Record<string, unknown> }[]
    }
    assert.deepEqual(rest[0]?.security, {
      extension: [
        {
          url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
          extension: [{ url: 'token', valueUri: `${address}/token` }],
        },
      ],
      cors: true,
      service: [
        {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
              code: 'SMART-on-FHIR',
              display: 'SMART-on-FHIR',
            },
          ],
          text: 'Bearer token',
        },
      ],
      description:
        'Reads, terminology and evaluation are open. Writes are permitted by the scopes of an access token (SMART Backend Services), a bearer token. Participants write with requests that are signed with their upload key (RFC 9421, over @method, @target-uri and content-digest).',
    })
    const api = (await (await fetch(`${address}/openapi.json`)).json()) as {
      components: { securitySchemes: object }
      paths: Record<string, { put?: { security: object[] }; get?: { security: object[] } }>
    }
    assert.deepEqual(Object.keys(api.components.securitySchemes), ['bearer', 'smart', 'signature'])
    assert.deepEqual(api.paths['/ValueSet/{id}']?.put?.security, [{ bearer: [] }, { smart: [] }, { signature: [] }])
    assert.deepEqual(api.paths['/ValueSet/{id}']?.get?.security, [{}])
  })
  it('what is kept of public replies goes to nobody whose proof does not hold', async () => {
    const address_ = `${address}/fhir/ValueSet/kept`
    const resource = {
      resourceType: 'ValueSet' as const,
      id: 'kept',
      status: 'active' as const,
      url: 'http://a.org/kept',
    }
    await server.storage.write([{ method: 'PUT', type: 'ValueSet', id: 'kept', resource }])
    for (let at = 0; at < 3; at++) assert.equal((await fetch(address_)).status, 200)
    for (const headers of [
      { authorization: 'Bearer x' },
      { signature: 'x' },
      { 'signature-input': 'x' },
      { authorization: 'Basic x' },
    ])
      assert.equal((await fetch(address_, { headers: new Headers(Object.entries(headers)) })).status, 401)
    assert.equal((await fetch(`${address_}?access_token=x`)).status, 401)
    assert.equal((await fetch(address_)).status, 200)
  })
  it('nothing of a proof stands in what is told of it', async () => {
    const { body } = await tokenOf()
    const token = `${String(body.access_token).slice(0, -4)}AAAA`
    const reply = await fetch(`${address}/fhir/ValueSet/x`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(reply.status, 401)
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer realm="fhir", error="invalid_token"$/)
    const text = await reply.text()
    for (const part of token.split('.')) assert.ok(!text.includes(part))
  })
})

describe('the keys of an issuer elsewhere', () => {
  it('are fetched when a token needs them, and not before', async () => {
    const key = ecKey('i')
    const asked: string[] = []
    const peer = await startHttpsPeer((request, response) => {
      asked.push(String(request.url))
      response.end(JSON.stringify({ keys: [key.jwk] }))
    })
    const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-issuer-'))
    const server = await createServer(
      readConfig({
        STORAGE_URL: 'sqlite::memory:',
        DATA_DIR: dataDir,
        PORT: '0',
        ACCESS_LOG: 'off',
        NODE_ENV: 'production',
        NETWORK: 'on',
        NETWORK_HOSTS: JSON.stringify([peer.listed]),
        TOKEN_ISSUER: 'https://issuer.example.org',
        TOKEN_JWKS_URL: `${peer.origin}/jwks`,
        TOKEN_AUDIENCE: 'this',
      }),
    )
    const claims = {
      iss: 'https://issuer.example.org',
      aud: 'this',
      client_id: 'a',
      exp: now() + 60,
      scope: 'system/*.rs',
    }
    const token = (kid: string) => jwsOf({ alg: 'ES256', kid }, claims, key.privateKey)
    try {
      const address = await server.listen()
      const read = async (kid: string) => {
        const reply = await fetch(`${address}/fhir/AuditEvent`, { headers: { authorization: `Bearer ${token(kid)}` } })
        return reply.status
      }
      assert.deepEqual(asked, [])
      assert.equal(await read('i'), 200)
      assert.deepEqual(asked, ['/jwks'])
      assert.equal(await read('other'), 401)
      assert.deepEqual(asked, ['/jwks'])
    } finally {
      await server.close()
      await peer.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

describe('clients of some types', () => {
  it('see the drafts of these, whatever types they are, and of no other', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-some-types-'))
    const jwks = { keys: [client.jwk] }
    const clients = [
      { id: 'activities', jwks, scopes: 'system/ActivityDefinition.cruds', canonicalPrefixes: ['http://a.org'] },
      { id: 'sets', jwks, scopes: 'system/ValueSet.cruds', canonicalPrefixes: ['http://a.org'] },
    ]
    const server = await createServer(
      readConfig({
        STORAGE_URL: 'sqlite::memory:',
        DATA_DIR: dataDir,
        PORT: '0',
        ACCESS_LOG: 'off',
        CLIENTS: JSON.stringify(clients),
      }),
    )
    try {
      const address = await server.listen()
      const own = { activities: 'ActivityDefinition', sets: 'ValueSet' }
      const ids = ['activities', 'sets'] as const
      const headersOf = async (id: keyof typeof own) => {
        const { body } = await tokenAt(address, id, `system/${own[id]}.cruds`)
        return { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/fhir+json' }
      }
      for (const id of ids) {
        const resourceType = own[id]
        const body = JSON.stringify({ resourceType, id: 'd', status: 'draft', url: `http://a.org/${id}` })
        const headers = await headersOf(id)
        const write = await fetch(`${address}/fhir/${resourceType}/d`, { method: 'PUT', headers, body })
        assert.equal(write.status, 201, await write.text())
      }
      for (const id of ids) {
        const headers = await headersOf(id)
        for (const [owner, type] of Object.entries(own)) {
          const { status } = await fetch(`${address}/fhir/${type}/d`, { headers })
          assert.equal(status, owner === id ? 200 : 404, `${id} ${type}`)
        }
      }
      for (const type of Object.values(own)) assert.equal((await fetch(`${address}/fhir/${type}/d`)).status, 404)
    } finally {
      await server.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

describe('a server on which nobody may write', () => {
  it('says how that is changed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-no-authority-'))
    const server = await createServer(
      readConfig({
        STORAGE_URL: 'sqlite::memory:',
        DATA_DIR: dataDir,
        PORT: '0',
        ACCESS_LOG: 'off',
        NODE_ENV: 'production',
        TRUST_LISTS: '[]',
      }),
    )
    try {
      const address = await server.listen()
      const headers = { 'content-type': 'application/fhir+json' }
      const write = async (more: Record<string, string> = {}) => {
        const reply = await fetch(`${address}/fhir/ValueSet`, {
          method: 'POST',
          headers: { ...headers, ...more },
          body: '{}',
        })
        return { status: reply.status, text: await reply.text() }
      }
      const { status, text } = await write()
      assert.equal(status, 401)
      assert.match(text, /no authority is configured. Set TOKEN_ISSUER, CLIENTS or PARTICIPANTS/)
      assert.equal((await write({ authorization: 'Bearer x' })).status, 401)
      assert.equal((await fetch(`${address}/fhir/ValueSet`, { headers: { authorization: 'Bearer x' } })).status, 401)
      assert.equal((await fetch(`${address}/.well-known/smart-configuration`)).status, 404)
      assert.equal((await fetch(`${address}/token`, { method: 'POST' })).status, 404)
      const { rest } = (await (await fetch(`${address}/fhir/metadata`)).json()) as { rest: { security: object }[] }
      assert.deepEqual(rest[0]?.security, {
        cors: true,
        description: 'Reads, terminology and evaluation are open. No authority is configured: every write is refused.',
      })
    } finally {
      await server.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

describe('what an operator is told of his authority', () => {
  const config = (environment: Record<string, string>) => readConfig({ DATA_DIR: tmpdir(), ...environment })
  const print = 'ab'.repeat(32)
  const participants = JSON.stringify([
    { participant: 'AT', canonicalPrefixes: ['http://a.org'], certificates: [print] },
  ])
  it('nothing, where nothing is odd', () => assert.deepEqual(authorityWarnings({ config: config({}) }), []))
  it('that the development token is set', () =>
    assert.match(authorityWarnings({ config: config({ DEVELOPMENT_TOKEN: 'x' }) })[0] ?? '', /development alone/))
  it('that certificates are named, and never seen', () => {
    assert.match(authorityWarnings({ config: config({ PARTICIPANTS: participants }) })[0] ?? '', /none is ever seen/)
    const seen = { PARTICIPANTS: participants, TRUSTED_PROXIES: '192.0.2.1', PROXY_CLIENT_CERTIFICATES: 'on' }
    assert.deepEqual(authorityWarnings({ config: config(seen) }), [])
  })
  const wrong: [name: string, environment: Record<string, string>, told: RegExp][] = [
    ['an issuer without keys', { TOKEN_ISSUER: 'https://i.org' }, /TOKEN_JWKS_URL is missing/],
    [
      'keys over http',
      { TOKEN_ISSUER: 'https://i.org', TOKEN_JWKS_URL: 'http://i.org/jwks', TOKEN_AUDIENCE: 'a', NETWORK: 'on' },
      /https address/,
    ],
    [
      'keys over a network that is off',
      { TOKEN_ISSUER: 'https://i.org', TOKEN_JWKS_URL: 'https://i.org/jwks', TOKEN_AUDIENCE: 'a' },
      /NETWORK is off/,
    ],
    [
      'keys in a file that is not there',
      { TOKEN_ISSUER: 'https://i.org', TOKEN_JWKS_URL: '/none', TOKEN_AUDIENCE: 'a' },
      /TOKEN_JWKS_URL: /,
    ],
    [
      'an issuer that is this server',
      {
        TOKEN_ISSUER: 'https://i.org',
        BASE_URL: 'https://i.org/',
        TOKEN_JWKS_URL: 'https://i.org/jwks',
        TOKEN_AUDIENCE: 'a',
        NETWORK: 'on',
      },
      /TOKEN_ISSUER is BASE_URL/,
    ],
    ['an endpoint without issuer', { TOKEN_ENDPOINT: 'https://i.org/token' }, /TOKEN_ISSUER is not/],
    ['proxies that tell certificates, and are none', { PROXY_CLIENT_CERTIFICATES: 'on' }, /TRUSTED_PROXIES names none/],
    ['clients that are none', { CLIENTS: '{}' }, /CLIENTS: a JSON array/],
    ['a development token in production', { NODE_ENV: 'production', DEVELOPMENT_TOKEN: 'x' }, /must not be set/],
  ]
  for (const [name, environment, told] of wrong)
    it(`${name}: the server does not start`, () => assert.throws(() => config(environment), told))
})
