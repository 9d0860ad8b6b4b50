/** What a server holds in memory once it has answered: of no person anything, whatever the verdict was. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { getHeapSnapshot, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { stringifyJson } from '../../src/base/json.ts'
import { demoCountry, demoIssuer } from '../../src/demo/demo-issuer.ts'
import { hcertClaims, issueHcert } from '../../src/demo/issue-hcert.ts'
import { openTestServer } from '../support/loaded-server.ts'

setFlagsFromString('--expose-gc')
// Strings of a snapshot are cut by default where a certificate goes on.
setFlagsFromString('--heap-snapshot-string-limit=100000')
const collect: () => void = runInNewContext('gc')

/** A name of bytes: as a text it stands nowhere in this program. */
const nameOf = (count: number): string => Buffer.from([81, 90, 87, 81, 75, 88, 89, 86]).toString('latin1') + count
const person = Buffer.from([81, 90, 87, 81, 75, 88, 89, 86])
const nobody = () => 'Nobody'

/** How often the bytes stand in the heap when all was collected that can be. */
async function timesInMemory(bytes: Buffer): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((next) => setImmediate(next))
    collect()
  }
  let found = 0
  let rest = Buffer.alloc(0)
  for await (const chunk of getHeapSnapshot()) {
    const all = Buffer.concat([rest, chunk])
    for (let at = all.indexOf(bytes); at >= 0; at = all.indexOf(bytes, at + 1)) found++
    rest = all.subarray(Math.max(0, all.length - bytes.length + 1))
  }
  return found
}

describe('memory', () => {
  it('holds nobody who was judged', async () => {
    const { server, dataDir, close } = await openTestServer()
    try {
      const now = new Date()
      const { privateKey, keyId } = demoIssuer(dataDir, now)
      await server.trust.reload()
      const seconds = Math.floor(now.getTime() / 1000)
      const day = (before: number) => new Date(now.getTime() - before * 86_400_000).toISOString().slice(0, 10)
      const evaluate = async (count: number, name: string) => {
        const names = { fn: name, fnt: name, gn: name, gnt: name }
        const shot = {
          tg: '840539006',
          mp: 'EU/1/20/1528',
          ma: 'ORG-100030215',
          vp: '1119349007',
          sd: 2,
          co: demoCountry,
        }
        const ci = `URN:UVCI:01:${demoCountry}:${name}`
        // Accepted, rejected with the reasons, and without the number of the dose.
        const dose = [{ dn: 2 }, { dn: 1 }, {}][count % 3]
        const event = { ...shot, ...dose, dt: day(30 + (count % 9)), is: `Ministry of Health ${count % 4}`, ci }
        const claims = hcertClaims({
          issuer: demoCountry,
          issuedAt: seconds - 86_400,
          expires: seconds + (count % 7 === 0 ? -60 : 86_400),
          certificate: [1, { ver: '1.3.0', nam: names, dob: '1985-03-14', v: [event] }],
        })
        const credential = {
          name: 'credential',
          valueString: issueHcert(claims, { privateKey, keyId, algorithm: 'ES256' }),
        }
        const reply = await server.evaluate.answer({ resourceType: 'Parameters', parameter: [credential] }, {})
        return stringifyJson(reply)
      }
      const seen = new Set<string>()
      for (let count = 0; count < 120; count++) {
        const reply = await evaluate(count, nameOf(count))
        seen.add(/"decision","valueCode":"(\w+)"/.exec(reply)?.[1] ?? '')
        if (reply.includes(nameOf(count))) seen.add('named')
        if (count % 20 === 0) await new Promise((next) => setImmediate(next))
      }
      assert.deepEqual([...seen].sort(), ['accepted', 'named', 'rejected', 'undetermined', 'unverified'])
      // What was asked last may be held by who asked.
      for (let count = 0; count < 21; count++) await evaluate(count, nobody())
      assert.equal(await timesInMemory(person), 0)
      // And what is held is found.
      const held = [await evaluate(1, nameOf(1))]
      assert.ok((await timesInMemory(person)) > 0, `${held.length} reply`)
    } finally {
      await close()
    }
  })
})
