import type { Json, JsonObject } from '../fhir/types.ts'
import { assignPrimitive, canWrap, wrapValue } from './convert.ts'
import { TransformFault } from './fault.ts'
import { cleanCopy, type Node } from './nodes.ts'
import { type ElementType, isA, type Type, UNKNOWN } from './types.ts'

/** The property and type that a value takes in an element; for a choice by the type of the value. */
export function choose(element: ElementType, given: Node, property: string): { property: string; type: Type } {
  if (element.variants.length === 0) {
    return { property: element.name, type: element.types.length === 1 ? (element.types[0] ?? UNKNOWN) : given.type }
  }
  const found = pickVariant(element, given)
  if (!found) {
    const allowed = element.types.map((each) => each.name).join(', ')
    throw new TransformFault(`'${property}' takes ${allowed}, not ${given.type.name || 'an untyped object'}`)
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

/** The value as the element's type wants it: moved when the map made it, else copied; converted where it must be. */
export function fit(given: Node, type: Type, property: string): Node {
  const value = given.value as Json // callers have checked
  if (value === null || typeof value !== 'object') {
    if (type.kind === 'primitive') return { value: assignPrimitive(value, type.name), type }
    if (type === UNKNOWN) return { value, type: given.type }
    const wrapped = wrapValue(value, wrapName(given, type), type.name)
    if (wrapped) return { value: wrapped, type }
    throw new TransformFault(`'${property}' takes ${type.name}, not a value of type ${given.type.name}`)
  }
  if (type.kind === 'primitive') return fitPrimitive(value, type, property)
  if (given.type !== type && given.type.kind === 'complex' && !isA(given.type, type)) {
    const wrapped = wrapValue(given.loose ? value : cleanCopy(value), given.type.name, type.name)
    if (wrapped) return { value: wrapped, type }
  }
  const node = given.loose ? given : { value: cleanCopy(value), type: given.type }
  node.loose = false
  if (type.kind !== 'resource' && type !== UNKNOWN && node.type.kind === 'logical')
    delete (node.value as JsonObject).resourceType
  // A generic BackboneElement, or an object of unknown type, becomes what the element says.
  if (node.type.kind === 'unknown' || node.type.name === 'BackboneElement' || node.type.name === 'Element')
    node.type = type
  return node
}

function wrapName(given: Node, type: Type): string {
  if (canWrap(given.type.name, type.name)) return given.type.name
  return typeof given.value === 'number' ? 'decimal' : 'string'
}

/** An object for a primitive: its `value`, as CDA's types and FHIR's own have it. */
function fitPrimitive(value: Json, type: Type, property: string): Node {
  const inner = value !== null && typeof value === 'object' && !Array.isArray(value) ? value.value : undefined
  if (inner === undefined || inner === null || typeof inner === 'object') {
    throw new TransformFault(`'${property}' takes ${type.name}, not an object`)
  }
  return { value: assignPrimitive(inner, type.name), type }
}
