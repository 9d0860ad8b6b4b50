import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFeed } from '../../src/audit/feed.ts'
import type { Resource } from '../../src/fhir/types.ts'

/** A store of events, a sink that may fail, and a feed between them that a test turns. */
function bed(kept: { position?: string } = {}) {
  const stored: { id: string; lastUpdated: string; resource: Resource }[] = []
  const taken: string[] = []
  const told: (string | undefined)[] = []
  const waits: number[] = []
  const state = {
    position: kept.position,
    fails: undefined as string | undefined,
    refused: '',
    isSingle: false,
    read: 0,
  }
  let next: (() => void) | undefined
  const feed = () =>
    createFeed({
      name: 'a',
      send: async (events, told) => {
        for (const [index, { id = '' }] of events.entries()) {
          if (state.fails !== undefined || id === state.refused) throw new Error(state.fails ?? 'refused')
          taken.push(id)
          if (state.isSingle) told(index + 1)
        }
      },
      read: async (since = '', most) => {
        const found = stored.filter(({ lastUpdated }) => lastUpdated >= since).slice(0, most)
        state.read += found.length
        return found
      },
      position: {
        get: async () => state.position,
        set: async (from, to) => {
          if (from !== state.position) return false
          state.position = to
          return true
        },
      },
      after: (milliseconds, run) => {
        waits.push(milliseconds)
        next = run
        return () => {
          next = undefined
        }
      },
      changed: (failure) => told.push(failure),
      textOf: (error) => String(error instanceof Error ? error.message : error),
    })
  const add = (id: string, second: number) =>
    stored.push({
      id,
      lastUpdated: new Date(second * 1000).toISOString(),
      resource: { resourceType: 'Basic', id, code: {} },
    })
  return { stored, taken, told, waits, state, feed, add, tick: () => next?.() }
}

describe('a feed', () => {
  it('sends everything once, in the order in which it was stored', async () => {
    const { feed, add, taken } = bed()
    const one = feed()
    for (let n = 0; n < 250; n++) add(`e${n}`, n)
    await one.run()
    await one.run()
    assert.deepEqual(
      taken,
      Array.from({ length: 250 }, (_, n) => `e${n}`),
    )
    assert.equal(one.state().sent, 250)
  })

  for (const isSameInstant of [false, true])
    it(`does not send again what a sink took before it refused one${isSameInstant ? ', of one instant' : ''}`, async () => {
      const { feed, add, taken, state } = bed()
      const one = feed()
      for (let n = 0; n < 150; n++) add(`e${n}`, isSameInstant ? 1 : n)
      Object.assign(state, { isSingle: true, refused: 'e120' })
      for (let n = 0; n < 3; n++) await one.run()
      assert.equal(taken.length, 120)
      state.refused = ''
      await one.run()
      assert.deepEqual(
        taken,
        Array.from({ length: 150 }, (_, n) => `e${n}`),
      )
      assert.equal(one.state().sent, 150)
    })

  it('reads a long transaction a few times, and not once for each hundred of it', async () => {
    const { feed, add, taken, state } = bed()
    for (let n = 0; n < 10_000; n++) add(`e${n}`, 1)
    await feed().run()
    assert.equal(taken.length, 10_000)
    assert.ok(state.read < 50_000, `${state.read} read`)
  })

  it('sends everything of one instant, however much there is', async () => {
    const { feed, add, taken } = bed()
    const one = feed()
    for (let n = 0; n < 1000; n++) add(`e${n}`, 1)
    await one.run()
    add('late', 1)
    add('later', 2)
    await one.run()
    assert.equal(taken.length, 1002)
    assert.equal(new Set(taken).size, 1002)
  })

  it('goes on after a restart where it was', async () => {
    const { feed, add, taken } = bed()
    add('a', 1)
    await feed().run()
    add('b', 2)
    await feed().run()
    assert.deepEqual(taken, ['a', 'b'])
  })

  it('keeps what a sink did not take, tells it once, and waits longer each time', async () => {
    const { feed, add, taken, told, waits, state, tick } = bed()
    const one = feed()
    add('a', 1)
    state.fails = 'gone'
    one.start()
    for (let n = 0; n < 12; n++) {
      tick()
      await new Promise((next) => setImmediate(next))
    }
    assert.deepEqual(taken, [])
    assert.deepEqual(told, ['gone'])
    assert.deepEqual(waits.slice(0, 5), [2000, 2000, 4000, 8000, 16_000])
    assert.equal(waits.at(-1), 300_000)
    assert.equal(one.state().isReached, false)
    state.fails = undefined
    tick()
    await new Promise((next) => setImmediate(next))
    await one.close()
    assert.deepEqual(taken, ['a'])
    assert.deepEqual(told, ['gone', undefined])
    assert.equal(one.state().failures, 12)
  })

  it('sends nothing any more once it is closed', async () => {
    const { feed, add, taken } = bed()
    const one = feed()
    one.start()
    await one.close()
    add('a', 1)
    await one.run()
    assert.deepEqual(taken, [])
  })
})
