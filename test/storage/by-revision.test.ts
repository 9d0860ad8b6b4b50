import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mirroredTag } from '../../src/fhir/artefact.ts'
import type { ValueSet } from '../../src/fhir/types.ts'
import { madeByRevision, terminologySource } from '../../src/storage/by-revision.ts'
import { openStorage } from '../../src/storage/open.ts'

const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
after(() => storage.close())

test('while content is being loaded, a copy does not stand in for what may still come', async () => {
  const url = 'http://example.org/ValueSet/awaited'
  const meta = { tag: [mirroredTag('XXA')] }
  const copy: ValueSet = { resourceType: 'ValueSet', id: 'copy', meta, url, version: '1', status: 'active' }
  await storage.write([{ type: 'ValueSet', id: 'copy', method: 'PUT', resource: copy, unrecorded: true }])
  let isLoading = true
  const refuse = async () => {
    if (isLoading) throw new Error('it may still come')
  }
  const source = terminologySource(storage, { refuse, epoch: () => 0 }, { admit: async (all) => all, epoch: () => 0 })
  await assert.rejects(source.find('ValueSet', url), /may still come/)
  isLoading = false
  assert.equal((await source.find('ValueSet', url)).length, 1)
})

test('what is made is there at once from then on, until the revision changes; what fails is tried again', async () => {
  let revision = 1
  let made = 0
  let isBroken = true
  const find = madeByRevision(
    () => revision,
    10,
    async (name) => {
      made += 1
      if (isBroken) throw new Error('not now')
      return `${name} ${revision}`
    },
  )
  await assert.rejects(async () => find('a'), /not now/)
  isBroken = false
  const [first, second] = [find('a'), find('a')]
  assert.deepEqual([await first, await second, made], ['a 1', 'a 1', 2])
  assert.equal(find('a'), 'a 1')
  revision = 2
  assert.equal(await find('a'), 'a 2')
  assert.equal(made, 3)
})

test('what was begun before the revision changed is not given to who asks later', async () => {
  let revision = 1
  const { promise, resolve } = Promise.withResolvers<string>()
  const find = madeByRevision(
    () => revision,
    10,
    async () => (revision === 1 ? promise : 'new'),
  )
  const before = find('a')
  revision = 2
  assert.equal(await find('a'), 'new')
  resolve('old')
  assert.equal(await before, 'old')
  assert.equal(find('a'), 'new')
})

test('what is not there is not missing for ever, and another number is another state, also a smaller one', async () => {
  let revision = 1
  let stored: string | undefined
  let asked = 0
  const find = madeByRevision(
    () => revision,
    10,
    async () => {
      asked++
      return stored
    },
  )
  assert.deepEqual([await find('a'), await find('a'), asked], [undefined, undefined, 1])
  stored = 'first'
  revision++
  assert.deepEqual([await find('a'), await find('a'), asked], ['first', 'first', 2])
  stored = undefined
  revision--
  assert.equal(await find('a'), undefined)
})

test('a name that is too long for one is not kept', async () => {
  let asked = 0
  const find = madeByRevision(
    () => 1,
    10,
    async () => ++asked,
  )
  const long = 'x'.repeat(1000)
  assert.deepEqual([await find(long), await find(long)], [1, 2])
})
