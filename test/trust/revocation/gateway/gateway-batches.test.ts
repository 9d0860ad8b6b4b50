/** Revocation batches of a gateway: whose word counts, what is kept, and what is told when something is missing. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { TrustSource } from '../../../../src/trust/lists/trust-source.ts'
import { createBatchStore } from '../../../../src/trust/revocation/gateway/batch-store.ts'
import type { Trust } from '../../../../src/trust/trust.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { type BatchWish, batchGateway, batchMessage } from '../../../support/trust-network/batches.ts'
import {
  fakeGateway,
  gatewaySource,
  loadNetwork,
  type NetworkParts,
} from '../../../support/trust-network/gateway-list.ts'

const pki = testPki()
const [xa, xb] = [pki.of('XA'), pki.of('XB')]
const hash = () => randomBytes(16)
const batches = (more: Partial<TrustSource> = {}): TrustSource => ({
  name: 'revoked',
  kind: 'gateway-revocation',
  location: 'main',
  ...more,
})
const xaBatch = (more: Partial<BatchWish> = {}) =>
  batchMessage({ country: 'XA', signer: xa.up, hashes: [hash()], ...more })

/** A disk in memory, which may be full. */
function memoryDisk() {
  const files = new Map<string, Buffer>()
  const missing = (path: string) => Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'open', path })
  const disk = {
    files,
    isFull: false,
    async read(path: string) {
      return files.get(path) ?? Promise.reject(missing(path))
    },
    async write(path: string, bytes: Uint8Array) {
      if (disk.isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write', path })
      files.set(path, Buffer.from(bytes))
    },
    async remove(path: string) {
      files.delete(path)
    },
  }
  return disk
}

function network(disk = memoryDisk()) {
  const gateway = batchGateway()
  const parts: NetworkParts = {
    gateways: { main: fakeGateway(pki, gateway.answers) },
    readers: { batches: (name) => createBatchStore(`/${name}`, disk) },
  }
  return {
    gateway,
    disk,
    parts,
    load: (more: Partial<NetworkParts> = {}) => loadNetwork([batches(), gatewaySource()], { ...parts, ...more }),
  }
}

const statusOf = (trust: Trust) => trust.status().find(({ name }) => name === 'revoked')

/** What is said of a credential of that country. */
function asked(trust: Trust, country: 'XA' | 'XB' = 'XA', clock = new Date()) {
  const { dsc } = { dsc: pki.of(country).dsc('all') }
  const key = { keyId: dsc.keyId, participant: `X${country}`, thumbprint: dsc.thumbprint }
  return trust.revocations()?.hashes({ key, keyId: dsc.keyId, issuer: country, clock })
}

const names = (trust: Trust, revoked: Buffer, type: 'UCI' | 'SIGNATURE' | 'COUNTRYCODEUCI' = 'UCI') =>
  asked(trust)?.names(type, revoked) ?? false

