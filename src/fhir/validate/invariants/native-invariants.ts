/** Invariants of R4 written out, because they are asked of every element or compare everything with everything. */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import type { Constraint } from '../base-definitions.ts'
import { isOfStandard } from '../base-definitions.ts'
import type { NativeCheck } from '../walk.ts'
import { definitionInvariants } from './native-definitions.ts'

/** The check that stands for an invariant of R4; undefined where its expression is evaluated, and for everybody else's. */
export function nativeInvariant(constraint: Constraint): NativeCheck | undefined {
  const check = checks.get(constraint.key)
  return check && isOfStandard(constraint) ? check : undefined
}

/** Told by the check of structure and narrative. */
const told = () => true

const checks = new Map<string, NativeCheck>([
  ...definitionInvariants,
  ['ele-1', told],
  ['ext-1', told],
  ['txt-1', told],
  ['txt-2', told],
  // Of references: where they are followed.
  ['ref-1', told],
  ['dom-2', ({ value }) => containedIn(value).every((each) => each.contained === undefined)],
  ['dom-3', ({ value }) => isJsonObject(value) && unreferenced(value).length === 0],
  [
    'dom-4',
    ({ value }) => metas(value).every((meta) => meta.versionId === undefined && meta.lastUpdated === undefined),
  ],
  ['dom-5', ({ value }) => metas(value).every((meta) => meta.security === undefined)],
  ['dom-6', ({ value }) => isJsonObject(value) && isJsonObject(value.text) && value.text.div !== undefined],
  ['bdl-7', ({ value }) => isJsonObject(value) && hasDistinctUrls(value)],
  ['csd-1', ({ value }) => isJsonObject(value) && isDistinct(codesBelow(value, 'concept', 'code'))],
  ['que-2', ({ value }) => isJsonObject(value) && isDistinct(codesBelow(value, 'item', 'linkId'))],
  ['per-1', ({ value }) => isJsonObject(value) && isInOrder(value.start, value.end)],
])

const containedIn = (value: unknown): JsonObject[] => (isJsonObject(value) ? objectsIn(value.contained) : [])
const metas = (value: unknown): JsonObject[] =>
  containedIn(value).flatMap(({ meta }) => (isJsonObject(meta) ? [meta] : []))

const isDistinct = (list: unknown[]): boolean => new Set(list).size === list.length

/**
 * dom-3: ids of contained resources that nothing refers to, and that refer to nothing outside themselves. As in the expression, a
 * Reference, canonical, uri or url counts wherever it stands.
 */
function unreferenced(resource: JsonObject): string[] {
  const contained = containedIn(resource)
  if (contained.length === 0) return []
  const named = new Set<string>()
  collectFragments(resource, named)
  return contained.flatMap((each) => {
    const id = typeof each.id === 'string' ? each.id : ''
    if (named.has(`#${id}`)) return []
    const own = new Set<string>()
    collectFragments(each, own)
    return own.has('#') ? [] : [id]
  })
}

function collectFragments(value: unknown, found: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('#')) found.add(value)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const each of Object.values(value)) collectFragments(each, found)
}

function hasDistinctUrls(bundle: JsonObject): boolean {
  if (bundle.type === 'history') return true
  const names = objectsIn(bundle.entry).flatMap(({ fullUrl, resource }) => {
    if (typeof fullUrl !== 'string') return []
    const meta = isJsonObject(resource) ? resource.meta : undefined
    const version = isJsonObject(meta) && typeof meta.versionId === 'string' ? meta.versionId : ''
    return [`${fullUrl}\n${version}`]
  })
  return isDistinct(names)
}

/** Values of a member of all objects in a tree of lists. */
function codesBelow(object: JsonObject, list: string, member: string): unknown[] {
  const found: unknown[] = []
  // An own stack: nesting comes from outside.
  const open = [...objectsIn(object[list])]
  for (let each = open.pop(); each; each = open.pop()) {
    if (each[member] !== undefined) found.push(each[member])
    for (const child of objectsIn(each[list])) open.push(child)
  }
  return found
}

/** Dates of different precision are in order when they agree as far as both go. */
function isInOrder(start: unknown, end: unknown): boolean {
  if (typeof start !== 'string' || typeof end !== 'string') return true
  if (start.length > 10 && end.length > 10) {
    const [from, to] = [Date.parse(start), Date.parse(end)]
    return Number.isNaN(from) || Number.isNaN(to) || from <= to
  }
  const length = Math.min(start.length, end.length, 10)
  return start.slice(0, length) <= end.slice(0, length)
}
