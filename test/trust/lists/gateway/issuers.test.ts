/** Trusted issuers of a gateway: what the anchor signed of them, and the keys behind their addresses. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import type { TrustSource } from '../../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../../src/trust/trust.ts'
import type { Files } from '../../../support/memory-readers.ts'
import { cmsText } from '../../../support/pki/cms.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { fakeGateway, gatewaySource, loadNetwork } from '../../../support/trust-network/gateway-list.ts'

const pki = testPki()
const xa = pki.of('XA')
const source = (more: Partial<TrustSource> = {}): TrustSource => ({
  name: 'issuers',
  kind: 'issuers',
  location: 'main',
  ...more,
})
const jwk = (kid: string, more: object = {}) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...publicKey.export({ format: 'jwk' }), kid, ...more }
}

const members = {
  url: 'https://keys.example/.well-known/jwks.json',
  type: 'HTTP',
  country: 'XA',
  name: 'Ministry',
  keyStorageType: 'JWKS',
  domain: 'DCC',
}

/** A row as the anchor signs it. */
function issuer(more: JsonObject = {}, signed?: string): JsonObject {
  const all: JsonObject = { ...members, ...more }
  const text = signed ?? [all.country, all.name, all.url, all.type].join(';')
  return {
    ...all,
    thumbprint: 'aa',
    sslPublicKey: 'x',
    timestamp: '2026-01-01T00:00:00Z',
    uuid: 'u',
    signature: cmsText(text, pki.anchor),
    ...(more.signature ? { signature: more.signature } : {}),
  }
}

const load = (rows: JsonObject[], files: Files, more: Partial<TrustSource> = {}) =>
  loadNetwork([source(more)], { gateways: { main: fakeGateway(pki, { issuers: async () => rows }) }, files })

const leftOut = (trust: Trust) =>
  trust
    .status()[0]
    ?.leftOut?.map(({ reason }) => reason)
    .join('; ') ?? ''
const set = (...keys: object[]) => JSON.stringify({ keys })

describe('trusted issuers', () => {
  it('of cards bind their keys to their address, and name the country', async () => {
    const trust = await load([issuer()], { [members.url]: set(jwk('one')) })
    const [key, ...more] = trust.keys().keys
    assert.deepEqual(
      [key?.issuer, key?.participant, key?.domain, key?.lists, more.length],
      ['https://keys.example', 'XXA', 'DCC', ['issuers'], 0],
    )
    assert.deepEqual(
      trust.keys().find({ framework: { name: 'hcert', issuers: 'country' }, keyId: 'one', issuer: 'XA' }),
      [],
    )
    assert.equal(
      trust
        .keys()
        .find({ framework: { name: 'shc', issuers: 'address' }, keyId: 'one', issuer: 'https://keys.example' }).length,
      1,
    )
  })

  it('with another address bind them to the country', async () => {
    const url = 'https://keys.example/keys'
    const trust = await load([issuer({ url })], { [url]: set(jwk('one')) })
    assert.equal(
      trust.keys().find({ framework: { name: 'hcert', issuers: 'country' }, keyId: 'one', issuer: 'XA' }).length,
      1,
    )
    assert.equal(
      trust.keys().find({ framework: { name: 'hcert', issuers: 'country' }, keyId: 'one', issuer: 'XB' }).length,
      0,
    )
  })

  it('named by a DID: the methods of its document that are for assertions', async () => {
    const url = 'did:web:keys.example:health'
    const { kid: _, ...bare } = jwk('x')
    const method = (id: string, more: object = {}) => ({
      id: `${url}#${id}`,
      type: 'JsonWebKey2020',
      controller: url,
      publicKeyJwk: jwk(id),
      ...more,
    })
    const document = {
      id: url,
      verificationMethod: [
        method('good'),
        method('other', { controller: 'did:web:else.example' }),
        method('gone', { revoked: '2026-01-01T00:00:00Z' }),
        method('login'),
        { ...method('bare'), publicKeyJwk: bare },
        { ...method('text'), publicKeyJwk: 'x' },
        { ...method('x'), id: 'did:web:else.example#x' },
        'text',
      ],
      assertionMethod: [
        '#good',
        `${url}#other`,
        `${url}#gone`,
        `${url}#bare`,
        `${url}#text`,
        'did:web:else.example#x',
        method('inside'),
      ],
    }
    const trust = await load([issuer({ url, type: 'DID', keyStorageType: 'DIDDocument' })], {
      'https://keys.example/health/did.json': JSON.stringify(document),
    })
    assert.deepEqual(
      trust.keys().keys.map(({ keyId }) => keyId),
      ['good', 'bare', 'inside'],
    )
    assert.ok(trust.keys().keys.every((key) => key.issuer === url && key.participant === 'XXA'))
    assert.equal(trust.keys().find({ keyId: `${url}#good` }).length, 1)
    assert.equal(trust.status()[0]?.leftOut?.length, 6)
  })
})

