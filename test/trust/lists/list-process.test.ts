import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { checkTrustList } from '../../../src/trust/lists/check-list.ts'
import { createListProcess } from '../../../src/trust/lists/list-process.ts'
import { UnusableSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { testIssuer } from '../../support/issuer.ts'
import { memoryReaders } from '../../support/memory-readers.ts'
import { itemsOf, listSigner, pinnedKey, signedList } from '../../support/trust-list.ts'

const issuer = testIssuer({ country: 'XA' })
const now = () => new Date('2022-06-01T00:00:00Z')
const pinned = [listSigner.publicKey]
const program = new URL('./list-program.ts', import.meta.url)
const limits = { timeoutSeconds: 60, heapMegabytes: 64 }

describe('the process that checks lists', () => {
  const lists = createListProcess()
  after(() => lists.close())

  it('finds what is found without it', async () => {
    const good = Buffer.from(JSON.stringify(await signedList(itemsOf(issuer))))
    for (const bytes of [good, Buffer.from('{'), good.subarray(1), Buffer.from(String(good).replace('XXA', 'DEU'))]) {
      const [there, here] = [await lists.check(bytes, pinned), await checkTrustList(bytes, pinned)]
      assert.deepEqual(plain(there), plain(here))
    }
  })
})

/** Bytes come back as Uint8Array, of whatever kind they were. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each) => (each?.type === 'Buffer' ? each.data : each), 0),
    (_, each) => (each && typeof each === 'object' && '0' in each ? Object.values(each) : each),
  )

describe('a process that fails', () => {
  for (const [wish, text] of [
    ['end', /its process ended \(exit code 3\)/],
    ['memory', /its process ended/],
  ] as const) {
    it(`(${wish}) makes the list unusable, and the next list gets a new one`, async () => {
      const lists = createListProcess(limits, program)
      try {
        const failed = lists.check(Buffer.from(wish), pinned)
        await assert.rejects(failed, (error) => error instanceof UnusableSource && text.test(error.message))
        assert.deepEqual(await lists.check(Buffer.from('answer'), pinned), { reason: 'shape', detail: 'as wished' })
      } finally {
        lists.close()
      }
    })
  }

  it('(silence) is ended', async () => {
    const lists = createListProcess({ ...limits, timeoutSeconds: 0.5 }, program)
    await assert.rejects(lists.check(Buffer.from('silence'), pinned), /no answer within 0\.5 s/)
    lists.close()
  })

  it('cannot be started: the list is unusable', async () => {
    const lists = createListProcess(limits, new URL('./no-such-program.ts', import.meta.url))
    await assert.rejects(lists.check(Buffer.from('x'), pinned), UnusableSource)
    lists.close()
  })

  it('leaves the other lists in use, and says why', async () => {
    const lists = createListProcess(limits, program)
    const readers = memoryReaders({ '/did.json': 'end', '/key.json': pinnedKey, '/own/dsc.pem': issuer.dsc.toString() })
    const sources = [
      { name: 'network', kind: 'did-v2' as const, location: '/did.json', key: ['/key.json'] },
      { name: 'own', kind: 'certificates' as const, location: '/own' },
    ]
    const trust = await loadTrustLists(sources, { readers, now, check: lists.check }).finally(() => lists.close())
    assert.deepEqual(
      trust.status().map(({ usable, keys }) => [usable, keys]),
      [
        [false, 0],
        [true, 1],
      ],
    )
    assert.match(trust.status()[0]?.failure ?? '', /could not be checked: its process ended/)
  })
})

describe('a server', () => {
  it('reads its lists in that process', async () => {
    const list = JSON.stringify(await signedList(itemsOf(issuer)))
    const readers = memoryReaders({ '/did.json': list, '/key.json': pinnedKey })
    const source = { name: 'network', kind: 'did-v2' as const, location: '/did.json', key: ['/key.json'] }
    const trust = await loadTrustLists([source], { readers, now })
    assert.equal(trust.keys().keys.length, 2)
  })
})
