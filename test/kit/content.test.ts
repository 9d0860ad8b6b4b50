/** What a kit is written with, and what is read of it: packing, keys, hashes, rules that are not in it. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { constants, gunzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { sha256, sha256Hex } from '../../src/base/crypto/sha256.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { brokenSignature, withBrokenSignature } from '../../src/fhir/artefact.ts'
import type { PlanDefinition } from '../../src/fhir/types.ts'
import { archiveParts, pieceOf, readKit } from '../../src/kit/archive/archive.ts'
import { deflatePiece } from '../../src/kit/archive/deflate.ts'
import { buildKit, kitParts } from '../../src/kit/build.ts'
import { artefactFiles } from '../../src/kit/content/artefact-files.ts'
import { isForJurisdiction } from '../../src/kit/content/choose-plans.ts'
import { emptyFilter, filterOver } from '../../src/kit/content/hash-filter.ts'
import { readRevocation, revocationJson } from '../../src/kit/content/revocation-file.ts'
import { readSources, trustFiles } from '../../src/kit/content/trust-files.ts'
import { KitError } from '../../src/kit/kit-error.ts'
import { kitStorage } from '../../src/kit/kit-storage.ts'
import { openKit } from '../../src/kit/open-kit.ts'
import { readScope } from '../../src/kit/scope.ts'
import { signManifest } from '../../src/kit/signature.ts'
import { selectPlans } from '../../src/rules/select-plans.ts'
import { certificateMembers, type TrustedKey } from '../../src/trust/keys/trusted-key.ts'
import { createHashIndex } from '../../src/trust/revocation/hash-index.ts'
import { noFloor } from '../../src/trust/upkeep/plausible.ts'
import type { SourceState } from '../../src/trust/upkeep/source-state.ts'
import { finish } from '../../src/workers/budget.ts'
import { goodPeriod, makeSigner, now } from './make-kit.ts'

describe('packing', () => {
  const unpack = (piece: Buffer, isLast: boolean) =>
    inflateRawSync(piece, isLast ? {} : { finishFlush: constants.Z_SYNC_FLUSH })
  it('is undone by any other software, whatever the bytes', () => {
    const chunk = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 400 }))
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 8 }), fc.boolean(), (chunks, isLast) => {
        const bytes = Buffer.concat(chunks.flatMap(([part, times]) => Array.from({ length: times }, () => part)))
        assert.ok(unpack(deflatePiece(bytes, { isLast }), isLast).equals(bytes))
      }),
    )
  })
  it('gives these very bytes on every machine', () => {
    const text = Array.from(
      { length: 3000 },
      (_, index) => `{"code":"${index * 7919}","display":"x${index % 13}"}`,
    ).join()
    assert.equal(
      sha256Hex(deflatePiece(Buffer.from(text))),
      '975b293042a3a9b341b5ec20d6a40d0b3a2fab4bd0e65cce550997ad2f00b79a',
    )
  })
  it('of many files is one archive that any software unpacks', () => {
    const parts = archiveParts(
      [pieceOf('package/b', Buffer.from('B')), pieceOf('package/a', Buffer.from('A'))],
      'package/a',
    )
    const tar = gunzipSync(Buffer.concat([...parts]))
    assert.deepEqual([tar.toString('latin1', 0, 9), tar.toString('latin1', 512, 513)], ['package/a', 'A'])
    assert.deepEqual([tar.toString('latin1', 1024, 1033), tar.toString('latin1', 1536, 1537)], ['package/b', 'B'])
    assert.equal(tar.length, 3072)
  })
})

describe('a filter of hashes', () => {
  const hashOf = (number: number) => sha256(String(number)).subarray(0, 16)
  it('lets everything pass that is in it, and next to nothing else', () => {
    const filter = emptyFilter(20_000)
    for (let at = 0; at < 20_000; at++) filter.add(hashOf(at))
    const read = filterOver(Buffer.from(filter.bits))
    for (let at = 0; at < 20_000; at++) assert.ok(read.has(hashOf(at)))
    let others = 0
    for (let at = 20_000; at < 120_000; at++) if (read.has(hashOf(at))) others++
    assert.ok(others <= 3, `${others} of 100,000 others pass`)
  })

  it('stands in for a long list: no miss, and a hit that has to be asked for', () => {
    const hashes = createHashIndex()
    const expires = new Date(now.getTime() + 1e9)
    const of = (from: number, count: number) =>
      Buffer.concat(Array.from({ length: count }, (_, index) => hashOf(from + index)))
    hashes.add([
      { id: 'a', country: 'XA', keyId: 'AAAAAAAAAAA=', hashType: 'UCI', expires, hashes: of(0, 30) },
      { id: 'b', country: 'XB', keyId: '', hashType: 'SIGNATURE', expires, hashes: of(100, 5) },
    ])
    const asked = (country: string, hashType: 'UCI' | 'SIGNATURE', number: number) =>
      ({ country, hashType, hash: hashOf(number), keyIds: new Set(['AAAAAAAAAAA=']), clock: now }) as const
    const short = readRevocation(finish(revocationJson({ hashes })), 'x')
    const long = readRevocation(finish(revocationJson({ hashes }, 10)), 'x')
    for (let at = 0; at < 30; at++) {
      assert.ok(short.hashes.has(asked('XXA', 'UCI', at)))
      assert.ok(!long.hashes.has(asked('XXA', 'UCI', at)) && long.hashes.mayHave?.(asked('XXA', 'UCI', at)))
    }
    assert.ok(!short.hashes.has({ ...asked('XXA', 'UCI', 1), keyIds: new Set() }))
    assert.ok(long.hashes.mayHave?.(asked('XXB', 'SIGNATURE', 101)))
    assert.ok(!long.hashes.mayHave?.(asked('XXB', 'UCI', 101)) && !long.hashes.mayHave?.(asked('XXA', 'UCI', 999)))
    assert.deepEqual(long.hashes.countries(), hashes.countries())
    assert.equal(short.hashes.mayHave, undefined)
  })
})

function keyOf(domain: string, more: Partial<TrustedKey> = {}): TrustedKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = { country: 'XA', commonName: domain }
  const content = {
    subject: name,
    publicKey,
    serialNumber: Buffer.from([1]),
    notBefore: now,
    notAfter: new Date(now.getTime() + 1e9),
  }
  const certificate = new X509Certificate(writeCertificate(content, { name, privateKey, publicKey }))
  return {
    ...certificateMembers(certificate),
    keyId: `${domain}=`,
    participant: 'XXA',
    domain,
    usage: 'DSC',
    chain: [certificate],
    lists: ['l'],
    status: 'current',
    warnings: [],
    ...more,
  }
}

describe('revocation lists of a kit', () => {
  const right = {
    countries: [
      { country: 'XA', spellings: ['XA'], types: ['UCI'], batches: 1, hashes: 1, expires: '2027-01-01T00:00:00.000Z' },
    ],
    batches: [
      {
        country: 'XA',
        keyId: 'k',
        hashType: 'UCI',
        expires: '2027-01-01T00:00:00.000Z',
        hashes: Buffer.alloc(16, 7).toString('base64'),
      },
    ],
    cards: { issuer: 'https://a.example', lists: [{ keyId: 'k', version: 1, faults: [], rids: [['r', null]] }] },
  }
  it('are read as they are', () => {
    const { cards, hashes } = readRevocation(right, 'x')
    assert.equal(cards?.lists.get('k')?.revokedBefore('r'), Number.POSITIVE_INFINITY)
    assert.equal(hashes.countries()[0]?.hashes, 1)
  })
  it('are refused where a member is another than it should be, not known, or missing: what it revokes would pass', () => {
    const [batch] = right.batches
    const [list] = right.cards.lists
    const [country] = right.countries
    const wrong = [
      ...[{ strange: 1 }, { batches: undefined }, { batches: {} }, { batches: ['x'] }, { filters: [] }],
      ...[{ missing: 5 }, { missing: [{ country: 'XA', count: -1 }] }, { incomplete: 'yes' }, { date: 'now' }],
      ...[{ isOfEveryCountry: 'true' }, { cards: [] }, { cards: { issuer: 5, lists: [] } }, { countries: 'XA' }],
      ...['country', 'keyId', 'hashType', 'expires', 'hashes'].map((name) => ({
        batches: [{ ...batch, [name]: undefined }],
      })),
      ...[{ hashes: Buffer.alloc(17).toString('base64') }, { hashes: '!!' }, { expires: 5 }, { more: 1 }].map(
        (each) => ({
          batches: [{ ...batch, ...each }],
        }),
      ),
      ...[
        { rids: ['r'] },
        { rids: [['r']] },
        { rids: [['r', 'x']] },
        { rids: [[5, 1]] },
        { rids: {} },
        { faults: [5] },
      ].map((each) => ({ cards: { ...right.cards, lists: [{ ...list, ...each }] } })),
      { cards: { ...right.cards, lists: [list, list] } },
      ...[{ types: ['UCI', 'OTHER'] }, { types: 'UCI' }, { hashes: 1.5 }, { spellings: [5] }, { expires: '' }].map(
        (each) => ({ countries: [{ ...country, ...each }] }),
      ),
    ]
    for (const each of wrong) {
      const json = JSON.parse(JSON.stringify({ ...right, ...each }))
      assert.throws(() => readRevocation(json, 'x'), KitError, JSON.stringify(each))
    }
  })
})

describe('trusted keys of a kit', () => {
  const source = { name: 'l', kind: 'certificates' as const, location: 'x' }
  const state = (keys: TrustedKey[], more: Partial<SourceState> = {}): SourceState => ({
    source,
    floor: noFloor,
    content: { keys, warnings: [], leftOut: [] },
    ...more,
  })
  const back = (states: SourceState[], domains: string[] = []) => {
    const files = finish(trustFiles(states, domains, now))
    return readSources({ read: (file) => JSON.parse(String(Buffer.from(files.get(file) ?? []))), madeAt: now })
  }
  const plain = (key: TrustedKey | undefined) =>
    key && {
      ...key,
      publicKey: key.publicKeyThumbprint,
      certificate: key.certificate?.fingerprint256,
      chain: key.chain.map((each) => each.fingerprint256),
    }

  it('are what they were, with what is withdrawn, left out and distrusted', () => {
    const key = keyOf('DCC', {
      issuer: 'https://a.example',
      algorithm: 'ES256',
      revocationVersion: 3,
      revocationList: { rids: ['a'] },
    })
    const leftOut = keyOf('DCC', { status: 'revoked' })
    const distrust = { list: 'l', participants: ['XXB'], thumbprints: ['00'], keyIds: ['q'] }
    const given = state([key], {
      content: {
        keys: [key],
        warnings: [],
        leftOut: [{ entry: 'e', reason: 'r', key: leftOut }],
        distrust,
        created: '2026-01-01T00:00:00Z',
      },
      suspended: [{ key: leftOut, reason: 'x' }],
      withdrawsUnknown: true,
      failure: 'why',
    })
    const [read] = back([given])
    assert.deepEqual(plain(read?.content?.keys[0]), plain(key))
    assert.deepEqual(plain(read?.content?.leftOut[0]?.key), plain(leftOut))
    assert.deepEqual(read?.content?.distrust, distrust)
    assert.equal(read?.content?.created, '2026-01-01T00:00:00Z')
    assert.equal(read?.suspended?.length, 1)
    assert.ok(read?.withdrawsUnknown === true && read.failure !== undefined)
  })

  it('hold for as long as they say, also beyond the year 9999', () => {
    const period = { validFrom: new Date('0999-01-01T00:00:00Z'), validTo: new Date('+010000-01-01T00:00:00Z') }
    const key = keyOf('DCC', period)
    const [read] = back([state([key])])
    assert.deepEqual(plain(read?.content?.keys[0]), plain(key))
  })

  it('of other domains stay behind, but for what is withdrawn and other entries of the same key', () => {
    const dcc = keyOf('DCC')
    const same: TrustedKey = { ...dcc, domain: 'PH4H', keyId: 'other=' }
    const revoked = keyOf('PH4H', { status: 'revoked' })
    const [read] = back([state([dcc, same, keyOf('PH4H'), keyOf(''), revoked])], ['DCC'])
    assert.deepEqual(
      read?.content?.keys.map(({ keyId }) => keyId),
      ['DCC=', 'other=', '=', 'PH4H='],
    )
  })

  it('are refused where a member of theirs is another than it should be, not known, or missing', () => {
    const files = finish(trustFiles([state([keyOf('DCC')])], [], now))
    const read = (file: string) => JSON.parse(String(Buffer.from(files.get(file) ?? [])))
    const listed = 'package/trust/lists.json'
    const right = read(listed)
    const withList = (change: object) => ({ lists: [{ ...right.lists[0], ...change }] })
    const take = (lists: unknown) =>
      readSources({ read: (file: string) => (file === listed ? lists : read(file)), madeAt: now } as never)
    assert.equal(take(withList({})).length, 1)
    const wrong = [
      ...[{}, { lists: {} }, { lists: ['x'] }, { lists: [], more: 1 }, [], null],
      ...[{ strange: 1 }, { name: 5 }, { kind: 'other' }, { required: false }, { required: 'true' }].map(withList),
      ...[{ rejectAgeSeconds: '60' }, { maxAgeSeconds: -1 }, { since: '2026' }, { since: 5 }].map(withList),
      ...[{ withdrawsUnknown: 1 }, { isUnread: 'yes' }, { suspended: 'x' }, { withdrawals: {} }].map(withList),
      ...[{ withdrawals: [5] }, { waiting: {} }, { content: [] }, { content: { keys: 'x' } }].map(withList),
      ...[{ content: { keys: [], distrust: { participants: 'XXB' } } }, { revocation: 5 }].map(withList),
      withList({ content: { keys: [], distrust: { participants: [], thumbprints: [], keyIds: [], all: true } } }),
      withList({ content: undefined, revocation: 'x' }),
    ]
    for (const each of wrong) assert.throws(() => take(each), KitError, JSON.stringify(each))
    const key = [...files.keys()].find((name) => name.includes('/keys/')) ?? ''
    const members = [{ strange: 1 }, { otherKeyIds: [5] }, { sourceGateways: 'x' }, { issuer: 5 }, { status: 'x' }]
    const versions = ['3', 1.5, -1].map((revocationVersion) => ({ revocationVersion }))
    const dates = ['2026', 'March 2026', '2026-13-01T00:00:00Z', 5, '-000000-01-01T00:00:00Z'].flatMap((date) => [
      { validFrom: date },
      { validTo: date },
    ])
    for (const change of [...members, ...versions, ...dates])
      assert.throws(
        () => readSources({ read: (file) => (file === key ? { ...read(file), ...change } : read(file)), madeAt: now }),
        KitError,
        JSON.stringify(change),
      )
  })

  it('of a remote list whose age decides are told not to be newer than they are', () => {
    const remote = { ...source, kind: 'did-v2' as const, location: 'https://a.example/did.json' }
    for (const limit of [{ maxAgeSeconds: 3600 }, { rejectAgeSeconds: 3600 }])
      for (const minutes of [0, 1, 30, 59, 61, 500]) {
        const checkedAt = new Date(now.getTime() - minutes * 60_000)
        const [read] = back([state([keyOf('DCC')], { source: { ...remote, ...limit }, checkedAt })])
        const told = read?.checkedAt?.getTime() ?? Number.NaN
        assert.ok(told <= checkedAt.getTime() && told > checkedAt.getTime() - 460_000, `${minutes}: ${read?.checkedAt}`)
      }
  })

  it('of a remote list are as new as the kit, unless the list was not to be had for long', () => {
    const remote = { ...source, kind: 'did-v2' as const, location: 'https://a.example/did.json' }
    const at = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
    const [fresh, stale] = back([2, 50].map((hours) => state([keyOf('DCC')], { source: remote, checkedAt: at(hours) })))
    assert.deepEqual([fresh?.checkedAt, stale?.checkedAt], [now, at(50)])
  })
})

describe('rule sets of a kit', () => {
  const plan: PlanDefinition = {
    resourceType: 'PlanDefinition',
    id: 'p',
    url: 'http://example.org/PlanDefinition/p',
    version: '1',
    status: 'active',
    type: { coding: [{ code: 'eca-rule' }] },
    action: [
      {
        title: 'secret',
        condition: [{ kind: 'applicability', expression: { language: 'text/cql', expression: 'true' } }],
      },
    ],
  }

  it('whose signature holds no more are not in it, and are missed where they would apply', async () => {
    const artefacts = await artefactFiles({
      plans: [withBrokenSignature(plan, 'the signature of its author holds no more')],
      maps: [],
      findMap: async () => undefined,
      closure: async () => assert.fail('nothing is looked up for it'),
      admit: async (resources) => resources,
      contentHash: () => assert.fail('nothing of it is in the kit'),
      expand: async (set) => set,
      runOnce: async () => ({ translations: new Map(), models: [] }),
    })
    assert.match(artefacts.withheld[0]?.reason ?? '', /holds no more/)
    const trust = new Map([['package/trust/lists.json', Buffer.from('{"lists":[]}')]])
    const built = await buildKit({
      scope: { jurisdiction: 'XXA', trustDomains: [], planDefinitions: [] },
      artefacts,
      trust,
    })
    const { signer, pins } = makeSigner()
    const bytes = Buffer.concat([...kitParts(built, await signManifest(built.manifestBytes, signer, goodPeriod))])
    assert.ok(!gunzipSync(bytes).includes('secret'))
    assert.equal(readKit(bytes).manifest.withheld.length, 1)
    const storage = kitStorage(openKit(bytes, { pins, now }))
    const page = await storage.search({ type: 'PlanDefinition', conditions: [], sort: [], count: 50, total: 'none' })
    const [found] = page.matches.flatMap(({ resource }) => resource ?? [])
    assert.match((found && brokenSignature(found)) ?? '', /holds no more/)
  })

  it('are those that may apply in the jurisdiction, at whatever time', () => {
    const of = (code: string, more: Partial<PlanDefinition> = {}): PlanDefinition => ({
      ...plan,
      jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code }] }],
      ...more,
    })
    const invalidation = {
      action: [
        { code: [{ coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/rule-type', code: 'invalidation' }] }] },
      ],
    }
    for (const [given, isIn] of [
      [plan, true],
      [of('FR'), true],
      [of('FRA'), true],
      [of('DE'), false],
      [of('DE', invalidation), true],
      [of('nonsense'), true],
      [of('FR', { status: 'draft' }), false],
      [of('FR', { status: 'retired' }), false],
      [of('FR', { effectivePeriod: { end: '2020-01-01' } }), true],
    ] as const)
      assert.equal(isForJurisdiction(given, 'FRA'), isIn, JSON.stringify(given))
  })

  it('are those that a server chooses for the code in whichever way it is asked, where that has two meanings', () => {
    const plans = ['IO', 'IOT', 'IOM', 'XK', 'XKX', 'XXK', 'FR'].map((code) => ({
      ...plan,
      id: code,
      url: `http://example.org/PlanDefinition/${code}`,
      jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code }] }],
    }))
    for (const asked of ['IO', 'IOT', 'XK', 'XKX', 'XXK', 'FR']) {
      const scope = readScope({ jurisdiction: asked, trustDomains: [], planDefinitions: [] })
      const inKit = plans.filter((each) => isForJurisdiction(each, scope.jurisdiction))
      for (const jurisdiction of [asked, scope.jurisdiction]) {
        const chosen = selectPlans(plans, { jurisdiction, kinds: undefined, clock: now })
        assert.deepEqual(inKit, chosen, `${asked}, ${jurisdiction}`)
        assert.ok(chosen.length > 0)
      }
    }
  })
})

describe('what a kit is asked for', () => {
  it('is one and the same however it is written', () => {
    const scope = readScope({ jurisdiction: 'fr', trustDomains: ['PH4H', 'DCC', 'DCC'], planDefinitions: [] })
    assert.deepEqual(scope, { jurisdiction: 'FRA', trustDomains: ['DCC', 'PH4H'], planDefinitions: [] })
  })
  for (const given of [
    { jurisdiction: undefined, trustDomains: [], planDefinitions: [] },
    { jurisdiction: 'Nowhere', trustDomains: [], planDefinitions: [] },
    { jurisdiction: 'FR', trustDomains: ['a b'], planDefinitions: [] },
    { jurisdiction: 'FR', trustDomains: [], planDefinitions: Array.from({ length: 51 }, String) },
  ])
    it(`is refused where it is none: ${JSON.stringify(given).slice(0, 80)}`, () => {
      assert.throws(() => readScope(given), /jurisdiction|trustDomain|rule sets/)
    })
})
