import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { createGate, type Place } from '../../../src/http/limits/gate.ts'

const limits = { inside: 2, insideOfOne: 1, waitingOfOne: 2, waiting: 3 }

/** What has come in, in order. */
function arrivals(gate: ReturnType<typeof createGate>) {
  const inside: string[] = []
  const places = new Map<string, Place>()
  const come = (client: string, name: string) =>
    gate.enter(client).then((place) => {
      inside.push(name)
      places.set(name, place)
    })
  return { inside, come, leave: (name: string) => places.get(name)?.leave() }
}
const settled = () => new Promise((done) => setImmediate(done))

describe('a gate', () => {
  it('lets clients in by turns, one of each at a time', async () => {
    const { inside, come, leave } = arrivals(createGate(limits))
    void come('a', 'a1')
    void come('a', 'a2')
    void come('b', 'b1')
    void come('c', 'c1')
    await settled()
    assert.deepEqual(inside, ['a1', 'b1'])
    leave('a1')
    leave('a1')
    await settled()
    assert.equal(inside.length, 3, 'a place is left once')
    leave('b1')
    await settled()
    assert.deepEqual(inside.slice(2).sort(), ['a2', 'c1'])
  })

  it('refuses whom it cannot let wait', async () => {
    const gate = createGate(limits)
    const { come } = arrivals(gate)
    void come('a', 'a1')
    void come('a', 'a2')
    void come('a', 'a3')
    const statusOf = (client: string) =>
      gate.enter(client).then(String, (error) => error instanceof FhirError && error.status)
    assert.equal(await statusOf('a'), 429)
    void come('b', 'b1')
    void come('b', 'b2')
    assert.equal(await statusOf('c'), 503)
  })
})
