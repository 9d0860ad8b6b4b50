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
const lineEnds = fc.array(fc.constantFrom('\r', '\n'), { maxLength: 4 }).map((each) => each.join(''))
const inner = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]$/.test(text))

test('line ends behind a code, however many, are no part of it; nothing else is dropped', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(inner, lineEnds), { minLength: 1, maxLength: 4 }), (codes) => {
      assert.deepEqual(
        read(...codes.map(([text, ends]) => text + ends)),
        codes.map(([text]) => text),
      )
    }),
  )
})

test('blanks, tabulators and the other line separators of Unicode belong to the code', () => {
  for (const blank of [' ', '\t', '\v', '\f', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff'])
    assert.deepEqual(read(`HC1:A${blank}`), [`HC1:A${blank}`], JSON.stringify(blank))
  assert.deepEqual(read('\nHC1:A\nB\n'), ['\nHC1:A\nB'])
})
