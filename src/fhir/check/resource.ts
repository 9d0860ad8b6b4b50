/**
 * Whether a resource is R4 by its structure: elements, JSON types, cardinality, lexical forms, narrative. Bindings,
 * profiles and invariants beyond ele-1 and ext-1 are checked elsewhere.
 */
import { exactNumber } from '../../base/exact-number.ts'
import {
  choiceProperty,
  elementInfo,
  type FoundElement,
  isPrimitive,
  isResource,
  numberFault,
  type PrimitiveCheck,
  primitiveCheck,
  type TypeInfo,
  typeInfo,
  uncarried,
} from '../elements.ts'
import { type IssueCode, issue } from '../error.ts'
import type { Issue, Resource } from '../types.ts'
import { narrativeFault } from '../xml/narrative.ts'
import { type Misspelt, meantName } from './misspelt.ts'

const MAX_ISSUES = 100
const MAX_DEPTH = 256

/** How strictly it is checked. */
export interface StructureOptions {
  /** Spelling of a later FHIR version is let through: unknown and missing elements and empty lists are warnings. */
  tolerant?: boolean
}

interface Check {
  issues: Issue[]
  tolerant: boolean
  /** Names down to the element under check, and the index of each in its list; -1 of what is in none. */
  path: string[]
  indexes: number[]
  misspelt: Misspelt[]
}

/** An element of a type, with what is asked of it for every resource that is checked. */
interface Known extends FoundElement {
  /** Its name as a step of a path. */
  step: string
  kind: 'primitive' | 'resource' | 'object'
  /** Of a primitive type. */
  judge: PrimitiveCheck | undefined
}

/** What a type may hold, worked out once. */
interface Members {
  isResource: boolean
  required: ElementInfo[]
  /** By the property of JSON. */
  element(property: string): Known | undefined
}

type ElementInfo = TypeInfo['elements'][number]

const knownTypes = new Map<string, Members>()

function membersOf(type: string): Members {
  let found = knownTypes.get(type)
  if (!found) {
    found = makeMembers(type)
    // Unknown names come from outside and would grow the map without end.
    if (typeInfo(type)) knownTypes.set(type, found)
  }
  return found
}

function makeMembers(type: string): Members {
  const elements = new Map<string, Known>()
  return {
    isResource: isResource(type),
    required: typeInfo(type)?.elements.filter((element) => element.min > 0) ?? [],
    element(property) {
      const known = elements.get(property)
      if (known) return known
      const element = elementInfo(type, property)
      if (!element) return undefined
      const { childType, name } = element
      const kind = isPrimitive(childType) ? 'primitive' : isResource(childType) ? 'resource' : 'object'
      const made: Known = { ...element, step: `.${name}`, kind, judge: primitiveCheck(childType) }
      elements.set(property, made)
      return made
    },
  }
}

type Content = Record<string, unknown>

/**
 * All faults of a resource as issues with the expression of the element, 100 at most; an empty list when there are
 * none. Severity is error, or warning for names of type id that are not of its form. Never throws, whatever it is given.
 */
export function checkResource(resource: unknown, options: StructureOptions = {}): Issue[] {
  return checked(resource, options).issues.slice(0, MAX_ISSUES)
}

/** The members of a resource whose names are misspelt, as far as {@link checkResource} tells of them. */
export const misspeltIn = (resource: unknown): Misspelt[] => checked(resource, {}).misspelt

function checked(resource: unknown, { tolerant = false }: StructureOptions): Check {
  const check: Check = { issues: [], tolerant, path: [], indexes: [], misspelt: [] }
  checkResourceAt(check, resource)
  return check
}

/** Their spelling in later versions of FHIR is read too: their compilers judge what they know. */
const tolerantTypes = new Set(['StructureMap'])

/**
 * What no resource may be that is to be stored, whatever its status: R4 by its structure, or nobody could read it back; and a whole one,
 * or it would replace the whole by a part.
 */
