import { exactNumber } from '../../base/exact-number.ts'
import { elementInfo, type FoundElement, isPrimitive, isResource, numberFault } from '../elements.ts'
import { issue } from '../error.ts'
import { asJson } from '../json.ts'
import type { Issue, Resource } from '../types.ts'
import { hasSoundParts } from './sound.ts'

/** More faults than anybody reads at once. */
const maximumIssues = 20

interface Walk {
  issues: Issue[]
  /** Names down to the element under check, with its index in a list: most are never told. */
  path: (string | number)[]
}

/**
 * Whether a resource that is passed to an operation has the shapes that its readers count on: texts, lists and objects
 * where R4 has them. Elements of later versions, numbers and Booleans sent as text, and empty values are let through.
 * What is to be stored is judged by `checkResource` instead.
 */
export function shapeIssues(resource: Resource): Issue[] {
  // Nearly everything is R4 as far as it goes, and then it has its shapes.
  if (hasSoundParts(resource)) return []
  const walk: Walk = { issues: [], path: [resource.resourceType] }
  visitObject(walk, asJson(resource), resource.resourceType)
  return walk.issues
}

function visitObject(walk: Walk, value: Record<string, unknown>, type: string): void {
  for (const property of Object.keys(value)) {
    if (walk.issues.length >= maximumIssues) return
    const member = value[property]
    if (property === 'resourceType' && isResource(type)) continue
    const isExtra = property.startsWith('_')
    const info = elementInfo(type, isExtra ? property.slice(1) : property)
    if (!info || (info.choice && info.types.length > 1) || (isExtra && !isPrimitive(info.childType))) continue
    walk.path.push(property)
    visitMember(walk, isExtra ? { ...info, childType: 'Element' } : info, member)
    if (typeof member === 'number' || Array.isArray(member)) {
      const holder = Array.isArray(member) ? member : value
      for (const key of Array.isArray(member) ? member.keys() : [property]) {
        const text = numberFault(info.childType, exactNumber(holder, String(key)))
        if (text !== undefined) fault(walk, `This ${text}.`)
      }
    }
    walk.path.pop()
  }
}

function visitMember(walk: Walk, info: FoundElement, member: unknown): void {
  if (!info.isArray) {
    if (Array.isArray(member)) fault(walk, 'This element does not repeat, so it is no list.')
    else visitValue(walk, info.childType, member)
    return
  }
  if (!Array.isArray(member)) {
    fault(walk, 'This element repeats, so it is a list.')
    return
  }
  for (const [index, item] of member.entries()) {
    if (walk.issues.length >= maximumIssues) return
    // In lists of primitives null keeps the place of an item that has an extension alone.
    if (item === null && (isPrimitive(info.childType) || info.childType === 'Element')) continue
    walk.path.push(index)
    visitValue(walk, info.childType, item)
    walk.path.pop()
  }
}

function visitValue(walk: Walk, type: string, value: unknown): void {
  if (isPrimitive(type)) {
    const isLoose = !isText(type) && ['string', 'number', 'boolean'].includes(typeof value)
    if (typeof value !== 'string' && !isLoose) fault(walk, `A ${type} is due here.`)
  } else if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fault(walk, 'This must be a JSON object.')
  } else if (isResource(type)) visitResource(walk, asJson(value))
  else visitObject(walk, asJson(value), type)
}

function visitResource(walk: Walk, value: Record<string, unknown>): void {
  const type = value.resourceType
  // An instance of a logical model has no resourceType and is passed to `$transform` in a parameter all the same.
  if (type === undefined && walk.path.at(-1) === 'resource') return
  if (typeof type !== 'string') fault(walk, 'A resource with a resourceType is due here.')
  else if (isResource(type)) visitObject(walk, value, type)
}

const notText = new Set(['boolean', 'decimal', 'integer', 'positiveInt', 'unsignedInt'])
const isText = (type: string) => !notText.has(type)

/** The place comes from the client: no more of it than helps. */
function fault(walk: Walk, text: string): void {
  const place = walk.path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`))
    .join('')
  walk.issues.push(issue('structure', { text, expression: place.slice(0, 300) }))
}
