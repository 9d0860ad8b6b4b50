/** Few clients that never finish their bodies cannot keep all others out. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { createUnfinishedBodies } from '../../../src/http/limits/connections.ts'

const busy = (status: number) => (error: unknown) =>
  error instanceof FhirError && error.status === status && error.headers['Retry-After'] !== undefined

/** Bodies of clients, and who had to make room. */
function open(limits = { bodies: 200, bodiesOfOne: 20, bytes: 1000 }) {
  const bodies = createUnfinishedBodies(limits)
  const gone: string[] = []
  const begin = (client: string) =>
    bodies.begin(client, (reason) => {
      assert.ok(busy(503)(reason))
      gone.push(client)
    })
  return { begin, gone }
}

describe('unfinished bodies', () => {
  it('ten clients with as many as they may have make room for an eleventh', () => {
    const { begin, gone } = open()
    for (let client = 0; client < 10; client++) for (let body = 0; body < 20; body++) begin(`slow ${client}`)
    begin('new')
    assert.deepEqual(gone, ['slow 0'])
    begin('new')
    assert.equal(gone.length, 2)
  })

  it('a client that has as many as the others gets no room of theirs', () => {
    const { begin, gone } = open({ bodies: 4, bodiesOfOne: 20, bytes: 1000 })
    for (const client of ['a', 'a', 'b', 'b']) begin(client)
    begin('c')
    assert.deepEqual(gone, ['a'])
    assert.throws(() => begin('b'), busy(503))
    assert.throws(() => begin('c'), busy(503))
  })

  it('one client has so many at most: 429', () => {
    const { begin } = open({ bodies: 4, bodiesOfOne: 2, bytes: 1000 })
    const first = begin('a')
    begin('a')
    assert.throws(() => begin('a'), busy(429))
    first.end()
    begin('a')
  })

  it('who holds most bytes makes room for the bytes of others', () => {
    const { begin, gone } = open()
    const [large, small] = [begin('large'), begin('small')]
    large.add(900)
    small.add(100)
    small.add(50)
    assert.deepEqual(gone, ['large'])
    small.add(800)
    assert.throws(() => small.add(100), busy(503), 'nobody holds more')
  })

  it('what had to make room or ended is counted no more', () => {
    const { begin, gone } = open()
    const large = begin('large')
    large.add(1000)
    begin('small').add(10)
    assert.deepEqual(gone, ['large'])
    large.add(5000)
    large.end()
    large.end()
    begin('other').add(980)
  })
})
