/** `$artifact-diff`: what it answers makes the target of the source, applied as any FHIRPath Patch. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { stringifyJson } from '../../../src/base/json.ts'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { asJson, asResource, parseJson } from '../../../src/fhir/json.ts'
import type { Parameters, Resource } from '../../../src/fhir/types.ts'
import { applyFhirPathPatch } from '../../../src/http/patch/fhirpath-patch.ts'
import { difference, differenceSteps } from '../../../src/operations/lifecycle/difference.ts'
import { conflictWith } from '../../../src/publish/identity.ts'
import { textsOf } from '../../publish/support.ts'
import { countedBudget } from '../../support/counted-budget.ts'
import { assetLibrary, base, openLifecycle, valueSet } from './support.ts'

/** Content, in one order of members. */
const content = (resource: Resource): unknown => {
  const { id: _id, meta: _meta, text: _text, ...rest } = asJson(resource)
  return rest
}

function check(source: Resource, target: Resource): Parameters {
  // As it goes over the wire.
  const patch = asResource(parseJson(stringifyJson(difference(source, target))) as JsonObject) as Parameters
  const made = applyFhirPathPatch(source, patch)
  assert.deepEqual(content(made), content(target))
  return patch
}

const code = fc.constantFrom('a', 'b', 'c', 'd')
const concept = fc.record({ code, display: fc.option(code, { nil: undefined }) })
const include = fc.record({
  system: fc.constantFrom('http://a.org', 'http://b.org'),
  version: fc.option(code, { nil: undefined }),
  concept: fc.option(fc.array(concept, { minLength: 1, maxLength: 5 }), { nil: undefined }),
  valueSet: fc.option(fc.array(fc.constantFrom('http://v.org/1', 'http://v.org/2'), { minLength: 1, maxLength: 3 }), {
    nil: undefined,
  }),
})
const extension = fc.oneof(
  fc.record({ url: fc.constant('http://x.org/s'), valueString: code }),
  fc.record({ url: fc.constant('http://x.org/d'), valueDecimal: fc.integer({ min: -9, max: 9 }) }),
  fc.record({ url: fc.constant('http://x.org/c'), valueCode: code }),
)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const lists = <T>(arbitrary: fc.Arbitrary<T>) => optional(fc.array(arbitrary, { minLength: 1, maxLength: 4 }))
const valueSets = fc
  .record({
    title: optional(code),
    experimental: optional(fc.boolean()),
    contact: lists(fc.record({ name: code })),
    jurisdiction: lists(fc.record({ coding: fc.array(fc.record({ code }), { minLength: 1, maxLength: 2 }) })),
    useContext: lists(fc.record({ code: fc.record({ code }), valueCodeableConcept: fc.record({ text: code }) })),
    extension: lists(extension),
    compose: optional(
      fc.record({ inactive: optional(fc.boolean()), include: fc.array(include, { minLength: 1, maxLength: 4 }) }),
    ),
    contained: lists(fc.record({ resourceType: fc.constant('Basic'), id: code, code: fc.record({ text: code }) })),
  })
  .map((members) => asResource(JSON.parse(JSON.stringify({ resourceType: 'ValueSet', status: 'draft', ...members }))))

