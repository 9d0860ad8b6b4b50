/** Value sets that list thousands of expressions: others have a turn all the time, and a request that takes too long is refused. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countedBudget } from '../../../support/counted-budget.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { smallRelease, withIds } from '../../../support/snomed/small-release.ts'
import { answer, parameters } from '../../support.ts'
import { snomedTerminology } from './engine.ts'

const system = 'http://snomed.info/sct'
const content = naiveContent(smallRelease())
const many = 1_500
const concept = Array.from({ length: many }, (_, i) => ({
  code: withIds(`{disorder}:{site}={wingtip},{severity}={mild},{count}=#${i}`),
}))
const constraint = (value: string) => ({ system, filter: [{ property: 'constraint', op: '=', value: withIds(value) }] })
const listing = (excluded?: string) => ({
  resourceType: 'ValueSet',
  status: 'active',
  compose: { include: [{ system, concept }], ...(excluded !== undefined && { exclude: [constraint(excluded)] }) },
})

describe('thousands of expressions in a value set', () => {
  // A millisecond is one look at the clock: a turn comes after twenty of them.
  const turnsFor = async (ask: (engine: ReturnType<typeof snomedTerminology>, call: object) => Promise<unknown>) => {
    const { budget, turns } = countedBudget()
    await ask(snomedTerminology([content]), { budget })
    return turns()
  }

  it('are found, and compared with what is excluded, in steps', async () => {
    const found = await turnsFor((engine, call) => engine.expand(parameters({ valueSet: listing(), count: 1 }), call))
    assert.ok(found > 20, `${found} turns`)
    const compared = await turnsFor(async (engine, call) => {
      const { expansion } = await engine.expand(
        parameters({ valueSet: listing('<< {inflamed} {{ term = "wing" }}'), count: 1 }),
        call,
      )
      assert.equal(expansion?.total, many)
    })
    assert.ok(compared > found + many / 30, `${compared} turns, ${found} without an exclude`)
  })

  it('are found in steps where one of them is validated', async () => {
    const code = concept.at(-1)?.code
    const turns = await turnsFor(async (engine, call) => {
      const reply = await engine.validateCode(parameters({ valueSet: listing(), system, code }), call)
      assert.equal(answer(reply, 'result'), true)
    })
    assert.ok(turns > 20, `${turns} turns`)
  })

  it('are found in steps where two sets are compared', async () => {
    const turns = await turnsFor((engine, call) =>
      engine.compare(parameters({ thisValueSet: listing(), otherValueSet: listing() }), call),
    )
    assert.ok(turns > 40, `${turns} turns`)
  })

  it('are refused when they take more than a request may', async () => {
    const ask = (valueSet: object, milliseconds: number) =>
      snomedTerminology([content]).expand(parameters({ valueSet }), { budget: countedBudget(milliseconds).budget })
    await assert.rejects(ask(listing(), 100), { status: 422 })
    await assert.rejects(ask(listing('<< {inflamed}'), 1_000), { status: 422 })
  })

  it('are refused at the first of which nobody can tell', async () => {
    const { budget, turns } = countedBudget()
    const ask = snomedTerminology([content]).expand(
      parameters({ valueSet: listing('<< {disorder} {{ C active = 1 }}') }),
      {
        budget,
      },
    )
    await assert.rejects(ask, { status: 422, message: /cannot be told/ })
    assert.ok(turns() < many / 20, `${turns()} turns`)
  })
})
