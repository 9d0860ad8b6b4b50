import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { derivedKeyId } from '../../../src/trust/keys/trusted-key.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { frameworks } from '../../support/frameworks.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { memoryReaders } from '../../support/memory-readers.ts'
import { certificateUnder } from '../../support/trust-list.ts'

const now = () => new Date('2022-06-01T00:00:00Z')
const address = 'https://issuer.example/cards'
const jwk = () => ({ ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid: 'k' })

/** A JWK set of one key with these members, read as that source. */
async function load(source: Partial<TrustSource>, members: object = {}) {
  const readers = memoryReaders({ '/k.jwks.json': JSON.stringify({ keys: [{ ...jwk(), ...members }] }) })
  const trust = await loadTrustLists([{ name: 's', kind: 'jwks', location: '/k.jwks.json', ...source }], {
    readers,
    now,
  })
  const finds = (framework: keyof typeof frameworks, issuer?: string) =>
    trust.keys().find({ framework: frameworks[framework], keyId: 'k', ...(issuer === undefined ? {} : { issuer }) })
      .length === 1
  return { finds, status: trust.status()[0], keys: trust.keys().keys }
}

/** Issuers that credentials name, or none. */
const countries = [undefined, 'DE', 'DEU', 'de', address, 'urn:x', 'did:web:issuer.example', 'Ministry of Health', '']

describe('a source bound to an address', () => {
  it('serves cards and DIVOC of that address, and no format whose issuers are countries', async () => {
    for (const more of [{}, { participant: 'DE' }, { domain: 'DCC', usage: 'DSC' }]) {
      const { finds, status } = await load({ issuer: address, ...more })
      assert.equal(status?.keys, 1)
      assert.ok(finds('shc', address) && finds('divoc', address))
      assert.ok(!finds('shc', `${address}/`) && !finds('shc', 'https://other.example') && !finds('shc'))
      for (const issuer of countries) {
        assert.ok(!finds('hcert', issuer), `hcert of ${issuer}`)
        assert.ok(!finds('icao-vds-nc', issuer), `seal of ${issuer}`)
      }
    }
  })

  it('leaves out keys that name somebody else, and says so', async () => {
    for (const iss of ['https://other.example', 'DE', 'DEU', 'Ministry', `${address}/`]) {
      const { status, keys } = await load({ issuer: address }, { iss })
      assert.equal(keys.length, 0, iss)
      assert.match(status?.leftOut?.[0]?.reason ?? '', /names .*, and the source is bound to https:/)
    }
    assert.equal((await load({ issuer: address }, { iss: address })).keys.length, 1)
  })

  it('takes no participant from a key', async () => {
    for (const more of [{ participant: 'DE' }, { participant: { code: '#DEU' } }]) {
      const { keys, finds } = await load({ issuer: address }, more)
      assert.equal(keys[0]?.participant, '')
      assert.ok(!finds('hcert', 'DE'))
    }
  })
})

describe('a source bound to a country', () => {
  for (const source of [{ participant: 'DE' }, { issuer: 'DE' }, { issuer: 'deu', participant: 'DEU' }]) {
    it(`${JSON.stringify(source)}: serves that country and never cards`, async () => {
      const { finds, keys } = await load(source)
      assert.equal(keys[0]?.participant, 'DEU')
      assert.ok(finds('hcert', 'DE') && finds('hcert', 'DEU') && finds('icao-vds-nc', 'DEU'))
      assert.ok(!finds('hcert', 'FR') && !finds('icao-vds-nc', 'FRA'))
      // By key id alone; the check `key` warns (docs/evaluate.md).
      assert.ok(finds('hcert') && finds('hcert', 'Ministry of Health'))
      for (const issuer of countries) assert.ok(!finds('shc', issuer) && !finds('divoc', issuer))
    })
  }

  it('leaves out keys of other issuers', async () => {
    for (const iss of ['FR', 'FRA', address, 'urn:de']) {
      assert.equal((await load({ participant: 'DEU' }, { iss })).keys.length, 0, iss)
    }
    assert.equal((await load({ participant: 'DEU' }, { iss: 'DE' })).keys.length, 1)
  })
})

describe('a source bound to nobody', () => {
  it('takes the issuer that each key names, and leaves out the others', async () => {
    assert.ok((await load({}, { iss: address })).finds('shc', address))
    assert.ok(!(await load({}, { iss: address })).finds('hcert'))
    assert.ok((await load({}, { iss: 'DE' })).finds('hcert', 'DEU'))
    assert.ok(!(await load({}, { iss: 'DE' })).finds('shc', 'DE'))
    assert.deepEqual((await load({})).status?.warnings, ['key 1 (k): lacks kid or issuer'])
  })

  it('binds a ministry’s name to that name alone', async () => {
    const { finds } = await load({}, { iss: 'Ministry of Health' })
    assert.ok(finds('hcert', 'Ministry of Health'))
    for (const issuer of [undefined, 'Ministry', 'DE', address]) assert.ok(!finds('hcert', issuer))
  })
})

describe('configured domain and usage of a JWK set', () => {
  it('are those of its keys; a key that says otherwise is left out', async () => {
    const source = { issuer: address, domain: 'PH4H', usage: 'DSC' }
    assert.deepEqual([(await load(source)).keys[0]?.domain, (await load(source)).keys[0]?.usage], ['PH4H', 'DSC'])
    assert.equal((await load(source, { domain: 'DCC' })).keys.length, 0)
    assert.equal((await load(source, { usage: 'CSCA' })).keys.length, 0)
  })
})

