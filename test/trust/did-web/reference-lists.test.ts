/** Reference lists lead to embedded leaves: below their own DID alone, each proven, within bounds. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { followReferences, type ReferenceLimits } from '../../../src/trust/did-web/reference-lists.ts'
import { checkTrustList, isRefused } from '../../../src/trust/lists/check-list.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { overShared, sharedPath } from '../../support/shared.ts'
import { itemsOf, listItem, listSigner, pinnedKey, signedList } from '../../support/trust-list.ts'
import { type Answer, type World, world } from '../upkeep/world.ts'

const issuer = testIssuer({ country: 'XA' })
const other = testIssuer({ country: 'XB' })
const host = 'https://lists.example/v2'
const root = 'did:web:lists.example:v2:trustlist-ref'
const embedded = 'did:web:lists.example:v2:trustlist'
const older = '2022-05-01T00:00:00Z'
const newer = '2022-05-02T00:00:00Z'
const source: TrustSource = {
  name: 'net',
  kind: 'did-v2',
  location: `${host}/trustlist-ref/did.json`,
  key: ['/key.json'],
}
const [sca, dsc] = itemsOf(issuer)

const document = (id: string, methods: unknown[], created = older) =>
  signedList(methods, { created, document: { id, controller: id } })

/** A network of one domain: authorities and signers of each participant stand in leaves of their own. */
async function network(): Promise<World['served']> {
  const leaf = (usage: string) => [`${embedded}:DCC:XXA:${usage}`]
  return {
    [source.location]: await document(root, [
      `${root}:DCC`,
      'did:web:other.example',
      `did:web:lists.example:trustlist`,
    ]),
    [`${host}/trustlist-ref/DCC/did.json`]: await document(`${root}:DCC`, [`${root}:DCC:XXA`]),
    [`${host}/trustlist-ref/DCC/XXA/did.json`]: await document(`${root}:DCC:XXA`, [
      `${root}:DCC:XXA:SCA`,
      `${root}:DCC:XXA:DSC`,
    ]),
    [`${host}/trustlist-ref/DCC/XXA/SCA/did.json`]: await document(`${root}:DCC:XXA:SCA`, leaf('SCA')),
    [`${host}/trustlist-ref/DCC/XXA/DSC/did.json`]: await document(`${root}:DCC:XXA:DSC`, leaf('DSC')),
    [`${host}/trustlist/DCC/XXA/SCA/did.json`]: await document(`${embedded}:DCC:XXA:SCA`, [sca]),
    [`${host}/trustlist/DCC/XXA/DSC/did.json`]: await document(`${embedded}:DCC:XXA:DSC`, [dsc]),
  }
}
const started = async (served: World['served']) => {
  const w = world(served, { '/key.json': pinnedKey })
  const trust = await w.start([source])
  await trust.reload()
  return { w, trust }
}
const keysOf = (trust: Trust) => trust.keys().keys.length
const failureOf = (trust: Trust) => trust.status()[0]?.failure ?? ''

