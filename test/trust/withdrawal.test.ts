import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sha256Hex } from '../../src/base/crypto/sha256.ts'
import { subjectKeyIdentifier } from '../../src/base/crypto/x509.ts'
import type { TrustedKey } from '../../src/trust/keys/trusted-key.ts'
import { checkTrustList } from '../../src/trust/lists/check-list.ts'
import type { TrustSource } from '../../src/trust/lists/trust-source.ts'
import { loadTrustLists, type Trust } from '../../src/trust/trust.ts'
import { frameworks } from '../support/frameworks.ts'
import { keyPairFor, testIssuer } from '../support/issuer.ts'
import { type Files, memoryReaders } from '../support/memory-readers.ts'
import { certificateUnder, itemsOf, pinnedKey, signedList } from '../support/trust-list.ts'

const now = () => new Date('2022-06-01T00:00:00Z')
const issuer = testIssuer({ country: 'XA' })
const other = testIssuer({ country: 'XB' })
const keyId = issuer.keyId.toString('base64')
const otherId = other.keyId.toString('base64')
const pem = issuer.dsc.toString()
const thumbprint = sha256Hex(issuer.dsc.raw)

/** The network's list of one participant, and a folder of another participant. */
const network: TrustSource = { name: 'network', kind: 'did-v2', location: '/did.json', key: ['/key.json'] }
const foreign: TrustSource = { name: 'foreign', kind: 'certificates', location: '/foreign' }
const national: TrustSource = { name: 'national', kind: 'certificates', location: '/national' }
const distrusted: TrustSource = { name: 'bad', kind: 'distrusted', location: '/bad.json' }
const baseFiles = async (): Promise<Files> => ({
  '/did.json': JSON.stringify(await signedList(itemsOf(issuer))),
  '/key.json': pinnedKey,
  '/foreign/dsc.pem': other.dsc.toString(),
})

async function load(sources: TrustSource[], files: Files): Promise<Trust & { files: Files }> {
  const readers = memoryReaders({ ...(await baseFiles()), ...files })
  const trust = await loadTrustLists(sources, { readers, now, check: checkTrustList })
  return { ...trust, files: readers.files }
}

/** What a code of that key id is judged by. */
const statuses = (trust: Trust, id = keyId, country = 'XA') =>
  trust
    .keys()
    .find({ framework: frameworks.hcert, keyId: id, issuer: country })
    .map(({ status }) => status)
const sidecar = (entry: object) => JSON.stringify([{ file: 'dsc.pem', ...entry }])

