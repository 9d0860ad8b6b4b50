/** WHO's libraries over WHO's bundles, compiled and by the executor. */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { overShared } from '../../../support/shared.ts'
import { cqlLibrary, readBundle, readCorpus, testEnvironment, testRules } from '../../environment.ts'
import { type Counted, runOneWay } from './both-ways.ts'

overShared.describe('WHO libraries, compiled', () => {
  const names = ['TestPass', 'DDCCPass', 'AnyDosePass', 'ModernaOrPfizerPass']
  const libraries = names.map((name) => cqlLibrary(readCorpus(`cql/who/${name}-1.0.0.cql`)))
  const rules = testRules(testEnvironment(libraries))
  after(() => rules.close())
  const { expressions } = rules.workshop

  it('say what the executor says', async () => {
    const expected: { bundle: string }[] = JSON.parse(readCorpus('cql/who/expected.json'))
    const bundles = [...new Set(expected.map(({ bundle }) => bundle))]
    const counted: Counted = { asked: 0, answered: 0 }
    for (const name of names) {
      const library = await expressions.libraries.compile(name)
      for (const bundle of bundles)
        for (const clock of ['2022-01-01T00:00:00Z', '2030-06-15T23:00:00+05:30']) {
          const call = { data: readBundle(bundle), clock }
          assert.deepEqual(
            await runOneWay(library, call, { environment: expressions.run, counted }),
            await runOneWay(library, call, { environment: expressions.run }),
            `${name} over ${bundle}`,
          )
        }
    }
    // None of them is left to the executor.
    assert.ok(counted.asked > 50 && counted.asked === counted.answered, JSON.stringify(counted))
  })
})
