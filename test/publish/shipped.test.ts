/** Content of other publishers that came with the software: whoever takes it in hand here begins with a draft, if he likes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, openPublishing, valueSet } from './support.ts'

const { put, server } = await openPublishing()

test('a draft takes the place of what was shipped, and never of what was published here', async () => {
  const { storage } = server
  const shipped = valueSet('shipped')
  const write = { method: 'PUT' as const, type: 'ValueSet' }
  await storage.write([{ ...write, id: 'shipped', resource: shipped, unrecorded: true }])
  await storage.write([{ ...write, id: 'published', resource: valueSet('published') }])
  assert.equal((await put({ ...valueSet('published'), status: 'draft' })).status, 422)
  // An import asks before, REST inside its transaction: both answer alike.
  assert.equal(await server.publish.displaces({ ...shipped, status: 'draft' }), undefined)
  assert.ok(await server.publish.displaces({ ...valueSet('published'), status: 'draft' }))
  assert.equal((await put({ ...shipped, status: 'draft' })).status, 200)
  assert.equal((await put({ ...shipped, title: 'ours', status: 'active' })).status, 200)
  const again = await put({ ...shipped, title: 'ours', status: 'draft' })
  assert.equal(again.status, 422, 'from here on it was published here')
  const other = { ...valueSet('shipped'), url: `${base}/ValueSet/other`, status: 'draft' as const }
  assert.equal((await put(other)).status, 422, 'another artefact does not take its id')
})