describe('the worst status of a key holds', () => {
  const renewed = certificateUnder(issuer.authority, { publicKey: issuer.dsc.publicKey })
  const national2 = (entry: object): Files => ({ '/national/dsc.pem': pem, '/national/trust.json': sidecar(entry) })

  for (const order of [
    [network, national],
    [national, network],
  ]) {
    it(`whatever the order: ${order.map(({ name }) => name).join(', ')}`, async () => {
      for (const status of ['revoked', 'terminated', 'expired']) {
        const trust = await load([...order, foreign], national2({ status, participant: 'XXA', domain: 'DCC' }))
        assert.ok(statuses(trust).length > 0)
        assert.deepEqual([...new Set(statuses(trust))], [status])
        assert.deepEqual(statuses(trust, otherId, 'XB'), ['current'], 'others are not touched')
      }
      assert.deepEqual([...new Set(statuses(await load(order, national2({ status: 'current' }))))], ['current'])
    })
  }

  it('whatever the domain, usage, kid or participant under which it is withdrawn', async () => {
    for (const entry of [
      { domain: 'PH4H' },
      { usage: 'SCA' },
      { usage: 'DESC' },
      { keyId: 'AAAA' },
      { participant: 'DEU' },
    ]) {
      const trust = await load([network, national], national2({ status: 'revoked', ...entry }))
      assert.deepEqual([...new Set(statuses(trust))], ['revoked'], JSON.stringify(entry))
    }
  })

  it('for every certificate of the public key, and for the bare key', async () => {
    const files = { '/national/dsc.pem': renewed.toString(), '/national/trust.json': sidecar({ status: 'revoked' }) }
    assert.deepEqual([...new Set(statuses(await load([network, national], files)))], ['revoked'])
    const jwk = { ...issuer.dsc.publicKey.export({ format: 'jwk' }), kid: 'x', iss: 'XA', status: 'revoked' }
    const set: TrustSource = { name: 'set', kind: 'jwks', location: '/set.jwks.json' }
    const trust = await load([network, set], { '/set.jwks.json': JSON.stringify({ keys: [jwk] }) })
    assert.deepEqual(statuses(trust), ['revoked'])
  })

  it('also when the entry that withdraws it is itself left out', async () => {
    // The folder holds another SCA of the issuer's name, which did not sign it.
    const files = {
      ...national2({ status: 'revoked' }),
      '/national/sca.pem': testIssuer({ country: 'XA' }).sca.toString(),
    }
    const trust = await load([network, national], files)
    assert.equal(trust.status()[1]?.leftOut?.length, 1)
    assert.deepEqual(statuses(trust), ['revoked'])
  })

  it('and the narrowest period', async () => {
    const period = async (entry: object) => {
      const trust = await load([network, national], national2(entry))
      return trust
        .keys()
        .find({ keyId })
        .map(({ validFrom, validTo }) => [validFrom, validTo].map((date) => date?.toISOString().slice(0, 10)))
    }
    const found = await period({ until: '2021-06-01', from: '2021-03-01' })
    assert.ok(found.length > 0)
    for (const each of found) assert.deepEqual(each, ['2021-03-01', '2021-06-01'])
    for (const each of await period({ until: '2050-01-01' })) assert.deepEqual(each, ['2021-01-01', '2030-12-31'])
  })

  it('of an authority: what a revoked SCA signed is revoked', async () => {
    const files = {
      '/national/sca.pem': issuer.sca.toString(),
      '/national/trust.json': JSON.stringify([{ file: 'sca.pem', status: 'revoked' }]),
    }
    assert.deepEqual(statuses(await load([network, national], files)), ['revoked'])
    const expired = { ...files, '/national/trust.json': JSON.stringify([{ file: 'sca.pem', status: 'expired' }]) }
    assert.deepEqual(statuses(await load([network, national], expired)), ['current'])
  })
})

