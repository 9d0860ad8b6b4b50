import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../src/fhir/error.ts'
import { createBudget, finish, type Steps } from '../../src/workers/budget.ts'
import { createTurns } from '../../src/workers/turns.ts'

/** A clock that work moves on itself. */
function workClock() {
  let now = 0
  const work = (milliseconds: number) => {
    now += milliseconds
  }
  return { clock: () => now, work }
}

const limits = { cpuMilliseconds: 100, sliceMilliseconds: 10 }
const tooCostly = (error: unknown) => error instanceof FhirError && error.issues[0]?.code === 'too-costly'

describe('budget', () => {
  it('counts work until nothing is left', () => {
    const { clock, work } = workClock()
    const budget = createBudget({ client: 'a', limits, clock })
    for (let i = 0; i < 3; i++) budget.spend(() => work(40))
    assert.throws(() => budget.spend(() => work(1)), tooCostly)
  })

  it('does not count what others do in between', () => {
    const { clock, work } = workClock()
    const budget = createBudget({ client: 'a', limits, clock })
    for (let i = 0; i < 50; i++) {
      budget.spend(() => work(1))
      work(1000)
    }
  })

  it('stops work in the middle', () => {
    const { clock, work } = workClock()
    const budget = createBudget({ client: 'a', limits, clock })
    let steps = 0
    assert.throws(
      () =>
        budget.spend(() => {
          for (;;) {
            steps++
            work(1)
            budget.tick()
          }
        }),
      tooCostly,
    )
    assert.equal(steps, 101)
  })

  it('counts work that failed', () => {
    const { clock, work } = workClock()
    const budget = createBudget({ client: 'a', limits, clock })
    const fail = () => {
      work(101)
      throw new Error('its own reason')
    }
    assert.throws(() => budget.spend(fail), /its own reason/)
    assert.throws(() => budget.spend(() => 1), tooCostly)
  })

  it('lets others have a turn between slices', async () => {
    const { clock, work } = workClock()
    const budget = createBudget({ client: 'a', limits, clock })
    function* steps(): Steps<string> {
      for (let i = 0; i < 90; i++) {
        work(1)
        yield
      }
      return 'done'
    }
    let turns = 0
    const turn = () => {
      turns++
      if (!ended) setImmediate(turn)
    }
    let ended = false
    setImmediate(turn)
    assert.equal(await budget.runSteps(steps()), 'done')
    ended = true
    assert.ok(turns >= 8, `${turns} turns`)
  })

  it('gives clients their turns one after the other, and one turn at a time', async () => {
    const { clock, work } = workClock()
    const turns = createTurns()
    const order: string[] = []
    const busy = (client: string) =>
      createBudget({ client, limits, clock, turns }).runSteps(
        (function* steps(): Steps<void> {
          for (let i = 0; i < 3; i++) {
            order.push(client)
            work(10)
            yield
          }
        })(),
      )
    const all = [busy('a'), busy('a'), busy('a'), busy('b')]
    const late = createBudget({ client: 'c', limits, clock, turns }).run(() => order.push('c'))
    assert.deepEqual(order, ['a'], 'who comes while others wait does not begin at once')
    await Promise.all([...all, late])
    assert.equal(order.length, 13)
    assert.ok(order.indexOf('b') <= 3 && order.indexOf('c') <= 3, order.join(''))
    assert.equal(turns.areWanted(), false)
  })

  it('is shared by its parts, each with its own limit', () => {
    const { clock, work } = workClock()
    const budget = createBudget({ client: 'a', limits, clock })
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => budget.part(40))
    const tooMuch = () => {
      work(41)
      first?.tick()
    }
    assert.throws(() => first?.spend(tooMuch), tooCostly)
    second?.spend(() => work(40))
    third?.spend(() => work(40))
    assert.throws(() => fourth?.spend(() => work(1)), tooCostly)
    assert.throws(() => budget.spend(() => work(1)), tooCostly)
  })

  it('leaves work alone that is finished at once', () => {
    function* steps(): Steps<number> {
      yield
      yield
      return 7
    }
    assert.equal(finish(steps()), 7)
  })
})
