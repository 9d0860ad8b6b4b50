import { keepExactNumber } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { decimalText } from '../model/decimal-text.ts'
import { type Node, setMember } from '../model/nodes.ts'
import { type ElementType, type Type, UNKNOWN } from '../model/types.ts'
import { TransformFault, ValueFault } from './fault.ts'
import { choose, conform, fit } from './fit.ts'
import type { ListPlace, Run, Writing } from './run.ts'
import { copyExtra, copyValid } from './typed-copy.ts'

/** How many items of a list stand at its ends because a rule said so. */
const ends = new WeakMap<Json[], { first: number; last: number }>()

/** A new instance of a type; a resource or logical model says what it is. */
export function createInstance(type: Type): Node {
  if (type.kind === 'primitive') return { value: undefined, type, loose: true }
  const named = type.kind === 'resource' || (type.kind === 'logical' && type.url !== undefined)
  const value: JsonObject = named ? { resourceType: type.name } : {}
  if (named && type.kind === 'logical') models.set(value, type)
  return { value, type, loose: true }
}

/** What logical instances are: several models may be of one name, which is all that an instance says of itself. */
const models = new WeakMap<JsonObject, Type>()

/** The logical model that an instance was made of by a map; undefined for any other object. */
export function modelOf(instance: JsonObject): Type | undefined {
  return models.get(instance)
}

/**
 * The element of a target as an object to be filled: a new item of a repeating element, the one that is there of a
 * single one. A primitive has no value until it is assigned.
 */
export function makeElement(target: Node, property: string, place?: ListPlace): Node {
  if (target.type.kind === 'primitive' && property === 'value') return target
  const holder = objectOf(target, property)
  const element = target.type.element(property)
  if (!element) {
    refuseUnknown(target.type, property)
    const value: JsonObject = {}
    addUntyped(holder, { property, value, listed: false })
    return { value, type: UNKNOWN }
  }
  const present = element.isArray ? undefined : presentVariant(holder, element)
  if (present) return { value: holder[present.property] ?? undefined, type: present.type, owner: target, property }
  const [type = UNKNOWN] = element.types
  if (element.types.length > 1) return { value: undefined, type: UNKNOWN, owner: target, property }
  if (type.kind === 'primitive') return { value: undefined, type, owner: target, property }
  const value: JsonObject = {}
  store(holder, { property: element.name, element, value, place })
  return { value, type }
}

function presentVariant(holder: JsonObject, element: ElementType): { property: string; type: Type } | undefined {
  if (element.variants.length === 0) {
    return holder[element.name] === undefined
      ? undefined
      : { property: element.name, type: element.types[0] ?? UNKNOWN }
  }
  return element.variants.find((each) => holder[each.property] !== undefined)
}

/** The object that a target's children are set on; TransformFault when it is a value. */
function objectOf(target: Node, property: string): JsonObject {
  if (target.value !== null && typeof target.value === 'object' && !Array.isArray(target.value)) return target.value
  if (target.type.kind === 'primitive' && (property === 'extension' || property === 'id')) return extraOf(target)
  if (target.value === undefined && target.type.kind !== 'primitive') return openPlaceholder(target, property)
  throw new TransformFault(`'${property}' cannot be set on a value of type ${target.type.name || 'unknown'}`)
}

/** The `_name` object beside a primitive. */
function extraOf(target: Node): JsonObject {
  const holder = target.owner?.value
  if (!target.property || holder === null || typeof holder !== 'object' || Array.isArray(holder)) return {}
  const name = `_${target.property}`
  const found = holder[name]
  if (found !== null && typeof found === 'object' && !Array.isArray(found)) return found
  const made: JsonObject = {}
  setMember(holder, name, made)
  return made
}

/** A choice that was bound before anything was assigned becomes an object when a child is set on it. */
function openPlaceholder(target: Node, property: string): JsonObject {
  const types = target.owner?.type.element(target.property ?? '')?.types ?? []
  const type = types.find((each) => each.element(property)) ?? UNKNOWN
  const value: JsonObject = {}
  const holder = target.owner?.value
  if (holder !== null && typeof holder === 'object' && !Array.isArray(holder))
    fillPlaceholder(target, holder, { value, type })
  target.value = value
  target.type = type
  return value
}

function fillPlaceholder({ owner, property = '' }: Node, holder: JsonObject, given: Node): void {
  const element = owner?.type.element(property)
  if (!element) {
    addUntyped(holder, { property, value: given.value ?? null, listed: false })
    return
  }
  const chosen = choose(element, given, property)
  store(holder, { property: chosen.property, element, value: given.value ?? null, place: undefined })
}