describe('a list of distrusted keys', () => {
  const withdraws = async (content: object) => {
    const trust = await load([network, foreign, distrusted], { '/bad.json': JSON.stringify(content) })
    return { own: statuses(trust).length === 0, other: statuses(trust, otherId, 'XB').length === 0, trust }
  }

  it('takes keys out by participant, thumbprint and key id, in any spelling', async () => {
    const scaPrint = sha256Hex(issuer.sca.raw)
    const scaKey = issuer.sca.publicKey.export({ type: 'spki', format: 'der' })
    const scaKeyId = Buffer.from(subjectKeyIdentifier(issuer.sca.raw) ?? []).toString('base64url')
    for (const content of [
      { participants: ['XXA'] },
      { participants: ['xa'] },
      { thumbprints: [thumbprint] },
      { thumbprints: [thumbprint.toUpperCase()] },
      { thumbprints: [sha256Hex(issuer.dsc.publicKey.export({ type: 'spki', format: 'der' }))] },
      { keyIds: [keyId] },
      { keyIds: [issuer.keyId.toString('base64url')] },
      // Of the authority: what it signed goes with it.
      { thumbprints: [scaPrint] },
      { thumbprints: [sha256Hex(scaKey)] },
      { keyIds: [scaKeyId] },
    ]) {
      const { own, other: others } = await withdraws(content)
      assert.ok(own, JSON.stringify(content))
      assert.ok(!others)
    }
    const { own, other: others, trust } = await withdraws({ participants: ['DEU'] })
    assert.ok(!own && !others)
    assert.equal(trust.status()[2]?.withdraws, 1)
    assert.deepEqual(trust.status()[2]?.warnings, ['no list has a key of the participant DEU'])
  })

  it('is told: which keys, and by which list', async () => {
    const { trust } = await withdraws({ thumbprints: [thumbprint] })
    assert.deepEqual(trust.status()[0]?.leftOut, [{ entry: `DSC ${keyId} of XXA`, reason: 'distrusted by bad' }])
    assert.equal(trust.keys().objectionTo?.(issuer.dsc), 'revoked')
    assert.equal(trust.keys().objectionTo?.(other.dsc), undefined)
  })

  it('speaks against a certificate that no list holds: the signer of a seal', async () => {
    const signer = certificateUnder(issuer.authority, { publicKey: keyPairFor('ES256').publicKey })
    const objection = async (content: object) => (await withdraws(content)).trust.keys().objectionTo?.(signer)
    assert.equal(await objection({}), undefined)
    assert.equal(await objection({ thumbprints: [sha256Hex(signer.raw)] }), 'revoked')
    assert.equal(await objection({ thumbprints: [sha256Hex(issuer.sca.raw)] }), 'revoked', 'by its authority')
  })

  for (const [name, text] of Object.entries({
    'no JSON': '{',
    'a list': '[]',
    'an unknown member': '{"thumbprint":["x"]}',
    'a member twice': '{"keyIds":[],"keyIds":["x"]}',
    'a text for a list': '{"keyIds":"x"}',
    'a short thumbprint': '{"thumbprints":["abcd"]}',
    'a country’s name': '{"participants":["Germany"]}',
    'an object for a key id': '{"keyIds":[{"keyId":"x"}]}',
    'a key id with a blank': '{"keyIds":["a b"]}',
  })) {
    it(`that cannot be read (${name}) leaves no key of any list good, and says so`, async () => {
      const trust = await load([network, foreign, distrusted], { '/bad.json': text })
      assert.deepEqual([trust.keys().keys.length, trust.keys().find({}).length], [0, 0])
      assert.match(trust.keys().unavailable ?? '', /^bad, which withdraws keys, cannot be read/)
      const status = trust.status()[2]
      assert.equal(status?.usable, false)
      assert.match(status?.failure ?? '', /no key of any list counts until it can be read/)
    })
  }

  it('that is absent leaves no key good; nor does one that turned bad', async () => {
    assert.equal((await load([network, distrusted], {})).keys().keys.length, 0)
    const trust = await load([network, distrusted], { '/bad.json': '{}' })
    assert.ok(statuses(trust).length > 0)
    trust.files['/bad.json'] = '{'
    await trust.reload()
    assert.equal(statuses(trust).length, 0)
    assert.equal(trust.status()[1]?.usable, false)
    trust.files['/bad.json'] = '{}'
    await trust.reload()
    assert.ok(statuses(trust).length > 0)
  })
})

