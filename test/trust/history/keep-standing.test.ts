/** What is kept of trust lists comes back as it was, whatever is in it. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sha256Hex } from '../../../src/base/crypto/sha256.ts'
import { decodeValue, encodeValue } from '../../../src/trust/history/encode.ts'
import { keepStanding, readStanding } from '../../../src/trust/history/keep-standing.ts'
import { createKeyIndex } from '../../../src/trust/keys/key-index.ts'
import { certificateMembers, type TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { readCardList } from '../../../src/trust/revocation/card-list.ts'
import { emptyBook } from '../../../src/trust/revocation/gateway/batch-book.ts'
import { createHashIndex, type HashBatch, hashIndexOf, hashTypes } from '../../../src/trust/revocation/hash-index.ts'
import type { RevocationSource } from '../../../src/trust/revocation/revocation-lists.ts'
import { revocationsOf, type Standing } from '../../../src/trust/standing.ts'
import { testIssuer } from '../../support/issuer.ts'

const issuer = testIssuer({ country: 'XA' })
const bare = generateKeyPairSync('ed25519').publicKey

const key = (change: Partial<TrustedKey> = {}): TrustedKey => ({
  keyId: issuer.keyId.toString('base64'),
  participant: 'XXA',
  domain: 'DCC',
  usage: 'DSC',
  chain: [issuer.sca],
  lists: ['first'],
  status: 'current',
  warnings: [],
  ...certificateMembers(issuer.dsc),
  ...change,
})

/** Contents in memory. */
function memory() {
  const contents = new Map<string, Buffer>()
  return {
    contents,
    addContent: async (bytes: Uint8Array) => {
      const hash = sha256Hex(bytes)
      contents.set(hash, Buffer.from(bytes))
      return hash
    },
    content: async (hash: string) => {
      const found = contents.get(hash)
      if (!found) throw new Error('not there')
      return found
    },
  }
}

async function again(standing: Standing) {
  const files = memory()
  const kept = await keepStanding(standing, { files, mostBytes: 1e8 })
  return { files, kept, back: await readStanding(JSON.parse(JSON.stringify(kept)), files) }
}

const run = <T>(steps: Generator<void, T>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: false }).filter((each) => !Object.is(each, -0)),
    fc.date({ noInvalidDate: true }),
    fc.constantFrom(issuer.dsc.publicKey, bare),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('$', 'a', '__proto__', 'constructor', 'text'), tie('any'), { noNullPrototype: true }),
    fc.array(fc.tuple(fc.string(), tie('any')), { maxLength: 3 }).map((each) => new Map(each)),
    fc.uniqueArray(fc.string(), { maxLength: 3 }).map((each) => new Set(each)),
  ),
})).any

describe('values of trust lists', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(value, (given) => {
        assert.deepEqual(decodeValue(JSON.parse(JSON.stringify(encodeValue(given)))), given)
      }),
      { numRuns: 300 },
    )
  })

  it('what has no form is refused, and never left out', () => {
    class Own {}
    const [privateKey] = [generateKeyPairSync('ed25519').privateKey]
    for (const each of [new Own(), () => 1, Symbol('a'), 1n, /a/, privateKey, Buffer.from('a')])
      for (const given of [each, [each], { a: each }, new Map([['a', each]])])
        assert.throws(() => encodeValue(given), /has no form/)
  })

  it('nothing else is taken for such a value', () => {
    for (const each of [
      null,
      1,
      'a',
      [],
      {},
      { certificates: [], keys: [] },
      { certificates: ['x'], keys: [], value: 1 },
    ])
      if (!(typeof each === 'object' && each !== null && 'keys' in each && 'value' in each === false))
        assert.throws(() => decodeValue(each as never))
    for (const mark of ['other', 'certificate', 'key', 'map', 'set', 'object'])
      assert.throws(() => decodeValue({ certificates: [], keys: [], value: { $: mark, number: 0 } }), mark)
  })

  it('a certificate stands once, however often it is named', () => {
    const text = JSON.stringify(encodeValue([key(), key(), key({ chain: [issuer.sca, issuer.sca] })]))
    for (const certificate of [issuer.dsc, issuer.sca])
      assert.equal(text.split(certificate.raw.toString('base64')).length, 2)
  })
})

const batch = fc.record({
  id: fc.uuid(),
  country: fc.constantFrom('XA', 'XXA', 'XB', 'DE', 'DEU'),
  keyId: fc.constantFrom('', 'AAAAAAAAAAA='),
  hashType: fc.constantFrom(...hashTypes),
  expires: fc.constantFrom(new Date('2026-01-01'), new Date('2027-01-01'), new Date('2028-01-01')),
  hashes: fc.uint8Array({ minLength: 0, maxLength: 8 }).map((bytes) => {
    const all = new Uint8Array(bytes.length * 16)
    for (const [place, byte] of bytes.entries()) all.fill(byte, place * 16, place * 16 + 16)
    return all
  }),
})

describe('revoked hashes', () => {
  it('are the same index again, with what expired and what was taken out', () => {
    const made = fc.array(batch, { maxLength: 8 })
    fc.assert(
      fc.property(made, fc.array(fc.nat(7)), fc.boolean(), (batches: HashBatch[], gone, isExpired) => {
        const index = createHashIndex()
        index.load(batches)
        run(index.sort())
        index.remove(gone.flatMap((place) => batches[place]?.id ?? []))
        if (isExpired) index.expire(new Date('2026-06-01'))
        const back = run(hashIndexOf(run(index.contents())))
        const sorted = (each: typeof index) =>
          each
            .countries()
            .map((figures) => ({
              ...figures,
              spellings: figures.spellings.toSorted(),
              types: figures.types.toSorted(),
            }))
            .toSorted((a, b) => a.country.localeCompare(b.country))
        assert.deepEqual(sorted(back), sorted(index))
        for (const { country, hashType } of batches)
          for (let byte = 0; byte < 256; byte++)
            for (const clock of [new Date('2025-01-01'), new Date('2026-06-01')]) {
              const query = {
                country,
                hashType,
                hash: new Uint8Array(16).fill(byte),
                keyIds: new Set(['AAAAAAAAAAA=']),
                clock,
              }
              assert.equal(back.has(query), index.has(query))
            }
      }),
      { numRuns: 60 },
    )
  })
})

