import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withRemarks } from '../../../src/evaluate/evaluation.ts'
import { type Check, createReport } from '../../../src/evaluate/verify/report.ts'

const checks: Check[] = [
  { name: 'envelope', outcome: 'pass' },
  { name: 'payload', outcome: 'pass' },
]

test('remarks make a check that passed warn; none change nothing', () => {
  assert.deepEqual(withRemarks(checks, 'payload', []), checks)
  const [first, second] = withRemarks(checks, 'payload', ['birthDate is no date', 'date is no date'])
  assert.deepEqual(first, checks[0])
  assert.deepEqual(second, { name: 'payload', outcome: 'warn', detail: 'birthDate is no date; date is no date' })
})

test('what the check said before stays', () => {
  const before: Check[] = [{ name: 'payload', outcome: 'warn', detail: 'v.dt breaks the schema' }]
  assert.equal(withRemarks(before, 'payload', ['x'])[0]?.detail, 'v.dt breaks the schema; x')
  assert.equal(withRemarks([{ name: 'payload', outcome: 'fail' }], 'payload', ['x'])[0]?.outcome, 'fail')
})

test('the first failing check in the order of the contract decides, whatever the order of entry', () => {
  const report = createReport()
  report.pass('recognise')
  report.enter({ check: 'validity-period', status: 'EXPIRED', detail: 'late' })
  report.enter(
    { check: 'key-usage', detail: 'odd' },
    { check: 'key-usage', status: 'KEY_USAGE_MISMATCH', detail: 'not for it' },
  )
  assert.equal(report.failedWith(), 'KEY_USAGE_MISMATCH')
  const told = Object.fromEntries(report.checks().map(({ name, outcome, detail }) => [name, [outcome, detail]]))
  assert.deepEqual(told.recognise, ['pass', undefined])
  assert.deepEqual(told['key-usage'], ['fail', 'odd; not for it'])
  assert.deepEqual(told['validity-period'], ['fail', 'late'])
  assert.deepEqual(told.encoding, ['skipped', undefined])
})

test('a check that is not made says why', () => {
  const report = createReport()
  report.skip('revocation', 'no list is known')
  assert.equal(report.failedWith(), undefined)
  assert.deepEqual(report.checks().at(-1), { name: 'revocation', outcome: 'skipped', detail: 'no list is known' })
})
