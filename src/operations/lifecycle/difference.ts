/** The difference of two artefacts as a FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html) that makes one of the other. */
import { exactNumber, keepExactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { elementInfo, type FoundElement, isPrimitive } from '../../fhir/elements.ts'
import { unprocessable } from '../../fhir/error.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import type { Parameter, Parameters, Resource } from '../../fhir/types.ts'
import { isSame } from '../../publish/identity.ts'
import { finish, type Steps } from '../../workers/budget.ts'

/** Members at the root that say nothing of the content: whose copy it is, what a server says of it, what is shown for it. */
const beside: readonly string[] = ['resourceType', 'id', 'meta', 'text']

/** By type, what a person works on, and what is made of it for machines (CRMI: computable, executable). */
export const computable: Readonly<Record<string, readonly string[]>> = {
  ValueSet: ['compose'],
  CodeSystem: ['concept', 'property', 'filter'],
  ConceptMap: ['group'],
  Library: ['content', 'parameter', 'dataRequirement'],
  PlanDefinition: ['action'],
  StructureMap: ['group'],
  StructureDefinition: ['differential'],
  Questionnaire: ['item'],
  Measure: ['group'],
}
/** The same for what is made of it. */
export const executable: Readonly<Record<string, readonly string[]>> = {
  ValueSet: ['expansion'],
  StructureDefinition: ['snapshot'],
}

interface Walk {
  operations: Parameter[]
  /** Comparisons of items that may still be made. */
  comparisons: number
}

/**
 * The operations that make `target` of `source`, in order; members of `without` at the root are left as they are.
 * @throws FhirError 422 for a difference that no FHIRPath Patch can say: an extension of a primitive value outside of a data type
 */
export const difference = (source: Resource, target: Resource, without: readonly string[] = []): Parameters =>
  finish(differenceSteps(source, target, without))

/** The same in steps: two code systems have a hundred thousand concepts. */
export function* differenceSteps(
  source: Resource,
  target: Resource,
  without: readonly string[] = [],
): Steps<Parameters> {
  const walk: Walk = { operations: [], comparisons: allComparisons }
  const type = source.resourceType
  const members = (resource: Resource): JsonObject => {
    const copy: JsonObject = { ...asJson(resource) }
    carry(asJson(resource), copy)
    for (const name of [...beside, ...without]) {
      delete copy[name]
      delete copy[`_${name}`]
    }
    return copy
  }
  yield* objects(members(source), members(target), { path: type, type }, walk)
  return { resourceType: 'Parameters', parameter: walk.operations }
}

/** Exact decimals of the members of an object belong to the very object. */
function carry(from: JsonObject, to: JsonObject): void {
  for (const name of Object.keys(from)) {
    const text = exactNumber(from, name)
    if (text !== undefined) keepExactNumber(to, name, text)
  }
}

interface Place {
  path: string
  /** Type or backbone path by which the members are declared. */
  type: string
}

function* objects(before: JsonObject, after: JsonObject, place: Place, walk: Walk): Steps<void> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((each) => each !== 'resourceType')
  for (const name of names) {
    const element = elementInfo(place.type, name)
    // Of lists each item is compared for itself.
    const isList = element?.isArray && Array.isArray(before[name]) && Array.isArray(after[name])
    if (!isList && isSame(before, after, name)) continue
    if (name.startsWith('_')) throw unsaid(`${place.path}.${name.slice(1)}`)
    if (!element) throw unsaid(`${place.path}.${name}`)
    yield* members({ before, after, name, element }, place, walk)
  }
}

interface Member {
  before: JsonObject
  after: JsonObject
  /** As it stands in JSON. */
  name: string
  element: FoundElement
}

