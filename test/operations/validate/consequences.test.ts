/** What is told of a resource with a misspelt name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson, stringifyJson } from '../../../src/base/json.ts'
import { corrected } from '../../../src/fhir/check/misspelt.ts'
import { checkResource, misspeltIn } from '../../../src/fhir/check/resource.ts'
import { type IssueCode, isError, issue } from '../../../src/fhir/error.ts'
import type { Issue, Resource } from '../../../src/fhir/types.ts'
import { withoutConsequences } from '../../../src/operations/validate/consequences.ts'

const misspelt = [{ object: {}, name: 'urll', meant: 'url', expression: 'ValueSet.urll' }]
const own = issue('structure', { text: 'no urll', expression: 'ValueSet.urll' })
const found = (code: IssueCode, text: string, severity: Issue['severity'] = 'error') => issue(code, { text, severity })
const texts = (issues: Issue[]) => issues.map(({ details }) => details?.text)

test('what has another text when the name is put right is told with that', () => {
  const told = withoutConsequences(
    [own, found('business-rule', 'it differs in url, urll, title')],
    [found('business-rule', 'it differs in title')],
    misspelt,
  )
  assert.deepEqual(texts(told), ['no urll', 'it differs in title'])
})

test('what only the resource with the right name would show is not told of this one', () => {
  assert.deepEqual(texts(withoutConsequences([own], [found('invalid', 'the code is none')], misspelt)), ['no urll'])
})

test('the misspelt name stays an error, and so does all that does not go with it', () => {
  const one = fc.record({
    code: fc.constantFrom<IssueCode>('invalid', 'invariant', 'structure'),
    text: fc.constantFrom('a', 'b', 'c', 'd'),
    severity: fc.constantFrom<Issue['severity']>('error', 'warning'),
  })
  const some = fc.array(
    one.map(({ code, text, severity }) => found(code, text, severity)),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(some, some, (before, after) => {
      const told = withoutConsequences([own, ...before], after, misspelt)
      assert.ok(told.includes(own))
      const errors = (issues: Issue[]) => issues.filter(isError).length
      for (const each of before)
        if (after.some((other) => JSON.stringify(other) === JSON.stringify(each))) assert.ok(told.includes(each))
      // Fewer errors are told only where that is said.
      if (errors(told) < errors([own, ...before]))
        assert.match(told.at(-1)?.details?.text ?? '', /^\d+ errors? follows? from/)
    }),
  )
})

test('a resource is put right where it is misspelt, and nowhere else', () => {
  const text =
    '{"resourceType":"Observation","staus":"final","code":{"txt":"x"},"component":[{"code":{"text":"a"}},{"cdoe":{"text":"b"},"valueQuantity":{"vlaue":1.50}}]}'
  const wrong = parseJson(text) as unknown as Resource // a resource of an earlier state of a text
  const names = misspeltIn(wrong)
  assert.deepEqual(
    names.map(({ expression, meant }) => [expression, meant]),
    [
      ['Observation.staus', 'status'],
      ['Observation.code.txt', 'text'],
      ['Observation.component[1].cdoe', 'code'],
      ['Observation.component[1].value.vlaue', 'value'],
    ],
  )
  const right = corrected(wrong, names)
  assert.equal(
    stringifyJson(right),
    text.replace('staus', 'status').replace('txt', 'text').replace('cdoe', 'code').replace('vlaue', 'value'),
  )
  assert.deepEqual(checkResource(right), [])
  assert.equal(stringifyJson(wrong), text)
  assert.equal(corrected(right, misspeltIn(right)), right)
})
