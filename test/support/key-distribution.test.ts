import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { checkTrustList, isRefused } from '../../src/trust/lists/check-list.ts'
import { askPeer } from './ask-peer.ts'
import { type StandIn, startGateway } from './gateway/gateway.ts'
import {
  embeddedList,
  type KeyDistribution,
  type ListedKey,
  listedKeys,
  listLevels,
  referenceList,
  startKeyDistribution,
} from './key-distribution.ts'
import type { ListServer } from './list-server.ts'
import { testPki } from './pki/pki.ts'
import { overShared, sharedPath } from './shared.ts'
import type { ListObject } from './trust-list.ts'

const pki = testPki()

const get = ({ listed }: ListServer, path: string, headers: Record<string, string> = {}) =>
  askPeer(listed, { path, headers })

describe('The key distribution of a stand-in', () => {
  let gateway: StandIn
  let lists: KeyDistribution
  before(async () => {
    gateway = await startGateway({ pki })
    lists = await startKeyDistribution(gateway)
  })
  after(async () => {
    await lists.close()
    await gateway.close()
  })
  const pinned = () => createPublicKey({ key: JSON.parse(lists.pinnedKey), format: 'jwk' })

  it('serves every level, embedded and reference, each with a proof that the pinned key made', async () => {
    const levels = [...listLevels(listedKeys(gateway.certificates)).keys()]
    assert.ok(levels.includes('') && levels.includes('DCC/-/DSC') && levels.includes('-/XXB'))
    // a few of them: each proof takes a while
    for (const level of ['', 'PH4H', '-/-', 'DCC/-/DSC', '-/XXB/SCA'])
      for (const kind of ['', '-ref']) {
        const path = ['/v2', `trustlist${kind}`, ...(level ? [level] : []), 'did.json'].join('/')
        const { status, body } = await get(lists.server, path)
        assert.equal(status, 200, path)
        const checked = await checkTrustList(body, [pinned()])
        assert.ok(!isRefused(checked), JSON.stringify(checked))
        assert.equal(checked.id, `${lists.did}${kind}${level ? `:${level.replaceAll('/', ':')}` : ''}`)
        // a list of document signers alone lacks their authorities
        const faults = checked.items.flatMap(({ fault = [] }) => fault)
        if (!level.endsWith('DSC')) assert.deepEqual(faults, [])
        if (kind)
          assert.equal(
            checked.references.length,
            level === '' ? 3 : level.split('/').length === 3 ? 1 : checked.references.length,
          )
        else assert.ok(checked.items.length > 0)
      }
  })

  it('lists SCA, DSC, DECA and DESC of the rows, with issuers, and nothing for clients and uploads', async () => {
    const root = JSON.parse((await lists.root()).toString())
    const usages = root.verificationMethod.map((each: { keyusage: { code: string } }) => each.keyusage.code)
    assert.deepEqual([...new Set(usages)].sort(), ['#CSCA', '#DECA', '#DESC', '#DSC'])
    assert.equal(usages.length, 2 * (2 + 6 + 1))
    const lengths = root.verificationMethod.map(
      (each: { publicKeyJwk: { x5c: string[] } }) => each.publicKeyJwk.x5c.length,
    )
    assert.deepEqual(
      usages.map((each: string) => (/#(?:DSC|DESC)/.test(each) ? 2 : 1)),
      lengths,
    )
  })

  it('stays the same while the rows do, is another when one comes, and 404 where there is nothing', async () => {
    const path = '/v2/trustlist/did.json'
    const first = await get(lists.server, path)
    const etag = String(first.headers.etag)
    assert.equal((await get(lists.server, path, { 'If-None-Match': etag })).status, 304)
    const modified = String(first.headers['last-modified'])
    assert.equal((await get(lists.server, path, { 'If-Modified-Since': modified })).status, 304)
    gateway.addCertificate(
      'DSC',
      pki.make({ name: 'XA_DSC_new', subject: { country: 'XA', commonName: 'x' }, issuer: pki.of('XA').sca }),
    )
    const second = await get(lists.server, path, { 'If-None-Match': etag })
    assert.equal(second.status, 200)
    assert.notEqual(second.headers.etag, etag)
    assert.equal((await get(lists.server, '/v2/trustlist/RACSEL/did.json')).status, 404)
  })

  it('lists half of the keys, none, or an older date when it is told to', async () => {
    lists.change = (keys) => keys.slice(0, keys.length >> 1)
    const half = JSON.parse((await lists.root()).toString())
    assert.equal(half.verificationMethod.length, 9)
    lists.change = () => []
    lists.created = new Date('2020-01-01T00:00:00Z')
    const none = JSON.parse((await lists.root()).toString())
    assert.deepEqual([none.verificationMethod, none.proof.created], [[], '2020-01-01T00:00:00Z'])
    lists.change = (keys) => keys
    lists.created = undefined
  })

  it('goes wrong as it is told, and is well again', async () => {
    const path = '/v2/trustlist/did.json'
    const { faults } = lists.server
    const once = async (fault: (typeof faults)[number]) => {
      faults.push({ times: 1, ...fault })
      return get(lists.server, path)
    }
    assert.equal((await once({ status: 500 })).status, 500)
    const half = await once({ truncate: true })
    assert.throws(() => JSON.parse(half.body.toString()))
    const tampered = await checkTrustList((await once({ tamper: true })).body, [pinned()])
    assert.equal(isRefused(tampered) && tampered.reason, 'signature', JSON.stringify(tampered).slice(0, 300))
    assert.equal((await once({ instead: Buffer.from('{}') })).body.toString(), '{}')
    assert.ok((await once({ blanks: 100_000 })).body.length > 100_000)
    assert.equal(
      (await once({ redirect: 'https://elsewhere.example/' })).headers.location,
      'https://elsewhere.example/',
    )
    const bomb = await once({ gzipBomb: 1_000_000 })
    assert.deepEqual([bomb.headers['content-encoding'], gunzipSync(bomb.body).length], ['gzip', 1_000_000])
    assert.equal((await once({ contentType: 'text/html' })).headers['content-type'], 'text/html')
    await assert.rejects(once({ reset: 'before' }))
    await assert.rejects(once({ reset: 'within' }))
    assert.ok((await once({ drip: { bytes: 10_000, milliseconds: 1 } })).body.length > 10_000)
    assert.equal((await once({ forgets: true })).status, 200)
    assert.equal((await get(lists.server, path)).status, 200)
  })
})

interface NetworkItem {
  id: string
  publicKeyJwk: { kid: string; x5c: string[] }
  domain: { code: string }
  participant: { code: string }
  keyusage: { code: string }
}
type NetworkList = ListObject & { verificationMethod: (NetworkItem | string)[]; proof: ListObject }

overShared.describe('Lists that the software of the network made over a test PKI', () => {
  const folder = sharedPath('corpora/trust/own-network')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('did.json'))
  const read = (file: string): NetworkList => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const keys = read('trustlist/did.json').verificationMethod.flatMap((item): ListedKey[] => {
    if (typeof item === 'string') return []
    const [leaf, ...chain] = item.publicKeyJwk.x5c.map((each) => new X509Certificate(Buffer.from(each, 'base64')))
    const [domain, participant, usage] = [item.domain, item.participant, item.keyusage].map(({ code }) => code.slice(1))
    if (!leaf || !domain || !participant) throw new Error('an item of the corpus lacks something')
    const named = usage === 'CSCA' ? 'SCA' : (usage as ListedKey['usage'])
    return [{ certificate: leaf, chain, keyId: item.publicKeyJwk.kid, domain, participant, usage: named }]
  })
  const did = 'did:web:cdn.test:v2:trustlist'
  const { privateKey: signer } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  it('are those that ours are held to: the same documents, of the same items in every member', async () => {
    const expected = new Set(
      [...listLevels(keys).keys()].flatMap((each) => [`trustlist/${each}`, `trustlist-ref/${each}`]),
    )
    assert.deepEqual(
      new Set(files.map((each) => each.replace(/\/?did\.json$/, '').replace(/^trustlist(?:-ref)?$/, '$&/'))),
      expected,
    )
    for (const file of files) {
      const { proof, ...document } = read(file)
      const levels = file.split('/').slice(1, -1)
      const list = { keys, did, signer, created: new Date() }
      const made = await (file.startsWith('trustlist-ref') ? referenceList(list, levels) : embeddedList(list, levels))
      const { proof: ownProof, ...own } = made as NetworkList
      assert.deepEqual(inOrder(own), inOrder(document), file)
      assert.deepEqual(Object.keys(ownProof), Object.keys(proof))
    }
  })

  /** The order of entries is nobody's concern. */
  const inOrder = (document: ListObject) => {
    const items = document.verificationMethod as unknown[]
    return { ...document, verificationMethod: items.map((each) => JSON.stringify(sorted(each))).sort() }
  }
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort()
            .map(([name, each]) => [name, sorted(each)]),
        )
      : value
})
