import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../../src/base/json-value.ts'
import { readCardList } from '../../../src/trust/revocation/card-list.ts'
import { hashTypes } from '../../../src/trust/revocation/hash-index.ts'
import { batchJson, readBatch } from '../../../src/trust/revocation/read-batch.ts'
import { readCases } from '../../support/read-cases.ts'

interface Case {
  name: string
  change?: Record<string, Json>
  whole?: Json
  fault?: string
  read?: {
    country?: string
    keyId?: string
    hashType?: string
    count?: number
    hex?: string
    expires?: string
    date?: string
  }
  before?: Record<string, number | 'always' | null>
  malformed?: number
}

const hashes = ['AAECAwQFBgcICQoLDA0ODw==', '//79/Pv6+fj39vX08/Lx8A==']
const batch = {
  country: 'XA',
  expires: '2027-01-01T00:00:00Z',
  kid: 'AQIDBAUGBwg=',
  hashType: 'UCI',
  entries: hashes.map((hash) => ({ hash })),
}
const cards = { kid: 'k'.repeat(43), method: 'rid', ctr: 1, rids: [] }

/** A null takes a member out. */
function changed(whole: object, { change, whole: given }: Case): Json {
  if (given !== undefined) return given
  const members = Object.entries({ ...whole, ...change })
  return Object.fromEntries(members.filter(([name, value]) => value !== null || name === 'kid')) as Json
}

for (const each of readCases<Case>(import.meta.url, 'cases/batch.json'))
  test(`batch: ${each.name}`, () => {
    const found = readBatch(changed(batch, each))
    if (each.fault !== undefined) {
      assert.ok(typeof found === 'string')
      assert.match(found, new RegExp(each.fault))
      for (const { hash } of batch.entries) assert.ok(!found.includes(hash))
      return
    }
    assert.ok(typeof found !== 'string', String(found))
    const { count, hex, expires, date, ...members } = each.read ?? {}
    for (const [name, value] of Object.entries(members)) assert.equal(Object(found)[name], value)
    if (count !== undefined) assert.equal(found.hashes.length, 16 * count)
    if (hex !== undefined) assert.equal(Buffer.from(found.hashes).toString('hex'), hex)
    if (expires !== undefined) assert.equal(found.expires.toISOString(), expires)
    if (date !== undefined) assert.equal(found.date?.toISOString(), date)
  })

for (const each of readCases<Case>(import.meta.url, 'cases/card-list.json'))
  test(`card list: ${each.name}`, () => {
    const found = readCardList(changed(cards, each))
    if (each.fault !== undefined) {
      assert.ok(typeof found === 'string')
      assert.match(found, new RegExp(each.fault))
      return
    }
    assert.ok(typeof found !== 'string', String(found))
    for (const [rid, before] of Object.entries(each.before ?? {}))
      assert.equal(found.revokedBefore(rid), before === 'always' ? Number.POSITIVE_INFINITY : (before ?? undefined))
    assert.equal(found.faults.length, each.malformed ? 1 : 0)
    if (each.malformed) assert.match(found.faults[0] ?? '', new RegExp(`^${each.malformed} of `))
  })

test('whatever a file holds, it is a batch that was understood whole, or a text', () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom(...hashTypes, 'XA', batch.expires, batch.kid))
  const entries = fc.array(fc.oneof(fc.record({ hash: fc.oneof(fc.string(), fc.base64String()) }), fc.jsonValue()))
  const near = fc.record(
    { country: member, expires: member, kid: member, hashType: member, entries: fc.oneof(entries, member) },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
      const json = JSON.parse(JSON.stringify(value)) as Json
      const read = readBatch(json)
      if (typeof read === 'string') return
      assert.equal(read.hashes.length, 16 * (Object(json).entries as unknown[]).length)
      assert.ok(hashTypes.includes(read.hashType))
      assert.ok(!Number.isNaN(read.expires.getTime()))
    }),
  )
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      const read = batchJson(text, (json) => JSON.parse(json) as Json)
      assert.ok(typeof read === 'string' || 'json' in read)
    }),
  )
  fc.assert(fc.property(fc.jsonValue(), (value) => void readCardList(JSON.parse(JSON.stringify(value)))))
})
