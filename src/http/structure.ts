import { elementInfo, type FoundElement, isPrimitive, isResource } from '../fhir/elements.ts'
import { issue } from '../fhir/error.ts'
import type { Issue, Resource } from '../fhir/types.ts'
import { printable } from './errors.ts'

/** More faults than anybody reads at once. */
const maximumIssues = 20

/** Types whose spelling in later versions of FHIR is read too; their compilers judge what they know. */
const tolerant = new Set(['StructureMap'])

/** How much is let through. */
interface Leniency {
  /** Elements that R4 does not have, and empty lists, which the compilers of maps expect. */
  unknownElements: boolean
  /** Numbers and Booleans sent as text, empty values, resources of other versions: their readers cope with them. */
  looseValues: boolean
}

interface Walk extends Leniency {
  issues: Issue[]
}

/**
 * Whether a resource that is to be stored has the structure of R4: elements that exist, lists where lists are due,
 * values of the right JSON type, nothing empty (https://hl7.org/fhir/R4/json.html). What this lets through can be
 * written as XML.
 */
export function structureIssues(resource: Resource): Issue[] {
  return walkThrough(resource, { unknownElements: tolerant.has(resource.resourceType), looseValues: false })
}

/**
 * Whether a resource that is passed to an operation has the shapes that its readers count on: texts, lists and objects
 * where R4 has them. Elements of later versions are let through.
 */
export function shapeIssues(resource: Resource): Issue[] {
  return walkThrough(resource, { unknownElements: true, looseValues: true })
}

function walkThrough(resource: Resource, leniency: Leniency): Issue[] {
  const walk: Walk = { issues: [], ...leniency }
  visitObject(walk, { ...resource }, resource.resourceType, resource.resourceType)
  return walk.issues
}

function visitObject(walk: Walk, value: Record<string, unknown>, type: string, path: string): void {
  for (const [property, member] of Object.entries(value)) {
    if (walk.issues.length >= maximumIssues) return
    if (property === 'resourceType' && isResource(type)) continue
    const isExtra = property.startsWith('_')
    const info = elementInfo(type, isExtra ? property.slice(1) : property)
    const place = `${path}.${printable(property)}`
    if (!info || (info.choice && info.types.length > 1) || (isExtra && !isPrimitive(info.childType))) {
      if (!walk.unknownElements) fault(walk, place, `R4 has no element ${printable(property)} here.`)
    } else visitMember(walk, isExtra ? { ...info, childType: 'Element' } : info, member, place)
  }
}

function visitMember(walk: Walk, info: FoundElement, member: unknown, path: string): void {
  if (!info.isArray) {
    if (Array.isArray(member)) fault(walk, path, 'This element does not repeat, so it is no list.')
    else visitValue(walk, info.childType, member, path)
    return
  }
  // A group without rules is legal in the Mapping Language, and its compilers expect a list.
  if (Array.isArray(member) && member.length === 0 && walk.unknownElements) return
  if (!Array.isArray(member) || member.length === 0) {
    fault(walk, path, 'This element repeats, so it is a list that is not empty.')
    return
  }
  for (const [index, item] of member.entries()) {
    // In lists of primitives null keeps the place of an item that has an extension alone.
    if (item === null && (isPrimitive(info.childType) || info.childType === 'Element')) continue
    visitValue(walk, info.childType, item, `${path}[${index}]`)
  }
}

function visitValue(walk: Walk, type: string, value: unknown, path: string): void {
  if (isPrimitive(type)) visitPrimitive(walk, type, value, path)
  else if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fault(walk, path, 'This must be a JSON object.')
  } else if (isResource(type)) visitResource(walk, value as Record<string, unknown>, path)
  else if (Object.keys(value).length === 0 && !walk.looseValues) fault(walk, path, 'An object must not be empty.')
  else visitObject(walk, value as Record<string, unknown>, type, path)
}

function visitPrimitive(walk: Walk, type: string, value: unknown, path: string): void {
  const wanted = jsonType(type)
  const isLoose = walk.looseValues && wanted !== 'string' && ['string', 'number', 'boolean'].includes(typeof value)
  if (isLoose) return
  if (typeof value !== wanted) fault(walk, path, `A ${type} is a JSON ${wanted}.`)
  else if (value === '' && !walk.looseValues) fault(walk, path, 'A value must not be empty.')
  else if (wanted === 'number' && type !== 'decimal' && !Number.isInteger(value)) {
    fault(walk, path, `A ${type} is a whole number.`)
  }
}

function visitResource(walk: Walk, value: Record<string, unknown>, path: string): void {
  const type = value.resourceType
  if (typeof type === 'string' && isResource(type)) visitObject(walk, value, type, path)
  else if (typeof type !== 'string' || !walk.looseValues) {
    fault(walk, path, 'A resource with a resourceType of R4 is due here.')
  }
}

function jsonType(type: string): 'boolean' | 'number' | 'string' {
  if (type === 'boolean') return 'boolean'
  return type === 'decimal' || type === 'integer' || type === 'positiveInt' || type === 'unsignedInt'
    ? 'number'
    : 'string'
}

function fault(walk: Walk, expression: string, text: string): void {
  walk.issues.push(issue('structure', { text, expression }))
}
