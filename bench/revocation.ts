/** Ten million revoked hashes of one participant, one million in a quick run: what they hold in memory, and what one question costs. */
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { HASH_BYTES } from '../src/trust/revocation/hash-drawer.ts'
import { createHashIndex, type HashBatch, type HashIndex } from '../src/trust/revocation/hash-index.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, costOnce, costs, type Effort, plainFigure, timeFigure } from './support/harness/measure.ts'

const ENTRIES = 1_000
const CALLS = 200_000
const DAY_MILLISECONDS = 86_400_000

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes that this process holds, in and beside the heap, once what is not needed is gone. */
async function heldBytes(): Promise<number> {
  // What a first collection finds is given back after it.
  for (let round = 0; round < 3; round++) {
    collect()
    await setTimeout(100)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Numbers that look drawn (xorshift), the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    yield state >>> 0
  }
}

function fill(hashes: Buffer, next: Iterator<number, never>): Buffer {
  for (let at = 0; at < hashes.length; at += 4) hashes.writeUInt32BE(next.next().value, at)
  return hashes
}

/** Batches of one participant, as a gateway gives them out, each expiring on a day of its own. */
function* batches(now: number, count: number): Generator<HashBatch> {
  const drawn = numbers(1)
  for (let at = 0; at < count; at++) {
    const expires = new Date(now + (1 + (at % 365)) * DAY_MILLISECONDS)
    const hashes = fill(Buffer.alloc(ENTRIES * HASH_BYTES), drawn)
    yield { id: `batch-${at}`, country: 'XA', keyId: '', hashType: 'UCI', expires, hashes }
  }
}

/** Asks for hashes drawn from a seed; the numbers of what was found are counted. */
function lookUps(index: HashIndex, seed: number, clock: Date): () => number {
  const asked = fill(Buffer.alloc(CALLS * HASH_BYTES), numbers(seed))
  const keyIds = new Set(['AAAAAAAAAAA='])
  return () => {
    let found = 0
    for (let at = 0; at < CALLS; at++) {
      const hash = asked.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
      if (index.has({ country: 'XXA', hashType: 'UCI', hash, keyIds, clock })) found++
    }
    return found
  }
}

/** Sorts, and answers the longest step in milliseconds of CPU. */
function sort(index: HashIndex): number {
  let longest = 0
  let began = process.cpuUsage()
  for (const _ of index.sort()) {
    const step = process.cpuUsage(began)
    longest = Math.max(longest, (step.user + step.system) / 1000)
    began = process.cpuUsage()
  }
  return longest
}

export async function bench(effort: Effort): Promise<Measured[]> {
  const count = effort.isQuick ? 1_000 : 10_000
  const clock = new Date('2026-06-01')
  const before = await heldBytes()
  const index = createHashIndex()
  const sorted = await costOnce(() => {
    index.load(batches(clock.getTime(), count))
    return sort(index)
  })
  const bytes = (await heldBytes()) - before
  const [strange, known] = [lookUps(index, 99, clock), lookUps(index, 1, clock)]
  const found = [strange(), known()]
  if (found[0] !== 0 || found[1] !== CALLS)
    throw new Error(`${found[0]} strange and ${found[1]} of ${CALLS} listed hashes were found`)
  const asked = await costs({ strange, known }, effort)
  const late = await costOnce((run) => {
    const hashes = fill(Buffer.alloc(ENTRIES * HASH_BYTES), numbers(5 + run))
    const expires = new Date('2027-01-01')
    index.add([{ id: `late-${run}`, country: 'XA', keyId: '', hashType: 'UCI', expires, hashes }])
  }, effort)
  const all = `${((count * ENTRIES) / 1e6).toFixed(0)},000,000`
  return [
    plainFigure(`memory of ${all} revocation hashes`, bytes / 1e6, 'MB', { target: { value: 200 } }),
    timeFigure(`look-up of a hash that is not listed, of ${all}`, asked.strange, 'µs', {
      per: CALLS,
      target: { value: 2 },
    }),
    timeFigure(`look-up of a hash that is listed, of ${all}`, asked.known, 'µs', { per: CALLS, target: { value: 2 } }),
    timeFigure(`longest step of sorting ${all}`, beside(sorted, sorted.answer), 'ms', {
      target: { value: 50 },
      tolerance: 1,
    }),
    timeFigure(`sorting ${all} in`, sorted, 's', { tolerance: 0.3 }),
    timeFigure('one batch of 1,000 more', late, 'ms', { target: { value: 50 }, tolerance: 1, grain: 10 }),
  ]
}
