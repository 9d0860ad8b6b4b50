import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { Node } from '../model/nodes.ts'
import { type ElementType, isA, type Type, UNKNOWN } from '../model/types.ts'
import { canWrap, convertPrimitive, wrapValue } from './convert.ts'
import { ValueFault } from './fault.ts'
import type { Run } from './run.ts'
import { copyValid } from './typed-copy.ts'
import { leaveOut, tellConversion } from './value-remark.ts'

/** The property and type that a value takes in an element; for a choice by the type of the value. */
export function choose(element: ElementType, given: Node, property: string): { property: string; type: Type } {
  if (element.variants.length === 0) {
    return { property: element.name, type: element.types.length === 1 ? (element.types[0] ?? UNKNOWN) : given.type }
  }
  const found = pickVariant(element, given)
  if (!found) {
    const allowed = element.types.map((each) => each.name).join(', ')
    throw new ValueFault(`'${property}' takes ${allowed}, not ${given.type.name || 'an untyped object'}`)
  }
  return found
}

/** A whole number is an integer where that is allowed: FHIRPath has no narrower type. */
const NUMBERS = ['integer', 'positiveInt', 'unsignedInt', 'decimal']
const TEXTS = ['string', 'code', 'uri', 'url', 'canonical', 'markdown', 'id']

function pickVariant(element: ElementType, given: Node) {
  const byName = (name: string) => element.variants.find((each) => each.type.name === name)
  const { type, value } = given
  if (!type.inferred) {
    const exact = byName(type.name) ?? element.variants.find((each) => isA(type, each.type))
    if (exact) return exact
  }
  for (const name of candidates(type, value)) {
    const found = byName(name)
    if (found) return found
  }
  return element.variants.find((each) => canWrap(type.name, each.type.name)) ?? guessObject(element, given)
}

/** Variants to try for a primitive, the most telling first. */
function candidates(type: Type, value: Json | undefined): string[] {
  if (typeof value === 'boolean') return ['boolean', 'string']
  if (typeof value === 'number') {
    const whole = Number.isInteger(value)
    const fitting = whole ? NUMBERS.filter((each) => each !== 'positiveInt' || value > 0) : ['decimal']
    return type.name === 'decimal' && !type.inferred ? ['decimal', ...fitting, 'string'] : [...fitting, 'string']
  }
  if (typeof value !== 'string') return []
  if (type.inferred) {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return ['dateTime', 'instant', ...TEXTS]
    if (/^\d{4}-\d\d(-\d\d)?$/.test(value)) return ['date', 'dateTime', ...TEXTS]
  }
  if (type.name === 'instant' || type.name === 'date') return ['dateTime', 'date', ...TEXTS]
  if (type.name === 'dateTime') return ['instant', 'date', ...TEXTS]
  return [...TEXTS, 'dateTime', 'date', ...(/^-?\d+$/.test(value) ? NUMBERS : [])]
}

/** Types that an untyped object is most likely to be, for members that several types have. */
const LIKELY = [
  'Coding',
  'CodeableConcept',
  'Quantity',
  'Identifier',
  'Reference',
  'Period',
  'HumanName',
  'Address',
  'ContactPoint',
]

/** An untyped object goes where its members fit. */
function guessObject(element: ElementType, given: Node) {
  if (given.value === null || typeof given.value !== 'object' || Array.isArray(given.value)) return undefined
  const names = Object.keys(given.value)
  const fitting = element.variants.filter(
    (each) => each.type.kind !== 'primitive' && names.every((name) => each.type.element(name)),
  )
  const likely = LIKELY.map((name) => fitting.find((each) => each.type.name === name)).find(
    (each) => each !== undefined,
  )
  return likely ?? fitting[0]
}

/** A node that has a value. */
export interface Fitted extends Node {
  value: Json
}

/**
 * The value as the element's type wants it: moved when the map made it, else copied; converted where it must be. Undefined
 * when FHIR would refuse it or nothing is left of it: it is left out, and that is told. ValueFault when it is of another kind.
 */
export function fit(given: Node, type: Type, run: Run): Fitted | undefined {
  const { value = null } = given
  if (value === null || typeof value !== 'object') return fitPrimitive(given, type, run)
  if (type.kind === 'primitive') return fitInner(value, type, run)
  if (given.type !== type && given.type.kind === 'complex' && !isA(given.type, type)) {
    const inner = canWrap(given.type.name, type.name) ? loosened(given, given.type, run) : undefined
    const wrapped = inner && wrapValue(inner, given.type.name, type.name)
    if (wrapped) return { value: wrapped, type }
  }
  const copy = loosened(given, given.type.kind === 'complex' || given.type.kind === 'resource' ? given.type : type, run)
  if (copy === undefined) return undefined
  const node: Fitted = given.loose ? Object.assign(given, { value: copy }) : { value: copy, type: given.type }
  node.loose = false
  // A model says what it is; a data type does not.
  const isModel = node.type.kind === 'logical' || node.type.kind === 'unknown'
  if (type.kind !== 'resource' && type !== UNKNOWN && isModel && isJsonObject(copy)) delete copy.resourceType
  // A generic BackboneElement, or an object of unknown type, becomes what the element says.
  if (node.type.kind === 'unknown' || node.type.name === 'BackboneElement' || node.type.name === 'Element')
    node.type = type
  return node
}

/** What the map made was checked when it was made; anything else is copied and checked. */
function loosened({ value = null, loose }: Node, type: Type, run: Run): Json | undefined {
  return loose ? value : copyValid(value, type, run)
}

function fitPrimitive(given: Node, type: Type, run: Run): Fitted | undefined {
  const { value = null } = given
  if (type.kind === 'primitive') {
    const fitting = conform(given, type, run)
    return fitting === undefined ? undefined : { value: fitting, type }
  }
  if (type === UNKNOWN) return { value, type: given.type }
  const wrapped = wrapValue(value, wrapName(given, type), type.name)
  if (!wrapped)
    throw new ValueFault(`'${run.property}' takes ${type.name}, not a value of type ${given.type.name}`, type.name)
  const valid = copyValid(wrapped, type, run)
  return valid === undefined ? undefined : { value: valid, type }
}

function wrapName(given: Node, type: Type): string {
  if (canWrap(given.type.name, type.name)) return given.type.name
  return typeof given.value === 'number' ? 'decimal' : 'string'
}

/** An object for a primitive: its `value`, as CDA's types and FHIR's own have it. */
function fitInner(value: Json, type: Type, run: Run): Fitted | undefined {
  const inner = value !== null && typeof value === 'object' && !Array.isArray(value) ? value.value : undefined
  if (inner === undefined || inner === null || typeof inner === 'object') {
    throw new ValueFault(`'${run.property}' takes ${type.name}, not an object`, type.name)
  }
  return fitPrimitive({ value: inner, type: UNKNOWN }, type, run)
}

/** A primitive in the form of the type; undefined, and told, when FHIR would refuse it. */
export function conform(given: Node, type: Type, run: Run): Json | undefined {
  const { value = null } = given
  // A literal of the map is the same each time.
  const { fits } = given
  if (fits === type) return value
  const reason = type.check?.(value)
  if (reason === undefined) {
    if (fits !== undefined) given.fits = type
    return value
  }
  if (value === '') return undefined
  const converted = convertPrimitive(value, type)
  if (converted === undefined) {
    leaveOut(run, { type: type.name, reason })
    return undefined
  }
  if (typeof value === 'string') tellConversion(run, type)
  return converted
}