/**
 * Sets or adds an element and answers the node that stands there now; one without a value when FHIR would refuse it, which
 * is told. ValueFault when a value is of another kind than the element.
 */
export function assign(target: Node, property: string, given: Node, at: Writing): Node {
  if (given.value === undefined && given.type.kind !== 'primitive' && !given.extra) return given
  if (property === 'value' && target.type.kind === 'primitive') return assignSelf(target, given, at)
  const holder = objectOf(target, property)
  const element = target.type.element(property)
  if (!element) {
    refuseUnknown(target.type, property)
    if (given.value === undefined) {
      if (given.extra) setMember(holder, `_${property}`, copyExtra(given.extra, at.run))
      return promise(given, target, property)
    }
    return assignUntyped(holder, property, { given, run: at.run })
  }
  if (given.value === undefined)
    return given.extra ? assignExtra(holder, element, { given, run: at.run }) : promise(given, target, property)
  const { run, place } = at
  run.holder = target.type
  run.property = property
  const chosen = choose(element, given, property)
  const fitted = fit(given, chosen.type, run)
  if (!fitted) return { value: undefined, type: chosen.type, owner: target, property }
  if (element.variants.length > 0) leaveOtherChoices(holder, element, chosen.property)
  const index = store(holder, { property: chosen.property, element, value: fitted.value, place })
  if (fitted.type.name === 'decimal' && !element.isArray) {
    const exact = given.exact ?? decimalText(given.value)
    if (exact !== undefined) keepExactNumber(holder, chosen.property, exact)
  }
  if (given.extra && fitted.type.kind === 'primitive')
    storeExtra(holder, chosen.property, { extra: copyExtra(given.extra, run), index })
  if (fitted.value !== null && typeof fitted.value === 'object') return fitted
  // fit made this node, so it may be told where it stands.
  fitted.owner = target
  fitted.property = property
  return fitted
}

/** Of a choice only one property stands. A holder has few members, a choice may have fifty. */
export function leaveOtherChoices(holder: JsonObject, { name, variants }: ElementType, chosen: string): void {
  for (const member in holder) {
    if (member === chosen || !member.startsWith(name)) continue
    if (variants.some(({ property }) => property === member)) delete holder[member]
  }
}

/** A primitive that has no value but an id or extensions, such as the reason why it is absent. */
function assignExtra(holder: JsonObject, element: ElementType, { given, run }: { given: Node; run: Run }): Node {
  const { property } = choose(element, { ...given, value: '' }, element.name)
  // Lists of values and of what comes with them are as long as each other, with null for what is not there.
  const index = element.isArray ? store(holder, { property, element, value: null, place: undefined }) : 0
  if (given.extra) storeExtra(holder, property, { extra: copyExtra(given.extra, run), index })
  return given
}

/** A primitive made by create() is set when its value is assigned; any other without value is none. */
function promise(given: Node, owner: Node, property: string): Node {
  return given.loose ? Object.assign(given, { owner, property }) : given
}

/** Assigns to a variable itself: `tgt = v` where `tgt` is a primitive that stands somewhere. */
export function assignSelf(target: Node, given: Node, at: Writing): Node {
  if (given.value === undefined) return target
  const typed = ownValue(target, given, at.run)
  if (!typed) return target
  const { owner, property } = target
  if (owner && property) {
    const list = target.value === undefined || !isJsonObject(owner.value) ? undefined : owner.value[property]
    const index = Array.isArray(list) && target.value !== undefined ? list.lastIndexOf(target.value) : -1
    if (Array.isArray(list) && index >= 0) list[index] = typed.value ?? null
    const fitted = index >= 0 ? typed : assign(owner, property, typed, at)
    target.value = fitted.value
    target.type = fitted.type
    return target
  }
  if (target.value !== null && typeof target.value === 'object' && !Array.isArray(target.value)) {
    if (given.value === null || typeof given.value !== 'object' || Array.isArray(given.value)) {
      throw new ValueFault('a value cannot be assigned to an object')
    }
    const copy = copyValid(given.value, target.type, at.run)
    if (isJsonObject(copy))
      for (const name in copy) if (name !== 'resourceType') setMember(target.value, name, copy[name] ?? null)
    return target
  }
  target.value = typed.value
  return target
}

/** The value in the form that the variable's own type wants. */
function ownValue(target: Node, given: Node, run: Run): Node | undefined {
  if (target.type.kind !== 'primitive' || (given.value !== null && typeof given.value === 'object')) return given
  run.holder = target.owner?.type ?? target.type
  run.property = target.property ?? ''
  const value = conform(given, target.type, run)
  return value === undefined ? undefined : { value, type: target.type }
}

