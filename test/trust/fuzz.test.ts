import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalQuads, trustListContexts } from '../../src/trust/canonize.ts'
import { loadTrustLists } from '../../src/trust/trust.ts'
import { parseTrustLists } from '../../src/trust/trust-list-settings.ts'
import { verifyTrustListFiles } from '../../src/trust/trust-report.ts'
import type { TrustReaders } from '../../src/trust/trust-source.ts'
import { testIssuer } from '../support/issuer.ts'

const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const issuer = testIssuer({ country: 'XA' })
const did = 'did:web:lists.example:v2:trustlist'
const at = new Date('2022-06-01T00:00:00Z')

/** One file of any content beside the pinned key. */
const readers = (content: string): TrustReaders => ({
  readFile: async (path) =>
    Buffer.from(path === '/key' ? JSON.stringify(signing.publicKey.export({ format: 'jwk' })) : content),
  listFolder: async () => undefined,
})
const report = async (content: string) =>
  (await verifyTrustListFiles(['/list'], { key: '/key', at, readers: readers(content) }))[0]

const item = (fragment: string, usage: string, certificate: { raw: Buffer }) => ({
  id: `${did}#${fragment}`,
  type: 'JsonWebKey2020',
  controller: did,
  publicKeyJwk: { kty: 'EC', kid: fragment, crv: 'P-256', x5c: [certificate.raw.toString('base64')] },
  domain: { code: '#DCC' },
  participant: { code: '#XXA' },
  keyusage: { code: `#${usage}` },
})

/** A list of our own, signed as the network signs its lists. */
async function signedList(methods: unknown[]): Promise<Record<string, unknown>> {
  const document = {
    '@context': [
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/suites/jws-2020/v1',
      'https://smart.who.int/trust/tng-context/v1-DEV.jsonld',
    ],
    id: did,
    controller: did,
    verificationMethod: methods,
  }
  const statement = {
    type: 'JsonWebSignature2020',
    created: '2022-05-01T00:00:00Z',
    nonce: 'n',
    proofPurpose: 'assertionMethod',
    verificationMethod: did,
  }
  const hash = async (input: object) =>
    createHash('sha256')
      .update(await canonicalQuads(input, await trustListContexts()))
      .digest()
  const header = Buffer.from(JSON.stringify({ b64: false, crit: ['b64'], alg: 'ES256' })).toString('base64url')
  const proven = { '@context': ['https://w3id.org/security/v3'], ...statement }
  const data = Buffer.concat([Buffer.from(`${header}.`), await hash(proven), await hash(document)])
  const jws = `${header}..${sign('sha256', data, signing.privateKey).toString('base64url')}`
  return { ...document, proof: { ...statement, jws } }
}

describe('a list signed as the network signs', () => {
  it('is valid, and its keys are in use', async () => {
    const list = JSON.stringify(await signedList([item('a', 'CSCA', issuer.sca), item('b', 'DSC', issuer.dsc)]))
    const found = await report(list)
    assert.equal(found?.valid, true, JSON.stringify(found))
    const source = { name: 'own', kind: 'did-v2' as const, location: '/list', key: ['/key'] }
    const trust = await loadTrustLists([source], { readers: readers(list), now: () => at })
    assert.deepEqual(
      trust
        .keys()
        .find({ keyId: 'b', issuer: 'XA' })
        .map(({ usage, domain }) => [usage, domain]),
      [['DSC', 'DCC']],
    )
    assert.equal(trust.status()[0]?.created, '2022-05-01T00:00:00Z')
  })

  it('is no longer valid after any change of a text', async () => {
    const list = await signedList([item('a', 'CSCA', issuer.sca), item('b', 'DSC', issuer.dsc)])
    const text = JSON.stringify(list)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom('A', 'z', '1', '"', '{', ' '),
        async (position, character) => {
          const changed = text.slice(0, position) + character + text.slice(position + 1)
          fc.pre(normal(changed) !== normal(text))
          assert.notEqual((await report(changed))?.valid, true, `position ${position}: ${character}`)
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** JSON without what means nothing: white space, and the last bits of a base64url signature. */
function normal(text: string): string {
  try {
    const json = JSON.parse(text)
    const signature = Buffer.from(String(json.proof?.jws).split('.')[2] ?? '', 'base64url').toString('hex')
    return JSON.stringify([json, signature], (name, value) =>
      name === 'jws' ? String(value).split('.').slice(0, 2) : value,
    )
  } catch {
    return text
  }
}

describe('any text', () => {
  it('as a trust list is refused with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (content) => {
        assert.equal((await report(content))?.valid, false)
      }),
      { numRuns: 100 },
    )
  })

  it('as a source of any kind is reported, never an exception', async () => {
    const kinds = ['did-v2', 'jwks', 'certificates'] as const
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), fc.constantFrom(...kinds), async (content, kind) => {
        const source = { name: 's', kind, location: '/list', key: ['/key'] }
        const trust = await loadTrustLists([source], { readers: readers(content), now: () => at })
        assert.equal(trust.keys().keys.length, 0)
      }),
      { numRuns: 100 },
    )
  })

  it('as the setting is read or refused with an Error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.jsonValue()).map((list) => JSON.stringify(list)),
        ),
        (text) => {
          try {
            assert.ok(Array.isArray(parseTrustLists(text, () => text)))
          } catch (error) {
            assert.match(String(error), /^Error: TRUST_LISTS|is not JSON/)
          }
        },
      ),
    )
  })
})
