/** Nothing goes that an active artefact refers to. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Resource, ValueSet } from '../../../src/fhir/types.ts'
import { guardRemovals } from '../../../src/publish/lifecycle/guard-removals.ts'
import { openStorage } from '../../../src/storage/open.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { codeSystem, cqlLibrary, openPublishing, plan, textsOf, valueSet } from '../support.ts'

const { put, post, get, remove } = await openPublishing()
const at = (resource: Resource, status: string) => ({ ...resource, status }) as Resource
const importing = (id: string, canonical: string, more: Partial<ValueSet> = {}) =>
  valueSet(id, { compose: { include: [{ valueSet: [canonical] }] }, ...more })

/** A value set that was retired, and one that draws from it. */
async function leaned(id: string, named: (set: ValueSet) => string, status = 'active') {
  const set = valueSet(id)
  const user = at(importing(`${id}-user`, named(set)), status)
  for (const each of [set, user]) assert.equal((await put(each)).status, 201)
  assert.equal((await put(at(set, 'retired'))).status, 200)
  return { set, user }
}

describe('a retired artefact', () => {
  const names: Record<string, (set: ValueSet) => string> = {
    'by its version': ({ url, version }) => `${url}|${version}`,
    'by its url': ({ url }) => String(url),
  }
  for (const [way, named] of Object.entries(names))
    it(`stays while an active one names it ${way}, and goes after that one is retired`, async () => {
      const { set, user } = await leaned(`kept-${way}`.replace(/\W/g, '-'), named)
      const { status, body } = await remove(`ValueSet/${set.id}`)
      assert.equal(status, 409, JSON.stringify(body))
      assert.match(textsOf(body), new RegExp(`ValueSet/${user.id} .*refers to it`))
      assert.equal((await get(`ValueSet/${set.id}`)).status, 200)
      assert.equal((await put(at(user, 'retired'))).status, 200)
      assert.equal((await remove(`ValueSet/${set.id}`)).status, 204)
    })
  it('goes while drafts alone name it, and while others of its url are in force', async () => {
    const { set } = await leaned('drafts', ({ url }) => String(url), 'draft')
    assert.equal((await remove(`ValueSet/${set.id}`)).status, 204)
    const other = await leaned('followed', ({ url }) => String(url))
    assert.equal((await put({ ...other.set, id: 'followed-2', version: '2.0.0' })).status, 201)
    assert.equal((await remove(`ValueSet/${other.set.id}`)).status, 204)
  })
  it('goes with whoever names it, in one transaction, in any order', async () => {
    const { set, user } = await leaned('together', ({ url }) => String(url))
    const entry = [
      { request: { method: 'DELETE', url: `ValueSet/${set.id}` } },
      { resource: at(user, 'retired'), request: { method: 'PUT', url: `ValueSet/${user.id}` } },
    ]
    const reply = await post('', { resourceType: 'Bundle', type: 'transaction', entry })
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
  })
  it('stays when one that names it comes in the same transaction', async () => {
    const set = valueSet('newcomer')
    for (const each of [set, at(set, 'retired')]) assert.ok((await put(each)).status < 300)
    const user = importing('newcomer-user', `${set.url}|1.0.0`)
    const entry = [
      { request: { method: 'DELETE', url: `ValueSet/${set.id}` } },
      { resource: user, request: { method: 'PUT', url: `ValueSet/${user.id}` } },
    ]
    const reply = await post('', { resourceType: 'Bundle', type: 'transaction', entry })
    assert.equal(reply.status, 409, JSON.stringify(reply.body))
    assert.equal((await get(`ValueSet/${user.id}`)).status, 404)
  })
  it('is named by what a text of CQL includes, and by a rule set', async () => {
    const leaf = cqlLibrary('Leaf', 'define Yes: true')
    const root = cqlLibrary('Root', "include Leaf version '1.0.0'\ndefine Good: Leaf.Yes")
    const rule = plan('root', `${root.url}|1.0.0`)
    for (const each of [leaf, root, rule]) assert.equal((await put(each)).status, 201)
    for (const each of [leaf, root]) {
      assert.equal((await put(at(each, 'retired'))).status, 200)
    }
    assert.equal((await remove('Library/Root')).status, 409, 'the rule set is active')
    assert.equal((await put(at(rule, 'retired'))).status, 200)
    assert.equal((await remove('Library/Root')).status, 204)
    assert.equal((await remove('Library/Leaf')).status, 204)
  })
})