describe('batches', () => {
  for (const hashType of ['UCI', 'SIGNATURE', 'COUNTRYCODEUCI'] as const)
    it(`of type ${hashType} revoke`, async () => {
      const { gateway, load } = network()
      const revoked = hash()
      gateway.add('one', xaBatch({ hashes: [revoked], hashType }), {})
      const trust = await load()
      assert.equal(statusOf(trust)?.failure, undefined)
      assert.ok(names(trust, revoked, hashType))
      assert.ok(!names(trust, hash(), hashType))
      assert.deepEqual(asked(trust)?.faults, [])
      assert.equal(asked(trust, 'XB'), undefined)
    })

  it('bind to the key id that they name', async () => {
    const { gateway, load } = network()
    const [own, others] = [hash(), hash()]
    gateway.add('own', xaBatch({ hashes: [own], kid: xa.dsc('all').keyId }), {})
    gateway.add('others', xaBatch({ hashes: [others], kid: xa.dsc('test').keyId }), {})
    const trust = await load()
    assert.ok(names(trust, own))
    assert.ok(!names(trust, others))
  })

  it('go when they are deleted, in the list or when they are asked for', async () => {
    const { gateway, disk, load } = network()
    const [first, second] = [hash(), hash()]
    gateway.add('one', xaBatch({ hashes: [first] }), {})
    gateway.add('two', xaBatch({ hashes: [second] }), {})
    gateway.add('three', 'deleted', {})
    const trust = await load()
    assert.deepEqual([names(trust, first), names(trust, second)], [true, true])
    assert.deepEqual(asked(trust)?.faults, [])
    gateway.add('one', 'deleted', { deleted: true, date: '2026-02-01T00:00:00Z' })
    await trust.reload()
    assert.deepEqual([names(trust, first), names(trust, second)], [false, true])
    assert.equal([...disk.files.keys()].filter((path) => path.endsWith('.hashes')).length, 1)
  })

  it('expire, and a time when they counted is told to be no longer known', async () => {
    const { gateway, load, disk, parts } = network()
    gateway.add('old', xaBatch({ expires: new Date(Date.now() - 60_000).toISOString() }), {})
    gateway.add('new', xaBatch(), {})
    const trust = await load()
    const before = new Date(Date.now() - 120_000)
    assert.deepEqual(asked(trust)?.faults, [])
    assert.match(asked(trust, 'XA', before)?.faults.join() ?? '', /no longer held/)
    // After a restart as well.
    const again = await loadNetwork([batches(), gatewaySource()], {
      ...parts,
      readers: { batches: (name) => createBatchStore(`/${name}`, disk) },
    })
    assert.match(asked(again, 'XA', before)?.faults.join() ?? '', /no longer held/)
  })
})

/** Batches that must not count, and what the administrator is told. */
const refused: [what: string, message: () => string | 'unknown', told: RegExp][] = [
  ['signed by another country', () => xaBatch({ signer: xb.up }), /signed by no upload certificate of its country/],
  ['signed by a document signer', () => xaBatch({ signer: xa.dsc('all') }), /signed by no upload certificate/],
  ['signed by the anchor', () => xaBatch({ signer: pki.anchor }), /signed by no upload certificate/],
  [
    'of another country than listed',
    () => batchMessage({ country: 'XB', signer: xa.up, hashes: [hash()] }),
    /listed for XA, and is one of XB/,
  ],
  ['signed before its certificate began', () => xaBatch({ cms: { at: new Date('2020-01-01') } }), /outside the period/],
  ['by two signers', () => xaBatch({ cms: { furtherSigners: [xb.up] } }), /exactly one signer/],
  ['detached', () => xaBatch({ cms: { isDetached: true } }), /no content/],
  ['with another content inside', () => xaBatch({ cms: { contentInside: Buffer.from('{}') } }), /another content/],
  ['that is no CMS', () => 'AAAA', /./],
  ['that is a page', () => '<html>', /base64/],
  ['with a member that is not known', () => xaBatch({ more: { undo: true } }), /members beside/],
  ['with a hash of another length', () => xaBatch({ more: { entries: [{ hash: 'AAAA' }] } }), /entry 1 must be/],
  ['of a type that is not known', () => xaBatch({ more: { hashType: 'NAME' } }), /hashType must be one of/],
  ['that the gateway does not know', () => 'unknown', /does not give it out/],
]

