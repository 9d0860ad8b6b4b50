/** `vidimus trust explain`: for a key id every list that holds it, and why it counts or not. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { sha256Hex } from '../../src/base/crypto/sha256.ts'
import { type ExplainOptions, explainKey } from '../../src/trust/explain-key.ts'
import type { TrustSource } from '../../src/trust/lists/trust-source.ts'
import { fileReaders, loadTrustLists } from '../../src/trust/trust.ts'
import { keyPairFor, testIssuer } from '../support/issuer.ts'
import { overShared, sharedPath } from '../support/shared.ts'
import { certificateUnder, itemsOf, type ListObject, listItem, pinnedKey, signedList } from '../support/trust-list.ts'
import { type World, world } from './upkeep/world.ts'

const issuer = testIssuer({ country: 'XA' })
const stranger = testIssuer({ country: 'XA' })
const expired = certificateUnder(issuer.authority, {
  publicKey: keyPairFor('ES256').publicKey,
  notAfter: new Date('2022-01-01T00:00:00Z'),
})
const url = 'https://lists.example/v2/trustlist/did.json'
const net: TrustSource = { name: 'net', kind: 'did-v2', location: url, key: ['/key.json'] }
const keyId = issuer.keyId.toString('base64')
const idOf = (certificate: { raw: Buffer }) =>
  Buffer.from(sha256Hex(certificate.raw).slice(0, 16), 'hex').toString('base64')

async function explained(
  kid: string,
  more: { sources?: TrustSource[]; files?: World['files']; items?: ListObject[] } & Partial<ExplainOptions> = {},
) {
  const {
    sources = [net],
    files = {},
    items = [...itemsOf(issuer), listItem(expired), listItem(stranger.dsc)],
    ...options
  } = more
  const w = world({ [url]: await signedList(items) }, { '/key.json': pinnedKey, ...files })
  const trust = await w.start(sources)
  await trust.reload()
  const readers = { readFile: async (path: string) => Buffer.from(w.files[path] ?? '') }
  return explainKey(trust, kid, { at: w.now, readers, ...options })
}

describe('an explanation', () => {
  it('of a good key names its list, holder, use, period and authority', async () => {
    const { counts, verdict, entries } = await explained(keyId)
    assert.deepEqual([counts, verdict], [true, 'counts: listed in net'])
    const [entry] = entries
    assert.deepEqual(
      { ...entry, thumbprint: '' },
      {
        list: 'net',
        kind: 'did-v2',
        listState: 'ok',
        kid: keyId,
        participant: 'XXA',
        domain: 'DCC',
        usage: 'DSC',
        thumbprint: '',
        algorithm: 'P-256',
        validFrom: '2021-01-01T00:00:00.000Z',
        validTo: '2030-12-31T23:59:59.000Z',
        expired: false,
        status: 'current',
        chain: { state: 'verified', authority: `SCA ${idOf(issuer.sca)} of XXA` },
        counts: true,
        why: [],
      },
    )
  })

  it('takes the key id in any spelling, and a thumbprint', async () => {
    for (const kid of [
      keyId.replace(/=+$/, ''),
      issuer.keyId.toString('base64url'),
      sha256Hex(issuer.dsc.raw),
      sha256Hex(issuer.dsc.raw).toUpperCase(),
    ])
      assert.equal((await explained(kid)).counts, true, kid)
  })

  it('of an expired key says since when', async () => {
    const { counts, verdict, entries } = await explained(idOf(expired))
    assert.equal(counts, false)
    assert.match(verdict, /does not count: it expired on 2022-01-01T00:00:00.000Z \(net\)/)
    assert.deepEqual([entries[0]?.expired, entries[0]?.chain.state], [true, 'verified'])
  })

  it('of one whose chain fails says so, although no list has it in use', async () => {
    const { counts, verdict, entries } = await explained(stranger.keyId.toString('base64'))
    assert.equal(counts, false)
    assert.match(verdict, /does not count: not signed by the listed SCA of its issuer's name \(net\)/)
    assert.equal(entries[0]?.chain.state, 'not-verified')
  })

  it('of an unknown one names the lists that are not there', async () => {
    const gone: TrustSource = { name: 'gone', kind: 'certificates', location: '/gone' }
    const { counts, verdict, entries, unread } = await explained('AAAAAAAAAAA=', { sources: [net, gone] })
    assert.deepEqual([counts, entries], [false, []])
    assert.equal(verdict, 'unknown: no list holds it; not read: gone')
    assert.deepEqual(unread, [{ list: 'gone', why: '/gone: there is no such file or folder' }])
  })

  it('of one on a v1 list only says that such a list cannot be verified, whether it is configured or shown', async () => {
    const v1 = JSON.stringify({
      ...(await signedList([listItem(stranger.dsc)])),
      id: 'did:web:lists.example:trustlist',
    })
    const kid = stranger.keyId.toString('base64')
    const shown = await explained(kid, { items: itemsOf(issuer), files: { '/v1.json': v1 }, evidence: ['/v1.json'] })
    assert.deepEqual(
      [shown.counts, shown.verdict],
      [false, 'does not count: on a v1 list only, which cannot be verified (/v1.json)'],
    )
    const old: TrustSource = { name: 'old', kind: 'did-v2', location: '/v1.json', key: ['/key.json'] }
    const configured = await explained(kid, { items: itemsOf(issuer), files: { '/v1.json': v1 }, sources: [net, old] })
    assert.equal(configured.verdict, 'does not count: on a v1 list only, which cannot be verified (old)')
    assert.match(configured.unread[0]?.why ?? '', /not valid/)
    const both = await explained(keyId, { files: { '/v1.json': v1 }, evidence: ['/v1.json'] })
    assert.deepEqual([both.counts, both.evidence], [true, []])
  })

  const national: TrustSource = { name: 'national', kind: 'certificates', location: '/national' }
  const pem = issuer.dsc.toString()
  const against: [string, TrustSource[], World['files'], RegExp][] = [
    [
      'revoked by another list',
      [net, national],
      { '/national/dsc.pem': pem, '/national/trust.json': JSON.stringify([{ file: 'dsc.pem', status: 'revoked' }]) },
      /a list says that it is revoked/,
    ],
    [
      'distrusted',
      [net, { name: 'bad', kind: 'distrusted', location: '/bad.json' }],
      { '/bad.json': JSON.stringify({ keyIds: [keyId] }) },
      /distrusted by bad/,
    ],
    [
      'not on a required list',
      [net, { ...national, required: true }],
      { '/national/dsc.pem': stranger.dsc.toString() },
      /does not stand in the required list national/,
    ],
    [
      'beside a list of distrusted keys that is broken',
      [net, { name: 'bad', kind: 'distrusted', location: '/bad.json' }],
      { '/bad.json': '{' },
      /bad, which withdraws keys, cannot be read/,
    ],
  ]
  for (const [what, sources, files, why] of against)
    it(`of one that is ${what} says so`, async () => {
      const { counts, verdict, entries } = await explained(keyId, { sources, files })
      assert.equal(counts, false)
      assert.match(verdict, why)
      assert.ok(entries.every((entry) => !entry.counts))
    })

  it('says where two lists name it, and that the required one does', async () => {
    const { verdict, entries } = await explained(keyId, {
      sources: [net, { ...national, required: true }],
      files: { '/national/dsc.pem': pem },
    })
    assert.equal(verdict, 'counts: listed in net, national')
    assert.ok(entries[0]?.why.includes('it stands in the required list national'))
  })
})

overShared.describe('explanations of the network’s development list', () => {
  const at = (file: string) => sharedPath(`corpora/trust/${file}`)
  const v1File = at('did/dev/v1/trustlist/did.json')
  const explain = async (kid: string) => {
    const source: TrustSource = {
      name: 'dev',
      kind: 'did-v2',
      location: at('did/dev/v2/trustlist/did.json'),
      key: [at('did/signer/dev/did.json')],
    }
    const clock = new Date('2026-08-23T00:00:00Z')
    const trust = await loadTrustLists([source], { now: () => clock })
    return { trust, told: await explainKey(trust, kid, { at: clock, readers: fileReaders, evidence: [v1File] }) }
  }

  it('tell a key of both versions from one of the first alone, and the one whose chain fails', async () => {
    const { trust, told } = await explain('TZ1bzCuX4+8=')
    assert.equal(told.entries.length, 2, 'one certificate, listed as SCA and as DSC')
    const known = new Set(
      trust
        .sources()
        .flatMap(({ content }) => [
          ...(content?.keys ?? []),
          ...(content?.leftOut ?? []).flatMap(({ key }) => key ?? []),
        ])
        .map((key) => key.keyId),
    )
    const v1 = JSON.parse(readFileSync(v1File, 'utf8')) as { verificationMethod: (string | { id: string })[] }
    const only = v1.verificationMethod
      .flatMap((each) => (typeof each === 'string' ? [] : each.id.slice(each.id.indexOf('#') + 1)))
      .filter((kid) => !known.has(kid))
    assert.ok(only.length > 200)
    const readers = fileReaders
    const first = await explainKey(trust, only[0] ?? '', { at: new Date(), readers, evidence: [v1File] })
    assert.match(first.verdict, /on a v1 list only, which cannot be verified/)
    const bad = trust.sources()[0]?.content?.leftOut[0]?.key?.keyId ?? ''
    const failing = await explainKey(trust, bad, { at: new Date(), readers })
    assert.match(failing.verdict, /does not count: not signed by/)
  })
})