it('a draft that an active artefact names is not withdrawn', async () => {
  const draft = valueSet('named-draft', { status: 'draft' })
  for (const each of [draft, importing('of-a-draft', `${draft.url}|1.0.0`)]) assert.equal((await put(each)).status, 201)
  assert.equal((await remove('ValueSet/named-draft')).status, 409)
})

describe('who writes in between', () => {
  const open = () => openStorage('sqlite::memory:', { dataDir: '.' })
  const write = (storage: Storage, resource: Resource) =>
    storage.write([{ method: 'PUT', type: resource.resourceType, id: String(resource.id), resource }])
  const references = async (resource: Resource) =>
    resource.resourceType === 'ValueSet'
      ? (resource.compose?.include ?? []).flatMap(({ valueSet: sets = [] }) =>
          sets.map((canonical) => ({ canonical, types: ['ValueSet'] })),
        )
      : []

  it('is seen, though what was looked at later is newer', async () => {
    const opened = await open()
    const leant = valueSet('leant', { status: 'retired' })
    for (const each of [leant, valueSet('other', { status: 'retired' })]) await write(opened, each)
    // Of the types this one is looked at last: a referrer of an earlier type comes before, a newer one that refers to nothing after it.
    let isFirst = true
    const watched: Storage = {
      ...opened,
      search: async (query) => {
        if (isFirst && query.type === 'ValueSet') {
          isFirst = false
          await write(opened, codeSystem('refers', ['one'], { title: String(leant.url) }))
          await new Promise((next) => setTimeout(next, 5))
          await write(opened, valueSet('newer'))
        }
        return opened.search(query)
      },
    }
    const guarded = guardRemovals(watched, async (resource) =>
      resource.resourceType === 'CodeSystem' ? [{ canonical: String(resource.title), types: [] }] : [],
    )
    await guarded.write([{ method: 'DELETE', type: 'ValueSet', id: 'other' }])
    assert.equal(isFirst, false)
    await assert.rejects(
      guarded.write([{ method: 'DELETE', type: 'ValueSet', id: 'leant' }]),
      (error) => error instanceof FhirError && error.status === 409 && /refers to/.test(error.message),
    )
    await opened.close()
  })

  it('is seen: what came to refer meanwhile is judged again', async () => {
    const storage = await open()
    const set = valueSet('between', { status: 'retired' })
    await write(storage, set)
    let written = false
    const slow = guardRemovals(storage, async (resource) => {
      if (!written) {
        written = true
        await write(storage, importing('user', `${set.url}|1.0.0`))
      }
      return references(resource)
    })
    await write(storage, valueSet('bystander'))
    const removal = slow.write([{ method: 'DELETE', type: 'ValueSet', id: 'between' }])
    await assert.rejects(
      removal,
      (error) => error instanceof FhirError && error.status === 409 && /refers to/.test(error.message),
    )
    await storage.close()
  })
  it('again and again ends the try, and nothing is deleted', async () => {
    const storage = await open()
    await write(storage, valueSet('restless', { status: 'draft' }))
    await write(storage, valueSet('active'))
    let count = 0
    const busy = guardRemovals(storage, async () => {
      await write(storage, valueSet('active', { title: `${count++}` }))
      return []
    })
    const removal = busy.write([{ method: 'DELETE', type: 'ValueSet', id: 'restless' }])
    await assert.rejects(removal, (error) => error instanceof FhirError && error.status === 409)
    assert.ok((await storage.read('ValueSet', 'restless'))?.resource)
    await storage.close()
  })
})