describe('certificates of a source bound to a participant', () => {
  const issuer = testIssuer({ country: 'XA' })
  const loadFolder = async (entry: object, source: Partial<TrustSource> = {}) => {
    const sidecar = JSON.stringify([{ file: 'dsc.pem', ...entry }])
    const readers = memoryReaders({ '/a/dsc.pem': issuer.dsc.toString(), '/a/trust.json': sidecar })
    return loadTrustLists([{ name: 'a', kind: 'certificates', location: '/a', ...source }], { readers, now })
  }

  it('are left out when the sidecar names another', async () => {
    assert.equal((await loadFolder({ participant: 'DEU' }, { participant: 'XXA' })).keys().keys.length, 0)
    assert.equal((await loadFolder({ participant: 'XA' }, { participant: 'XXA' })).keys().keys.length, 1)
    assert.equal((await loadFolder({ participant: 'DEU' })).keys().keys[0]?.participant, 'DEU')
  })

  it('serve no country when the source is bound to an address', async () => {
    const keys = (await loadFolder({}, { issuer: address })).keys()
    const keyId = issuer.keyId.toString('base64')
    assert.equal(keys.find({ framework: frameworks.shc, keyId, issuer: address }).length, 1)
    for (const each of ['XA', address])
      assert.equal(keys.find({ framework: frameworks.hcert, keyId, issuer: each }).length, 0)
    assert.equal(keys.find({ framework: frameworks.hcert, keyId }).length, 0)
  })
})

describe('a certificate that names no country', () => {
  it('serves every country by its key id, and says so', async () => {
    const { authority } = testIssuer({ country: 'XA' })
    const nobody = certificateUnder(authority, {
      publicKey: keyPairFor('ES256').publicKey,
      subject: { commonName: 'x' },
    })
    const readers = memoryReaders({ '/a/x.pem': nobody.toString() })
    const trust = await loadTrustLists([{ name: 'a', kind: 'certificates', location: '/a' }], { readers, now })
    const keyId = derivedKeyId(nobody)
    assert.equal(trust.keys().find({ framework: frameworks.hcert, keyId, issuer: 'DE' }).length, 1)
    assert.equal(trust.keys().find({ framework: frameworks.shc, keyId, issuer: address }).length, 0)
    assert.match(trust.status()[0]?.warnings.join() ?? '', /names no participant/)
  })
})

describe('codes of issuers', () => {
  it('are ASCII letters: upper case of another text is no country', async () => {
    const { finds } = await load({ participant: 'FIN' })
    assert.ok(finds('hcert', 'FI'))
    const german = await load({ participant: 'ITA' })
    // Dotless i and ligature fi: free text, which names no country; the caller warns.
    for (const text of ['ﬁ', 'ıt']) assert.ok(finds('hcert', text) && german.finds('hcert', text))
  })
})

describe('anchors of a request', () => {
  const serves = (members: object, framework: keyof typeof frameworks, issuer?: string) =>
    anchorKeySource([Buffer.from(JSON.stringify({ ...jwk(), ...members }))]).find({
      framework: frameworks[framework],
      keyId: 'k',
      ...(issuer === undefined ? {} : { issuer }),
    }).length === 1

  it('that name an address serve cards and DIVOC of it alone', () => {
    assert.ok(serves({ iss: address }, 'shc', address) && serves({ iss: address }, 'divoc', address))
    for (const issuer of countries) {
      assert.ok(!serves({ iss: address }, 'hcert', issuer) && !serves({ iss: address }, 'icao-vds-nc', issuer))
    }
  })

  it('that name a country serve that country alone, and codes without issuer', () => {
    assert.ok(serves({ iss: 'DE' }, 'hcert', 'DEU') && serves({ iss: 'DE' }, 'hcert'))
    for (const issuer of ['FR', address, 'Ministry of Health', 'urn:de'])
      assert.ok(!serves({ iss: 'DE' }, 'hcert', issuer))
    for (const issuer of countries)
      assert.ok(!serves({ iss: 'DE' }, 'shc', issuer) && !serves({ iss: 'DE' }, 'divoc', issuer))
  })

  it('that name nobody serve everybody by key id', () => {
    for (const framework of ['hcert', 'shc', 'divoc', 'icao-vds-nc'] as const) assert.ok(serves({}, framework, address))
  })

  it('with a member that is not understood are refused: it may say that the key is no longer good', () => {
    for (const members of [
      { status: 'revokd' },
      { status: 'Revoked' },
      { status: null },
      { status: ['revoked'] },
      { exp: '2021-01-01' },
      { exp: 1e300 },
      { nbf: '1' },
      { iss: 1 },
      { iss: '' },
      { domain: 1 },
      { usage: ['DSC'] },
      { use: 'enc' },
      { key_ops: ['sign'] },
      { x5c: ['AAAA'] },
      { crlVersion: '1' },
      { crlVersion: 1.5 },
      { crlVersion: -1 },
    ]) {
      const wrong = Buffer.from(JSON.stringify({ ...jwk(), ...members }))
      assert.throws(
        () => anchorKeySource([wrong]),
        (error) => error instanceof FhirError && error.status === 400 && /trustAnchor 1/.test(error.message),
        JSON.stringify(members),
      )
    }
    const twice = JSON.stringify({ ...jwk(), status: 'revoked' }).replace('}', ',"status":"current"}')
    assert.throws(() => anchorKeySource([Buffer.from(twice)]), FhirError)
  })

  it('of one key are as bad as the worst of them', () => {
    const one = jwk()
    const keys = anchorKeySource([one, { ...one, status: 'revoked' }].map((each) => Buffer.from(JSON.stringify(each))))
    assert.deepEqual(
      [...new Set(keys.find({ framework: frameworks.hcert, keyId: 'k' }).map(({ status }) => status))],
      ['revoked'],
    )
  })
})
