import { exactNumber, keepExactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { INFERRED, mayKeep, r4Type, type Type, UNKNOWN } from './types.ts'

/**
 * A value with its type. For a target it also knows where it stands, so that a primitive can be set later:
 * `tgt.status as s` has no value before something is assigned to `s`.
 */
export interface Node {
  value: Json | undefined
  type: Type
  /** `id` and `extension` of a primitive, from the `_name` property (https://hl7.org/fhir/R4/json.html#primitive). */
  extra?: JsonObject | undefined
  /** The target whose element this is, for what may still be set, and the name of that element. */
  owner?: Node
  property?: string
  /** Made by the map and not yet part of another object: it is moved, not copied. */
  loose?: boolean
  /** Came out of a JSON array. */
  listed?: boolean
  /** Text of a decimal that says more than its value, e.g. `1.10`. */
  exact?: string
  /** A date, time or quantity of FHIRPath itself, which has no elements. */
  system?: boolean
  /** Of a literal, which is the same in every run: the type that it was found to be of; {@link UNKNOWN} before that. */
  fits?: Type
}

/** Types that a JSON value shows by itself. */
export function inferType(value: Json | undefined, find?: (name: string) => Type | undefined): Type {
  switch (typeof value) {
    case 'string':
      return INFERRED.string
    case 'number':
      return Number.isInteger(value) ? INFERRED.integer : INFERRED.decimal
    case 'boolean':
      return INFERRED.boolean
    default:
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
        const name = value.resourceType
        if (typeof name === 'string') return r4Type(name) ?? find?.(name) ?? UNKNOWN
      }
      return UNKNOWN
  }
}

/** Whether a value that came out of the FHIRPath engine is JSON; what is inside an object is taken for it. */
export const isJson = (value: unknown): value is Json =>
  value === null || ['string', 'number', 'boolean', 'object'].includes(typeof value)

/** Whether a value counts as absent: null, empty text, empty object, empty list. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}

/** The children of that name, in order; empty ones are left out. `value` of a primitive is the primitive. */
export function children(node: Node, property: string): Node[] {
  const { value } = node
  if (value === null || value === undefined || typeof value !== 'object') return primitiveChildren(node, property)
  if (Array.isArray(value)) return value.flatMap((each) => children({ value: each, type: node.type }, property))
  if (property in Object.prototype && !Object.hasOwn(value, property)) return NOTHING
  const element = node.type.element(property)
  if (element) {
    if (element.variants.length === 0) return collect(value, property, element.types)
    for (const variant of element.variants) {
      if (value[variant.property] !== undefined || value[extraName(variant.property)] !== undefined) {
        return collect(value, variant.property, [variant.type])
      }
    }
    return NOTHING
  }
  if (value[property] !== undefined || value[extraName(property)] !== undefined)
    return collect(value, property, NO_TYPES)
  return property === 'value' && node.type === UNKNOWN ? openChoice(value) : NOTHING
}

/** Names of the members beside primitives: to make one anew costs more than to look it up. */
const extraNames = new Map<string, string>()

function extraName(property: string): string {
  const known = extraNames.get(property)
  if (known !== undefined) return known
  const name = `_${property}`
  if (mayKeep(property, extraNames, 5000)) extraNames.set(property, name)
  return name
}

/** What children returns when there are none; never changed. */
const NOTHING: Node[] = []
const NO_TYPES: Type[] = []

function primitiveChildren(node: Node, property: string): Node[] {
  if (property === 'value') return node.value === undefined || node.value === null ? NOTHING : [node]
  const extra = node.extra?.[property]
  if (extra === undefined) return NOTHING
  const type = r4Type(property === 'extension' ? 'Extension' : 'string') ?? UNKNOWN
  return [extra].flat().map((value) => ({ value, type }))
}

