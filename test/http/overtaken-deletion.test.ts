/** What is deleted by a condition is judged by what is stored when it is deleted, though others delete under a judgement of their own. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import request from 'supertest'
import { asResource } from '../../src/fhir/json.ts'
import { guardRemovals } from '../../src/publish/lifecycle/guard-removals.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bearer, startApp, valueSet } from './support.ts'

/** A store in which somebody writes a second match when the first one was found, and the writes that were tried. */
async function openOvertaken() {
  const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
  const second = valueSet('second', { status: 'draft' })
  const draft = valueSet('first', { status: 'draft' })
  const write = (resource: typeof draft) =>
    storage.write([{ method: 'PUT', type: 'ValueSet', id: resource.id, resource: asResource(resource) }])
  await write(draft)
  let deletions = 0
  let found = false
  const overtaken: Storage = {
    ...storage,
    search: async (query) => {
      const page = await storage.search(query)
      if (query.type === 'ValueSet' && !found) {
        found = true
        await write(second)
      }
      return page
    },
    write: (writes) => {
      if (writes.some(({ method }) => method === 'DELETE')) deletions++
      return storage.write(writes)
    },
  }
  return { overtaken, storage, deletions: () => deletions }
}

const condition = 'ValueSet?name=Vaccines'
const entries = [
  { request: { method: 'DELETE', url: condition } },
  {
    request: { method: 'PUT', url: 'Basic/beside' },
    resource: { resourceType: 'Basic', id: 'beside', code: { text: 'x' } },
  },
]
const bundle = (count: number) => ({ resourceType: 'Bundle', type: 'transaction', entry: entries.slice(0, count) })

describe('a DELETE by a condition that a second resource came to fit', () => {
  const stores: Record<string, (storage: Storage) => Storage> = {
    'the store': (storage) => storage,
    'a store that guards what is leant on': (storage) => guardRemovals(storage, async () => []),
  }
  const ways: Record<string, (http: ReturnType<typeof request>) => request.Test> = {
    'by itself': (http) => http.delete(`/fhir/${condition}`),
    'as a transaction of one entry': (http) => http.post('/fhir').send(bundle(1)),
    'in a transaction of two': (http) => http.post('/fhir').send(bundle(2)),
  }
  for (const [name, open] of Object.entries(stores))
    for (const [way, send] of Object.entries(ways))
      it(`is refused, ${way}, over ${name}`, async () => {
        const { overtaken, storage, deletions } = await openOvertaken()
        const { server } = await startApp([], { storage: open(overtaken) })
        const reply = await send(request(server)).set('Authorization', bearer)
        assert.equal(reply.status, 412, JSON.stringify(reply.body))
        for (const id of ['first', 'second']) assert.ok((await storage.read('ValueSet', id))?.resource, id)
        assert.equal(await storage.read('Basic', 'beside'), undefined)
        assert.equal(deletions(), 1, 'nobody else tries again what was judged by what is old')
      })
})