const clock = new Date('2026-06-01')
const rid = 'card'
const sourcesOf = (): RevocationSource[] => {
  const hashes = createHashIndex()
  const expires = new Date('2027-01-01')
  hashes.load([{ id: '1', country: 'XA', keyId: '', hashType: 'UCI', expires, hashes: new Uint8Array(16).fill(7) }])
  const list = readCardList({ kid: 'k'.repeat(43), method: 'rid', ctr: 2, rids: [rid, 'other.5'] })
  if (typeof list === 'string') throw new Error(list)
  const cards = { issuer: 'https://issuer.example', lists: new Map([[list.keyId, list]]) }
  const maxAgeSeconds = 10
  return [
    { name: 'batches', content: { hashes, date: clock, book: emptyBook('g') }, maxAgeSeconds, participant: 'XXA' },
    { name: 'cards', content: { hashes: createHashIndex(), cards }, issuer: cards.issuer, maxAgeSeconds },
    { name: 'never read', failure: 'not there', maxAgeSeconds },
    {
      name: 'cut',
      content: { hashes: createHashIndex(), incomplete: 'why', missing: [{ country: 'XB', count: 2 }] },
      maxAgeSeconds,
    },
  ]
}

describe('the standing of trust lists', () => {
  it('comes back as it was', async () => {
    const plain = key({
      validFrom: new Date('2021-01-01'),
      revocationVersion: 3,
      revocationList: { $: 'x', rids: [1.5] },
    })
    const standing: Standing = {
      lists: [Array.from({ length: 600 }, (_, place) => key({ otherKeyIds: [String(place)] })), [plain], []],
      names: ['first', 'second', 'empty'],
      rules: {
        leftOut: [key({ status: 'revoked' })],
        distrust: [{ list: 'out', participants: ['XXB'], thumbprints: [], keyIds: ['a'] }],
        suspended: [{ key: key(), reason: 'why' }],
        required: [{ name: 'second', keys: [plain] }],
        unavailable: undefined,
        standings: new Map([['first', { since: clock, rejectAfterSeconds: 5, newer: new Set(['aa']) }]]),
        gap: 'gap',
      },
      revocations: undefined,
    }
    const { back } = await again(standing)
    // By their text: certificates are dear to compare, and dearer to show.
    const text = (each: unknown) => (each === undefined ? undefined : JSON.stringify(encodeValue(each)))
    assert.ok(text(back.lists) === text(standing.lists))
    assert.deepEqual(back.names, standing.names)
    const names = Object.keys(standing.rules).filter((name) => name !== 'unavailable')
    assert.deepEqual(Object.keys(back.rules).sort(), names.sort())
    for (const [name, rule] of Object.entries(standing.rules))
      assert.equal(text(Object.entries(back.rules).find(([each]) => each === name)?.[1]), text(rule), name)
    assert.equal(back.revocations, undefined)
  })

  it('and its revocation lists answer as they did', async () => {
    const standing: Standing = { lists: [[key()]], names: ['first'], rules: {}, revocations: sourcesOf() }
    const { back } = await again(standing)
    const index = createKeyIndex(standing.lists)
    const [before, after] = [revocationsOf(standing, index), revocationsOf(back, index)]
    for (const participant of ['XXA', 'XXB', 'XXC']) {
      const question = { key: key({ participant }), keyId: 'a', issuer: undefined, clock: new Date('2026-06-02') }
      const [then, now] = [before?.hashes(question), after?.hashes(question)]
      assert.deepEqual({ ...now, names: 0, mayName: 0 }, { ...then, names: 0, mayName: 0 })
      for (const byte of [6, 7]) {
        const hash = new Uint8Array(16).fill(byte)
        assert.equal(now?.names('UCI', hash), then?.names('UCI', hash))
        assert.equal(now?.mayName('UCI', hash), then?.mayName('UCI', hash))
      }
    }
    const question = { key: key(), keyId: 'k'.repeat(43), issuer: 'https://issuer.example', clock }
    const [then, now] = [before?.cards(question), after?.cards(question)]
    assert.equal(now?.lists[0]?.revokedBefore(rid), Number.POSITIVE_INFINITY)
    assert.equal(now?.lists[0]?.revokedBefore('other'), 5)
    assert.deepEqual(now?.faults, then?.faults)
  })

  it('is refused when any part of it is lost', async () => {
    const { files, kept } = await again({ lists: [[key()]], names: ['a'], rules: {}, revocations: sourcesOf() })
    for (const hash of files.contents.keys()) {
      const content = async (asked: string) => {
        if (asked === hash) throw new Error('lost')
        return files.content(asked)
      }
      await assert.rejects(readStanding(kept, { content }), hash)
    }
  })

  it('is not kept beyond its bytes', async () => {
    const standing: Standing = { lists: [[key()]], names: ['a'], rules: {}, revocations: undefined }
    await assert.rejects(keepStanding(standing, { files: memory(), mostBytes: 500 }), /takes more than 500 bytes/)
  })
})