export const structureFaults = (resource: Resource): Issue[] => [
  ...partFaults(resource),
  ...checkResource(resource, { tolerant: tolerantTypes.has(resource.resourceType) }),
]

/** What was cut down (`_summary`, `_elements`) says so (https://hl7.org/fhir/R4/search.html#summary). */
function partFaults({ resourceType, meta }: Resource): Issue[] {
  const tags = Array.isArray(meta?.tag) ? meta.tag : []
  const at = tags.findIndex((each) => each?.code === 'SUBSETTED' && (each.system?.endsWith('ObservationValue') ?? true))
  if (at < 0) return []
  const text =
    'The resource is tagged SUBSETTED: it is a part of one, as _summary or _elements give it. Read it whole, and write that.'
  return [issue('business-rule', { text, expression: `${resourceType}.meta.tag[${at}]` })]
}

/** Where the element under check stands, or a member of it. */
function expressionOf({ path, indexes }: Check, child: string | undefined): string {
  const own = path.map((step, at) => (indexes[at] === -1 ? step : `${step}[${indexes[at]}]`)).join('')
  return child ? `${own}.${child}` : own
}

function report(
  check: Check,
  code: IssueCode,
  text: string,
  at: { child?: string; severity?: 'error' | 'warning' } = {},
): void {
  const { child, severity = 'error' } = at
  const expression = expressionOf(check, child)
  check.issues.push(
    issue(code, expression ? { text: `${expression}: ${text}`, expression, severity } : { text, severity }),
  )
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkResourceAt(check: Check, resource: unknown): void {
  if (!isObject(resource)) {
    report(check, 'structure', 'a resource must be a JSON object')
    return
  }
  const type = resource.resourceType
  if (typeof type !== 'string') {
    report(check, 'structure', 'a resource must have a resourceType')
    return
  }
  if (!isResource(type) || typeInfo(type)?.abstract) {
    report(check, 'structure', `"${type.slice(0, 80)}" is not a resource of FHIR R4`)
    return
  }
  const isRoot = check.path.length === 0
  if (isRoot) enter(check, type, -1)
  checkMembers(check, type, resource)
  if (isRoot) leave(check)
}

function enter(check: Check, step: string, index: number): void {
  check.path.push(step)
  check.indexes.push(index)
}

function leave(check: Check): void {
  check.path.pop()
  check.indexes.pop()
}

function checkMembers(check: Check, type: string, object: Content): void {
  if (check.path.length > MAX_DEPTH) {
    report(check, 'too-costly', `nested more than ${MAX_DEPTH} levels deep`)
    return
  }
  const members = membersOf(type)
  const names = Object.keys(object)
  // Few objects have anything beside their values: to look for it at each costs as much as all the rest.
  const isPlain = !names.some((name) => name.charCodeAt(0) === underscore)
  let chosen: Map<string, string> | undefined
  for (const name of names) {
    if (check.issues.length >= MAX_ISSUES) return
    if (name === 'resourceType' && members.isResource) continue
    const property = name.charCodeAt(0) === underscore ? name.slice(1) : name
    const element = members.element(property)
    if (!element || (element.choice && element.name === property) || !mayBe(element, name)) {
      const severity = check.tolerant ? 'warning' : 'error'
      const meant = element ? undefined : noteMisspelt(check, type, name, object)
      report(check, 'structure', unknownText(type, name, { element, meant }), { child: name, severity })
      const fault = uncarriedIn(object[name])
      if (fault !== undefined) report(check, 'value', fault, { child: name })
      continue
    }
    if (element.choice || element.min > 0) {
      chosen ??= new Map()
      const other = chosen.get(element.name)
      if (other !== undefined && other !== property)
        report(check, 'structure', `${other} and ${property} exclude each other`, { child: element.name })
      chosen.set(element.name, property)
    }
    // A primitive with both is checked once, with its value.
    if (isPlain) checkPlain(check, element, property, object)
    else if (name === property || object[property] === undefined) checkElement(check, element, property, object)
  }
  for (const element of members.required) if (!chosen?.has(element.name)) reportMissing(check, element)
  if (type === 'Extension') checkExtension(check, object)
}

const underscore = 0x5f

function reportMissing(check: Check, { name, types, choice }: ElementInfo): void {
  const some = types.slice(0, 4).map((each) => choiceProperty(name, each))
  const wanted = choice ? `one of ${some.join(', ')}` : `"${name}"`
  report(check, 'required', `${wanted} is required`, { child: name, severity: check.tolerant ? 'warning' : 'error' })
}

/** What is wrong with the texts of a member that R4 does not have. */
function uncarriedIn(value: unknown): string | undefined {
  if (typeof value === 'string') return uncarried(value)
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    const fault = uncarried(name) ?? uncarriedIn(member)
    if (fault !== undefined) return fault
  }
  return undefined
}

