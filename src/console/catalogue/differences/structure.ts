/** What became of an artefact, place by place: members and elements of lists that came, went or changed. */
import { isObject } from '../readers/reading.ts'

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
const keys = ['code', 'url', 'system', 'name', 'id', 'linkId', 'path', 'title', 'resource', 'property', 'valueSet', 'source']

/** The changes that make `after` of `before`, in the order of their places. */
export function structuralDifference(before: unknown, after: unknown): Differences {
  const changes: Change[] = []
  const walk = (one: unknown, other: unknown, path: string, depth: number): void => {
    if (changes.length > mostChanges || isSame(one, other)) return
    if (depth < 60 && isObject(one) && isObject(other)) return members(one, other, path, depth)
    if (depth < 60 && Array.isArray(one) && Array.isArray(other)) return elements(one, other, path, depth)
    if (one === undefined) changes.push({ path, kind: 'new', after: other })
    else if (other === undefined) changes.push({ path, kind: 'gone', before: one })
    else changes.push({ path, kind: 'changed', before: one, after: other })
  }
  const members = (one: Record<string, unknown>, other: Record<string, unknown>, path: string, depth: number): void => {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
      if (depth === 0 && passedOver.has(name)) continue
      const own = (held: Record<string, unknown>) => (Object.hasOwn(held, name) ? held[name] : undefined)
      walk(own(one), own(other), path ? `${path}.${name}` : name, depth + 1)
    }
  }
  const elements = (one: unknown[], other: unknown[], path: string, depth: number): void => {
    const key = keys.find((each) => isKeyOf(each, one) && isKeyOf(each, other))
    if (key === undefined) return byPlace(one, other, path, depth)
    const after = new Map(other.map((each) => [keyed(each, key), each]))
    const stayed: string[] = []
    for (const each of one) {
      const value = keyed(each, key)
      if (after.has(value)) stayed.push(value)
      walk(each, after.get(value), `${path}[${key}=${value}]`, depth + 1)
    }
    const known = new Set(one.map((each) => keyed(each, key)))
    for (const [value, each] of after) if (!known.has(value)) walk(undefined, each, `${path}[${key}=${value}]`, depth + 1)
    // The order of a list means something, e.g. which rule of several is asked first.
    const order = [...after.keys()].filter((each) => known.has(each))
    if (stayed.some((each, index) => each !== order[index])) changes.push({ path, kind: 'moved', before: stayed, after: order })
  }
  const byPlace = (one: unknown[], other: unknown[], path: string, depth: number): void => {
    let start = 0
    while (start < one.length && start < other.length && isSame(one[start], other[start])) start++
    let end = 0
    while (end < Math.min(one.length, other.length) - start && isSame(one.at(-1 - end), other.at(-1 - end))) end++
    const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)]
    for (let index = 0; index < Math.max(left.length, right.length); index++)
      walk(left[index], right[index], `${path}[${start + index}]`, depth + 1)
  }
  walk(before, after, '', 0)
  return { changes: changes.slice(0, mostChanges), isWhole: changes.length <= mostChanges }
}

const keyed = (value: unknown, key: string) => (isObject(value) ? String(value[key]) : '')

/** Whether a member tells all elements of a list apart. */
function isKeyOf(key: string, list: unknown[]): boolean {
  const found = new Set<unknown>()
  for (const each of list) {
    if (!isObject(each) || typeof each[key] !== 'string') return false
    found.add(each[key])
  }
  return found.size === list.length
}

/** Whether two values of JSON say the same, whatever the order of their members. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]))
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}