describe('a required list', () => {
  const required = { ...national, required: true }
  const second: TrustSource = { name: 'second', kind: 'certificates', location: '/second', required: true }

  it('lets a key count only if it stands there, too', async () => {
    const trust = await load([network, foreign, required], { '/national/dsc.pem': pem })
    assert.ok(statuses(trust).length > 0)
    assert.deepEqual(statuses(trust, otherId, 'XB'), [])
    assert.match(trust.status()[1]?.leftOut?.[0]?.reason ?? '', /does not stand in the required list national/)
    assert.equal(trust.status()[1]?.keys, 0)
  })

  it('must be several times fulfilled when there are several', async () => {
    const both = { '/national/dsc.pem': pem, '/second/dsc.pem': pem }
    assert.ok(statuses(await load([network, required, second], both)).length > 0)
    const one = { '/national/dsc.pem': pem, '/second/dsc.pem': other.dsc.toString() }
    const trust = await load([network, foreign, required, second], one)
    assert.equal(trust.keys().keys.length, 0)
  })

  it('knows certificates by themselves: another one of the same key does not stand for it', async () => {
    const renewed = certificateUnder(issuer.authority, { publicKey: issuer.dsc.publicKey })
    const trust = await load([network, required], { '/national/dsc.pem': renewed.toString() })
    assert.deepEqual(
      trust
        .keys()
        .find({ framework: frameworks.hcert, keyId, issuer: 'XA' })
        .map(({ lists }) => lists),
      [],
    )
  })

  it('that cannot be read lets no key count; a copy that could be read stays in force', async () => {
    for (const files of [
      {},
      { '/national/x.pem': 'x' },
      { '/national/dsc.pem': pem, '/national/trust.json': '{' },
    ] as Files[]) {
      const trust = await load([network, foreign, required], files)
      assert.equal(trust.keys().keys.length, 0)
    }
    const trust = await load([network, required], { '/national/dsc.pem': pem })
    delete trust.files['/national/dsc.pem']
    await trust.reload()
    assert.ok(statuses(trust).length > 0)
  })

  it('lets it count only for the participant and the usage for which it stands there', async () => {
    const cases: [object, number][] = [
      [{ usage: 'DSC' }, 1],
      [{ usage: 'DSC', participant: 'XXA' }, 1],
      [{ usage: 'SCA' }, 0],
      [{ usage: 'SCA', domain: 'ICVP' }, 0],
      [{ usage: 'DESC' }, 0],
      [{ participant: 'XB' }, 0],
      [{ participant: 'XB', usage: 'SCA' }, 0],
    ]
    for (const [entry, count] of cases) {
      const files = { '/national/dsc.pem': pem, '/national/trust.json': sidecar(entry) }
      const trust = await load([network, required], files)
      const found = trust.keys().find({ framework: frameworks.hcert, keyId, issuer: 'XA', usage: ['DSC'] })
      assert.equal(found.length > 0 ? 1 : 0, count, JSON.stringify(entry))
    }
  })

  it('of bare keys names what it names: without usage, any; of another address, not', async () => {
    const jwk = { ...issuer.dsc.publicKey.export({ format: 'jwk' }), kid: 'k' }
    const set = (name: string, members: Partial<TrustSource>): TrustSource => ({
      name,
      kind: 'jwks',
      location: '/k.jwks.json',
      ...members,
    })
    const count = async (sources: TrustSource[]) => {
      const trust = await load(sources, { '/k.jwks.json': JSON.stringify({ keys: [jwk] }) })
      return trust.keys().keys.filter(({ lists }) => lists.includes(sources[0]?.name ?? '')).length
    }
    const address = (name: string) => `https://${name}.example`
    assert.ok((await count([network, set('r', { participant: 'XA', required: true })])) > 0)
    assert.equal(await count([network, set('r', { participant: 'XB', required: true })]), 0)
    assert.equal(await count([network, set('r', { participant: 'XA', usage: 'SCA', required: true })]), 0)
    assert.equal(
      await count([set('s', { issuer: address('a') }), set('r', { issuer: address('a'), required: true })]),
      1,
    )
    assert.equal(
      await count([set('s', { issuer: address('a') }), set('r', { issuer: address('b'), required: true })]),
      0,
    )
    const unrestricted = set('s', { issuer: address('a') })
    assert.equal(await count([unrestricted, set('r', { issuer: address('a'), usage: 'DSC', required: true })]), 1)
    assert.equal(await count([unrestricted, set('r', { issuer: address('a'), usage: 'SCA', required: true })]), 0)
  })
})

