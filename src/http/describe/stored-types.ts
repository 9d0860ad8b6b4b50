import { badRequest } from '../../fhir/error.ts'
import { type ParsedSearch, parseSearch, searchableTypes } from '../../fhir/search/parse-search.ts'
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
}

/** @throws FhirError 400 too-costly for a search that asks for more than any honest one does */
function checkCost(search: ParsedSearch): void {
  const { conditions, memberships, sort } = search
  const parts = conditions.filter(({ modifier }) => modifier === 'contains' || modifier === 'text')
  const words = conditions.filter(({ parameter }) => parameter === '_content' || parameter === '_text')
  const count = (list: ParsedSearch['conditions']) => list.reduce((sum, { values }) => sum + values.length, 0)
  search.include = distinct(search.include)
  search.revinclude = distinct(search.revinclude)
  const counts: Record<keyof typeof mostOf, number> = {
    conditions: conditions.length,
    values: count(conditions),
    parts: count(parts),
    words: count(words),
    'value sets': memberships.length,
    'sort keys': sort.length,
    includes: search.include.length + search.revinclude.length,
  }
  const asked = new Map(Object.entries(counts))
  for (const [what, most] of Object.entries(mostOf))
    if ((asked.get(what) ?? 0) > most) throw badRequest(`The search has more than ${most} ${what}.`, 'too-costly')
}

const distinct = <T>(list: T[]): T[] => [...new Map(list.map((each) => [JSON.stringify(each), each])).values()]

/**
 * Understands a search.
 * @param strict unknown parameters are an error (`Prefer: handling=strict`, and every conditional interaction)
 * @throws FhirError 400
 */
export function readSearch(type: string, pairs: QueryPair[], strict: boolean): ParsedSearch {
  const search = parseSearch(type, pairs, { defaultCount: defaultPageSize, maximumCount: maximumPageSize })
  checkCost(search)
  const [unknown] = search.unknown
  if (strict && unknown !== undefined) {
    throw badRequest(
      `${printable(unknown)} is not a search parameter of ${type} that this server knows.`,
      'not-supported',
    )
  }
  return search
}