function mayBe(element: FoundElement, name: string): boolean {
  if (!name.startsWith('_')) return true
  return isPrimitive(element.childType) && !element.xmlAttribute && element.childType !== 'xhtml'
}

function unknownText(
  type: string,
  name: string,
  { element, meant }: { element: FoundElement | undefined; meant: string | undefined },
): string {
  const [first] = element?.types ?? []
  if (element?.choice && first) return `"${name}" needs its type, such as "${choiceProperty(name, first)}"`
  const guess = meant === undefined ? '' : ` (is "${meant}" meant?)`
  return `${type} has no element "${name.slice(0, 80)}"${guess}`
}

/** The name that is meant by one that the type does not have; of two that may mean the same it is the first. */
function noteMisspelt(check: Check, type: string, name: string, object: Content): string | undefined {
  const isTaken = (other: string) =>
    Object.hasOwn(object, other) || check.misspelt.some((each) => each.object === object && each.meant === other)
  const meant = meantName(type, name, isTaken)
  if (meant !== undefined) check.misspelt.push({ object, name, meant, expression: expressionOf(check, name) })
  return meant
}

/** ext-1: an extension has a value or extensions, not both, not neither. */
function checkExtension(check: Check, extension: Content): void {
  const names = Object.keys(extension)
  const hasValue = names.some((name) => /^_?value/.test(name))
  if (hasValue === names.includes('extension')) {
    report(
      check,
      'invariant',
      hasValue ? 'has a value and extensions (ext-1)' : 'has neither a value nor extensions (ext-1)',
    )
  }
}

/** A value, what stands beside it under `_name`, and the text of a number that JavaScript would write otherwise. */
interface Item {
  value: unknown
  extra: unknown
  text: string | undefined
}

function checkElement(check: Check, element: Known, property: string, object: Content): void {
  const value = object[property]
  const extra = object[`_${property}`]
  if (element.isArray) {
    checkList(check, element, { value, extra })
    return
  }
  enter(check, element.step, -1)
  if (Array.isArray(value) || Array.isArray(extra)) report(check, 'structure', 'must not be a list')
  else checkItem(check, element, { value, extra, text: exactNumber(object, property) })
  leave(check)
}

/** The same of an object that has nothing beside its values. */
function checkPlain(check: Check, element: Known, property: string, object: Content): void {
  const value = object[property]
  if (!element.isArray) {
    enter(check, element.step, -1)
    if (Array.isArray(value)) report(check, 'structure', 'must not be a list')
    else checkValue(check, element, value, typeof value === 'number' ? exactNumber(object, property) : undefined)
    leave(check)
  } else if (Array.isArray(value) && value.length > 0 && value.length <= element.max) checkItems(check, element, value)
  else checkList(check, element, { value, extra: undefined })
}

