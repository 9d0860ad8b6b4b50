/** What the Trust and Status views make of answers: nothing that is not understood is shown as good. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Parameters, ParametersParameter } from 'fhir/r4.js'
import { readHour, readReadiness } from '../../src/console/status/read-status.ts'
import { readKeyVerdict, readTrust } from '../../src/console/trust/read-trust.ts'

const parameters = (parameter: ParametersParameter[]): Parameters => ({ resourceType: 'Parameters', parameter })
const step = (name: string, outcome: string): ParametersParameter => ({
  name: 'step',
  part: [
    { name: 'name', valueCode: name },
    { name: 'outcome', valueCode: outcome },
    { name: 'detail', valueString: 'why' },
  ],
})
const result = (value: boolean): ParametersParameter => ({ name: 'result', valueBoolean: value })
const headers = new Headers()

describe('the verdict on a key', () => {
  const cases: [what: string, given: ParametersParameter[], isTrusted: boolean][] = [
    ['trusted, every step holds', [result(true), step('parse', 'pass'), step('chain', 'skipped')], true],
    ['not trusted', [result(false), step('parse', 'pass')], false],
    ['trusted, though a step fails', [result(true), step('revocation', 'fail')], false],
    ['trusted, with an outcome that nobody knows', [result(true), step('parse', 'perhaps')], false],
    ['trusted without a step', [result(true)], false],
    ['a text in place of a Boolean', [{ name: 'result', valueString: 'true' }, step('parse', 'pass')], false],
    ['a yes and a no', [result(true), result(false), step('parse', 'pass')], false],
    ['a yes, twice', [result(true), result(true), step('parse', 'pass')], false],
    ['a yes with a second value', [{ ...result(true), valueString: 'no' }, step('parse', 'pass')], false],
    ['nothing', [], false],
  ]
  for (const [what, given, isTrusted] of cases)
    it(`${what}: ${isTrusted}`, () => assert.equal(readKeyVerdict(parameters(given)).isTrusted, isTrusted))

  it('is no exception, and not good, whatever the answer is', () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const answer = { resourceType: 'Parameters', parameter: value } as unknown as Parameters
        assert.equal(readKeyVerdict(answer).isTrusted, false)
        for (const { state } of readTrust(answer).lists) assert.notEqual(state, 'ok')
      }),
    ))
})

describe('the state of a list', () => {
  const list = (state: string, usable: boolean | undefined): ParametersParameter => ({
    name: 'list',
    part: [
      { name: 'name', valueString: 'a' },
      { name: 'state', valueCode: state },
      ...(usable === undefined ? [] : [{ name: 'usable', valueBoolean: usable }]),
    ],
  })
  const cases: [state: string, usable: boolean | undefined, shown: string][] = [
    ['ok', true, 'ok'],
    ['ok', false, 'failed'],
    ['ok', undefined, 'failed'],
    ['fine', true, 'unknown'],
    ['absent', false, 'absent'],
  ]
  for (const [state, usable, shown] of cases)
    it(`${state}, usable ${usable}: ${shown}`, () =>
      assert.equal(readTrust(parameters([list(state, usable)])).lists[0]?.state, shown))

  it('takes a key without a word about its end for ended', () =>
    assert.equal(readTrust(parameters([{ name: 'key', part: [] }])).keys[0]?.expired, true))
})

describe('readiness', () => {
  const part = (ready: unknown) => ({ name: 'a', ready, state: 's' })
  const cases: [what: string, value: unknown, isReady: boolean | undefined][] = [
    ['ready', { status: 'ready', parts: [part(true)] }, true],
    ['ready with a part that is not', { status: 'ready', parts: [part(true), part(false)] }, false],
    ['a part that says it in words', { status: 'ready', parts: [part('true')] }, false],
    ['no parts', { status: 'ready', parts: [] }, false],
    ['another word', { status: 'starting', parts: [part(true)] }, false],
    ['another thing', { up: true }, undefined],
    ['nothing', null, undefined],
  ]
  for (const [what, value, isReady] of cases)
    it(`${what}: ${isReady}`, () => assert.equal(readReadiness({ value, headers }).value?.isReady, isReady))
})

describe('the last hour', () => {
  it('is no exception, and shows finite numbers, whatever the answer is', () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (requests, evaluations, minutes) => {
        const { value } = readHour({ value: { requests, evaluations, minutes }, headers })
        if (!value) return
        for (const number of [value.requests.total, value.evaluations.total, ...value.minutes])
          assert.ok(Number.isFinite(number) && number >= 0)
      }),
    ))
})