function* members({ before, after, name, element }: Member, place: Place, walk: Walk): Steps<void> {
  const [old, next] = [before[name], after[name]]
  const path = `${place.path}.${element.name}`
  if (element.isArray) {
    yield* lists(listOf(old), listOf(next), { place, path, element }, walk)
  } else if (next === undefined) walk.operations.push(operation('delete', [text('path', path)]))
  else if (old === undefined || element.choice) {
    // Of a choice of another type the old value has another name: it goes with its own turn.
    if (old !== undefined) walk.operations.push(operation('delete', [text('path', path)]))
    walk.operations.push(added(place.path, element, valuePart(after, name, element)))
  } else if (isObject(old) && isObject(next)) yield* objects(old, next, { path, type: typeOf(next, element) }, walk)
  else walk.operations.push(operation('replace', [text('path', path), valuePart(after, name, element)]))
}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [])
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const typeOf = (value: JsonObject, { childType }: FoundElement): string =>
  childType === 'Resource' && typeof value.resourceType === 'string' ? value.resourceType : childType

interface ListPlace {
  place: Place
  path: string
  element: FoundElement
}

/** Comparisons of items of two lists, and of all: beyond these, what stands between equal ends is replaced item by item. */
const mostComparisons = 40_000
const allComparisons = 250_000

function* lists(old: Json[], next: Json[], at: ListPlace, walk: Walk): Steps<void> {
  const { place, path, element } = at
  if (old.length === 0) {
    for (const index of next.keys()) {
      walk.operations.push(added(place.path, element, valuePart(next, String(index), element)))
      yield
    }
    return
  }
  // From the end, so that positions before stay what they are.
  for (const gap of (yield* gapsOf(old, next, walk)).reverse()) {
    const paired = Math.min(gap.oldTo - gap.oldFrom, gap.nextTo - gap.nextFrom)
    for (let index = gap.oldTo - 1; index >= gap.oldFrom + paired; index--)
      walk.operations.push(operation('delete', [text('path', `${path}[${index}]`)]))
    const isGone = next.length === 0
    for (let index = gap.nextTo - 1; index >= gap.nextFrom + paired && !isGone; index--) {
      const value = valuePart(next, String(index), element)
      const where = { name: 'index', valueInteger: gap.oldFrom + paired }
      walk.operations.push(operation('insert', [text('path', path), value, where]))
      yield
    }
    for (let number = paired - 1; number >= 0; number--)
      yield* items(
        old[gap.oldFrom + number],
        { next, index: gap.nextFrom + number },
        `${path}[${gap.oldFrom + number}]`,
        {
          element,
          walk,
        },
      )
  }
}

function* items(
  old: Json | undefined,
  { next, index }: { next: Json[]; index: number },
  path: string,
  { element, walk }: { element: FoundElement; walk: Walk },
): Steps<void> {
  yield
  const value = next[index]
  const isKept = isObject(old) && isObject(value) && old.resourceType === value.resourceType
  if (isKept) yield* objects(old, value, { path, type: typeOf(value, element) }, walk)
  else walk.operations.push(operation('replace', [text('path', path), valuePart(next, String(index), element)]))
}

interface Gap {
  oldFrom: number
  oldTo: number
  nextFrom: number
  nextTo: number
}

/** What of two lists is not common to both, in order. */
function* gapsOf(old: Json[], next: Json[], walk: Walk): Steps<Gap[]> {
  const same = (a: number, b: number) =>
    isSame({ item: old[a] ?? null }, { item: next[b] ?? null }, 'item') && sameNumber(old, a, next, b)
  let from = 0
  while (from < old.length && from < next.length && same(from, from)) {
    from++
    yield
  }
  let [oldTo, nextTo] = [old.length, next.length]
  while (oldTo > from && nextTo > from && same(oldTo - 1, nextTo - 1)) {
    oldTo--
    nextTo--
    yield
  }
  const whole = { oldFrom: from, oldTo, nextFrom: from, nextTo }
  if (oldTo === from && nextTo === from) return []
  const comparisons = (oldTo - from) * (nextTo - from)
  if (comparisons > Math.min(mostComparisons, walk.comparisons)) return [whole]
  walk.comparisons -= comparisons
  return yield* betweenCommon(whole, same)
}

const sameNumber = (old: Json[], a: number, next: Json[], b: number): boolean =>
  typeof old[a] !== 'number' ||
  (exactNumber(old, String(a)) ?? String(old[a])) === (exactNumber(next, String(b)) ?? String(next[b]))