describe('a sidecar that is not understood', () => {
  const cases: [string, object, RegExp][] = [
    ['a misspelt status', { status: 'revokd' }, /entry 1 \(dsc\.pem\): status must be one of/],
    ['a status in capitals', { status: 'Revoked' }, /status must be/],
    ['a status that is no text', { status: true }, /status must be/],
    ['a misspelt member', { statuss: 'revoked' }, /no member "statuss" .*; there are file, keyId/],
    ['a date that does not exist', { until: '2021-02-30' }, /until must be a date/],
    ['a date in another form', { until: '01.06.2021' }, /until must be a date/],
    ['a date as number', { from: 20210601 }, /from must be a date/],
    ['a participant in full', { participant: 'Germany' }, /participant must be a code/],
    ['a key id that is no text', { keyId: 1 }, /keyId must be a text/],
    ['a member of objects', { constructor: 'x' }, /no member "constructor"/],
  ]
  for (const [name, entry, text] of cases) {
    it(`${name}: its list is not used, names the entry, and its certificates count nowhere`, async () => {
      for (const order of [
        [network, foreign, national],
        [national, network, foreign],
      ]) {
        const trust = await load(order, { '/national/dsc.pem': pem, '/national/trust.json': sidecar(entry) })
        const status = trust.status().find((each) => each.name === 'national')
        assert.equal(status?.usable, false)
        assert.match(status?.failure ?? '', text)
        assert.deepEqual(statuses(trust), [])
        assert.deepEqual(statuses(trust, otherId, 'XB'), ['current'], 'the others work')
        const left = trust.status().find((each) => each.name === 'network')?.leftOut
        assert.match(left?.[0]?.reason ?? '', /national: what trust\.json says of it cannot be read/)
      }
    })
  }

  for (const text of ['{', '{}', '[1]', '[{}]', '[{"file":"dsc.pem","status":"revoked","status":"current"}]']) {
    it(`${text}: the same`, async () => {
      const trust = await load([network, foreign, national], { '/national/dsc.pem': pem, '/national/trust.json': text })
      assert.deepEqual(statuses(trust), [])
      assert.deepEqual(statuses(trust, otherId, 'XB'), ['current'])
    })
  }

  it('that withdraws a certificate which is not there leaves no key good: which one it means is unknown', async () => {
    for (const entry of [{ status: 'revoked' }, { status: 'revokd' }, { statuss: 'revoked' }, { file: '../x.pem' }]) {
      const text = JSON.stringify([{ file: 'gone.pem', ...entry }])
      const trust = await load([network, foreign, national], {
        '/national/dsc.pem': other.dsc.toString(),
        '/national/trust.json': text,
      })
      assert.equal(trust.keys().keys.length, 0, text)
      assert.match(trust.keys().unavailable ?? '', /national, which withdraws keys/)
    }
  })

  it('that withdraws a bundle of which a part cannot be read: the same', async () => {
    const bundle = `${pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
    const files = (entry: object): Files => ({ '/national/dsc.pem': bundle, '/national/trust.json': sidecar(entry) })
    assert.equal((await load([network, foreign, national], files({ status: 'revoked' }))).keys().keys.length, 0)
    const trust = await load([national], files({}))
    assert.deepEqual(
      [statuses(trust), trust.status()[0]?.warnings[0]],
      [['current'], 'dsc.pem holds a certificate that cannot be read'],
    )
  })

  it('after a good one: the keys of the last reading count no longer', async () => {
    const trust = await load([national, foreign], { '/national/dsc.pem': pem, '/national/trust.json': sidecar({}) })
    assert.ok(statuses(trust).length > 0)
    trust.files['/national/trust.json'] = sidecar({ status: 'revokd' })
    await trust.reload()
    assert.deepEqual(statuses(trust), [])
  })

  it('is none with two entries for one certificate: both hold', async () => {
    const entries = [
      { file: 'dsc.pem', domain: 'DCC', participant: 'XXA' },
      { file: 'dsc.pem', domain: 'PH4H', participant: 'XXA', status: 'revoked' },
    ]
    const trust = await load([national], { '/national/dsc.pem': pem, '/national/trust.json': JSON.stringify(entries) })
    const found = trust
      .keys()
      .find({ keyId })
      .map(({ domain, status }: TrustedKey) => [domain, status])
    assert.deepEqual(found, [
      ['DCC', 'revoked'],
      ['PH4H', 'revoked'],
    ])
  })
})

describe('a JWK set with a member that is not understood', () => {
  const set = (name: string): TrustSource => ({ name, kind: 'jwks', location: `/${name}.jwks.json`, participant: 'XA' })
  const jwk = { ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid: 'k' }
  const file = (key: object) => JSON.stringify({ keys: [key] })

  it('leaves that key out, in every list', async () => {
    for (const members of [{ status: 'revokd' }, { exp: '2021' }, { use: 'enc' }, { nbf: true }]) {
      const trust = await load([set('a'), set('b')], {
        '/a.jwks.json': file(jwk),
        '/b.jwks.json': file({ ...jwk, kid: 'other', ...members }),
      })
      assert.equal(trust.keys().keys.length, 0, JSON.stringify(members))
      assert.equal(trust.status()[1]?.usable, true)
    }
    const trust = await load([set('a'), set('b')], {
      '/a.jwks.json': file(jwk),
      '/b.jwks.json': file({ ...jwk, alg: 'x' }),
    })
    assert.equal(trust.keys().find({ keyId: 'k' }).length, 1)
  })
})

describe('a JWK that names its algorithm', () => {
  const set = (name: string): TrustSource => ({ name, kind: 'jwks', location: `/${name}.jwks.json`, participant: 'XA' })
  const jwk = { ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid: 'k' }
  const algorithmOf = async (...keys: object[]) => {
    const names = keys.map((_, at) => `list${at}`)
    const files = names.map((name, at) => [`/${name}.jwks.json`, JSON.stringify({ keys: [{ ...jwk, ...keys[at] }] })])
    const trust = await load(names.map(set), Object.fromEntries(files))
    const found = trust.keys().find({ keyId: 'k' })
    assert.equal(found.length, 1)
    return found[0]?.algorithm
  }

  it('is for that one, whatever list says so', async () => {
    assert.equal(await algorithmOf({}), undefined)
    assert.equal(await algorithmOf({ alg: 'ES256' }), 'ES256')
    assert.equal(await algorithmOf({}, { alg: 'ES256' }), 'ES256')
    assert.equal(await algorithmOf({ alg: 'ES256' }, {}), 'ES256')
  })

  it('is for none where lists name different ones', async () => {
    const algorithm = await algorithmOf({ alg: 'ES256' }, { alg: 'ES384' }, { alg: 'ES256' })
    assert.ok(algorithm !== undefined && !['ES256', 'ES384'].includes(algorithm))
  })

  it('is named alike in both names of EdDSA', async () => {
    assert.equal(await algorithmOf({ alg: 'EdDSA' }, { alg: 'Ed25519' }), 'EdDSA')
  })
})

describe('a JWK set that withdraws a key which cannot be read', () => {
  const set: TrustSource = { name: 'set', kind: 'jwks', location: '/set.jwks.json' }
  const withdrawn = (entry: object) =>
    load([network, foreign, set], { '/set.jwks.json': JSON.stringify({ keys: [entry] }) })

  it('withdraws its key id in every list', async () => {
    const cases = [
      { status: 'revoked' },
      { status: 'terminated' },
      { status: 'expired' },
      { status: 'revokd' },
      { status: null },
      { status: 'revoked', kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' },
      { status: 'revoked', kty: 'XYZ' },
      { status: 'revoked', x5c: ['AAAA'] },
      { status: 'revoked', iss: 'XB' },
      { status: 'revoked', kid: issuer.keyId.toString('base64url') },
    ]
    for (const entry of cases) {
      const trust = await withdrawn({ kid: keyId, ...entry })
      assert.deepEqual(statuses(trust), [], JSON.stringify(entry))
      assert.deepEqual(statuses(trust, otherId, 'XB'), ['current'])
      const [list, , own] = trust.status()
      assert.equal(list?.leftOut?.[0]?.reason, 'distrusted by set')
      assert.deepEqual([own?.withdraws, own?.leftOut?.length], [1, 1])
    }
  })

  it('and does nothing of the kind when it does not withdraw it', async () => {
    for (const entry of [{}, { status: 'current' }]) {
      assert.ok(statuses(await withdrawn({ kid: keyId, ...entry })).length > 0)
    }
  })

  it('leaves no key good when it names none', async () => {
    for (const kid of [undefined, '', 5, 'a b']) {
      const trust = await withdrawn({ kid, status: 'revoked' })
      assert.equal(trust.keys().keys.length, 0, String(kid))
      assert.match(trust.keys().unavailable ?? '', /^set, which withdraws keys/)
      assert.match(
        trust.status()[2]?.failure ?? '',
        /key 1 is withdrawn and has neither a readable public key nor a kid/,
      )
    }
  })
})
