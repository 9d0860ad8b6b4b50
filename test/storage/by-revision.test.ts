import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mirroredTag } from '../../src/fhir/artefact.ts'
import type { ValueSet } from '../../src/fhir/types.ts'
import { terminologySource } from '../../src/storage/by-revision.ts'
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
