/**
 * Conditions of a search as data: what a storage evaluates. There are five forms, and a storage adapter reads no other: a parameter,
 * `all`, `any`, `not`, and two that join another type by a reference.
 */

/** Modifiers of a condition. */
export type SearchModifier =
  | 'exact'
  | 'contains'
  | 'missing'
  | 'not'
  | 'above'
  | 'below'
  | 'text'
  | 'identifier'
  | 'of-type'
  /** Of `_filter` alone: the whole value, its beginning, its end. */
  | 'equals'
  | 'starts'
  | 'ends'
  /** Codes that terminology tells: no storage gets to see them. */
  | 'in'
  | 'not-in'

/** Comparisons of ordered values, as they stand before a value in an address. */
export const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const

/** Comparisons of values: `po` (the ranges overlap) is one of `_filter` alone; `ne` takes a value of any type there. */
export type SearchPrefix = (typeof prefixes)[number] | 'po'

/** A condition over an indexed parameter: its values are ORed. */
export interface ParameterCondition {
  /** Search parameter name, e.g. `url`, `_lastUpdated`. */
  parameter: string
  modifier?: SearchModifier
  /** Values as in the URL, `\|`, `\$`, `\,` and `\\` still escaped (see `escapeValue`). */
  values: { prefix?: SearchPrefix; value: string }[]
}

/**
 * A chain (https://hl7.org/fhir/R4/search.html#chaining): resources that refer by that parameter to one of that type which meets all
 * of `meeting`, by address or by canonical; a canonical without version means any version.
 */
export interface ChainCondition {
  refersTo: string
  by: string
  meeting: SearchCondition[]
  /** Address of the FHIR base: references that begin with it are those without it. */
  base?: string
}

/** A reverse chain (`_has`): resources to which one of that type refers by that parameter which meets all of `meeting`. */
export interface ReverseCondition {
  referredBy: string
  by: string
  meeting: SearchCondition[]
  base?: string
}

/** One search condition; conditions of a list are ANDed. */
export type SearchCondition =
  | ParameterCondition
  | ChainCondition
  | ReverseCondition
  | { all: SearchCondition[] }
  | { any: SearchCondition[] }
  | { not: SearchCondition }

/** A condition that joins another type. */
export type LinkCondition = ChainCondition | ReverseCondition

/** Whether a condition is one over a parameter of the type itself. */
export const isParameterCondition = (condition: SearchCondition): condition is ParameterCondition =>
  'parameter' in condition

/** The type that a condition joins. */
export const joinedType = (condition: LinkCondition): string =>
  'refersTo' in condition ? condition.refersTo : condition.referredBy

/** Calls `visit` with every condition of a tree, and the type over which it is. */
export function eachCondition(
  type: string,
  conditions: readonly SearchCondition[],
  visit: (condition: SearchCondition, type: string) => void,
): void {
  for (const each of conditions) {
    visit(each, type)
    if ('meeting' in each) eachCondition(joinedType(each), each.meeting, visit)
    else if ('all' in each) eachCondition(type, each.all, visit)
    else if ('any' in each) eachCondition(type, each.any, visit)
    else if ('not' in each) eachCondition(type, [each.not], visit)
  }
}

/** The same conditions, those over a parameter replaced by what `replace` makes of them. */
export async function replaceConditions(
  type: string,
  conditions: readonly SearchCondition[],
  replace: (condition: ParameterCondition, type: string) => Promise<SearchCondition>,
): Promise<SearchCondition[]> {
  const made: SearchCondition[] = []
  for (const each of conditions) {
    if ('parameter' in each) made.push(await replace(each, type))
    else if ('meeting' in each)
      made.push({ ...each, meeting: await replaceConditions(joinedType(each), each.meeting, replace) })
    else if ('all' in each) made.push({ all: await replaceConditions(type, each.all, replace) })
    else if ('any' in each) made.push({ any: await replaceConditions(type, each.any, replace) })
    else for (const not of await replaceConditions(type, [each.not], replace)) made.push({ not })
  }
  return made
}