/** Rows that must not count. */
const refused: [what: string, row: JsonObject, told: RegExp][] = [
  ['the anchor signed four empty fields', issuer({}, 'null;null;null;null'), /another content|content inside/],
  ['the anchor signed another address', issuer({}, 'XA;Ministry;https://else.example;HTTP'), /content inside/],
  ['the anchor signed another country', issuer({}, `XB;Ministry;${members.url};HTTP`), /content inside/],
  ['another signed', issuer({ signature: cmsText(`XA;Ministry;${members.url};HTTP`, xa.up) }), /another certificate/],
  ['a Java key store', issuer({ keyStorageType: 'JKS' }), /Java key store \(JKS\)/],
  ['another store', issuer({ keyStorageType: 'PEM' }), /stored as PEM, which is not read/],
  ['no store', issuer({ keyStorageType: null }), /stored as nothing/],
  ['semicolons that move a border', issuer({ name: 'Ministry;https://evil.example', url: 'HTTP' }), /semicolon/],
  ['no country', issuer({ country: 'null' }), /two capital letters/],
  ['another type', issuer({ type: 'LDAP' }), /neither HTTP nor DID/],
  ['no https', issuer({ url: 'http://keys.example/keys' }), /not https/],
  ['a file', issuer({ url: '/etc/keys' }), /not https/],
  ['another DID', issuer({ url: 'did:key:z6', type: 'DID', keyStorageType: 'DIDDocument' }), /none of the method web/],
  [
    'a DID that leads elsewhere',
    issuer({ url: 'did:web:keys.example:..%2f..', type: 'DID', keyStorageType: 'DIDDocument' }),
    /none of the method web/,
  ],
  ['a federated row', issuer({ sourceGateway: 'second' }), /withFederation is not set/],
]

describe('an issuer that does not count is shown with the reason', () => {
  const files = { [members.url]: set(jwk('one')) }
  for (const [what, row, told] of refused)
    it(what, async () => {
      const trust = await load([row, issuer({ name: 'good' })], files)
      assert.match(leftOut(trust), told)
      assert.equal(trust.status()[0]?.leftOut?.length, 1)
      assert.equal(trust.keys().keys.length, 1)
    })

  it('that cannot be had', async () => {
    const trust = await load([issuer(), issuer({ url: 'https://gone.example/keys' })], files)
    assert.equal(trust.keys().keys.length, 1)
    assert.match(leftOut(trust), /its server answered 404/)
  })
})

describe('what an issuer says', () => {
  it('holds for its own keys alone: it withdraws no other list’s', async () => {
    const dsc = xa.dsc('all')
    const der = dsc.certificate.raw.toString('base64')
    const url = 'https://xb.example/keys'
    const hostile = set(
      { ...dsc.certificate.publicKey.export({ format: 'jwk' }), kid: dsc.keyId, status: 'revoked' },
      { ...dsc.certificate.publicKey.export({ format: 'jwk' }), kid: 'x', x5c: [der], exp: 1 },
      { kty: 'none', kid: dsc.keyId, status: 'revoked' },
      jwk('own'),
    )
    const trust = await loadNetwork([gatewaySource(), source()], {
      gateways: { main: fakeGateway(pki, { issuers: async () => [issuer({ url, country: 'XB' })] }) },
      files: { [url]: hostile },
    })
    const [key] = trust.keys().find({ keyId: dsc.keyId, issuer: 'XA' })
    assert.deepEqual([key?.status, key?.validTo], ['current', dsc.certificate.validToDate])
    assert.equal(trust.keys().find({ keyId: 'own' }).length, 1)
    assert.equal(
      trust
        .keys()
        .find({ issuer: 'XB' })
        .filter(({ lists }) => lists.includes('issuers')).length,
      1,
    )
  })

  it('against one of its keys holds, however often the key stands there', async () => {
    const good = jwk('twice')
    const trust = await load([issuer()], {
      [members.url]: set(
        good,
        { ...good, status: 'revoked' },
        jwk('fine'),
        { kty: 'x', kid: 'lost', revoked: true },
        jwk('lost'),
      ),
    })
    assert.deepEqual(
      trust.keys().keys.map(({ keyId }) => keyId),
      ['fine'],
    )
  })

  it('stays when it cannot be read again, and goes when it withdraws a key that it does not name', async () => {
    const files: Files = { [members.url]: set(jwk('one')) }
    const trust = await load([issuer()], files)
    const { readers } = { readers: files }
    readers[members.url] = '<html></html>'
    await trust.reload()
    assert.equal(trust.keys().keys.length, 1)
    assert.match(trust.status()[0]?.warnings.join() ?? '', /those of an earlier reading/)
    readers[members.url] = set({ kty: 'x', revoked: true }, jwk('two'))
    await trust.reload()
    assert.equal(trust.keys().keys.length, 0)
  })
})
