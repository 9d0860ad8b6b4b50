import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { HASH_BYTES } from '../src/trust/revocation/hash-drawer.ts'
import { createHashIndex, type HashBatch, type HashIndex } from '../src/trust/revocation/hash-index.ts'

const BATCHES = 10_000
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
function* batches(now: number): Generator<HashBatch> {
  const drawn = numbers(1)
  for (let at = 0; at < BATCHES; at++) {
    const expires = new Date(now + (1 + (at % 365)) * DAY_MILLISECONDS)
    const hashes = fill(Buffer.alloc(ENTRIES * HASH_BYTES), drawn)
    yield { id: `batch-${at}`, country: 'XA', keyId: '', hashType: 'UCI', expires, hashes }
  }
}

function microsecondsPerLookUp(index: HashIndex, seed: number, clock: Date): { microseconds: number; found: number } {
  const asked = fill(Buffer.alloc(CALLS * HASH_BYTES), numbers(seed))
  const keyIds = new Set(['AAAAAAAAAAA='])
  let found = 0
  const start = process.cpuUsage()
  for (let at = 0; at < CALLS; at++) {
    const hash = asked.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
    if (index.has({ country: 'XXA', hashType: 'UCI', hash, keyIds, clock })) found++
  }
  const { user, system } = process.cpuUsage(start)
  return { microseconds: (user + system) / CALLS, found }
}

/** Ten million revoked hashes of one participant: what they hold in memory, and what one question costs. */
export async function bench(): Promise<{ name: string; value: string; target: string }[]> {
  const clock = new Date('2026-06-01')
  const before = await heldBytes()
  const start = process.cpuUsage()
  const index = createHashIndex()
  index.load(batches(clock.getTime()))
  let longest = 0
  let began = process.cpuUsage()
  for (const _ of index.sort()) {
    const step = process.cpuUsage(began)
    longest = Math.max(longest, (step.user + step.system) / 1000)
    began = process.cpuUsage()
  }
  const { user, system } = process.cpuUsage(start)
  const bytes = (await heldBytes()) - before
  microsecondsPerLookUp(index, 7, clock)
  const strange = microsecondsPerLookUp(index, 99, clock)
  const known = microsecondsPerLookUp(index, 1, clock)
  if (strange.found !== 0 || known.found !== CALLS)
    throw new Error(`${strange.found} strange and ${known.found} of ${CALLS} listed hashes were found`)
  const single = process.cpuUsage()
  const hashes = fill(Buffer.alloc(ENTRIES * HASH_BYTES), numbers(5))
  index.add([{ id: 'late', country: 'XA', keyId: '', hashType: 'UCI', expires: new Date('2027-01-01'), hashes }])
  const late = process.cpuUsage(single)
  return [
    { name: 'memory of 10,000,000 revocation hashes', value: `${Math.round(bytes / 1e6)} MB`, target: '< 200 MB' },
    { name: 'look-up of a hash that is not listed', value: `${strange.microseconds.toFixed(2)} µs`, target: '< 2 µs' },
    { name: 'look-up of a hash that is listed', value: `${known.microseconds.toFixed(2)} µs`, target: '< 2 µs' },
    { name: 'longest step of sorting, milliseconds', value: longest.toFixed(1), target: '< 50' },
    { name: 'sorting them in, CPU seconds', value: ((user + system) / 1e6).toFixed(1), target: '-' },
    {
      name: 'one batch of 1,000 more, CPU milliseconds',
      value: ((late.user + late.system) / 1000).toFixed(1),
      target: '< 50',
    },
  ]
}
