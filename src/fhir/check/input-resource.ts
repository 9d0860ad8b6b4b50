import { exactNumber } from '../../base/exact-number.ts'
import { elementInfo, type FoundElement, isPrimitive, isResource, numberFault } from '../elements.ts'
import { issue } from '../error.ts'
import { asJson } from '../json.ts'
import type { Issue, Resource } from '../types.ts'

/** More faults than anybody reads at once. */
const maximumIssues = 20

interface Walk {
  issues: Issue[]
}

/**
 * Whether a resource that is passed to an operation has the shapes that its readers count on: texts, lists and objects
 * where R4 has them. Elements of later versions, numbers and Booleans sent as text, and empty values are let through.
 * What is to be stored is judged by `checkResource` instead.
 */
export function shapeIssues(resource: Resource): Issue[] {
  const walk: Walk = { issues: [] }
  visitObject(walk, asJson(resource), resource.resourceType, resource.resourceType)
  return walk.issues
}

function visitObject(walk: Walk, value: Record<string, unknown>, type: string, path: string): void {
  for (const property of Object.keys(value)) {
    if (walk.issues.length >= maximumIssues) return
    const member = value[property]
    if (property === 'resourceType' && isResource(type)) continue
    const isExtra = property.startsWith('_')
    const info = elementInfo(type, isExtra ? property.slice(1) : property)
    if (!info || (info.choice && info.types.length > 1) || (isExtra && !isPrimitive(info.childType))) continue
    const place = `${path}.${property}`
    visitMember(walk, isExtra ? { ...info, childType: 'Element' } : info, member, place)
    const holder = Array.isArray(member) ? member : value
    for (const key of Array.isArray(member) ? member.keys() : [property]) {
      const text = numberFault(info.childType, exactNumber(holder, String(key)))
      if (text !== undefined) fault(walk, place, `This ${text}.`)
    }
  }
}

function visitMember(walk: Walk, info: FoundElement, member: unknown, path: string): void {
  if (!info.isArray) {
    if (Array.isArray(member)) fault(walk, path, 'This element does not repeat, so it is no list.')
    else visitValue(walk, info.childType, member, path)
    return
  }
  if (!Array.isArray(member)) {
    fault(walk, path, 'This element repeats, so it is a list.')
    return
  }
  for (const [index, item] of member.entries()) {
    if (walk.issues.length >= maximumIssues) return
    // In lists of primitives null keeps the place of an item that has an extension alone.
    if (item === null && (isPrimitive(info.childType) || info.childType === 'Element')) continue
    visitValue(walk, info.childType, item, `${path}[${index}]`)
  }
}

function visitValue(walk: Walk, type: string, value: unknown, path: string): void {
  if (isPrimitive(type)) {
    const isLoose = !isText(type) && ['string', 'number', 'boolean'].includes(typeof value)
    if (typeof value !== 'string' && !isLoose) fault(walk, path, `A ${type} is due here.`)
  } else if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fault(walk, path, 'This must be a JSON object.')
  } else if (isResource(type)) visitResource(walk, asJson(value), path)
  else visitObject(walk, asJson(value), type, path)
}

function visitResource(walk: Walk, value: Record<string, unknown>, path: string): void {
  const type = value.resourceType
  // An instance of a logical model has no resourceType and is passed to `$transform` in a parameter all the same.
  if (type === undefined && path.endsWith('.resource')) return
  if (typeof type !== 'string') fault(walk, path, 'A resource with a resourceType is due here.')
  else if (isResource(type)) visitObject(walk, value, type, path)
}

const notText = new Set(['boolean', 'decimal', 'integer', 'positiveInt', 'unsignedInt'])
const isText = (type: string) => !notText.has(type)

/** The place comes from the client: no more of it than helps. */
function fault(walk: Walk, place: string, text: string): void {
  walk.issues.push(issue('structure', { text, expression: place.slice(0, 300) }))
}
