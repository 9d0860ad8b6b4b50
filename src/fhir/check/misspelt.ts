/** Names of members that R4 does not have, and that most likely stand for one that it has. */
import { exactNumber, keepExactNumber } from '../../base/exact-number.ts'
import { editDistance, nearestName } from '../../base/nearest.ts'
import { choiceProperty, typeInfo } from '../elements.ts'
import type { Resource } from '../types.ts'

/** A member whose name is misspelt. */
export interface Misspelt {
  /** The object that has it. */
  object: object
  name: string
  /** The name that is meant. */
  meant: string
  /** Where it stands, as an issue about it says it. */
  expression: string
}

/** Longer names than these are no slips of a finger. */
const longest = 64

/**
 * The name that a misspelt one of a type stands for: one that is near, and is not there already. Undefined where none is near enough
 * that nothing else can be meant.
 * @param isTaken whether a name of the type stands there beside it
 */
export function meantName(type: string, name: string, isTaken: (name: string) => boolean): string | undefined {
  if (name.length > longest) return undefined
  const beside = name.startsWith('_') ? '_' : ''
  const own = name.slice(beside.length)
  const meant = nearestName(
    own,
    namesOf(type).filter((each) => !isTaken(beside + each)),
  )
  if (meant === undefined) return undefined
  const slips = editDistance(own.toLowerCase(), meant.toLowerCase())
  return slips <= mostSlips(Math.min(own.length, meant.length)) ? beside + meant : undefined
}

/** Of a short name little is left when much of it is another: `code` is not meant by `note`. */
const mostSlips = (length: number): number => (length < 3 ? 0 : length < 8 ? 1 : length < 14 ? 2 : 3)

/** The properties of a type as JSON has them. */
const namesOf = (type: string): string[] =>
  (typeInfo(type)?.elements ?? []).flatMap(({ name, choice, types }) =>
    choice ? types.map((each) => choiceProperty(name, each)) : [name],
  )

/** The resource as it is most likely meant; what has no misspelt name in it is the same object. */
export function corrected(resource: Resource, misspelt: readonly Misspelt[]): Resource {
  const names = new Map<object, Map<string, string>>()
  for (const { object, name, meant } of misspelt) names.set(object, (names.get(object) ?? new Map()).set(name, meant))
  return renamed(resource, names)
}

function renamed<T>(value: T, names: ReadonlyMap<object, ReadonlyMap<string, string>>): T
function renamed(value: unknown, names: ReadonlyMap<object, ReadonlyMap<string, string>>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const own = names.get(value)
  let isOther = own !== undefined
  const members = Object.entries(value).map(([name, member]) => {
    const made = renamed(member, names)
    if (made !== member) isOther = true
    return { name: own?.get(name) ?? name, made, text: exactNumber(value, name) }
  })
  if (!isOther) return value
  const other = Array.isArray(value)
    ? members.map(({ made }) => made)
    : Object.fromEntries(members.map(({ name, made }) => [name, made]))
  for (const { name, text } of members) if (text !== undefined) keepExactNumber(other, name, text)
  return other
}
