import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededUuids } from '../../../src/evaluate/map/seeded-uuids.ts'

test('the same seed gives the same UUIDs, another one others; each is of version 8 and told once', () => {
  const of = (seed: string) => {
    const next = seededUuids(seed)
    return Array.from({ length: 50 }, () => next())
  }
  assert.deepEqual(of('a'), of('a'))
  assert.equal(new Set([...of('a'), ...of('b')]).size, 100)
  for (const uuid of of('a'))
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
