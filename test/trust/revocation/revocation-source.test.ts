import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { createHashIndex } from '../../../src/trust/revocation/hash-index.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { memoryReaders } from '../../support/memory-readers.ts'
import { readCases } from '../../support/read-cases.ts'

interface Case {
  name: string
  files: Record<string, string>
  participant?: string
  hashes?: number
  failure?: string
}

const now = new Date('2026-06-01')
const batch = (first: number, change: object = {}) => ({
  country: 'XA',
  expires: '2027-01-01T00:00:00Z',
  kid: '',
  hashType: 'UCI',
  entries: [first, first + 1].map((each) => ({ hash: Buffer.alloc(16, each).toString('base64') })),
  ...change,
})
const text = (json: unknown) => JSON.stringify(json)
const kid = 'k'.repeat(43)
const cards = (ctr: number, rids: unknown[] = []) => text({ kid, method: 'rid', ctr, rids })

/** Files by what the cases call them. */
const contents: Record<string, (at: number) => string> = {
  batch: (at) => text(batch(10 * at)),
  list: () => text([batch(1), batch(3)]),
  base64: () => Buffer.from(text(batch(1))).toString('base64'),
  empty: () => '[]',
  text: () => 'For people, in words.',
  cut: () => text(batch(1)).slice(0, -9),
  malformed: () => text(batch(1, { entries: [{ hash: 'AAAA' }] })),
  cms: () => Buffer.from([0x30, 0x82, 0x01, 0x00]).toString('base64'),
  twice: () => text(batch(1)).replace('{', '{"country":"XB",'),
  cards: () => cards(1),
}

const load = (files: Record<string, string>, more: Partial<TrustSource> = {}) => {
  const readers = memoryReaders(
    Object.fromEntries(Object.entries(files).map(([name, value]) => [`/lists/${name}`, value])),
  )
  const source: TrustSource = { name: 'lists', kind: 'revocation', location: '/lists', ...more }
  return { readers, trust: loadTrustLists([source], { readers, now: () => now }) }
}

describe('folders of revocation lists', () => {
  for (const each of readCases<Case>(import.meta.url, 'cases/files.json'))
    it(each.name, async () => {
      const files = Object.entries(each.files).map(([name, what], at) => [name, contents[what]?.(at) ?? ''])
      const bound = each.participant === undefined ? {} : { participant: each.participant }
      const [status] = (await load(Object.fromEntries(files), bound).trust).status()
      if (each.failure === undefined) {
        assert.equal(status?.failure, undefined)
        assert.equal(status?.revokes?.hashes, each.hashes)
        assert.ok(status?.usable)
      } else {
        assert.match(status?.failure ?? '', new RegExp(each.failure))
        assert.equal(status?.usable, false)
        assert.equal(status?.revokes, undefined)
      }
    })
})

describe('reading again', () => {
  it('a bad file never takes the place of a good one, and is told until it is mended', async () => {
    const { readers, trust: loading } = load({ '1.json': text(batch(1)) })
    const trust = await loading
    readers.files['/lists/2.json'] = '{'
    const [failed] = await trust.reload()
    assert.match(failed?.failure ?? '', /2\.json: it is not JSON/)
    assert.deepEqual([failed?.usable, failed?.revokes?.hashes], [true, 2])
    readers.files['/lists/2.json'] = text(batch(3))
    const [mended] = await trust.reload()
    assert.deepEqual([mended?.failure, mended?.revokes?.hashes], [undefined, 4])
  })
  it('an earlier list of cards is not taken for the one in use', async () => {
    const issuer = 'https://cards.example/issuer'
    const { readers, trust: loading } = load({ '1.json': cards(7, ['one']) }, { issuer })
    const trust = await loading
    readers.files['/lists/1.json'] = cards(6)
    const [replayed] = await trust.reload()
    assert.match(replayed?.failure ?? '', /older \(ctr 6\) than the list in use \(ctr 7\)/)
    assert.equal(replayed?.revokes?.cards, 1)
    readers.files['/lists/1.json'] = cards(8, ['one', 'two'])
    assert.equal((await trust.reload())[0]?.revokes?.cards, 2)
  })
  it('a list that is gone leaves the copy that was read', async () => {
    const { readers, trust: loading } = load({ '1.json': text(batch(1)) })
    const trust = await loading
    delete readers.files['/lists/1.json']
    const [gone] = await trust.reload()
    assert.ok(gone?.failure !== undefined)
    assert.equal(gone.revokes?.hashes, 2)
  })
})

describe('lists that come otherwise than from a source', () => {
  it('count as they stand at each question', async () => {
    const hashes = createHashIndex()
    const date = new Date('2026-05-31')
    const fed = { name: 'gateway', content: { hashes, date }, maxAgeSeconds: 86_400 * 7 }
    const trust = await loadTrustLists([], { now: () => now, revocations: () => [fed] })
    const key = { keyId: 'K', participant: 'XXA', thumbprint: '00' }
    const ask = () => trust.revocations()?.hashes({ key, keyId: 'K', issuer: 'XA', clock: now })
    assert.equal(ask(), undefined)
    const hash = Buffer.alloc(16, 1)
    hashes.add([{ id: 'b', country: 'XA', keyId: '', hashType: 'UCI', expires: new Date('2027-01-01'), hashes: hash }])
    assert.ok(ask()?.names('UCI', hash))
    hashes.remove(['b'])
    assert.equal(ask()?.names('UCI', hash), false)
    assert.match(ask()?.faults.join() ?? '', /every batch of the revocation list gateway has expired/)
  })
})
