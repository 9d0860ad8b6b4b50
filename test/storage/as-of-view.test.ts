import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Resource, ValueSet } from '../../src/fhir/types.ts'
import { asOfView } from '../../src/storage/as-of-view.ts'
import { publicView } from '../../src/storage/public-view.ts'
import { openScratch } from '../../src/storage/sqlite/scratch.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import type { Storage, Write } from '../../src/storage/storage.ts'

const types = ['ValueSet']
const url = 'http://example.org/set'

/** What readers of artefacts see of a store. */
async function seen(storage: Storage) {
  const listing = { type: 'ValueSet', sort: [], count: 100, total: 'none' as const }
  const search = async (conditions: Parameters<Storage['search']>[0]['conditions']) =>
    (await storage.search({ ...listing, conditions })).matches
  const ids = ['a', 'b', 'c', 'd']
  return {
    all: await search([]),
    active: await search([{ parameter: 'status', values: [{ value: 'active' }] }]),
    found: await storage.findCanonical('ValueSet', url),
    exact: await storage.findCanonical('ValueSet', `${url}|1`),
    each: await Promise.all(ids.map((id) => storage.read('ValueSet', id))),
    published: (await Promise.all(['1', '2'].map((version) => storage.published('ValueSet', { url, version })))).map(
      // Whether it was retired since is for who writes.
      (found) => found && { ...found, isRetired: undefined },
    ),
  }
}

const set = (id: string, version: string, status: string, title: string): ValueSet =>
  ({ resourceType: 'ValueSet', id, url, version, status, title, name: 'Set' }) as ValueSet
const write = (id: string, resource?: Resource): Write =>
  resource ? { method: 'PUT', type: 'ValueSet', id, resource } : { method: 'DELETE', type: 'ValueSet', id }

const oneWrite = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  version: fc.constantFrom('1', '2', '1.0.0'),
  status: fc.constantFrom('active', 'draft', 'retired'),
  title: fc.string({ maxLength: 3 }),
  isDeletion: fc.boolean(),
})
const transactions = fc.array(fc.uniqueArray(oneWrite, { minLength: 1, maxLength: 3, selector: ({ id }) => id }), {
  minLength: 1,
  maxLength: 8,
})

async function parts(storage: Storage, at: number) {
  const view = await asOfView(storage, {
    at: new Date(at).toISOString(),
    types,
    openScratch,
    refuseRemoved: async () => {},
  })
  return view
}

describe('the store as of a moment', () => {
  it('is what it was, whatever was written since, also while it is looked at', async () => {
    await fc.assert(
      fc.asyncProperty(transactions, fc.boolean(), async (history, isPublic) => {
        let now = Date.UTC(2026, 0, 1)
        const storage = openSqlite(':memory:', { now: () => now })
        const open: { close(): Promise<void> }[] = []
        const audience = (store: Storage) => (isPublic ? publicView(store) : store)
        const moments: { at: number; then: Awaited<ReturnType<typeof seen>>; view?: Storage }[] = []
        try {
          for (const [place, each] of history.entries()) {
            await storage.write(
              each.map(({ id, version, status, title, isDeletion }) =>
                write(id, isDeletion ? undefined : set(id, version, status, title)),
              ),
            )
            const then = await seen(audience(storage))
            moments.push({ at: now, then })
            now += 10
            // One that is open while more is written.
            if (place === 0) {
              const view = await parts(storage, now - 10)
              open.push(view)
              moments.push({ at: now - 10, then, view: view.storage })
            }
          }
          for (const { at, then, view } of moments) {
            const made = view ? undefined : await parts(storage, at + 9)
            if (made) open.push(made)
            assert.deepEqual(await seen(audience(view ?? made?.storage ?? storage)), then)
          }
        } finally {
          for (const each of open) await each.close()
          await storage.close()
        }
      }),
      { numRuns: 60 },
    )
  })

  it('has nothing before the first write, and its revision is then 0', async () => {
    let now = 1000
    const storage = openSqlite(':memory:', { now: () => now })
    await storage.write([write('a', set('a', '1', 'active', ''))])
    const view = await parts(storage, now - 1)
    assert.equal(view.revision, 0)
    assert.deepEqual((await seen(view.storage)).all, [])
    now += 10
    await view.close()
    await storage.close()
  })

  it('refuses what it would answer otherwise than then: other types, pages, sorting, joins, history, writes', async () => {
    const storage = openSqlite(':memory:')
    await storage.write([write('a', set('a', '1', 'active', ''))])
    const { storage: past, close } = await parts(storage, Date.now())
    const query = { type: 'ValueSet', conditions: [], sort: [], count: 10, total: 'none' as const }
    await assert.rejects(past.read('Library', 'a'), /not looked at/)
    await assert.rejects(past.search({ ...query, sort: [{ parameter: '_id', descending: false }] }), /not answered/)
    await assert.rejects(past.search({ ...query, total: 'accurate' }), /not answered/)
    await assert.rejects(past.search({ ...query, cursor: 'x' }), /not answered/)
    await assert.rejects(
      past.search({ ...query, conditions: [{ refersTo: 'Library', by: 'context', meeting: [] }] }),
      /not answered/,
    )
    await assert.rejects(past.history({ count: 1 }), /not known/)
    await assert.rejects(past.write([]), /Nothing is written/)
    await close()
    await storage.close()
  })

  it('does not bring back what was removed', async () => {
    const storage = openSqlite(':memory:')
    await storage.write([write('a', set('a', '1', 'active', ''))])
    const refuseRemoved = async () => {
      throw new Error('gone')
    }
    const at = new Date().toISOString()
    const { storage: past, close } = await asOfView(storage, { at, types, openScratch, refuseRemoved })
    await assert.rejects(past.read('ValueSet', 'a'), /gone/)
    await assert.rejects(past.findCanonical('ValueSet', url), /gone/)
    await assert.rejects(past.readVersion('ValueSet', 'a', '1'), /gone/)
    await close()
    await storage.close()
  })
})
