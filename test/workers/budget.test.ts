import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../src/fhir/error.ts'
import { createBudget, finish, type Steps } from '../../src/workers/budget.ts'

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
    const budget = createBudget(limits, clock)
    for (let i = 0; i < 3; i++) budget.spend(() => work(40))
    assert.throws(() => budget.spend(() => work(1)), tooCostly)
  })

  it('does not count what others do in between', () => {
    const { clock, work } = workClock()
    const budget = createBudget(limits, clock)
    for (let i = 0; i < 50; i++) {
      budget.spend(() => work(1))
      work(1000)
    }
  })

  it('stops work in the middle', () => {
    const { clock, work } = workClock()
    const budget = createBudget(limits, clock)
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
    const budget = createBudget(limits, clock)
    const fail = () => {
      work(101)
      throw new Error('its own reason')
    }
    assert.throws(() => budget.spend(fail), /its own reason/)
    assert.throws(() => budget.spend(() => 1), tooCostly)
  })

  it('lets others have a turn between slices', async () => {
    const { clock, work } = workClock()
    const budget = createBudget(limits, clock)
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
    assert.equal(await budget.run(steps()), 'done')
    ended = true
    assert.ok(turns >= 8, `${turns} turns`)
  })

  it('is shared by its parts, each with its own limit', () => {
    const { clock, work } = workClock()
    const budget = createBudget(limits, clock)
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