describe('a batch that does not count is missing, and told of its country', () => {
  for (const [what, message, told] of refused)
    it(what, async () => {
      const { gateway, load } = network()
      gateway.add('bad', message(), {})
      const trust = await load()
      assert.match(statusOf(trust)?.warnings.join() ?? '', told)
      assert.match(asked(trust)?.faults.join() ?? '', /1 batches of the revocation list revoked could not be had/)
      assert.equal(asked(trust, 'XB'), undefined)
      // Mended, it counts.
      const revoked = hash()
      gateway.messages.set('bad', xaBatch({ hashes: [revoked] }))
      await trust.reload()
      assert.ok(names(trust, revoked))
      assert.deepEqual(asked(trust)?.faults, [])
    })

  it('without any upload certificate nothing is believed, and everybody is told', async () => {
    const { gateway, parts } = network()
    gateway.add('one', xaBatch(), {})
    const trust = await loadNetwork([batches()], parts)
    assert.match(statusOf(trust)?.failure ?? '', /no upload certificate is on a list/)
    assert.match(asked(trust, 'XB')?.faults.join() ?? '', /cannot be read/)
  })

  it('an upload certificate that is distrusted signs no batch', async () => {
    const { gateway, parts } = network()
    gateway.add('one', xaBatch(), {})
    gateway.add('two', batchMessage({ country: 'XB', signer: xb.up, hashes: [hash()] }), { country: 'XB' })
    const distrusted: TrustSource = { name: 'no', kind: 'distrusted', location: '/no.json' }
    const trust = await loadNetwork([distrusted, batches(), gatewaySource()], {
      ...parts,
      files: { '/no.json': JSON.stringify({ thumbprints: [xa.up.thumbprint] }) },
    })
    assert.match(asked(trust)?.faults.join() ?? '', /1 batches/)
    assert.deepEqual(asked(trust, 'XB')?.faults, [])
  })
})

describe('the list of batches', () => {
  it('is read page by page, several of one date and over the end of a page', async () => {
    const { gateway, load } = network()
    gateway.pageSize = 4
    const revoked = Array.from({ length: 11 }, hash)
    for (const [at, each] of revoked.entries())
      gateway.add(`b-${at}`, xaBatch({ hashes: [each] }), { date: `2026-01-0${1 + Math.floor(at / 3)}T00:00:00Z` })
    const trust = await load()
    assert.ok(revoked.every((each) => names(trust, each)))
    assert.equal(gateway.asked.since[0], '2021-06-01T00:00:00Z')
    assert.equal(new Set(gateway.asked.batches).size, gateway.asked.batches.length)
    // The next reading goes on where it was left off, and asks for no batch again.
    gateway.asked = { since: [], batches: [] }
    await trust.reload()
    assert.deepEqual(gateway.asked, { since: ['2026-01-04T00:00:00Z'], batches: [] })
  })

  it('whose page brings nothing new is not asked for without end', async () => {
    const { gateway, load } = network()
    gateway.pageSize = 2
    for (const id of ['one', 'two', 'three']) gateway.add(id, xaBatch(), {})
    const trust = await load()
    assert.match(statusOf(trust)?.failure ?? '', /more batches share one date/)
    assert.match(asked(trust)?.faults.join() ?? '', /cannot be read/)
    assert.ok(gateway.asked.since.length < 4)
  })

  const odd: [what: string, page: unknown][] = [
    ['a page for people', '<html></html>'],
    ['without list', { more: false }],
    ['without more', { batches: [] }],
    [
      'an id that is a path',
      { more: false, batches: [{ batchId: '../x', country: 'XA', date: '2026-01-01T00:00:00Z', deleted: false }] },
    ],
    [
      'a date in words',
      {
        more: false,
        batches: [{ batchId: 'x', country: 'XA', date: 'Thu, 01 Jan 2026 00:00:00 GMT', deleted: false }],
      },
    ],
    ['no country', { more: false, batches: [{ batchId: 'x', date: '2026-01-01T00:00:00Z', deleted: false }] }],
    [
      'deleted in words',
      { more: false, batches: [{ batchId: 'x', country: 'XA', date: '2026-01-01T00:00:00Z', deleted: 'no' }] },
    ],
  ]
  for (const [what, page] of odd)
    it(`is not understood: ${what}`, async () => {
      const { parts } = network()
      const gateways = { main: fakeGateway(pki, { revocationList: async () => page as never }) }
      const trust = await loadNetwork([batches(), gatewaySource()], { ...parts, gateways })
      assert.match(statusOf(trust)?.failure ?? '', /is not understood/)
      assert.match(asked(trust)?.faults.join() ?? '', /cannot be read/)
    })

  it('that is not offered is no error, and nothing is known of revocation', async () => {
    const { parts } = network()
    const gateways = { main: fakeGateway(pki, { revocationList: async () => 'not-offered' as const }) }
    const trust = await loadNetwork([batches(), gatewaySource()], { ...parts, gateways })
    assert.equal(statusOf(trust)?.failure, undefined)
    assert.match(statusOf(trust)?.warnings.join() ?? '', /not-offered/)
    assert.equal(asked(trust), undefined)
  })

  it('that is no longer offered: what is held counts, and is told to be all', async () => {
    const { gateway, parts, disk } = network()
    const revoked = hash()
    gateway.add('one', xaBatch({ hashes: [revoked] }), {})
    let isOffered = true
    const main = fakeGateway(pki, {
      ...gateway.answers,
      revocationList: (since) => (isOffered ? gateway.answers.revocationList(since) : Promise.resolve('not-offered')),
    })
    const readers = { batches: (name: string) => createBatchStore(`/${name}`, disk) }
    const trust = await loadNetwork([batches(), gatewaySource()], { ...parts, gateways: { main }, readers })
    isOffered = false
    await trust.reload()
    assert.ok(names(trust, revoked))
    assert.match(asked(trust)?.faults.join() ?? '', /not read to its end/)
    assert.match(asked(trust, 'XB')?.faults.join() ?? '', /not read to its end/)
  })

  it('after a week away is read anew: what was deleted and forgotten meanwhile goes', async () => {
    const { gateway, load } = network()
    const [kept, forgotten] = [hash(), hash()]
    gateway.add('kept', xaBatch({ hashes: [kept] }), {})
    gateway.add('forgotten', xaBatch({ hashes: [forgotten] }), {})
    let clock = new Date()
    const trust = await load({ now: () => clock })
    assert.deepEqual([names(trust, kept), names(trust, forgotten)], [true, true])
    gateway.entries = gateway.entries.filter(({ batchId }) => batchId === 'kept')
    gateway.asked.batches = []
    clock = new Date(clock.getTime() + 8 * 86_400_000)
    await trust.reload()
    assert.deepEqual([names(trust, kept), names(trust, forgotten)], [true, false])
    assert.deepEqual(gateway.asked.batches, [])
  })
})

