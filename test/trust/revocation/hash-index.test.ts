import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createHashIndex, type HashBatch, hashTypes } from '../../../src/trust/revocation/hash-index.ts'

const clock = new Date('2026-06-01T00:00:00Z')
const later = new Date('2027-01-01T00:00:00Z')
const hash = (text: string) => createHash('sha256').update(text).digest().subarray(0, 16)
const batch = (change: Partial<HashBatch>): HashBatch => ({
  id: 'one',
  country: 'XA',
  keyId: '',
  hashType: 'UCI',
  expires: later,
  hashes: hash('a'),
  ...change,
})
const question = { country: 'XXA', hashType: 'UCI' as const, hash: hash('a'), keyIds: new Set(['K1']), clock }

describe('an index of revoked hashes', () => {
  const finds = (change: Partial<HashBatch>, asked: Partial<typeof question> = {}) => {
    const index = createHashIndex()
    index.add([batch(change)])
    return index.has({ ...question, ...asked })
  }
  it('finds a hash under the country, in either spelling', () => {
    assert.ok(finds({}))
    assert.ok(finds({ country: 'XXA' }))
    assert.ok(finds({}, { country: 'XA' }))
  })
  it('never finds it for another country, another type, another hash', () => {
    assert.ok(!finds({}, { country: 'XXB' }))
    assert.ok(!finds({ hashType: 'COUNTRYCODEUCI' }))
    assert.ok(!finds({}, { hash: hash('b') }))
    assert.ok(!finds({}, { hash: hash('a').subarray(0, 15) }))
  })
  it('keeps to the key that a batch names, but for signatures, which are those of one key', () => {
    assert.ok(finds({ keyId: 'K1' }))
    assert.ok(!finds({ keyId: 'K2' }))
    const index = createHashIndex()
    index.add([batch({ keyId: 'K2', hashType: 'SIGNATURE' })])
    assert.ok(index.has({ ...question, hashType: 'SIGNATURE' }))
  })
  it('counts a batch up to its last moment', () => {
    assert.ok(finds({}, { clock: later }))
    assert.ok(!finds({}, { clock: new Date(later.getTime() + 1) }))
  })
  it('gives up what has expired and remembers until when it counted', () => {
    const index = createHashIndex()
    index.add([batch({}), batch({ id: 'two', expires: new Date('2028-01-01'), hashes: hash('b') })])
    index.expire(new Date('2027-06-01'))
    assert.ok(!index.has(question))
    assert.ok(index.has({ ...question, hash: hash('b') }))
    const [figures] = index.countries()
    assert.equal(figures?.hashes, 1)
    assert.equal(figures?.givenUpUntil?.getTime(), later.getTime())
  })
  it('takes out a batch by id, and a second one of the same id takes its place', () => {
    const index = createHashIndex()
    index.add([batch({}), batch({ id: 'two', hashes: hash('a') })])
    index.remove(['one', 'unknown'])
    assert.ok(index.has(question))
    index.add([batch({ id: 'two', hashes: hash('c') })])
    assert.ok(!index.has(question))
    assert.ok(index.has({ ...question, hash: hash('c') }))
    index.remove(['two'])
    assert.ok(!index.has({ ...question, hash: hash('c') }))
    assert.deepEqual(
      index.countries().map(({ country, batches }) => [country, batches]),
      [['XXA', 0]],
    )
  })
  it('refuses hashes of another length', () =>
    assert.throws(() => createHashIndex().add([batch({ hashes: Buffer.alloc(17) })]), RangeError))
})

describe('drawn batches, added, taken out and expired in any order', () => {
  // Few different hashes and ids, so that they meet.
  const drawnBatch = fc.record({
    id: fc.nat(12).map(String),
    country: fc.constantFrom('XA', 'XXA', 'XB'),
    keyId: fc.constantFrom('', 'K1', 'K2'),
    hashType: fc.constantFrom(...hashTypes),
    expires: fc.constantFrom(new Date('2026-01-01'), later),
    seeds: fc.array(fc.nat(300), { maxLength: 200 }),
  })
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: fc.array(drawnBatch, { maxLength: 4 }), isLoaded: fc.boolean() }) },
    { weight: 2, arbitrary: fc.array(fc.nat(12).map(String), { maxLength: 3 }).map((remove) => ({ remove })) },
    { weight: 1, arbitrary: fc.constant({ expire: true }) },
  )
  /** Half begin with the same byte, so that a drawer fills. */
  const seeded = (seed: number) => {
    const bytes = Buffer.from(hash(String(seed)))
    if (seed % 2 === 0) bytes[0] = 7
    return bytes
  }
  it('answers as a plain list of batches does', () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const index = createHashIndex()
        const plain = new Map<string, HashBatch>()
        for (const each of steps) {
          if ('add' in each) {
            const added = each.add.map(({ seeds, ...rest }) => ({ ...rest, hashes: Buffer.concat(seeds.map(seeded)) }))
            if (each.isLoaded) index.load(added)
            else index.add(added)
            for (const one of added) plain.set(one.id, one)
          } else if ('remove' in each) {
            index.remove(each.remove)
            for (const id of each.remove) plain.delete(id)
          } else {
            index.expire(clock)
            for (const [id, { expires }] of plain) if (expires < clock) plain.delete(id)
            for (const _ of index.sort()) assert.ok(index)
          }
        }
        const holds = (hashes: Uint8Array, wanted: Buffer) =>
          Array.from({ length: hashes.length / 16 }, (_, at) => at).some((at) =>
            wanted.equals(hashes.subarray(16 * at, 16 * at + 16)),
          )
        for (let seed = 0; seed <= 300; seed += 3)
          for (const hashType of hashTypes) {
            const wanted = seeded(seed)
            const expected = [...plain.values()].some(
              (one) =>
                one.hashType === hashType &&
                one.country !== 'XB' &&
                one.expires >= clock &&
                (hashType === 'SIGNATURE' || one.keyId !== 'K2') &&
                holds(one.hashes, wanted),
            )
            assert.equal(index.has({ ...question, hashType, hash: wanted }), expected)
          }
      }),
      { numRuns: 60 },
    ))
})
