import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import phrases from '../../../src/rules/explain/phrases.json' with { type: 'json' }

const marks = (text: string) => (text.match(/\{\w\}/g) ?? []).sort()

describe('the sentences of explanations', () => {
  const english: Record<string, string> = phrases.en
  for (const [language, table] of Object.entries<Record<string, string>>(phrases))
    it(`are all there in ${language}, and say the same`, () => {
      assert.deepEqual(Object.keys(table), Object.keys(english))
      for (const [name, text] of Object.entries(table)) assert.deepEqual(marks(text), marks(english[name] ?? ''), name)
    })
  it('are there in the languages of the rules', () =>
    assert.deepEqual(Object.keys(phrases).sort(), ['ar', 'en', 'es', 'fr', 'pt', 'ru', 'zh']))
})
