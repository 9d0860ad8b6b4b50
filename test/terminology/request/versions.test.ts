import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CodeSystem, OperationOutcome, ValueSet } from '../../../src/fhir/types.ts'
import { parseLanguages } from '../../../src/terminology/request/languages.ts'
import { matchesVersion, newestFirst } from '../../../src/terminology/request/versions.ts'
import { answer, parameters, terminologyOver } from '../support.ts'

const SYSTEM = 'http://example.org/parts'

function system(version: string): CodeSystem {
  const concept = [{ code: 'a', display: `A of ${version}` }]
  return { resourceType: 'CodeSystem', url: SYSTEM, version, status: 'active', content: 'complete', concept }
}

function set(name: string, versions: (string | undefined)[], version?: string): ValueSet {
  const include = versions.map((each) => ({ system: SYSTEM, ...(each && { version: each }) }))
  return {
    resourceType: 'ValueSet',
    url: `http://example.org/vs/${name}`,
    status: 'active',
    ...(version && { version }),
    compose: { include },
  }
}

const terminology = terminologyOver([
  ...['3.0.0', '3.1.0', '4.0.0'].map(system),
  set('open', [undefined]),
  set('fixed', ['3.0.0']),
  set('wild', ['3.x']),
  set('unknown', ['7.0.0']),
  set('two', ['3.0.0', '4.0.0']),
  { ...set('importing', []), compose: { include: [{ valueSet: ['http://example.org/vs/inner'] }] } },
  set('inner', ['3.0.0'], '1.0.0'),
  set('inner', ['4.0.0'], '2.0.0'),
])

const force = { 'force-system-version': `${SYSTEM}|3.0.x` }
const fallback = { 'system-version': `${SYSTEM}|3.0.0` }
const check = { 'check-system-version': `${SYSTEM}|3.x` }

describe('versions in $validate-code', () => {
  for (const [name, version, rules, result, reported, ids] of [
    ['open', undefined, {}, true, '4.0.0', []],
    ['open', '4.0.0', {}, true, '4.0.0', []],
    ['open', '3.0.0', {}, false, '4.0.0', ['VALUESET_VALUE_MISMATCH']],
    ['open', '9.9.9', {}, false, '4.0.0', ['VALUESET_VALUE_MISMATCH_DEFAULT', 'UNKNOWN_CODESYSTEM_VERSION']],
    ['open', undefined, fallback, true, '3.0.0', []],
    ['open', '4.0.0', fallback, false, '3.0.0', ['VALUESET_VALUE_MISMATCH_CHANGED']],
    ['open', '9.9.9', fallback, false, '3.0.0', ['VALUESET_VALUE_MISMATCH_CHANGED', 'UNKNOWN_CODESYSTEM_VERSION']],
    ['open', undefined, check, true, '3.1.0', []],
    ['open', undefined, force, true, '3.0.0', []],
    ['open', '4.0.0', force, true, '3.0.0', []],
    ['fixed', '3.0.0', {}, true, '3.0.0', []],
    ['fixed', '4.0.0', {}, false, '3.0.0', ['VALUESET_VALUE_MISMATCH']],
    ['fixed', '9.9.9', {}, false, '3.0.0', ['VALUESET_VALUE_MISMATCH', 'UNKNOWN_CODESYSTEM_VERSION']],
    ['fixed', undefined, fallback, true, '3.0.0', []],
    ['wild', undefined, {}, true, '3.1.0', []],
    ['wild', '3.0.0', {}, true, '3.0.0', []],
    ['wild', '4.0.0', {}, false, '3.1.0', ['VALUESET_VALUE_MISMATCH']],
    ['unknown', undefined, {}, false, '4.0.0', ['UNKNOWN_CODESYSTEM_VERSION']],
    ['unknown', '3.0.0', {}, false, '3.0.0', ['VALUESET_VALUE_MISMATCH', 'UNKNOWN_CODESYSTEM_VERSION']],
    ['unknown', undefined, force, true, '3.0.0', []],
    ['two', undefined, {}, true, '4.0.0', []],
    ['two', '3.0.0', {}, true, '3.0.0', []],
    ['two', undefined, check, false, '4.0.0', ['VALUESET_VERSION_CHECK']],
    ['importing', undefined, {}, true, '4.0.0', []],
    ['importing', undefined, { 'default-valueset-version': 'http://example.org/vs/inner|1.0.0' }, true, '3.0.0', []],
  ] as const) {
    it(`${name}, value ${version ?? 'without version'}, ${Object.keys(rules)[0] ?? 'no rule'}`, async () => {
      const question = {
        url: `http://example.org/vs/${name}`,
        coding: { system: SYSTEM, code: 'a', ...(version && { version }) },
      }
      const reply = await terminology.validateCode(parameters({ ...question, ...rules }))
      const issues = (answer(reply, 'issues') as OperationOutcome | undefined)?.issue ?? []
      assert.deepEqual(issues.map((each) => each.extension?.[0]?.valueString).toSorted(), [...ids].toSorted())
      assert.equal(answer(reply, 'result'), result)
      assert.equal(answer(reply, 'version'), reported)
    })
  }

  it('a display may be that of any version in the set', async () => {
    const url = 'http://example.org/vs/two'
    for (const version of ['3.0.0', '4.0.0']) {
      const coding = { system: SYSTEM, code: 'a', display: `A of ${version}` }
      const reply = await terminology.validateCode(parameters({ url, coding }))
      assert.equal(answer(reply, 'result'), true)
      assert.equal(answer(reply, 'version'), version)
    }
  })
})

describe('version patterns', () => {
  for (const [pattern, version, expected] of [
    ['1.0.x', '1.0.7', true],
    ['1.x.x', '1.2.0', true],
    ['1.x', '1.2.0', true],
    ['1', '1.0.0', false],
    ['1.0.x', '1.1.0', false],
    ['1.x.x', '1.2', false],
    ['x', '2020-01', true],
  ] as const) {
    it(`${pattern} and ${version}`, () => assert.equal(matchesVersion(pattern, version), expected))
  }

  it('newest first, active before draft, release numbers before dates', () => {
    const sorted = [
      { version: '1.2.0', status: 'draft' },
      { version: '2019-01-01', status: 'active' },
      { version: '1.10.0', status: 'active' },
      { version: '1.2.0', status: 'active' },
    ].toSorted(newestFirst)
    assert.deepEqual(
      sorted.map((each) => `${each.version} ${each.status}`),
      ['1.10.0 active', '1.2.0 active', '1.2.0 draft', '2019-01-01 active'],
    )
  })
})

describe('languages', () => {
  it('are read in the syntax of Accept-Language', () => {
    assert.deepEqual(parseLanguages('en;q=0.5, de-CH, *;q=0').tags, ['de-CH', 'en'])
    assert.equal(parseLanguages('de, *; q=0').only, true)
    assert.equal(parseLanguages('de,*').any, true)
    for (const bad of ['-', '', 'de;q=x', 'a_b', 'de,,-'])
      assert.throws(() => parseLanguages(bad), /Invalid displayLanguage/)
  })
})
