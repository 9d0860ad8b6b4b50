import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mirroredTag } from '../../src/fhir/artefact.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { findByCanonical, listUsable } from '../../src/storage/find-artefacts.ts'
import { guardCopies } from '../../src/storage/guard-copies.ts'
import { openStorage } from '../../src/storage/open.ts'

const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
after(() => storage.close())

const types = ['ValueSet', 'Library'] as const
const urlOf = (type: string) => `http://example.org/${type}/copy`

before(async () => {
  for (const type of types) {
    const meta = { tag: [mirroredTag('XXA')] }
    const copy = { resourceType: type, id: 'copy', meta, url: urlOf(type), version: '1', status: 'active' } as Resource
    await storage.write([{ type, id: 'copy', method: 'PUT', resource: copy, unrecorded: true }])
  }
})

/** What is used of the copies, by the participants whose rules may be run; undefined: the configuration mirrors nothing. */
const cases: [what: string, suppliers: string[] | undefined, used: string[]][] = [
  ['where nothing is mirrored, nothing', undefined, []],
  ['where nobody supplies rules, all but rules', [], ['ValueSet']],
  ['where another supplies rules, all but rules', ['XXB'], ['ValueSet']],
  ['where the participant supplies rules, all', ['XXA'], ['ValueSet', 'Library']],
]

describe('of copies is used', () => {
  for (const [what, suppliers, used] of cases)
    it(what, async () => {
      const guarded = guardCopies(storage, suppliers && new Set(suppliers))
      const [named, listed]: [string[], string[]] = [[], []]
      for (const type of types) {
        if ((await findByCanonical(guarded, type, urlOf(type))).length > 0) named.push(type)
        if ((await listUsable(guarded, type)).length > 0) listed.push(type)
        assert.equal((await guarded.read(type, 'copy'))?.resource?.id, 'copy')
      }
      assert.deepEqual([named, listed], [used, used])
    })
})