describe('a gateway that fails', () => {
  const down = () => Object.assign(new Error('it cannot be reached'), { name: 'GatewayError' })

  it('takes nothing away, and what is missing is told', async () => {
    const { gateway, load } = network()
    const [first, second, third] = [hash(), hash(), hash()]
    gateway.add('one', xaBatch({ hashes: [first] }), {})
    const trust = await load()
    gateway.add('two', down(), { date: '2026-02-01T00:00:00Z' })
    gateway.add('three', batchMessage({ country: 'XB', signer: xb.up, hashes: [third] }), {
      country: 'XB',
      date: '2026-02-02T00:00:00Z',
    })
    await trust.reload()
    assert.match(statusOf(trust)?.failure ?? '', /could not be read/)
    assert.ok(names(trust, first))
    assert.match(asked(trust)?.faults.join() ?? '', /1 batches of the revocation list/)
    gateway.messages.set('two', xaBatch({ hashes: [second] }))
    gateway.asked = { since: [], batches: [] }
    await trust.reload()
    assert.equal(statusOf(trust)?.failure, undefined)
    assert.ok(names(trust, second) && asked(trust, 'XB')?.names('UCI', third))
    assert.ok(!gateway.asked.batches.includes('one'))
    assert.deepEqual(asked(trust)?.faults, [])
  })

  it('at the start: what the disk holds counts, and is told not to be all', async () => {
    const { gateway, load, disk, parts } = network()
    const revoked = hash()
    gateway.add('one', xaBatch({ hashes: [revoked] }), {})
    await load()
    const readers = { batches: (name: string) => createBatchStore(`/${name}`, disk) }
    const gateways = { main: fakeGateway(pki, { revocationList: () => Promise.reject(down()) }) }
    const trust = await loadNetwork([batches(), gatewaySource()], { ...parts, gateways, readers })
    assert.ok(names(trust, revoked))
    assert.match(asked(trust)?.faults.join() ?? '', /not read to its end/)
    assert.match(asked(trust, 'XB')?.faults.join() ?? '', /not read to its end/)
  })

  it('and has nothing of it: everybody is told', async () => {
    const { parts } = network()
    const gateways = { main: fakeGateway(pki, { revocationList: () => Promise.reject(down()) }) }
    const trust = await loadNetwork([batches(), gatewaySource()], { ...parts, gateways })
    assert.match(asked(trust, 'XB')?.faults.join() ?? '', /cannot be read/)
  })
})

