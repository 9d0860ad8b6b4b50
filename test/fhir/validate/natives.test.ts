/** Invariants that are written out say what their expressions say; so does what is told by presence alone. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { elementInfo, typeInfo } from '../../../src/fhir/elements.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { compileFhirPath, typed } from '../../../src/fhir/fhirpath/fhirpath.ts'
import { asJson } from '../../../src/fhir/json.ts'
import { type Constraint, typeConstraints } from '../../../src/fhir/validate/base-definitions.ts'
import { nativeInvariant } from '../../../src/fhir/validate/invariants/native-invariants.ts'
import { byPresence } from '../../../src/fhir/validate/invariants/presence.ts'
import { ofCore } from '../../support/published-resources.ts'

/** What the engine says; undefined where it does not evaluate it. */
function byEngine({ expression }: Constraint, value: JsonObject, type: string, resource = value): boolean | undefined {
  try {
    const input = value === resource ? value : typed(value, type)
    const found = compileFhirPath(expression)(input, { resource, rootResource: resource })
    return found.length > 1 || (found.length === 1 && found[0] !== false)
  } catch (error) {
    if (error instanceof FhirError) return undefined
    throw error
  }
}

/** Changes that break one thing or another. */
const breakages: ((resource: JsonObject) => JsonObject)[] = [
  (resource) => resource,
  (resource) => ({ ...resource, url: 'http://x.org/a' }),
  (resource) => {
    const copy = structuredClone(resource)
    for (const part of ['snapshot', 'differential']) {
      const holder = copy[part]
      const elements = typeof holder === 'object' && holder !== null && 'element' in holder ? holder.element : []
      if (!Array.isArray(elements)) continue
      for (const [index, each] of elements.entries())
        if (typeof each === 'object' && each !== null && index % 2 === 1)
          Object.assign(each, { id: 'same', path: 'Elsewhere.x' })
    }
    return copy
  },
  (resource) => ({
    ...structuredClone(resource),
    derivation: 'specialization',
    contained: [{ resourceType: 'Basic', id: 'b', meta: { versionId: '1' } }],
  }),
  ({ text: _text, ...resource }) => ({
    ...resource,
    contained: [{ resourceType: 'Basic', id: 'b', contained: [] }],
    note: '#b',
  }),
  (resource) => ({
    ...resource,
    contained: [{ resourceType: 'Basic', id: 'b', contained: [{ resourceType: 'Basic', id: 'c' }] }],
  }),
]

describe('invariants written out', () => {
  it('agree with their expressions over published definitions, changed and not', () => {
    const compared = new Map<string, { true: number; false: number }>()
    const small = (resource: object) => JSON.stringify(resource).length < 60_000
    for (const { resource } of ofCore(60)) {
      if (!small(resource)) continue
      const type = resource.resourceType
      for (const change of breakages) {
        const value = change(asJson(resource))
        for (const constraint of typeConstraints(type)) {
          const native = nativeInvariant(constraint)
          // dom-3 looks at texts of any type, so that an element that R4 does not have counts too.
          if (!native || constraint.key === 'dom-3') continue
          const expected = byEngine(constraint, value, type)
          if (expected === undefined) continue
          const answer = native(
            { value },
            { home: { resource: value, root: value, bundle: undefined, fullUrl: undefined } },
          )
          assert.equal(answer, expected, `${constraint.key} ${resource.id}`)
          const count = compared.get(constraint.key) ?? { true: 0, false: 0 }
          count[answer ? 'true' : 'false']++
          compared.set(constraint.key, count)
        }
      }
    }
    for (const key of ['dom-2', 'dom-4', 'dom-6', 'sdf-1', 'sdf-14', 'sdf-16', 'sdf-17'])
      assert.ok((compared.get(key)?.true ?? 0) > 0, key)
    for (const key of ['dom-2', 'dom-4', 'dom-6', 'sdf-16', 'sdf-17'])
      assert.ok((compared.get(key)?.false ?? 0) > 0, key)
  })
})

/** Types whose invariants are of the kind that presence tells much of. */
const types = [
  'Attachment',
  'Quantity',
  'Timing.repeat',
  'ElementDefinition',
  'DataRequirement.codeFilter',
  'Appointment',
  'Observation',
  'Questionnaire.item',
  'TriggerDefinition',
  'ValueSet.compose.include',
  'Goal.target',
  'Range',
  'Ratio',
]

describe('presence', () => {
  it('tells nothing else than the engine, whatever is there', () => {
    for (const type of types) {
      const names = (typeInfo(type)?.elements ?? [])
        .map(({ name }) => name)
        .filter((name) => name !== 'id' && name !== 'extension')
      const constraints = typeConstraints(type)
      assert.ok(constraints.length > 0, type)
      fc.assert(
        fc.property(fc.subarray(names), (present) => {
          const object = Object.fromEntries(present.flatMap((name) => memberOf(type, name)))
          for (const constraint of constraints) {
            const told = byPresence(constraint.expression, object, type)
            if (told === undefined) continue
            const holder =
              /^[A-Z]\w*$/.test(type) && typeInfo(type)?.kind === 'resource'
                ? { resourceType: type, ...object }
                : object
            const isResource = holder !== object
            const expected = byEngine(constraint, holder, type, isResource ? holder : {})
            if (expected !== undefined)
              assert.equal(told, expected, `${constraint.key}: ${constraint.expression} of ${JSON.stringify(object)}`)
          }
        }),
        { numRuns: 25 },
      )
    }
  })
})

/** One value of an element, of its first type. */
function memberOf(type: string, name: string): [string, Json][] {
  const element = elementInfo(type, name)
  const [first] = element?.types ?? []
  if (!element || first === undefined) return []
  const property = element.choice ? name + first.charAt(0).toUpperCase() + first.slice(1) : name
  const value = sample(first)
  return [[property, element.isArray ? [value] : value]]
}

function sample(type: string): Json {
  if (type === 'boolean') return true
  if (['integer', 'decimal', 'positiveInt', 'unsignedInt'].includes(type)) return 1
  if (['date', 'dateTime', 'instant'].includes(type)) return '2020-01-01'
  return /^[a-z]/.test(type) ? 'a' : { extension: [{ url: 'http://x', valueCode: 'a' }] }
}