describe('a reference list', () => {
  it('leads to the keys of its leaves, whose chains are held against each other; foreign references are counted', async () => {
    const { w, trust } = await started(await network())
    assert.deepEqual([failureOf(trust), keysOf(trust)], ['', 2])
    assert.equal(trust.status()[0]?.foreignReferences, 2)
    assert.equal(w.asked.length, 7)
    assert.ok(w.asked.every(({ url }) => url.startsWith(host)))
  })

  it('is asked for document by document, and only what changed comes again', async () => {
    const { w, trust } = await started(await network())
    await trust.reload()
    assert.deepEqual(
      w.asked.slice(7).map(({ status }) => status),
      Array(7).fill(304),
    )
    const place = `${host}/trustlist/DCC/XXA/DSC/did.json`
    w.served[place] = await document(`${embedded}:DCC:XXA:DSC`, [dsc, listItem(issuer.dsc, { domain: 'PH4H' })], newer)
    await trust.reload()
    assert.equal(keysOf(trust), 3)
    assert.equal(w.asked.slice(14).filter(({ status }) => status === 200).length, 1)
    w.isOn = false
    assert.equal(keysOf(await w.start([source])), 3, 'every document is in the copy')
  })

  const place = (level: string) => `${host}/${level}/did.json`
  const leaf = 'trustlist/DCC/XXA/DSC'
  const leafId = `${embedded}:DCC:XXA:DSC`
  const stranger = keyPairFor('ES256').privateKey
  const signedByStranger = () => signedList([dsc], { created: newer, signer: stranger, document: { id: leafId } })
  const faults: [what: string, level: string, answer: (served: World['served']) => Promise<Answer> | Answer, RegExp][] =
    [
      ['a leaf is gone', leaf, () => 404, /answered 404/],
      ['a leaf is another one', leaf, (served) => served[place('trustlist/DCC/XXA/SCA')] ?? 404, /says that it is/],
      ['a leaf is of another signer', leaf, signedByStranger, /not valid: signature/],
      [
        'a leaf is older than it was',
        leaf,
        () => document(leafId, [dsc, listItem(other.dsc)], '2022-04-01T00:00:00Z'),
        /is older/,
      ],
      ['a level holds keys', 'trustlist-ref/DCC', () => document(`${root}:DCC`, [dsc], newer), /of kind embedded/],
      [
        'the list itself is older',
        'trustlist-ref',
        () => document(root, [`${root}:DCC`], '2022-04-01T00:00:00Z'),
        /is older/,
      ],
    ]
  for (const [what, level, answer, text] of faults)
    it(`of which ${what} leaves what is in use`, async () => {
      const { w, trust } = await started(await network())
      w.served[place(level)] = await answer(w.served)
      await trust.reload()
      assert.match(failureOf(trust), text)
      assert.equal(keysOf(trust), 2)
      assert.equal(keysOf(await w.start([source])), 2)
    })

  it('from which a leaf is taken loses its keys, and the leaf is not taken back in an earlier state', async () => {
    const { w, trust } = await started({
      ...(await network()),
      [`${host}/trustlist/DCC/XXA/DSC/did.json`]: await document(`${embedded}:DCC:XXA:DSC`, [dsc], newer),
    })
    const level = `${host}/trustlist-ref/DCC/XXA/did.json`
    w.served[level] = await document(`${root}:DCC:XXA`, [`${root}:DCC:XXA:SCA`], newer)
    await trust.reload()
    assert.equal(keysOf(trust), 1)
    w.served[level] = await document(
      `${root}:DCC:XXA`,
      [`${root}:DCC:XXA:SCA`, `${root}:DCC:XXA:DSC`],
      '2022-05-03T00:00:00Z',
    )
    w.served[`${host}/trustlist/DCC/XXA/DSC/did.json`] = await document(`${embedded}:DCC:XXA:DSC`, [dsc], older)
    await trust.reload()
    assert.match(failureOf(trust), /DSC is older/)
    assert.equal(keysOf(trust), 1)
  })

  it('may be named by another address than its DID when it says which', async () => {
    const served = Object.fromEntries(
      Object.entries(await network()).map(([url, each]) => [
        url.replace('lists.example/v2', 'mirror.example/copy'),
        each,
      ]),
    )
    const w = world(served, { '/key.json': pinnedKey })
    const mirror = { ...source, location: source.location.replace('lists.example/v2', 'mirror.example/copy') }
    const strange = await w.start([mirror])
    await strange.reload()
    assert.match(failureOf(strange), /is asked for/)
    const named = await w.start([{ ...mirror, id: root }])
    await named.reload()
    assert.deepEqual([failureOf(named), keysOf(named)], ['', 2])
    assert.ok(w.asked.every(({ url }) => url.startsWith('https://mirror.example/')))
  })

  describe('is followed within bounds', () => {
    const limited = async (limits: Partial<ReferenceLimits>, served: World['served']) => {
      const bytes = async (place: string) => Buffer.from(JSON.stringify(served[place]))
      const list = await checkTrustList(await bytes(source.location), [listSigner.publicKey])
      assert.ok(!isRefused(list))
      const all = { documents: 100, depth: 6, bytes: 1e6, together: 2, ...limits }
      const check = (content: Buffer) => checkTrustList(content, [listSigner.publicKey])
      return followReferences(list, source.location, { read: bytes, check, limits: all })
    }
    it('of number, depth and bytes', async () => {
      const served = await network()
      assert.equal((await limited({}, served)).embedded.length, 2)
      await assert.rejects(limited({ documents: 6 }, served), /more than 6 documents/)
      await assert.rejects(limited({ depth: 3 }, served), /more than 3 levels/)
      await assert.rejects(limited({ bytes: 2000 }, served), /more than 2000 bytes/)
    })
    it('and never in circles or out of it: what is above, beside, or dressed up is foreign', async () => {
      const served = await network()
      const inner = `${host}/trustlist-ref/DCC/XXA/DSC/did.json`
      served[inner] = await document(`${root}:DCC:XXA:DSC`, [
        root,
        `${root}:DCC`,
        `${root}:DCC:XXA:SCA`,
        `${root}:DCC:XXA:DSC:..`,
        `${root}:DCC:XXA:DSC:%2E%2E`,
        `${root}:DCC:XXA:DSC:a%2Fb`,
        `${root}:DCC:XXA:DSCX`,
        `${embedded}:DCC:XXB:DSC`,
        `${embedded}`,
        'did:web:lists.example%3A444:v2:trustlist:DCC:XXA:DSC',
        `${embedded}:DCC:XXA:DSC`,
      ])
      const { foreign, embedded: leaves } = await limited({}, served)
      assert.deepEqual([foreign, leaves.length], [12, 2])
    })
  })
})

overShared.describe('the network of our own, by its reference lists', () => {
  it('gives the keys of its embedded root, over the network', async () => {
    const folder = sharedPath('corpora/trust/own-network')
    const base = 'https://cdn.test/v2'
    const served = new Proxy<World['served']>(
      {},
      {
        get(_, url) {
          const file = path.join(folder, String(url).slice(base.length))
          try {
            return readFileSync(file)
          } catch {
            return 404
          }
        },
      },
    )
    const w = world(served, { '/key.json': readFileSync(path.join(folder, 'signer.jwk.json')) })
    w.now = new Date('2026-12-01T00:00:00Z')
    const sources = ['trustlist', 'trustlist-ref'].map(
      (name): TrustSource => ({ name, kind: 'did-v2', location: `${base}/${name}/did.json`, key: ['/key.json'] }),
    )
    const trust = await w.start(sources)
    await trust.reload()
    const [whole, leaves] = trust.status()
    assert.deepEqual([whole?.state, leaves?.state, leaves?.failure], ['ok', 'ok', undefined])
    assert.ok((whole?.keys ?? 0) > 5)
    assert.equal(leaves?.keys, whole?.keys)
    assert.ok(w.asked.length >= 60, `${w.asked.length} documents`)
    assert.ok(trust.keys().keys.every(({ lists }) => lists.length === 2))
  })
})
