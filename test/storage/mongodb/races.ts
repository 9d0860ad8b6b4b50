/** Several stores over one database: what they write at once, what they know of each other, and clocks that differ. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import { type MongoOptions, openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import type { SearchQuery, Storage } from '../../../src/storage/storage.ts'
import type { MongoForTests } from '../../support/mongo.ts'
import { valueSet } from '../contract.ts'
import { put, refusal, until } from './support.ts'

const hour = 3_600_000

/** Tests of stores that share a database. */
export function races(mongo: MongoForTests): void {
  let databases = 0
  const together = (title: string, options: MongoOptions[], body: (...storages: Storage[]) => Promise<void>) =>
    it(title, async () => {
      const url = mongo.url(`races-${++databases}`)
      // Empty until now: all make it a store at once.
      const opened = await Promise.allSettled(options.map((each) => openMongo(url, each)))
      const storages = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      try {
        for (const each of opened) if (each.status === 'rejected') throw each.reason
        await body(...storages)
      } finally {
        for (const each of storages) await each.close()
      }
    })

  describe('stores over one database', () => {
    together('count without a gap and in the order of commits, whoever writes', [{}, {}, {}], async (...storages) => {
      await Promise.all(
        storages.flatMap((storage, i) =>
          Array.from({ length: 8 }, (_, j) =>
            storage.write([put(valueSet(`own-${i}-${j}`)), put(valueSet('shared', { title: `${i}/${j}` }))]),
          ),
        ),
      )
      const [storage] = storages
      assert.ok(storage)
      const { matches, total } = await storage.history({ type: 'ValueSet', count: 100 })
      assert.equal(total, 48)
      const shared = matches.filter(({ id }) => id === 'shared').map(({ versionId }) => Number(versionId))
      assert.deepEqual(
        shared,
        Array.from({ length: 24 }, (_, i) => 24 - i),
      )
      const numbers: (number | undefined)[] = []
      for (const { type, id, versionId } of matches) numbers.push(await storage.past.revisionOf(type, id, versionId))
      assert.deepEqual(
        numbers,
        Array.from({ length: 48 }, (_, i) => 48 - i),
      )
      for (const each of storages) {
        await until(() => each.revision() === 48)
        assert.deepEqual(await each.count(), { ValueSet: 25 })
      }
    })

    together('publish one url and version once', [{}, {}, {}], async (...storages) => {
      const url = 'http://example.org/once'
      const done = await Promise.allSettled(
        storages.flatMap((storage, i) =>
          ['x', 'y', 'z'].map((name) => {
            const resource = valueSet(`${name}${i}`, { url, version: '1', title: `${name}${i}` })
            const unlessPublished = () => {
              throw new FhirError(422, issue('business-rule', 'no'))
            }
            return storage.write([put(resource, { unlessPublished })])
          }),
        ),
      )
      assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const each of done) if (each.status === 'rejected') assert.equal(each.reason.status, 422)
      assert.equal((await storages[0]?.publications())?.length, 1)
    })

    const clocks = [{ now: () => Date.UTC(2026, 0, 1) + hour }, { now: () => Date.UTC(2026, 0, 1) }]
    together('whose clocks differ by an hour never turn time around', clocks, async (early, late) => {
      assert.ok(early && late)
      for (let i = 0; i < 3; i++) {
        await early.write([put(valueSet('a', { title: `e${i}` }))])
        await late.write([put(valueSet('a', { title: `l${i}` }))])
      }
      const { matches } = await late.history({ count: 10 })
      assert.deepEqual(
        matches.map(({ versionId }) => versionId),
        ['6', '5', '4', '3', '2', '1'],
      )
      const times = matches.map(({ lastUpdated }) => lastUpdated)
      assert.deepEqual(times.toSorted().toReversed(), times)
    })

    together('answer each other’s page links', [{}, {}], async (left, right) => {
      assert.ok(left && right)
      await left.write(Array.from({ length: 9 }, (_, i) => put(valueSet(`v${i}`))))
      const query: SearchQuery = { type: 'ValueSet', conditions: [], sort: [], count: 2, total: 'accurate' }
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const storage = seen.length % 4 === 0 ? left : right
        const page = await storage.search(cursor === undefined ? query : { ...query, cursor })
        assert.equal(page.total, 9)
        seen.push(...page.matches.map(({ id }) => id))
        cursor = page.next
        const other = storage === left ? right : left
        await other.write([
          put(valueSet(`new${seen.length}`)),
          { method: 'DELETE', type: 'ValueSet', id: `v${seen.length % 9}` },
        ])
      } while (cursor !== undefined)
      assert.deepEqual(
        seen,
        [8, 7, 6, 5, 4, 3, 2, 1, 0].map((i) => `v${i}`),
      )
    })

    const early = [{ now: () => Date.UTC(2026, 0, 1) }, { now: () => Date.UTC(2026, 0, 1) + 2 * hour }]
    together(
      'tell that a link has expired when one with another clock has forgotten its state',
      early,
      async (left, right) => {
        assert.ok(left && right)
        await left.write([put(valueSet('a')), put(valueSet('b')), put(valueSet('c'))])
        const query: SearchQuery = { type: 'ValueSet', conditions: [], sort: [], count: 1, total: 'none' }
        const { next = '' } = await left.search(query)
        await left.write([put(valueSet('a', { title: 'x' }))])
        await right.write([put(valueSet('d'))])
        assert.equal((await refusal(left.search({ ...query, cursor: next }))).status, 400)
        assert.equal((await left.search({ ...query, count: 9 })).matches.length, 4)
      },
    )

    together('hear of each other’s writes', [{}, {}], async (left, right) => {
      assert.ok(left && right)
      const heard: number[] = []
      const end = right.subscribe(() => heard.push(right.revision(['ValueSet'])))
      await left.write([put(valueSet('a'))])
      await until(() => heard.includes(1))
      await left.write([put({ resourceType: 'Basic', id: 'x', code: {} })])
      await until(() => right.revision() === 2)
      assert.equal(right.revision(['ValueSet']), 1)
      end()
      await left.write([put(valueSet('b'))])
      await until(() => right.revision() === 3)
      assert.deepEqual([...heard], [1, 1])
    })

    const far: MongoOptions[] = [{}, { reads: 'nearest', maxStaleMilliseconds: 0 }]
    together('one that reads wherever it is near sees what it knows of', far, async (left, right) => {
      assert.ok(left && right)
      for (let i = 1; i <= 5; i++) {
        await left.write([put(valueSet('a', { title: `${i}` }))])
        await right.catchUp()
        assert.equal(right.revision(), i)
        assert.equal((await right.read('ValueSet', 'a'))?.versionId, `${i}`)
      }
    })

    together('one that asks knows at once what another wrote', [{}, {}], async (left, right) => {
      assert.ok(left && right)
      for (let i = 1; i <= 10; i++) {
        await left.write([put(valueSet('a', { title: `${i}` }))])
        await right.catchUp({ asks: true })
        assert.equal(right.revision(['ValueSet']), i)
      }
    })

    together('count up a record by compare and set', [{}, {}], async (left, right) => {
      assert.ok(left && right)
      const count = async ({ records }: Storage) => {
        for (let done = 0; done < 5; ) {
          const [a, b] = [await records.get('k', 'a'), await records.get('k', 'b')]
          const next = String(Number(a ?? 0) + 1)
          const changes = [
            { kind: 'k', key: 'a', from: a, to: next },
            { kind: 'k', key: 'b', from: b, to: next },
          ]
          if (await records.change(changes)) done++
        }
      }
      await Promise.all([count(left), count(right)])
      assert.deepEqual(await left.records.all('k'), [
        { key: 'a', value: '10' },
        { key: 'b', value: '10' },
      ])
    })
  })
}
