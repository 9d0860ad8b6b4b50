/** What is larger than a document or a message of the database may be, and very many writes at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CodeSystem } from '../../../src/fhir/types.ts'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import type { SearchCondition, Storage, Write } from '../../../src/storage/storage.ts'
import type { MongoForTests } from '../../support/mongo.ts'
import { valueSet } from '../contract.ts'
import { put, refusal } from './support.ts'

/** Tests with large resources and transactions. */
export function largeOnes(mongo: MongoForTests): void {
  let databases = 0
  const test = (title: string, body: (storage: Storage) => Promise<void>) =>
    it(title, async () => {
      const storage = await openMongo(mongo.url(`large-${++databases}`))
      try {
        await body(storage)
      } finally {
        await storage.close()
      }
    })
  const found = async (storage: Storage, type: string, condition: SearchCondition) => {
    const page = await storage.search({ type, conditions: [condition], sort: [], count: 9, total: 'accurate' })
    assert.equal(page.total, page.matches.length)
    return page.matches.map(({ id }) => id).join(' ')
  }

  describe('large ones', () => {
    test('a resource of more than a document holds is whole, in every character, or not there', async (storage) => {
      // A character of two halves stands where a part ends.
      const copyright = `${'a '.repeat(1_999_950)}${'x'.repeat(50)}${'😀'.repeat(100)}${'b '.repeat(4_500_000)}`
      const [written] = await storage.write([put(valueSet('a', { copyright })), put(valueSet('small'))])
      assert.equal(written?.outcome, 'created')
      const read = await storage.read('ValueSet', 'a')
      assert.ok(read?.resource && 'copyright' in read.resource && read.resource.copyright === copyright)
      const [gone] = await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
      assert.equal(gone?.outcome, 'deleted')
      assert.equal((await storage.readVersion('ValueSet', 'a', '1'))?.resource?.id, 'a')
    })

    test('a code system is found by each of very many codes, in its state of then and of now', async (storage) => {
      const system = (from: number): CodeSystem => ({
        ...{
          resourceType: 'CodeSystem',
          id: 'cs',
          url: 'http://cs',
          version: '1',
          status: 'active',
          content: 'complete',
        },
        concept: Array.from({ length: 3000 }, (_, i) => ({
          code: `code-${from + i}`,
          display: `word${from + i} ${'text '.repeat(120)}`,
        })),
      })
      const byCode = (value: string, modifier?: 'not'): SearchCondition =>
        modifier ? { parameter: 'code', modifier, values: [{ value }] } : { parameter: 'code', values: [{ value }] }
      await storage.write([
        put(system(0)),
        put({
          resourceType: 'CodeSystem',
          id: 'other',
          status: 'active',
          content: 'complete',
          concept: [{ code: 'x' }],
        }),
        put(valueSet('uses', { compose: { include: [{ system: 'http://cs' }] } })),
      ])
      for (const code of ['code-0', 'code-2999'])
        assert.equal(await found(storage, 'CodeSystem', byCode(code)), 'cs', code)
      assert.equal(await found(storage, 'CodeSystem', byCode('code-2999', 'not')), 'other')
      assert.equal(await found(storage, 'CodeSystem', { parameter: '_content', values: [{ value: 'word2999' }] }), 'cs')
      const chain: SearchCondition = { refersTo: 'CodeSystem', by: 'reference', meeting: [byCode('code-2999')] }
      assert.equal(await found(storage, 'ValueSet', chain), 'uses')
      await storage.write([put(system(3000))])
      assert.equal(await found(storage, 'CodeSystem', byCode('code-2999')), '')
      assert.equal(await found(storage, 'CodeSystem', byCode('code-5999')), 'cs')
    })

    const many = (count: number, title: string): Write[] =>
      Array.from({ length: count }, (_, i) => put(valueSet(`v${i}`, { title, copyright: 'd '.repeat(100_000) })))

    test('more than one message holds is written all or none, and others read the state before it meanwhile', async (storage) => {
      await storage.write([put(valueSet('v0'))])
      const refuses = put(valueSet('v0', { title: 'late' }), {
        unlessInForce: () => {
          throw new Error('refused')
        },
      })
      await assert.rejects(storage.write([...many(45, 'none').slice(1), refuses]), /refused/)
      assert.deepEqual([await storage.count(), storage.revision()], [{ ValueSet: 1 }, 1])
      let isDone = false
      const writing = storage.write(many(45, 'all')).finally(() => {
        isDone = true
      })
      let reads = 0
      while (!isDone) {
        // One after the other: the second may see the commit that the first did not, and never the other way round.
        const first = await storage.read('ValueSet', 'v0')
        const last = await storage.read('ValueSet', 'v44')
        if (isDone || storage.revision() > 1) break
        if (first?.versionId === '1') reads++
        else assert.ok(last)
      }
      const written = await writing
      assert.deepEqual([written.length, storage.revision()], [45, 46])
      assert.ok(reads > 0, 'nobody had a turn')
      assert.deepEqual(await storage.count(), { ValueSet: 45 })
      assert.ok((await storage.write(many(45, 'all'))).every(({ outcome }) => outcome === 'unchanged'))
    })

    test('a name that no document holds is refused, and nothing of the transaction is there', async (storage) => {
      const name = put(valueSet('a', { url: `http://x/${'日'.repeat(5_700_000)}` }))
      assert.equal((await refusal(storage.write([put(valueSet('b')), name]))).status, 413)
      assert.deepEqual(await storage.count(), {})
    })

    test('a record that is too big for a document is refused, and nothing of it is there', async (storage) => {
      const { status } = await refusal(storage.records.replace('k', 'a', undefined, 'x'.repeat(6_000_000)))
      assert.equal(status, 413)
      assert.equal(await storage.records.get('k', 'a'), undefined)
      await storage.derived.set('k', 'a', 'small')
      await storage.derived.set('k', 'a', 'x'.repeat(6_000_000))
      assert.equal(await storage.derived.get('k', 'a'), undefined)
    })
  })
}
