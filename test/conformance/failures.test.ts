/** A run that is held against a list of failures. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { unarguedFailures } from './failures.ts'

const run = (tests: Record<string, 'pass' | 'fail' | 'broken'>) => ({
  suites: [{ name: 'suite', tests: Object.entries(tests).map(([name, status]) => ({ name, status })) }],
})
const argued = new Map([['suite/known', {}]])

it('a failure that nobody argued fails the run, also one that could not be run', () => {
  assert.deepEqual(unarguedFailures(argued, run({ good: 'pass', known: 'fail' })), [])
  assert.equal(unarguedFailures(argued, run({ known: 'fail', other: 'fail', broken: 'broken' })).length, 2)
})

it('an argument for what passes, or is not there, fails it as well', () => {
  assert.match(unarguedFailures(argued, run({ known: 'pass' })).join(), /take it out/)
  assert.match(unarguedFailures(argued, run({ good: 'pass' })).join(), /was not run/)
})
