/** Libraries that are asked for time after time: read once, and never as they were before something was written. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Library } from '../../../../src/fhir/types.ts'
import { libraryFinder } from '../../../../src/rules/cql/translate/library-index.ts'

const url = 'http://example.org/fhir/Library/Doses'

const library = (title: string): Library => ({
  resourceType: 'Library',
  url,
  version: '1.0.0',
  title,
  status: 'active',
  type: { coding: [{ code: 'logic-library' }] },
})

/** A store that counts how often it is asked. */
function openStore() {
  const state = { stored: [] as Library[], revision: 1, asked: 0, fault: undefined as Error | undefined }
  const find = libraryFinder({
    findLibraries: async (wanted) => {
      state.asked++
      if (state.fault) throw state.fault
      return wanted === url ? state.stored : []
    },
    listLibraries: async () => state.stored,
    revision: () => state.revision,
  })
  const titleOf = async (canonical: string) => (await find(canonical))?.title
  return { state, titleOf }
}

describe('libraries that are asked for time after time', () => {
  it('are read once, and again when something was written: what is not there is not missing for ever', async () => {
    const { state, titleOf } = openStore()
    assert.deepEqual([await titleOf(url), await titleOf(url), state.asked], [undefined, undefined, 1])
    state.stored = [library('first')]
    state.revision++
    assert.deepEqual([await titleOf(url), await titleOf(url), state.asked], ['first', 'first', 2])
    assert.deepEqual([await titleOf(`${url}|1.0.0`), await titleOf(`${url}|2.0.0`)], ['first', undefined])
    state.stored = [library('second')]
    state.revision++
    assert.deepEqual([await titleOf(`${url}|1.0.0`), await titleOf(url)], ['second', 'second'])
    // Another number is another state, also a smaller one.
    state.stored = []
    state.revision--
    assert.equal(await titleOf(url), undefined)
  })

  it('are asked for anew after a failure', async () => {
    const { state, titleOf } = openStore()
    state.stored = [library('there')]
    state.fault = new Error('the store is away')
    await assert.rejects(titleOf(url), /away/)
    state.fault = undefined
    assert.equal(await titleOf(url), 'there')
  })

  it('are not kept under canonicals that no library has for their length', async () => {
    const { state, titleOf } = openStore()
    const long = `${url}|${'x'.repeat(1000)}`
    assert.deepEqual([await titleOf(long), await titleOf(long), state.asked], [undefined, undefined, 2])
  })
})
