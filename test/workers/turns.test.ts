import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGathering } from '../../src/workers/turns.ts'

/** What happens, in order: each piece begins, goes on after one wait, and ends after another. */
function pieces(gathered: () => Promise<void>) {
  const told: string[] = []
  const start = async (name: string) => {
    await gathered()
    told.push(`${name} begins`)
    await undefined
    told.push(`${name} ends`)
  }
  return { told, start }
}

describe('a gathering', () => {
  it('lets what is there at the same time begin together, and take turns from then on', async () => {
    const { told, start } = pieces(createGathering(16))
    const all = Promise.all([start('a'), start('b'), start('c')])
    await undefined
    assert.deepEqual(told, [])
    await all
    assert.deepEqual(told, ['a begins', 'b begins', 'c begins', 'a ends', 'b ends', 'c ends'])
  })

  it('lets no more begin than it may, in the order in which they came, and others in between', async () => {
    const { told, start } = pieces(createGathering(2))
    const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map(start))
    setImmediate(() => told.push('another'))
    await all
    const begun = told.filter((each) => !each.endsWith('ends'))
    assert.deepEqual(begun, ['a begins', 'b begins', 'another', 'c begins', 'd begins', 'e begins'])
    assert.ok(told.indexOf('b ends') < told.indexOf('c begins'))
    assert.equal(told.length, 11)
  })

  it('takes in what comes while others begin, once each', async () => {
    const { told, start } = pieces(createGathering(2))
    const late: Promise<void>[] = []
    const first = start('a').then(() => late.push(start('b'), start('c'), start('d')))
    await first
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    await Promise.all(late)
    assert.deepEqual(
      told.filter((each) => each.endsWith('begins')).map((each) => each[0]),
      ['a', 'b', 'c', 'd'],
    )
  })

  it('keeps waiting nobody whose company fails', async () => {
    const gathered = createGathering(2)
    const failing = gathered().then(() => Promise.reject(new Error('no')))
    const well = Array.from({ length: 5 }, () => gathered().then(() => 'well'))
    await assert.rejects(failing, /no/)
    assert.deepEqual(await Promise.all(well), ['well', 'well', 'well', 'well', 'well'])
  })
})
