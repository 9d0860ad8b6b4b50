/** The tables of the languages: none lacks a text of another, or a place for what is put in; and how counts and dates are written. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { texts as ar } from '../../src/console/languages/ar/ar.ts'
import { languageCodes } from '../../src/console/languages/codes.ts'
import { texts as en } from '../../src/console/languages/en/en.ts'
import { texts as es } from '../../src/console/languages/es/es.ts'
import { counted, fill, shownDate } from '../../src/console/languages/fill.ts'
import { texts as fr } from '../../src/console/languages/fr/fr.ts'
import { texts as pt } from '../../src/console/languages/pt/pt.ts'

const tables: Record<string, object> = { en, fr, es, ar, pt }
const categories = ['zero', 'one', 'two', 'few', 'many', 'other']

/** Every text by its path; what counts is one entry. */
function flat(table: object, above = ''): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [name, value] of Object.entries(table)) {
    const path = above ? `${above}.${name}` : name
    if (typeof value === 'string') found.set(path, [value])
    else if ('other' in value) found.set(path, Object.values(value))
    else for (const [key, texts] of flat(value, path)) found.set(key, texts)
  }
  return found
}

const placesOf = (texts: string[]) => [...new Set(texts.flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort()

/** Words that are the same in several languages; anything longer that equals the English was forgotten. */
const longestSame = 24

describe('the languages of the console', () => {
  const english = flat(en)
  for (const code of languageCodes)
    it(`${code} has every text, with every place`, () => {
      const own = flat(tables[code] ?? {})
      assert.deepEqual([...own.keys()].sort(), [...english.keys()].sort())
      for (const [path, texts] of own) {
        for (const text of texts) {
          assert.ok(text.trim() !== '', `${path} is empty`)
          assert.doesNotMatch(text, /<\/?[a-z]/i, `${path} has markup, which would be shown as it is`)
        }
        assert.deepEqual(placesOf(texts), placesOf(english.get(path) ?? []), path)
      }
    })

  for (const code of languageCodes.filter((each) => each !== 'en'))
    it(`${code} is translated`, () => {
      const own = flat(tables[code] ?? {})
      const same = [...english].filter(([path, texts]) => {
        const other = own.get(path)?.join(' ') ?? ''
        return other.length > longestSame && /[a-z]{3}/i.test(other) && other === texts.join(' ')
      })
      assert.deepEqual(
        same.map(([path]) => path),
        [],
      )
    })

  it('counts with the categories of each language alone', () => {
    for (const code of languageCodes) {
      const wanted = new Set<string>(new Intl.PluralRules(code).resolvedOptions().pluralCategories)
      const walk = (table: object, path: string): void => {
        for (const [name, value] of Object.entries(table)) {
          if (typeof value === 'string') continue
          if (!('other' in value)) walk(value, `${path}.${name}`)
          else
            for (const category of Object.keys(value)) {
              assert.ok(categories.includes(category), `${path}.${name} counts by ${category}`)
              assert.ok(wanted.has(category), `${code}${path}.${name}: ${category} is never used`)
            }
        }
      }
      walk(tables[code] ?? {}, '')
    }
  })
})

describe('texts with places', () => {
  it('leaves a place without a value in sight', () => assert.equal(fill('{a} of {b}', { a: 1 }), '1 of {b}'))
  it('puts in a value as it is, though it looks like a place', () =>
    assert.equal(fill('{a}{b}', { a: '{b}', b: '$&' }), '{b}$&'))
  it('counts', () => {
    assert.equal(counted({ one: '{n} key', other: '{n} keys' }, 1, 'en'), '1 key')
    assert.equal(counted({ one: '{n} key', other: '{n} keys' }, 12_000, 'en'), '12,000 keys')
    assert.equal(counted({ other: '{n} مفتاح', two: 'مفتاحان' }, 2, 'ar'), 'مفتاحان')
  })
})

describe('dates', () => {
  const cases: [text: string, language: string, shown: string][] = [
    ['1985', 'en', '1985'],
    ['1985-03', 'en', 'March 1985'],
    ['1985-03-14', 'en', 'March 14, 1985'],
    ['1985-03-14', 'fr', '14 mars 1985'],
    ['1985-02-30', 'en', '1985-02-30'],
    ['14.03.1985', 'en', '14.03.1985'],
    ['<b>', 'en', '<b>'],
    ['2026-01-01T10:00:00Z', 'pt', '2026'],
  ]
  for (const [text, language, shown] of cases)
    it(`${text} in ${language}`, () => assert.ok(shownDate(text, language).includes(shown), shownDate(text, language)))
})
