/** Concepts by the beginnings of words: whatever is kept between two questions, against looking at every concept. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  alsoIn,
  bitsOf,
  commonBits,
  commonOrdinals,
  listOf,
  ordered,
  united,
  withBit,
} from '../../../src/terminology/code-system/ordinals.ts'
import { exactOrdinals, type Postings, withWords } from '../../../src/terminology/code-system/postings.ts'
import { collectPostings, searchPostings, words } from '../../../src/terminology/code-system/text-index.ts'

const ascending = (most: number, length: number) =>
  fc.uniqueArray(fc.nat(most), { maxLength: length }).map((list) => Int32Array.from(list.sort((a, b) => a - b)))

describe('ordinals', () => {
  it('in common are those of both lists, however long they are', () => {
    fc.assert(
      fc.property(ascending(300, 40), ascending(300, 290), (a, b) => {
        const expected = [...a].filter((each) => b.includes(each))
        assert.deepEqual([...commonOrdinals(a, b)], expected)
        assert.deepEqual([...commonOrdinals(b, a)], expected)
        assert.deepEqual([...withBit(a, bitsOf(b, 301))], expected)
        assert.deepEqual([...listOf(commonBits(bitsOf(a, 301), bitsOf(b, 301)), a.length)], expected)
      }),
    )
  })

  it('are found among those of several lists, each once, whatever was looked for before', () => {
    const lists = fc.array(fc.nat(900), { maxLength: 60 }).map((list) => Int32Array.from(list))
    const size = fc.constantFrom(901, 1200, 100_000)
    fc.assert(
      fc.property(fc.array(fc.tuple(lists, lists, size), { maxLength: 5 }), (asked) => {
        for (const [a, b, count] of asked) {
          const expected = [...new Set([...a].filter((each) => b.includes(each)))].sort((x, y) => x - y)
          assert.deepEqual([...ordered(alsoIn(a, b, count), count)], expected)
          assert.deepEqual([...ordered(withBit(a, bitsOf(b, count)), count)], expected)
        }
      }),
    )
  })

  it('of several lists are united, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(900), { maxLength: 200 }), fc.constantFrom(901, 100_000), (all, count) => {
        const expected = [...new Set(all)].sort((a, b) => a - b)
        const given = Int32Array.from(all)
        assert.deepEqual([...united(given, count)], expected)
        assert.deepEqual([...given], all, 'a part of an index stays as it is')
      }),
    )
  })
})

/** Words that share beginnings; 20,000 concepts, so that lists of frequent words are long. */
const COUNT = 20_000
const textOf = (i: number) =>
  `${i % 41 === 0 ? `rare${i}` : 'often'} ${i % 2 === 0 ? 'even' : 'odd'} every${i % 3} e${i % 11} word${i % 997} ${i % 7 === 0 ? 'Straße straße' : 'x'} ${i % 500 === 0 ? '接种 𝒳a' : ''}`

function postings(): Postings {
  const made = collectPostings()
  for (let i = 0; i < COUNT; i++) for (const word of words(textOf(i))) made.add(word, i)
  return made.finish()
}

describe('texts', () => {
  const own = postings()
  const bruteForce = (text: string) => {
    const wanted = words(text)
    if (wanted.length === 0) return []
    const found: number[] = []
    for (let i = 0; i < COUNT; i++) {
      const has = words(textOf(i))
      if (wanted.every((prefix) => has.some((word) => word.startsWith(prefix)))) found.push(i)
    }
    return found
  }
  const begin = fc.constantFrom(
    'e',
    'ev',
    'even',
    'odd',
    'every1',
    'e1',
    'word',
    'word9',
    'word99',
    'word1',
    'word12',
    'rare',
    'rare1',
    'rare41',
    'of',
    'every',
    'str',
    'stra',
    '接',
    '𝒳',
    'x',
    'zz',
    'ODD',
  )

  it('find the concepts that have a word with each of the beginnings', () => {
    fc.assert(
      fc.property(fc.array(begin, { maxLength: 4 }), (asked) => {
        const text = asked.join(' ')
        const found = searchPostings(own, COUNT, text)
        const expected = bruteForce(text)
        assert.equal(found.size(), expected.length, text)
        assert.deepEqual(
          expected.filter((each, index) => found.at(index) !== each || !found.has(each)),
          [],
          text,
        )
      }),
      { numRuns: 200 },
    )
  })

  it('find the same whatever was asked before, and however often', () => {
    const texts = Array.from({ length: 400 }, (_, i) => `word${i} e${i % 3}`)
    const first = texts.map((text) => [...withWords(own, COUNT, words(text))])
    const again = texts.map((text) => [...withWords(own, COUNT, words(text))])
    assert.deepEqual(again, first)
    assert.deepEqual(first[7], bruteForce(texts[7] ?? ''))
  })

  it('that are whole words are found exactly', () => {
    assert.deepEqual([...exactOrdinals(own, 'word12')].length, Math.ceil((COUNT - 12) / 997))
    assert.equal(exactOrdinals(own, 'word').length, 0)
    assert.equal(exactOrdinals(own, '').length, 0)
    assert.equal(exactOrdinals(own, 'zzz').length, 0)
  })

  it('keep what they found within one bound for all indexes, and hold on to none of these', () => {
    // A list of 4 MB for the beginning of both words, of 2 MB for each word.
    const half = 1 << 19
    const large = (): Postings => ({
      vocabulary: ['aa', 'ab'],
      start: Int32Array.of(0, half, 2 * half),
      ordinals: Int32Array.from({ length: 2 * half }, (_, i) => i),
    })
    const [first, ...others] = [large(), large(), large()]
    const found = withWords(first, 2 * half, ['a'])
    assert.equal(found.length, 2 * half)
    assert.equal(withWords(first, 2 * half, ['a']), found)
    for (const each of others) assert.equal(withWords(each, 2 * half, ['a']).length, 2 * half)
    assert.notEqual(withWords(first, 2 * half, ['a']), found)
    assert.notEqual(withWords(first, 2 * half, ['aa']), withWords(first, 2 * half, ['aa']))
  })
})
