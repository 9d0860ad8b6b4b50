/**
 * What an evaluation makes is gone as soon as what is new in the heap is collected. Where something old holds it (values of a WeakMap, the
 * shape of an object with accessors of its own), only a collection of the whole heap takes it away, and each before it copies all of it.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { stringifyJson } from '../../src/base/json.ts'
import { demoCountry, demoIssuer } from '../../src/demo/demo-issuer.ts'
import { specimenOf } from '../support/evaluate-question.ts'
import { openTestServer } from '../support/loaded-server.ts'

setFlagsFromString('--expose-gc')
const collect: (what?: { type: 'minor' }) => void = runInNewContext('gc')

const many = 300

/** Bytes that so many calls leave behind, each, when what is new was collected. */
async function leftBy(work: () => Promise<unknown>): Promise<number> {
  const turn = () => new Promise((next) => setImmediate(next))
  collect()
  const before = process.memoryUsage().heapUsed
  for (let done = 0; done < many; done++) {
    await work()
    if (done % 20 === 0) await turn()
  }
  await turn()
  // Twice: what is new is kept once.
  collect({ type: 'minor' })
  collect({ type: 'minor' })
  return (process.memoryUsage().heapUsed - before) / many
}

/** A verdict makes well over 100 kB. Of each 14 kB and more were held once; now it is less than one. */
const most = 5_000

describe('memory that is new', () => {
  it('is given back by an evaluation and its reply', async () => {
    const { server, dataDir, close } = await openTestServer()
    try {
      const now = new Date()
      const question = specimenOf({ issuer: demoIssuer(dataDir, now), country: demoCountry, now })
      await server.trust.reload()
      const evaluate = async () => stringifyJson(await server.evaluate.answer(question, {}))
      // What is kept of rules, maps and codes is made, and code is compiled.
      for (let round = 0; round < 4; round++) await leftBy(evaluate)
      const left = await leftBy(evaluate)
      assert.ok(left < most, `${Math.round(left)} bytes of each evaluation`)
    } finally {
      await close()
    }
  })
  it('that is held is seen', async () => {
    const left = await leftBy(async () => {
      const list = Array.from({ length: 3_000 }, (_, at) => at)
      return {
        get length() {
          return list.length
        },
      }
    })
    assert.ok(left > most, `${Math.round(left)} bytes`)
  })
})
