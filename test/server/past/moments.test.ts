/** Contexts of the past: few are there, one is made ready at a time, and clients have turns. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { createMoments } from '../../../src/server/past/moments.ts'

function opened() {
  const counts = { open: 0, most: 0, made: 0, making: 0, mostMaking: 0 }
  const idle: (() => void)[] = []
  const moments = createMoments<{ key: string; close(): Promise<void> }>({ afterIdle: (work) => idle.push(work) })
  const open = (key: string) => async () => {
    counts.made++
    counts.open++
    counts.most = Math.max(counts.most, counts.open)
    await new Promise((done) => setImmediate(done))
    return {
      key,
      async close() {
        counts.open--
      },
    }
  }
  const ask = (key: string, client: string) =>
    moments.use({ key, client, open: open(key) }, async (made) => {
      counts.making++
      counts.mostMaking = Math.max(counts.mostMaking, counts.making)
      await new Promise((done) => setImmediate(done))
      counts.making--
      return made.key
    })
  return { counts, idle, moments, ask }
}

describe('moments of the past', () => {
  it('a thousand of them by one client: three are there, one is made ready at a time, most are refused', async () => {
    const { counts, ask, moments } = opened()
    const asked = await Promise.allSettled(Array.from({ length: 1000 }, (_, place) => ask(`m${place}`, 'hostile')))
    const refused = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    assert.equal(asked.length - refused.length, 5)
    for (const each of refused)
      assert.ok(each instanceof FhirError && each.status === 429 && each.headers?.['Retry-After'])
    assert.ok(counts.most <= 3)
    assert.equal(counts.mostMaking, 1)
    await moments.close()
    assert.equal(counts.open, 0)
  })

  it('another client has his turn meanwhile, and all together are bounded', async () => {
    const { ask, counts } = opened()
    const hostile = Array.from({ length: 5 }, (_, place) => ask(`h${place}`, 'hostile'))
    const order: string[] = []
    const told = [
      ...hostile.map((each) => each.then((key) => order.push(key))),
      ask('mine', 'me').then((key) => order.push(key)),
    ]
    await Promise.all(told)
    assert.ok(order.indexOf('mine') <= 2, order.join())
    const many = Array.from({ length: 60 }, (_, place) => ask(`c${place}`, `client ${place}`))
    const statuses = (await Promise.allSettled(many)).map((each) => each.status === 'rejected' && each.reason.status)
    assert.equal(statuses.filter((status) => status === 503).length, 9)
    assert.ok(counts.most <= 3)
  })

  it('one that is ready waits for nobody, and is made once', async () => {
    const { ask, counts } = opened()
    await ask('ready', 'a')
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('ready', 'a')))
    assert.equal(answers.length, 200)
    assert.equal(counts.made, 1)
    assert.ok(counts.mostMaking > 1)
  })

  it('the one that was used longest ago goes, and one that nobody asks for', async () => {
    const { ask, counts, idle } = opened()
    for (const key of ['a', 'b', 'c', 'a', 'd', 'a']) await ask(key, 'me')
    assert.equal(counts.made, 4)
    assert.equal(counts.open, 3)
    // However many there were: what was closed is held by no timer.
    assert.equal(idle.length, 1)
    idle.shift()?.()
    assert.equal(counts.open, 3, 'they were used since the look was arranged')
    idle.shift()?.()
    await new Promise((done) => setImmediate(done))
    assert.equal(counts.open, 0)
    assert.equal(idle.length, 0)
  })

  it('one that cannot be opened is not kept, and holds up nobody', async () => {
    const { moments, ask } = opened()
    const broken = { key: 'a', client: 'me', open: () => Promise.reject(new Error('broken')) }
    await assert.rejects(
      moments.use(broken, async () => 1),
      /broken/,
    )
    assert.equal(await ask('a', 'me'), 'a')
  })
})