describe('batches on the disk', () => {
  it('are read after a restart as they were, and none is fetched again', async () => {
    const { gateway, load, disk } = network()
    const [revoked, others] = [hash(), hash()]
    gateway.add('one', xaBatch({ hashes: [revoked] }), {})
    gateway.add('two', xaBatch({ hashes: [others], kid: xa.dsc('test').keyId }), {})
    await load()
    gateway.asked = { since: [], batches: [] }
    const trust = await load()
    assert.deepEqual([names(trust, revoked), names(trust, others)], [true, false])
    assert.equal(statusOf(trust)?.revokes?.hashes, 2)
    assert.deepEqual(gateway.asked, { since: ['2026-01-01T00:00:00Z'], batches: [] })
    assert.ok([...disk.files.keys()].every((path) => /^\/revoked\/(?:book\.json|[0-9a-f]{40}\.hashes)$/.test(path)))
  })

  it('count although the certificate that signed them has gone since', async () => {
    const { gateway, load, parts } = network()
    const revoked = hash()
    gateway.add('one', xaBatch({ hashes: [revoked] }), {})
    await load()
    const certificates = async () => []
    const gateways = { main: fakeGateway(pki, { ...gateway.answers, certificates }) }
    const trust = await loadNetwork([batches(), gatewaySource()], { ...parts, gateways })
    assert.ok(names(trust, revoked))
  })

  const broken: [what: string, breakIt: (bytes: Buffer) => Buffer | undefined][] = [
    ['gone', () => undefined],
    ['empty', () => Buffer.alloc(0)],
    ['cut off', (bytes) => bytes.subarray(0, 9)],
    ['another batch', () => hash()],
  ]
  for (const [what, breakIt] of broken)
    it(`are fetched again: ${what}`, async () => {
      const { gateway, load, disk } = network()
      const revoked = hash()
      gateway.add('one', xaBatch({ hashes: [revoked] }), {})
      await load()
      const [path = ''] = [...disk.files.keys()].filter((each) => each.endsWith('.hashes'))
      const bytes = breakIt(disk.files.get(path) ?? Buffer.alloc(0))
      if (bytes) disk.files.set(path, bytes)
      else disk.files.delete(path)
      gateway.asked.batches = []
      const trust = await load()
      assert.ok(names(trust, revoked))
      assert.deepEqual(gateway.asked.batches, ['one'])
    })

  for (const what of [
    '',
    '{',
    '{"gateway":"main"}',
    '[]',
    '{"gateway":"main","since":"x","seen":[],"held":{},"missing":{},"givenUp":[]}',
  ])
    it(`with a broken book are all fetched again: ${what || 'empty'}`, async () => {
      const { gateway, load, disk } = network()
      const revoked = hash()
      gateway.add('one', xaBatch({ hashes: [revoked] }), {})
      await load()
      disk.files.set('/revoked/book.json', Buffer.from(what))
      gateway.asked = { since: [], batches: [] }
      const trust = await load()
      assert.ok(names(trust, revoked))
      assert.deepEqual(gateway.asked, { since: ['2021-06-01T00:00:00Z'], batches: ['one'] })
    })

  it('that is full: they count as long as the process runs, and it is told', async () => {
    const { gateway, load, disk } = network()
    const revoked = hash()
    gateway.add('one', xaBatch({ hashes: [revoked] }), {})
    disk.isFull = true
    const trust = await load()
    assert.ok(names(trust, revoked))
    assert.match(statusOf(trust)?.warnings.join() ?? '', /cannot be written to the disk/)
  })
})