/** R4 says what its types have; a map that sets something else is wrong. */
function refuseUnknown(type: Type, property: string): void {
  if (type.kind === 'unknown' || type.kind === 'logical' || type.inferred || OPEN.has(type.name)) return
  throw new TransformFault(`${type.name} has no element '${property}'`)
}

/** Types that say nothing about what stands in them. */
const OPEN = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement', 'Base'])

interface Placement {
  property: string
  element: ElementType
  value: Json
  place: ListPlace
}

/** Sets an element, or adds to it when it repeats; answers the index of the new item. */
function store(holder: JsonObject, at: Placement): number {
  if (!at.element.isArray) {
    setMember(holder, at.property, at.value)
    return 0
  }
  const found = holder[at.property]
  const list: Json[] = Array.isArray(found) ? found : found === undefined || found === null ? [] : [found]
  if (list !== found) setMember(holder, at.property, list)
  const index = insert(list, at.value, at.place)
  if (at.value === null || typeof at.value !== 'object') {
    const extras = holder[`_${at.property}`]
    if (Array.isArray(extras)) extras.splice(index, 0, null)
  }
  return index
}

/** Sets a member, or adds to it when it is that of a repeating element. */
export function storeItem(holder: JsonObject, property: string, element: ElementType, value: Json): void {
  store(holder, { property, element, value, place: undefined })
}

/** Adds an object to a repeating element. */
export function addObject(holder: JsonObject, property: string, value: JsonObject): void {
  const found = holder[property]
  if (found === undefined) setMember(holder, property, [value])
  else if (Array.isArray(found)) insert(found, value, undefined)
  else setMember(holder, property, found === null ? [value] : [found, value])
}

/** Puts an item into a list and answers its index. */
function insert(list: Json[], value: Json, place: ListPlace): number {
  const known = ends.get(list)
  if (!place && !known) return list.push(value) - 1
  const count = known ?? { first: 0, last: 0 }
  ends.set(list, count)
  const index = place === 'first' ? count.first++ : place === 'last' ? list.length : list.length - count.last
  if (place === 'last') count.last++
  list.splice(index, 0, value)
  return index
}

function storeExtra(
  holder: JsonObject,
  property: string,
  { extra, index }: { extra: JsonObject; index: number },
): void {
  const values = holder[property]
  if (!Array.isArray(values)) {
    setMember(holder, `_${property}`, extra)
    return
  }
  const found = holder[`_${property}`]
  const list: Json[] = Array.isArray(found) ? found : values.map(() => null)
  list[index] = extra
  setMember(holder, `_${property}`, list)
}

function assignUntyped(holder: JsonObject, property: string, { given, run }: { given: Node; run: Run }): Node {
  const node = given.loose ? given : { value: copyValid(given.value ?? null, UNKNOWN, run) ?? {}, type: given.type }
  node.loose = false
  run.untyped = true
  addUntyped(holder, { property, value: node.value ?? null, listed: given.listed === true })
  if (given.exact !== undefined && !Array.isArray(holder[property])) keepExactNumber(holder, property, given.exact)
  return node
}

/** Elements of unknown shape keep the shape found; assigned twice they become a list. */
function addUntyped(holder: JsonObject, at: { property: string; value: Json; listed: boolean }): void {
  const found = holder[at.property]
  if (Array.isArray(found)) found.push(at.value)
  else if (found !== undefined) setMember(holder, at.property, [found, at.value])
  else setMember(holder, at.property, at.listed ? [at.value] : at.value)
}

/** Steps into an element on the way to another: the last item that is there, else a new one. */
export function walkInto(target: Node, property: string): Node {
  const { value } = target
  const element = target.type.element(property)
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const found = value[element?.variants.length === 0 ? element.name : property]
    const last = Array.isArray(found) ? found.at(-1) : found
    if (last !== undefined && last !== null && typeof last === 'object')
      return { value: last, type: element?.types[0] ?? UNKNOWN }
  }
  return makeElement(target, property)
}

/** The first item of a repeating element, for `collate`; undefined when there is none. */
export function firstItem(target: Node, property: string): Node | undefined {
  const { value } = target
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  const found = value[property]
  const first = Array.isArray(found) ? found[0] : undefined
  if (first === undefined || first === null || typeof first !== 'object') return undefined
  return { value: first, type: target.type.element(property)?.types[0] ?? UNKNOWN }
}
