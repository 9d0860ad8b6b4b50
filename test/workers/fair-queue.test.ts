import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createFairQueue } from '../../src/workers/fair-queue.ts'

const anybody = () => true

describe('fair queue', () => {
  it('loses and repeats nothing, and keeps the order of each client', () => {
    const clients = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 })
    fc.assert(
      fc.property(clients, (given) => {
        const queue = createFairQueue<[string, number]>({ each: 1000, all: 1000 })
        given.forEach((client, index) => {
          queue.add(client, [client, index])
        })
        const taken: [string, number][] = []
        for (let item = queue.take(anybody); item; item = queue.take(anybody)) taken.push(item)
        assert.equal(taken.length, given.length)
        assert.equal(queue.size(), 0)
        for (const client of new Set(given)) {
          const order = taken.filter(([each]) => each === client).map(([, index]) => index)
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          )
        }
      }),
    )
  })

  it('makes nobody wait for more than one turn of each other client', () => {
    const queue = createFairQueue<string>({ each: 100, all: 1000 })
    for (let i = 0; i < 100; i++) for (const client of ['a', 'b', 'c']) queue.add(client, client)
    queue.add('late', 'late')
    const first = Array.from({ length: 4 }, () => queue.take(anybody))
    assert.ok(first.includes('late'))
  })

  it('passes over clients who may not have a turn, and they keep their place', () => {
    const queue = createFairQueue<string>({ each: 10, all: 10 })
    for (const client of ['a', 'b', 'a']) queue.add(client, client)
    assert.equal(
      queue.take((client) => client === 'b'),
      'b',
    )
    assert.equal(
      queue.take(() => false),
      undefined,
    )
    assert.equal(queue.take(anybody), 'a')
    assert.deepEqual(queue.drain(), ['a'])
  })
})
