import { badRequest } from '../../fhir/error.ts'
import { eachCondition, isParameterCondition, joinedType } from '../../fhir/search/condition.ts'
import { needsTerminology } from '../../fhir/search/match.ts'
import { type ParsedSearch, parseSearch, searchableTypes, searchParameters } from '../../fhir/search/parse-search.ts'
import { isProtectedType } from '../audit/audit-event.ts'
import type { HttpContext } from '../context.ts'
import { printable } from '../message/errors.ts'
import type { QueryPair } from '../message/exchange.ts'

/** Types that are stored and searched here, in alphabetical order. */
export const supportedTypes: readonly string[] = searchableTypes

/** Types that are served: an operator may have switched some off. */
export const servedTypes = ({ settings: { routes } }: Pick<HttpContext, 'settings'>): readonly string[] =>
  routes ? supportedTypes.filter((type) => routes.typeOff(type) === undefined) : supportedTypes

/** Whether anything may be written at all. */
export const takesWrites = ({ settings }: Pick<HttpContext, 'settings'>): boolean => settings.routes?.writes !== false

/** Entries of a page when `_count` says nothing, and at most. */
export const defaultPageSize = 50
export const maximumPageSize = 1000

/** Most of what one search may ask for; every one of them has the store look through an index. */
const mostOf = {
  conditions: 15,
  values: 1000,
  /** Parts of texts, which no index answers at once. */
  parts: 20,
  /** Words of the whole content, or of the narrative. */
  words: 4,
  'value sets': 2,
  'sort keys': 8,
  includes: 10,
  /** Conditions of filters, and of all types that a chain may mean. */
  comparisons: 120,
  'joins of types': 40,
}

/** Modifiers of conditions over parts of texts. */
const ofParts: ReadonlySet<string | undefined> = new Set(['contains', 'text', 'starts', 'ends'])

/** @throws FhirError 400 too-costly for a search that asks for more than any honest one does */
function checkCost(search: ParsedSearch): void {
  search.include = distinct(search.include)
  search.revinclude = distinct(search.revinclude)
  const counts: Record<keyof typeof mostOf, number> = {
    conditions: search.conditions.length,
    values: 0,
    parts: 0,
    words: 0,
    'value sets': 0,
    'sort keys': search.sort.length,
    includes: search.include.length + search.revinclude.length,
    comparisons: 0,
    'joins of types': 0,
  }
  eachCondition(search.type, search.conditions, (condition, type) => {
    if ('meeting' in condition) counts['joins of types']++
    if (!isParameterCondition(condition)) return
    const { parameter, modifier, values } = condition
    counts.comparisons++
    counts.values += values.length
    if (ofParts.has(modifier)) counts.parts += values.length
    if (parameter === '_content' || parameter === '_text') counts.words += values.length
    const known = searchParameters(type).get(parameter)
    if (known && needsTerminology(known, condition)) counts['value sets'] += values.length
  })
  const asked = new Map(Object.entries(counts))
  for (const [what, most] of Object.entries(mostOf))
    if ((asked.get(what) ?? 0) > most) throw badRequest(`The search has more than ${most} ${what}.`, 'too-costly')
}

const distinct = <T>(list: T[]): T[] => [...new Map(list.map((each) => [JSON.stringify(each), each])).values()]

/** How a search is read. */
export interface ReadingSearch {
  /** Unknown parameters are an error (`Prefer: handling=strict`, and every conditional interaction). */
  strict: boolean
  /** Address of the FHIR base. */
  base: string
  /** Whether the requester may search a type. @throws FhirError 401, 403 when it may not */
  permit(type: string): void
}

/**
 * Understands a search. What is not for everybody is joined only by those who may search it themselves: a chain that names no type
 * passes it over, one that names it is refused.
 * @throws FhirError 400; 401 or 403 for a type that the requester may not search
 */
export function readSearch(type: string, pairs: QueryPair[], { strict, base, permit }: ReadingSearch): ParsedSearch {
  const onlyNamed = supportedTypes.filter(isProtectedType)
  const bounds = { defaultCount: defaultPageSize, maximumCount: maximumPageSize }
  const search = parseSearch(type, pairs, { ...bounds, base, onlyNamed })
  checkCost(search)
  eachCondition(type, search.conditions, (condition) => {
    if ('meeting' in condition && isProtectedType(joinedType(condition))) permit(joinedType(condition))
  })
  const [unknown] = search.unknown
  if (strict && unknown !== undefined) {
    throw badRequest(
      `${printable(unknown)} is not a search parameter of ${type} that this server knows.`,
      'not-supported',
    )
  }
  return search
}