function checkItems(check: Check, element: Known, values: unknown[]): void {
  for (let index = 0; index < values.length && check.issues.length < MAX_ISSUES; index++) {
    const value = values[index]
    enter(check, element.step, index)
    checkValue(check, element, value, typeof value === 'number' ? exactNumber(values, String(index)) : undefined)
    leave(check)
  }
}

function checkList(check: Check, element: Known, { value, extra }: { value: unknown; extra: unknown }): void {
  const lists = [value, extra].filter((each) => each !== undefined)
  if (!lists.every(Array.isArray)) {
    report(check, 'structure', 'must be a list', { child: element.name })
    return
  }
  if (lists.some((list) => list.length === 0)) {
    const severity = check.tolerant ? 'warning' : 'error'
    report(check, 'structure', 'must not be an empty list', { child: element.name, severity })
    return
  }
  const [values, extras] = [value, extra].map((each) => (Array.isArray(each) ? each : undefined))
  // "null values are used to fill out both arrays so that the id and/or extension are aligned" (json.html#primitive)
  if (values && extras && values.length !== extras.length)
    report(check, 'structure', 'has values and extensions of unequal number', { child: element.name })
  const length = Math.max(...lists.map((list) => list.length))
  if (length > element.max)
    report(check, 'structure', `may occur ${element.max} times at most`, { child: element.name })
  for (let index = 0; index < length && check.issues.length < MAX_ISSUES; index++) {
    enter(check, element.step, index)
    // null holds the place of a value that has extensions only, and the other way round.
    const text = values && exactNumber(values, String(index))
    checkItem(check, element, { value: values?.[index] ?? undefined, extra: extras?.[index] ?? undefined, text })
    leave(check)
  }
}

function checkItem(check: Check, element: Known, item: Item): void {
  const { value, extra } = item
  if (value === null || (value === undefined && extra === undefined)) report(check, 'structure', 'must not be null')
  else if (element.kind === 'primitive') checkPrimitive(check, element, item)
  else checkObject(check, element, value)
}

/** What has nothing beside it. */
function checkValue(check: Check, element: Known, value: unknown, text: string | undefined): void {
  if (value === null || value === undefined) report(check, 'structure', 'must not be null')
  else if (element.kind === 'primitive') judgePrimitive(check, element, value, text)
  else checkObject(check, element, value)
}

function checkObject(check: Check, element: Known, value: unknown): void {
  if (element.kind === 'resource') checkResourceAt(check, value)
  else if (!isObject(value)) report(check, 'structure', `must be a JSON object (${element.childType})`)
  else if (isBare(value)) report(check, 'invariant', 'must have content (ele-1)')
  else checkMembers(check, element.childType, value)
}

/**
 * Names of rules, groups and variables of maps are of type id, but published maps do not keep to it (underscores, more
 * than 64 characters), and nothing depends on it there; the id of a resource is its address and must.
 */
function isLenient(check: Check, type: string): boolean {
  return type === 'id' && !(check.path.at(-1) === '.id' && check.indexes.at(-1) === -1)
}

/** ele-1: an element has children or a value; its id does not count. */
function isBare(object: Content): boolean {
  for (const name in object) if (name !== 'id') return false
  return true
}

function judgePrimitive(check: Check, { childType, judge }: Known, value: unknown, text: string | undefined): void {
  const fault =
    judge?.(value) ??
    numberFault(childType, text) ??
    (childType === 'xhtml' ? narrativeFault(String(value)) : undefined)
  if (fault) report(check, 'value', fault, { severity: isLenient(check, childType) ? 'warning' : 'error' })
}

function checkPrimitive(check: Check, element: Known, { value, extra, text }: Item): void {
  if (value !== undefined) judgePrimitive(check, element, value, text)
  if (extra === undefined) return
  if (!isObject(extra)) report(check, 'structure', 'its id and extensions must be a JSON object')
  else if (value === undefined && isBare(extra)) report(check, 'invariant', 'must have a value or extensions (ele-1)')
  else checkMembers(check, 'Element', extra)
}
