import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareNames, writtenName } from '../../../src/evaluate/identity/names.ts'
import { agree, wordsOf } from '../../../src/evaluate/identity/transliterate.ts'
import { walkSections } from '../../support/sections.ts'

interface NameCase {
  credential: string | string[]
  document: string
  is: string
}

walkSections<NameCase>('names.json', import.meta.url, ({ credential, document, is }) => {
  assert.equal(compareNames([credential].flat(), writtenName(document)), is)
  // Who shows which does not matter, unless several names are shown.
  if (typeof credential === 'string') assert.equal(compareNames([document], writtenName(credential)), is)
})

/** Names as people have them, of several alphabets, and worse. */
const letters = fc.constantFrom(..."abcdeéöüßñøåæłşıђџщюяьжїαβψωمحدعأ王明रा-' .\u0301\u200d".normalize('NFC'))
const name = fc.oneof(
  fc.string({ unit: letters, maxLength: 24 }),
  fc.string({ unit: 'grapheme', maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 24 }),
)

describe('whatever the names are', () => {
  it('comparing them is symmetric and never throws', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        assert.equal(compareNames([a], writtenName(b)), compareNames([b], writtenName(a)))
      }),
    )
  })

  it('one that has a letter is the same as itself, in capitals and turned round', () => {
    fc.assert(
      fc.property(name, (a) => {
        const turned = a.split(' ').reverse().join(' ')
        const expected = wordsOf(a).length === 0 ? 'unknown' : 'same'
        assert.equal(compareNames([a], writtenName(a)), expected)
        assert.equal(compareNames([a], writtenName(turned)), expected)
      }),
    )
  })

  it('a word agrees with every way to write it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: letters, minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat(5)),
        (text, picks) => {
          for (const word of wordsOf(text)) {
            if (!word.isLatin) continue
            const spelt = word.letters.map((ways) => ways[(picks.next().value ?? 0) % ways.length]).join('')
            for (const other of wordsOf(spelt)) assert.ok(agree(word, other) && agree(other, word), `${text} ${spelt}`)
          }
        },
      ),
    )
  })

  it('one that is longer than any is not compared', () => {
    const worst = 'Üñ'.repeat(100)
    assert.equal(compareNames([worst], writtenName(worst)), 'same')
    assert.equal(compareNames(['x'.repeat(201)], writtenName('x'.repeat(201))), 'unknown')
    const many = (count: number) => Array.from({ length: count }, (_, at) => String.fromCharCode(65 + at)).join(' ')
    assert.equal(compareNames([many(20)], writtenName(many(20))), 'same')
    assert.equal(compareNames([many(21)], writtenName(many(21))), 'unknown')
  })
})
