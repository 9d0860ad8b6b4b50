/** Lists of concepts that are kept: a bound for all of them, whoever asks for how many. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { icdSource } from '../../../src/packages/vocabularies/icd-11/icd-source.ts'
import { implicitValueSet } from '../../../src/terminology/code-system/implicit/implicit-value-sets.ts'
import { createListMemory, listMemory } from '../../../src/terminology/code-system/list-memory.ts'
import { eclMembers } from '../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { naiveContent } from '../../support/snomed/naive-content.ts'
import { smallRelease, withIds } from '../../support/snomed/small-release.ts'
import { tabulation } from '../vocabularies/icd-11/sample.ts'
import { snomedTerminology } from '../vocabularies/snomed/engine.ts'
import { imported, memoryFiles } from '../vocabularies/support.ts'

const kilobytes = 1024
const limits = { forget: 400 * kilobytes, refuse: 1_000 * kilobytes }

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Collects until something is so, within so many turns. */
async function untilCollected(is: () => boolean): Promise<void> {
  for (let turns = 0; turns < 100 && !is(); turns++) {
    collect()
    await nextTurn()
  }
}

describe('the memory of lists', () => {
  it('is told of what is large, and has it forgotten when there is too much, not at every list', () => {
    const memory = createListMemory(limits)
    let forgotten = 0
    const owner = {}
    memory.whenFull(owner, () => forgotten++)
    const small = memory.account(owner)
    small.add(1_000)
    assert.equal(memory.bytes, 0)
    small.add(19_000)
    assert.equal(memory.bytes, 20_000)
    small.add(-20_000)
    assert.equal(memory.bytes, 0)
    const owners = Array.from({ length: 9 }, () => ({}))
    const accounts = owners.map((each) => memory.account(each))
    for (const each of accounts.slice(0, 4)) each.add(100 * kilobytes)
    assert.equal(forgotten, 0)
    for (const each of accounts.slice(4)) each.add(100 * kilobytes)
    assert.ok(forgotten > 0 && forgotten < 5, `${forgotten} times`)
    assert.equal(owners.length, 9)
  })

  it('makes no more than there is room for what is worked on: 503, and nothing is counted', () => {
    const memory = createListMemory(limits)
    const [owner, other] = [{}, {}]
    const account = memory.account(owner)
    account.work(900 * kilobytes)
    const before = memory.bytes
    const waiting = memory.account(other)
    for (const each of [account, waiting])
      assert.throws(() => each.work(200 * kilobytes), { status: 503, headers: { 'Retry-After': '2' } })
    assert.deepEqual([memory.bytes, memory.working], [before, before])
    // What is there is nobody's work: others go on, whether it is let go or not.
    account.done()
    assert.deepEqual([memory.bytes, memory.working], [before, 0])
    waiting.work(200 * kilobytes)
    account.add(-800 * kilobytes)
    assert.deepEqual([memory.bytes, memory.working], [300 * kilobytes, 200 * kilobytes])
    assert.ok(owner && other)
  })

  it('counts what nobody has any more until it is collected, and holds nobody', async () => {
    const memory = createListMemory(limits)
    let forgotten = 0
    const fill = () => {
      const owner = {}
      memory.whenFull(owner, () => forgotten++)
      // Its work was given up, and nobody said so.
      memory.account(owner).work(300 * kilobytes)
    }
    fill()
    assert.deepEqual([memory.bytes, memory.working], [300 * kilobytes, 300 * kilobytes])
    await untilCollected(() => memory.bytes === 0)
    assert.deepEqual([memory.bytes, memory.working], [0, 0])
    const last = {}
    memory.account(last).add(500 * kilobytes)
    assert.equal(forgotten, 0)
    assert.ok(last)
  })

  it('is not needed for names that are long: they are not kept', () => {
    const { provider: icd } = imported(icdSource(memoryFiles({ 'SimpleTabulation-ICD-11-MMS-en.txt': tabulation() })))
    const heap = () => {
      collect()
      return process.memoryUsage().heapUsed / 2 ** 20
    }
    const before = heap()
    for (let n = 0; n < 200; n++) {
      const long = `${n}`.padEnd(300_000, '1')
      assert.ok(implicitValueSet(`http://snomed.info/sct?fhir_vs=ecl/${long}`))
      assert.equal(icd.locate(`${long}&X`), undefined)
    }
    const more = heap() - before
    // All of them are 120 MB.
    assert.ok(more < 20, `${more} MB more`)
  })

  it('bounds what ever new expressions over several releases take', async () => {
    const rows = smallRelease()
    // Each answer is a list of its own, of 6 MB.
    const releases = ['20250901', '20250801', '20250701'].map((date) => {
      const content = naiveContent({ ...rows, version: rows.version.replace(/\d+$/, date) })
      const descendants = () => new Int32Array(1_500_000)
      return { ...content, hierarchy: { ...content.hierarchy, descendants } }
    })
    const terminology = snomedTerminology(releases)
    const buffers = () => process.memoryUsage().arrayBuffers / 2 ** 20
    collect()
    const before = buffers()
    let most = 0
    for (let n = 0; n < 100; n++) {
      for (const { version } of releases) {
        const url = `${version}?fhir_vs=ecl/${encodeURIComponent(withIds(`< {disorder} /* ${n} */`))}`
        const parameter = [
          { name: 'url', valueUri: url },
          { name: 'count', valueInteger: 0 },
        ]
        const { expansion } = await terminology.expand({ resourceType: 'Parameters', parameter }, {})
        assert.equal(expansion?.total, 1_500_000)
      }
      if (n % 5 !== 0) continue
      collect()
      await nextTurn()
      most = Math.max(most, buffers() - before)
    }
    // 300 lists are 1,700 MB.
    assert.ok(most < 200, `${most} MB of lists were kept`)
    assert.equal(listMemory.working, 0)
    // One after the other at once, so that nothing is said to be collected: each of them is answered.
    const [release] = releases
    for (let n = 0; release && n < 60; n++) {
      const ecl = withIds(`< {disorder} OR < {wing} /* ${n} */`)
      assert.ok(eclMembers(release, ecl).length > 0)
    }
    assert.equal(listMemory.working, 0)
  })
})
