import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readEvaluateRequest } from '../../src/evaluate/request.ts'

const settings = { allowRequestTrustAnchors: false, jurisdiction: undefined }
const read = (...texts: string[]) => {
  const [credential = '', ...parts] = texts
  const parameter = [
    { name: 'credential', valueString: credential },
    ...parts.map((valueString) => ({ name: 'credentialPart', valueString })),
  ]
  return readEvaluateRequest({ resourceType: 'Parameters', parameter }, settings, { now: new Date(0) }).credential
}
const lineEnd = fc.constantFrom('', '\r', '\n', '\r\n')
const inner = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]$/.test(text))

test('one line end behind a code is no part of it; nothing else is dropped', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(inner, lineEnd), { minLength: 1, maxLength: 4 }), (codes) => {
      assert.deepEqual(
        read(...codes.map(([text, end]) => text + end)),
        codes.map(([text]) => text),
      )
    }),
  )
})

test('blanks, tabulators and the other line separators of Unicode belong to the code', () => {
  for (const blank of [' ', '\t', '\v', '\f', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff'])
    assert.deepEqual(read(`HC1:A${blank}`), [`HC1:A${blank}`], JSON.stringify(blank))
  assert.deepEqual(read('\nHC1:A\nB\n'), ['\nHC1:A\nB'])
  assert.deepEqual(read('HC1:A\n\n'), ['HC1:A\n'])
})
