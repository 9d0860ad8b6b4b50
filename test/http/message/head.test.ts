import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { parseQuery } from '../../../src/http/message/head.ts'

test('a query is split at every & and at the first = of a part; what is empty is left out', () => {
  assert.deepEqual(parseQuery('a=1&&b&=c&d==&e=x=y&'), [
    ['a', '1'],
    ['b', ''],
    ['', 'c'],
    ['d', '='],
    ['e', 'x=y'],
  ])
  const piece = fc.constantFrom('&', '=', 'a', 'code', '%20', '+', '%C3%A9', '|')
  const naive = (text: string) =>
    text
      .split('&')
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', ...rest] = part.split('=')
        return [name, rest.join('=')].map((each) => decodeURIComponent(each.replaceAll('+', ' ')))
      })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      assert.deepEqual(parseQuery(pieces.join('')), naive(pieces.join('')))
    }),
  )
})

test('too many parts and broken encodings are refused', () => {
  assert.equal(parseQuery('a&'.repeat(1999)).length, 1999)
  assert.throws(() => parseQuery('a&'.repeat(2000)), FhirError)
  assert.throws(() => parseQuery('a=%E9'), FhirError)
})