describe('the difference of two artefacts', () => {
  it('makes one of the other, whatever they are', () => {
    fc.assert(
      fc.property(valueSets, valueSets, (source, target) => void check(source, target)),
      { numRuns: 300 },
    )
  })
  it('is nothing for what is the same, and one operation for one change', () => {
    const set = valueSet('x')
    assert.deepEqual(check(set, { ...set, id: 'y' }).parameter ?? [], [])
    assert.equal(check(set, { ...set, title: 'T' }).parameter?.length, 1)
    assert.equal(check({ ...set, title: 'T' }, set).parameter?.length, 1)
  })
  it('goes through all levels: one code in a long list is one operation', () => {
    const codes = Array.from({ length: 300 }, (_, at) => ({ code: `c${at}` }))
    const system = (concept: object[]) =>
      asResource({ resourceType: 'CodeSystem', status: 'draft', content: 'complete', concept } as unknown as JsonObject)
    const without = codes.filter((_, at) => at !== 150)
    for (const [a, b] of [
      [codes, without],
      [without, codes],
    ] as const)
      assert.equal(check(system(a), system(b)).parameter?.length, 1)
  })
  it('tells decimals apart by their text', () => {
    const read = (text: string) =>
      asResource(
        parseJson(
          `{"resourceType":"ValueSet","status":"draft","extension":[{"url":"http://x.org","valueDecimal":${text}}]}`,
        ) as JsonObject,
      )
    const patch = difference(read('1.10'), read('1.1'))
    assert.match(stringifyJson(patch), /1\.1[^0]/)
    const made = applyFhirPathPatch(read('1.1'), difference(read('1.1'), read('1.10')))
    assert.equal(conflictWith(read('1.10'), { ...made, status: 'retired' } as Resource), undefined)
  })
  it('says when no patch can say it', () => {
    const set = valueSet('x')
    const extended = asResource({ ...asJson(set), _title: { extension: [{ url: 'http://x.org', valueString: 'a' }] } })
    assert.throws(() => difference(set, extended), FhirError)
  })
})

describe('$artifact-diff', async () => {
  const { put, call, get } = await openLifecycle()
  const one = valueSet('diff')
  const two = valueSet('diff-2', {
    url: String(one.url),
    version: '2.0.0',
    title: 'Two',
    compose: { include: [{ system: `${base}/CodeSystem/elsewhere`, concept: [{ code: 'a' }, { code: 'b' }] }] },
  })
  it('answers by canonical, and leaves out what is not to be compared', async () => {
    for (const each of [one, two, assetLibrary('diff', [])]) assert.equal((await put(each)).status, 201)
    const given = { source: `${one.url}|1.0.0`, target: `${two.url}|2.0.0` }
    const { status, body } = await call('$artifact-diff', given)
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(content(applyFhirPathPatch(one, body)), content(two))
    const rest = await call('$artifact-diff', { ...given, compareComputable: false })
    assert.equal(rest.body.parameter.length, body.parameter.length - 1)
    const asked = Object.entries(given).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    assert.deepEqual((await get(`$artifact-diff?${asked.join('&')}`)).body, body)
  })
  const bad: [string, Record<string, string>, number, RegExp][] = [
    ['no source', { target: `${one.url}|1.0.0` }, 400, /source is required/],
    ['no target', { source: `${one.url}|1.0.0` }, 400, /target is required/],
    ['an unknown source', { source: 'http://example.org/none|1', target: `${one.url}|1.0.0` }, 404, /not known/],
    ['another version', { source: `${one.url}|9`, target: `${one.url}|1.0.0` }, 404, /not known/],
    ['another type', { source: `${base}/Library/diff|1.0.0`, target: `${one.url}|1.0.0` }, 422, /of one type/],
    [
      'a draft that is not named with its version',
      { source: `${base}/Library/diff`, target: `${one.url}` },
      404,
      /name/,
    ],
  ]
  for (const [what, given, status, text] of bad)
    it(`refuses ${what}`, async () => {
      const reply = await call('$artifact-diff', given)
      assert.equal(reply.status, status, JSON.stringify(reply.body))
      assert.match(textsOf(reply.body), text)
    })
})

describe('two large artefacts', () => {
  const system = (display: string, change: (index: number) => string): Resource => ({
    resourceType: 'CodeSystem',
    url: `${base}/CodeSystem/large`,
    status: 'active',
    content: 'complete',
    concept: Array.from({ length: 300 }, (_, index) => ({ code: change(index), display })),
  })
  const cases: [name: string, source: Resource, target: Resource][] = [
    ['the same items', system('a', String), system('a', String)],
    ['all items changed', system('a', String), system('b', String)],
    ['other items', system('a', String), system('a', (index) => `x${index}`)],
    ['in another order', system('a', String), system('a', (index) => String(300 - index))],
  ]
  for (const [name, source, target] of cases)
    it(`${name}: others have their turns`, async () => {
      const { budget, turns } = countedBudget()
      assert.deepEqual(await budget.runSteps(differenceSteps(source, target)), difference(source, target))
      assert.ok(turns() >= 10, `${turns()} turns`)
    })
})
