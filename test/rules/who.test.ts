import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import type { Library } from '../../src/fhir/types.ts'
import { overShared } from '../support/shared.ts'
import { cqlLibrary, readBundle, readCorpus, testEnvironment, testRules } from './environment.ts'

const clock = '2022-01-01T00:00:00Z'

interface Expectation {
  library: string
  bundle: string
  expect: Record<string, boolean | 'empty' | 'non-empty'>
}

overShared.describe('WHO libraries over WHO bundles', () => {
  const libraries = ['TestPass', 'DDCCPass', 'AnyDosePass', 'ModernaOrPfizerPass'].map((name) =>
    cqlLibrary(readCorpus(`cql/who/${name}-1.0.0.cql`)),
  )
  const rules = testRules(testEnvironment(libraries))
  after(() => rules.close())
  const expectations: Expectation[] = JSON.parse(readCorpus('cql/who/expected.json'))

  for (const { library, bundle, expect } of expectations) {
    it(`${library} over ${bundle}`, async () => {
      const { results } = await rules.evaluateLibrary({ library, data: readBundle(bundle), clock })
      for (const [name, expected] of Object.entries(expect)) {
        const result = results.find((each) => each.name === name)
        assert.equal(result?.issue, undefined)
        const value = result?.value
        const state = Array.isArray(value) ? (value.length > 0 ? 'non-empty' : 'empty') : value
        assert.equal(state, expected, name)
      }
    })
  }

  it('runs WHO ELM of 2022 with the results of its CQL', async () => {
    for (const name of ['DDCCPass', 'AnyDosePass', 'ModernaOrPfizerPass']) {
      const published = JSON.parse(readCorpus(`cql/who/Library-${name}-1.0.0.json`)) as Library
      const content = published.content?.filter((each) => each.contentType === 'application/elm+json') ?? []
      assert.equal(content.length, 1)
      const elmOnly = testRules(testEnvironment([{ ...published, content }]))
      for (const bundle of new Set(expectations.map((each) => each.bundle))) {
        const call = { data: readBundle(bundle), clock }
        const old = await elmOnly.evaluateLibrary({ library: `http://localhost/Library/${name}|1.0.0`, ...call })
        const fresh = await rules.evaluateLibrary({ library: `${name}|1.0.0`, ...call })
        const shown = (each: typeof old) => each.results.map((one) => [one.name, JSON.stringify(one.value), one.issue])
        assert.deepEqual(shown(old), shown(fresh), `${name} over ${bundle}`)
      }
      await elmOnly.close()
    }
  })
})