/** Longest common subsequence, and the gaps in it. */
function* betweenCommon(
  { oldFrom, oldTo, nextFrom, nextTo }: Gap,
  same: (a: number, b: number) => boolean,
): Steps<Gap[]> {
  const width = nextTo - nextFrom + 1
  const lengths = new Uint32Array((oldTo - oldFrom + 1) * width)
  const at = (a: number, b: number) => (a - oldFrom) * width + (b - nextFrom)
  const equal = new Map<number, boolean>()
  for (let a = oldTo - 1; a >= oldFrom; a--)
    for (let b = nextTo - 1; b >= nextFrom; b--) {
      yield
      const isEqual = same(a, b)
      if (isEqual) equal.set(at(a, b), true)
      lengths[at(a, b)] = isEqual
        ? (lengths[at(a + 1, b + 1)] ?? 0) + 1
        : Math.max(lengths[at(a + 1, b)] ?? 0, lengths[at(a, b + 1)] ?? 0)
    }
  const gaps: Gap[] = []
  let [a, b] = [oldFrom, nextFrom]
  let open: Gap | undefined
  while (a < oldTo || b < nextTo) {
    if (a < oldTo && b < nextTo && equal.has(at(a, b))) {
      open = undefined
      a++
      b++
      continue
    }
    if (!open) {
      open = { oldFrom: a, oldTo: a, nextFrom: b, nextTo: b }
      gaps.push(open)
    }
    const isInsertion = a >= oldTo || (b < nextTo && (lengths[at(a, b + 1)] ?? 0) >= (lengths[at(a + 1, b)] ?? 0))
    if (isInsertion) open.nextTo = ++b
    else open.oldTo = ++a
  }
  return gaps
}

const text = (name: string, value: string): Parameter => ({ name, valueString: value })

const operation = (type: string, parts: Parameter[]): Parameter => ({
  name: 'operation',
  part: [{ name: 'type', valueCode: type }, ...parts],
})

const added = (path: string, element: FoundElement, value: Parameter): Parameter =>
  operation('add', [text('path', path), text('name', element.name), value])

/** A value as the part `value`, or as a part of one by its name. */
function valuePart(holder: JsonObject | Json[], key: string, element: FoundElement, name = 'value'): Parameter {
  const value: Json | undefined = Array.isArray(holder) ? holder[Number(key)] : holder[key]
  const type = element.childType
  const part: JsonObject = { name }
  if (value === undefined || value === null || Array.isArray(value)) throw unsaid(element.name)
  if (isObject(value) && type === 'Resource') part.resource = value
  else if (isObject(value) && (type.includes('.') || !isValueType(type))) part.part = partsOf(value, type)
  else {
    const member = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`
    part[member] = value
    const exact = exactNumber(holder, key)
    if (exact !== undefined) keepExactNumber(part, member, exact)
  }
  // It was made of members that a parameter has.
  return asJsonParameter(part)
}

const asJsonParameter = (part: JsonObject): Parameter => {
  const holder = asResource({ resourceType: 'Parameters', parameter: [part] })
  const [made] = holder.resourceType === 'Parameters' ? (holder.parameter ?? []) : []
  if (!made) throw new Error('A parameter was made and is not there.')
  return made
}

const isValueType = (type: string): boolean =>
  isPrimitive(type) || elementInfo('Parameters.parameter', `value${type}`) !== undefined

function partsOf(object: JsonObject, type: string): Json[] {
  const parts: Parameter[] = []
  for (const [name, value] of Object.entries(object)) {
    const element = name.startsWith('_') ? undefined : elementInfo(type, name)
    if (!element) throw unsaid(`${type}.${name.replace(/^_/, '')}`)
    if (Array.isArray(value))
      for (const index of value.keys()) parts.push(valuePart(value, String(index), element, element.name))
    else parts.push(valuePart(object, name, element, element.name))
  }
  return parts.map((each) => asJson(each))
}

function unsaid(path: string) {
  const what = `${path} differs in what no FHIRPath Patch can say (an extension of a primitive value, or no element of R4)`
  return unprocessable({ text: `${what}: compare the two as they are.`, expression: path }, 'not-supported')
}
