import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oneLine, terminalText } from '../../src/cli/terminal-text.ts'

test('names of people stay as they are', () => {
  for (const name of ['Ada Specimen', 'Zoë Müller-Łukasz', 'محمد', '山田太郎', 'शर्मा\u200dा', '👩‍⚕️'])
    assert.equal(oneLine(name), name)
})

test('what moves the cursor, hides or reorders text is written out', () => {
  assert.equal(oneLine('a\u001b[2Jb'), 'a\\u001b[2Jb')
  assert.equal(oneLine('a\u009b2J'), 'a\\u009b2J')
  assert.equal(oneLine('a\u202eb'), 'a\\u202eb')
  assert.equal(oneLine('a\nACCEPTED'), 'a\\u000aACCEPTED')
  assert.equal(terminalText('a\r\nb'), 'a\\u000d\nb')
})

test('no text brings a control character to the terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(terminalText(text), /(?![\n\t\u200e\u200f\u061c])[\p{Cc}\p{Bidi_Control}]/u)
      assert.deepEqual(JSON.parse(terminalText(JSON.stringify(text))), text)
      assert.doesNotMatch(oneLine(text), /\p{Cc}/u)
    }),
  )
})
