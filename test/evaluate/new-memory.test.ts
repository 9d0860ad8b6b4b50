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
import { type HcertSigner, hcertClaims, issueHcert } from '../../src/demo/issue-hcert.ts'
import type { Parameters } from '../../src/fhir/types.ts'
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

/**
 * The least of some rounds: what is held is held in each of them, while code that V8 happens to compile, or a cache that happens to be made
 * larger, is in one.
 */
async function leastLeftBy(work: () => Promise<unknown>, wanted: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 4 && least >= wanted; round++) least = Math.min(least, await leftBy(work))
  return least
}

/** A verdict makes well over 100 kB. Of each 14 kB and more were held once; now it is less than one. */
const most = 5_000

/** The same of a rejection with its reasons, which makes well over half a megabyte: of each 138 kB and more were held once. */
const mostOfReasons = 20_000

/** A question about the first dose of two, which the own rules reject. */
function firstDose(issuer: Pick<HcertSigner, 'privateKey' | 'keyId'>, now: Date): Parameters {
  const day = (before: number) => new Date(now.getTime() - before * 86_400_000).toISOString().slice(0, 10)
  const product = { tg: '840539006', vp: '1119349007', mp: 'EU/1/20/1528', ma: 'ORG-100030215' }
  const event = {
    ...product,
    dn: 1,
    sd: 2,
    dt: day(40),
    co: demoCountry,
    is: 'Ministry',
    ci: `URN:UVCI:01:${demoCountry}:1`,
  }
  const seconds = Math.floor(now.getTime() / 1000)
  const claims = hcertClaims({
    issuer: demoCountry,
    issuedAt: seconds - 86_400,
    expires: seconds + 86_400,
    certificate: [1, { ver: '1.3.0', nam: { fnt: 'SPECIMEN' }, dob: '1985-03-14', v: [event] }],
  })
  const valueString = issueHcert(claims, { ...issuer, algorithm: 'ES256' })
  return { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString }] }
}

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
      const left = await leastLeftBy(evaluate, most)
      assert.ok(left < most, `${Math.round(left)} bytes of each evaluation`)
    } finally {
      await close()
    }
  })
  it('is given back by a rejection and its reasons', async () => {
    const { server, dataDir, close } = await openTestServer()
    try {
      const now = new Date()
      const question = firstDose(demoIssuer(dataDir, now), now)
      await server.trust.reload()
      const evaluate = async () => stringifyJson(await server.evaluate.answer(question, {}))
      const reply = await evaluate()
      assert.ok(reply.includes('"rejected"') && reply.includes('is less than'), 'it is rejected, and told why')
      for (let round = 0; round < 4; round++) await leftBy(evaluate)
      const left = await leastLeftBy(evaluate, mostOfReasons)
      assert.ok(left < mostOfReasons, `${Math.round(left)} bytes of each rejection`)
    } finally {
      await close()
    }
  })
  it('that is held is seen', async () => {
    const work = async () => {
      const list = Array.from({ length: 3_000 }, (_, at) => at)
      return {
        get length() {
          return list.length
        },
      }
    }
    const left = await leastLeftBy(work, most)
    assert.ok(left > most, `${Math.round(left)} bytes`)
  })
})
