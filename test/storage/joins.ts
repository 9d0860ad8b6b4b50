/** Searches that join types, as every storage adapter does them; part of contract.ts. */
import assert from 'node:assert/strict'
import { parseSearch, searchParameters } from '../../src/fhir/search/parse-search.ts'
import type { Resource } from '../../src/fhir/types.ts'
import type { SearchCondition, SearchQuery, Storage } from '../../src/storage/storage.ts'

type Test = (title: string, body: (storage: Storage) => Promise<void>) => void

const base = 'http://example.org'
const library = (id: string, on: string[], more: object = {}): Resource => ({
  resourceType: 'Library',
  id,
  url: `${base}/Library/${id}`,
  version: '1',
  name: `Library${id}`,
  status: 'active',
  type: { coding: [{ code: 'logic-library' }] },
  relatedArtifact: on.map((resource) => ({ type: 'depends-on', resource })),
  ...more,
})
const put = (resource: Resource) => ({
  method: 'PUT' as const,
  type: resource.resourceType,
  id: String(resource.id),
  resource,
})
const asked = (conditions: SearchCondition[], more: Partial<SearchQuery> = {}): SearchQuery => ({
  type: 'Library',
  conditions,
  sort: [{ parameter: '_id', descending: false }],
  count: 100,
  total: 'accurate',
  ...more,
})
const read = (name: string, value: string) => parseSearch('Library', [[name, value]]).conditions
const ids = async (storage: Storage, conditions: SearchCondition[], more: Partial<SearchQuery> = {}) => {
  const { matches, total } = await storage.search(asked(conditions, more))
  assert.equal(total, matches.length)
  return matches.map(({ id }) => id).join(' ')
}
const status = (value: string): SearchCondition => ({ parameter: 'status', values: [{ value }] })

/** What every adapter does with conditions that join types. */
export function joinCases(test: Test): void {
  const fill = (storage: Storage) =>
    storage.write(
      [
        library('a', [`${base}/Library/b|1`]),
        library('b', ['Library/c'], { status: 'draft' }),
        library('c', [], { status: 'retired' }),
        library('d', [`${base}/Library/b|2`, `${base}/Library/b`]),
      ].map(put),
    )

  test('all, any and not, whatever they hold', async (storage) => {
    await fill(storage)
    const [active, draft] = [status('active'), status('draft')]
    assert.equal(await ids(storage, [{ any: [active, draft] }]), 'a b d')
    assert.equal(await ids(storage, [{ all: [active, { not: draft }] }]), 'a d')
    assert.equal(await ids(storage, [{ not: { any: [active, draft] } }]), 'c')
    assert.equal(await ids(storage, [{ any: [] }]), '', 'nothing is one of none')
    assert.equal(await ids(storage, [{ all: [] }]), 'a b c d')
    assert.equal(await ids(storage, [{ not: { any: [] } }]), 'a b c d')
  })
  test('chains see current versions alone', async (storage) => {
    await fill(storage)
    const chain = read('depends-on:Library.status', 'draft')
    assert.equal(await ids(storage, chain), 'a d')
    await storage.write([put(library('b', ['Library/c'], { status: 'active' }))])
    assert.equal(await ids(storage, chain), '')
    assert.equal(await ids(storage, read('depends-on:Library.status', 'active')), 'a d')
    await storage.write([{ method: 'DELETE', type: 'Library', id: 'b' }])
    assert.equal(await ids(storage, read('depends-on:Library.status', 'active')), '')
    assert.equal(await ids(storage, read('_has:Library:depends-on:status', 'active')), '')
  })
  test('pages of a chain show one state, whatever becomes of what is joined', async (storage) => {
    await storage.write([put(library('target', []))])
    await storage.write(Array.from({ length: 9 }, (_, i) => put(library(`m${i}`, ['Library/target']))))
    for (const [name, value] of [
      ['depends-on:Library.status', 'active'],
      ['_filter', 'depends-on.name eq Librarytarget and not(status eq draft)'],
    ] as const) {
      const conditions = read(name, value)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await storage.search(asked(conditions, { count: 2, ...(cursor ? { cursor } : {}) }))
        seen.push(...page.matches.map(({ id }) => id))
        assert.equal(page.total, 9)
        cursor = page.next
        await storage.write([
          put(library('target', [], { status: 'draft', name: `n${seen.length}` })),
          { method: 'DELETE', type: 'Library', id: `m${seen.length % 9}` },
        ])
      } while (cursor !== undefined)
      assert.deepEqual(
        seen,
        [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => `m${i}`),
      )
      await storage.write([put(library('target', []))])
      await storage.write(Array.from({ length: 9 }, (_, i) => put(library(`m${i}`, ['Library/target']))))
    }
  })
  test('what is hidden is hidden in every type that is joined', async (storage) => {
    await fill(storage)
    const everywhere = (type: string) => (searchParameters(type).has('status') ? [{ not: status('draft') }] : [])
    for (const [name, value, all, shown] of [
      ['depends-on:Library.name', 'Libraryb', 'a d', ''],
      ['_has:Library:depends-on:name', 'Libraryb', 'c', ''],
      ['_has:Library:depends-on:name', 'Librarya', 'b', ''],
      ['depends-on:Library.depends-on:Library.name', 'Libraryc', 'a d', ''],
      ['_filter', 'depends-on.name eq Libraryb', 'a d', ''],
      ['_filter', 'not(depends-on.name eq Libraryb)', 'b c', 'a c d'],
      ['_filter', 'name eq Libraryb or name eq Libraryc', 'b c', 'c'],
      ['_filter', 'not(not(depends-on[name eq Libraryb].status eq draft))', 'a d', ''],
    ] as const) {
      assert.equal(await ids(storage, read(name, value)), all, `${name}=${value}`)
      assert.equal(await ids(storage, read(name, value), { everywhere }), shown, `${name}=${value}, without drafts`)
    }
  })
}
