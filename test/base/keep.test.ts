import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keep, keepLast, keepPerObject } from '../../src/base/keep.ts'

describe('keep', () => {
  it('makes a value once per key', () => {
    const kept = keep<string, number>(2)
    let made = 0
    const make = () => ++made
    assert.deepEqual([kept.of('a', make), kept.of('a', make), kept.of('b', make)], [1, 1, 2])
  })

  it('never holds more than it may, and drops what was not used longest (against a plain list)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), fc.integer({ min: 1, max: 5 }), (keys, most) => {
        const kept = keep<number, number>(most)
        let plain: number[] = []
        for (const key of keys) {
          kept.of(key, (each) => each)
          plain = [...plain.filter((each) => each !== key), key].slice(-most)
          assert.equal(kept.size, plain.length)
        }
        for (const key of plain) assert.equal(kept.get(key), key)
      }),
    )
  })

  it('does the same whatever is asked of it in between', () => {
    const step = fc.tuple(fc.constantFrom('get', 'of', 'set', 'delete', 'clear'), fc.integer({ min: 0, max: 6 }))
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, most) => {
        const kept = keep<number, number>(most)
        let plain: [number, number][] = []
        for (const [at, [what, key]] of steps.entries()) {
          const known = plain.find(([each]) => each === key)
          const rest = plain.filter(([each]) => each !== key)
          if (what === 'get') {
            assert.equal(kept.get(key), known?.[1])
            plain = known ? [...rest, known] : plain
          } else if (what === 'of') {
            assert.equal(
              kept.of(key, () => at),
              known?.[1] ?? at,
            )
            plain = [...rest, known ?? ([key, at] as [number, number])].slice(-most)
          } else if (what === 'set') {
            kept.set(key, at)
            plain = [...rest, [key, at] as [number, number]].slice(-most)
          } else if (what === 'delete') {
            kept.delete(key)
            plain = rest
          } else {
            kept.clear()
            plain = []
          }
          assert.equal(kept.size, plain.length)
        }
        for (const [key, value] of plain) assert.equal(kept.get(key), value)
      }),
    )
  })

  it('keeps undefined as a value', () => {
    const kept = keep<string, undefined>(2)
    let made = 0
    for (let time = 0; time < 2; time++) kept.of('a', () => void made++)
    assert.equal(made, 1)
  })

  it('keeps neither what throws nor a promise that is rejected', async () => {
    const kept = keep<string, Promise<number>>(2)
    await assert.rejects(kept.of('a', () => Promise.reject(new Error('not now'))))
    assert.equal(await kept.of('a', async () => 2), 2)
    const plain = keep<string, number>(2)
    assert.throws(() =>
      plain.of('a', () => {
        throw new Error('not now')
      }),
    )
    assert.equal(plain.size, 0)
  })

  it('a rejected promise does not take away what was kept since', async () => {
    const kept = keep<string, Promise<number>>(2)
    let reject: (error: Error) => void = () => {}
    const first = kept.of('a', () => new Promise((_, no) => (reject = no)))
    kept.set('a', Promise.resolve(2))
    reject(new Error('late'))
    await assert.rejects(first)
    assert.equal(await kept.get('a'), 2)
  })
})

describe('keepPerObject', () => {
  it('makes a value once per object', () => {
    let made = 0
    const read = keepPerObject((each: { n: number }) => each.n + ++made)
    const one = { n: 1 }
    assert.deepEqual([read(one), read(one), read({ n: 1 })], [2, 2, 3])
  })
})

describe('keepLast', () => {
  it('gives back what was made of the very same, and of nothing else', () => {
    const kept = keepLast<string>()
    assert.equal(kept.get([]), undefined)
    const one = {}
    kept.set(['a', one, undefined], 'made')
    assert.equal(kept.get(['a', one, undefined]), 'made')
    for (const other of [['a', {}, undefined], ['b', one, undefined], ['a', one], ['a', one, undefined, 1], []])
      assert.equal(kept.get(other), undefined)
    kept.set(['b'], 'later')
    assert.deepEqual([kept.get(['b']), kept.get(['a', one, undefined])], ['later', undefined])
  })
})

describe('keep by weight', () => {
  it('what is kept is what would be made, and never more bytes than may be', () => {
    const asked = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.nat(60) }))
    fc.assert(
      fc.property(asked, (asks) => {
        const sizes = new Map<string, number>()
        const kept = keep<string, string>(100, (_key, value) => Number(value.slice(1)))
        for (const { key, size } of asks) {
          const own = sizes.get(key) ?? size
          sizes.set(key, own)
          assert.equal(
            kept.of(key, () => `${key}${own}`),
            `${key}${own}`,
          )
          const total = [...sizes].reduce((sum, [each, weight]) => sum + (kept.get(each) === undefined ? 0 : weight), 0)
          assert.ok(total <= 100)
        }
      }),
    )
  })

  it('the least recently used goes first, what is too large is not kept, what throws is tried again', () => {
    let made = 0
    const kept = keep<string, number>(30, (_key, value) => value)
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
    assert.equal(kept.size, 3)
    assert.equal(kept.set('b', 31), 31)
    assert.equal(kept.get('b'), undefined, 'what it stands in place of is not kept either')
    kept.set('c', 30)
    assert.equal(kept.size, 1)
    kept.clear()
    kept.set('d', 30)
    assert.equal(kept.size, 1)
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
})
