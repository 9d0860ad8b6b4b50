import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keepBytes } from '../../src/base/keep-bytes.ts'

test('what is kept is what would be made, and never more bytes than may be', () => {
  const asked = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.nat(60) }))
  fc.assert(
    fc.property(asked, (asks) => {
      const sizes = new Map<string, number>()
      const kept = keepBytes<string, string>(100, (_key, value) => Number(value.slice(1)))
      for (const { key, size } of asks) {
        const own = sizes.get(key) ?? size
        sizes.set(key, own)
        assert.equal(
          kept.of(key, () => `${key}${own}`),
          `${key}${own}`,
        )
        assert.ok(kept.bytes <= 100)
      }
    }),
  )
})

test('the least recently used goes first, what is too large is not kept, what throws is tried again', () => {
  let made = 0
  const kept = keepBytes<string, number>(30, (_key, value) => value)
  const ask = (key: string, size: number) =>
    kept.of(key, () => {
      made++
      return size
    })
  for (const key of ['a', 'b', 'c', 'a', 'd']) ask(key, 10)
  assert.equal(made, 4)
  ask('a', 10)
  assert.equal(made, 4, 'a was used after b')
  ask('b', 10)
  assert.equal(made, 5)
  ask('large', 31)
  ask('large', 31)
  assert.equal(made, 7)
  assert.equal(kept.bytes, 30)
  assert.throws(() =>
    kept.of('fault', () => {
      throw new Error('not now')
    }),
  )
  assert.equal(
    kept.of('fault', () => 1),
    1,
  )
})
