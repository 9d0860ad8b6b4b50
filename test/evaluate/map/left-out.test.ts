import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withLeftOut } from '../../../src/evaluate/map/left-out.ts'
import type { Check } from '../../../src/evaluate/verify/report.ts'

const checks: Check[] = [
  { name: 'envelope', outcome: 'pass' },
  { name: 'payload', outcome: 'pass' },
]

test('a value that was left out makes payload warn and is an issue; nothing left out changes nothing', () => {
  assert.deepEqual(withLeftOut(checks, []), { checks, issues: [] })
  const { checks: warned, issues } = withLeftOut(checks, ['birthDate is no date', 'date is no date'])
  assert.deepEqual(warned[0], checks[0])
  assert.deepEqual(warned[1], { name: 'payload', outcome: 'warn', detail: 'birthDate is no date; date is no date' })
  assert.deepEqual(
    issues.map((each) => [each.severity, each.details?.text]),
    [
      ['warning', 'payload: birthDate is no date'],
      ['warning', 'payload: date is no date'],
    ],
  )
})

test('what payload said before stays', () => {
  const before: Check[] = [{ name: 'payload', outcome: 'warn', detail: 'v.dt breaks the schema' }]
  assert.equal(withLeftOut(before, ['x']).checks[0]?.detail, 'v.dt breaks the schema; x')
  assert.equal(withLeftOut([{ name: 'payload', outcome: 'fail' }], ['x']).checks[0]?.outcome, 'fail')
})
