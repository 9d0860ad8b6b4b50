/** What became of an artefact, place by place: members and elements of lists that came, went or changed. */

import { isMembers } from '../../api/parameters.ts'

/** A change at a place, e.g. `compose.include[system=http://…].concept[code=a]`. */
export interface Change {
  path: string
  kind: 'new' | 'gone' | 'changed' | 'moved'
  before?: unknown
  after?: unknown
}

/** What came out; `isWhole` false: there is more than is told. */
export interface Differences {
  changes: Change[]
  isWhole: boolean
}

/** Most changes that are told. */
const mostChanges = 1_000
/** Members that no author writes, and texts that are made of others. */
const passedOver = new Set(['meta', 'text', 'id'])
/** Members that name an element of a list, in the order in which they are tried. */
const keys = [
  'code',
  'url',
  'system',
  'name',
  'id',
  'linkId',
  'path',
  'title',
  'resource',
  'property',
  'valueSet',
  'source',
]

/** The changes that make `after` of `before`, in the order of their places. */
export function structuralDifference(before: unknown, after: unknown): Differences {
  const changes: Change[] = []
  for (const each of between(before, after, { path: '', depth: 0 })) {
    if (changes.length === mostChanges) return { changes, isWhole: false }
    changes.push(each)
  }
  return { changes, isWhole: true }
}

interface Spot {
  path: string
  depth: number
}

/** Deeper places are compared as a whole. */
const deepest = 60

function* between(one: unknown, other: unknown, spot: Spot): Generator<Change, void, void> {
  if (isSame(one, other)) return
  const { path, depth } = spot
  if (depth < deepest && isMembers(one) && isMembers(other)) yield* members(one, other, spot)
  else if (depth < deepest && Array.isArray(one) && Array.isArray(other)) yield* elements(one, other, spot)
  else if (one === undefined) yield { path, kind: 'new', after: other }
  else if (other === undefined) yield { path, kind: 'gone', before: one }
  else yield { path, kind: 'changed', before: one, after: other }
}

function* members(
  one: Record<string, unknown>,
  other: Record<string, unknown>,
  { path, depth }: Spot,
): Generator<Change, void, void> {
  const own = (held: Record<string, unknown>, name: string) => (Object.hasOwn(held, name) ? held[name] : undefined)
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    if (depth === 0 && passedOver.has(name)) continue
    const spot = { path: path ? `${path}.${name}` : name, depth: depth + 1 }
    yield* between(own(one, name), own(other, name), spot)
  }
}

function* elements(one: unknown[], other: unknown[], spot: Spot): Generator<Change, void, void> {
  const key = keys.find((each) => isKeyOf(each, one) && isKeyOf(each, other))
  if (key === undefined) {
    yield* byPlace(one, other, spot)
    return
  }
  const at = (value: string): Spot => ({ path: `${spot.path}[${key}=${value}]`, depth: spot.depth + 1 })
  const before = new Map(one.map((each) => [keyed(each, key), each]))
  const after = new Map(other.map((each) => [keyed(each, key), each]))
  for (const [value, each] of before) yield* between(each, after.get(value), at(value))
  for (const [value, each] of after) if (!before.has(value)) yield* between(undefined, each, at(value))
  // The order of a list means something, e.g. which rule of several is asked first.
  const stayed = [...before.keys()].filter((each) => after.has(each))
  const order = [...after.keys()].filter((each) => before.has(each))
  if (stayed.some((each, index) => each !== order[index]))
    yield { path: spot.path, kind: 'moved', before: stayed, after: order }
}

/** Elements that nothing names: what is the same at the beginning and at the end stayed, what is between is told by its place. */
function* byPlace(one: unknown[], other: unknown[], { path, depth }: Spot): Generator<Change, void, void> {
  const shorter = Math.min(one.length, other.length)
  let start = 0
  while (start < shorter && isSame(one[start], other[start])) start++
  let end = 0
  while (end < shorter - start && isSame(one.at(-1 - end), other.at(-1 - end))) end++
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)]
  for (let index = 0; index < Math.max(left.length, right.length); index++)
    yield* between(left[index], right[index], { path: `${path}[${start + index}]`, depth: depth + 1 })
}

const keyed = (value: unknown, key: string) => (isMembers(value) ? String(value[key]) : '')

/** Whether a member tells all elements of a list apart. */
function isKeyOf(key: string, list: unknown[]): boolean {
  const found = new Set<unknown>()
  for (const each of list) {
    if (!isMembers(each) || typeof each[key] !== 'string') return false
    found.add(each[key])
  }
  return found.size === list.length
}

/** Whether two values of JSON say the same, whatever the order of their members. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]))
  if (!isMembers(one) || !isMembers(other)) return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}