function openChoice(value: JsonObject): Node[] {
  for (const name in value) {
    if (!name.startsWith('value') || name.length === 5) continue
    const suffix = name.slice(5)
    const type = r4Type(suffix) ?? r4Type(suffix.charAt(0).toLowerCase() + suffix.slice(1))
    if (type) return collect(value, name, [type])
  }
  return NOTHING
}

function collect(parent: JsonObject, property: string, types: Type[]): Node[] {
  const found = parent[property]
  const extra = parent[extraName(property)]
  if (Array.isArray(found) || Array.isArray(extra)) return collectList(found, extra, types)
  if (isEmpty(found) && isEmpty(extra)) return NOTHING
  const node = child(isEmpty(found) ? undefined : found, types, extra)
  if (typeof found === 'number') {
    const text = exactNumber(parent, property)
    if (text !== undefined) node.exact = text
  }
  return [node]
}

function collectList(found: Json | undefined, extra: Json | undefined, types: Type[]): Node[] {
  const values = Array.isArray(found) ? found : []
  const extras = Array.isArray(extra) ? extra : NO_EXTRAS
  const nodes: Node[] = []
  for (let i = 0; i < Math.max(values.length, extras.length); i++) {
    const value = values[i]
    if (isEmpty(value) && isEmpty(extras[i])) continue
    const node = child(isEmpty(value) ? undefined : value, types, extras[i])
    node.listed = true
    nodes.push(node)
  }
  return nodes
}

const NO_EXTRAS: Json[] = []

function child(value: Json | undefined, types: Type[], extra: Json | undefined): Node {
  const node: Node = { value, type: childType(value, types) }
  if (extra !== undefined && extra !== null && typeof extra === 'object' && !Array.isArray(extra)) node.extra = extra
  return node
}

function childType(value: Json | undefined, types: Type[]): Type {
  const [only] = types
  if (only && types.length === 1 && only !== UNKNOWN) {
    if (only.kind !== 'resource' && only.kind !== 'logical') return only
    const own = inferType(value)
    return own === UNKNOWN ? only : own
  }
  return inferType(value)
}

/** Text of a primitive as `toString()` gives it. */
export function toText(node: Node): string | undefined {
  const { value, exact } = node
  if (exact !== undefined) return exact
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** What a text counts in the limit of a run: a step for every 64 characters, so that long texts do not pass it by. */
export function textSteps(text: string): number {
  return text.length >> 6
}

/** A copy that shares nothing with the original. */
export function deepCopy(value: Json): Json {
  if (value === null || typeof value !== 'object') return value
  return Array.isArray(value) ? value.map(deepCopy) : copyObject(value)
}

/** {@link deepCopy} of an object. */
export function copyObject(value: JsonObject): JsonObject {
  const copy: JsonObject = {}
  for (const name in value) {
    const member = value[name]
    if (member !== undefined) setMember(copy, name, deepCopy(member))
    if (typeof member === 'number') {
      const text = exactNumber(value, name)
      if (text !== undefined) keepExactNumber(copy, name, text)
    }
  }
  return copy
}

/** Sets a member even when it is called `__proto__`. */
export function setMember(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
  else object[name] = value
}

/** Takes out, in place, what is empty: null, empty texts, objects and lists. Lists beside a `_name` list keep their nulls. */
export function dropEmpty(value: Json): Json | undefined {
  if (value === null || value === '') return undefined
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) {
    let kept = 0
    for (const each of value) {
      const clean = dropEmpty(each)
      if (clean !== undefined) value[kept++] = clean
    }
    value.length = kept
    return kept > 0 ? value : undefined
  }
  let kept = 0
  for (const name in value) {
    const member = value[name] ?? null
    const aligned = Array.isArray(member) && (name.startsWith('_') || value[`_${name}`] !== undefined)
    const clean = aligned ? member : dropEmpty(member)
    if (clean === undefined) delete value[name]
    else {
      if (clean !== member) value[name] = clean
      kept++
    }
  }
  return kept > 0 ? value : undefined
}
