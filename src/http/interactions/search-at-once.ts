/** Searches by the names of artefacts, answered from what the same search found before: the same Bundle, byte for byte. */
import { stringifyJson } from '../../base/json.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { HttpContext } from '../context.ts'
import { readSearch } from '../describe/stored-types.ts'
import type { QueryPair } from '../message/exchange.ts'
import { pageLinks } from '../message/paging.ts'
import { mayBeKept, searchKey } from './kept-searches.ts'
import { remarksOf } from './search.ts'

/**
 * The JSON of the Bundle that a search would be answered with; undefined where it is not known.
 * @throws FhirError where the search would be refused
 */
export function searchAtOnce(context: HttpContext, type: string, query: QueryPair[]): string | undefined {
  const { baseUrl } = context.settings
  const parsed = readSearch(type, query, { strict: false, base: baseUrl, permit: refuse })
  const found = mayBeKept(parsed) ? context.keptSearches.find(searchKey(type, parsed.conditions)) : undefined
  if (!found || found.count > parsed.count) return undefined
  const links = pageLinks(`${baseUrl}/${type}`, parsed.used, {})
  const remarks = remarksOf(context, parsed).map((each) => stringifyJson(each))
  const entries = [...(found.count > 0 ? [found.entries] : []), ...remarks].join()
  const entry = entries === '' ? '' : `,"entry":[${entries}]`
  return `{"resourceType":"Bundle","type":"searchset","total":${found.count},"link":${JSON.stringify(links)}${entry}}`
}

/** Whoever may see more takes the ordinary way. */
function refuse(): never {
  throw new FhirError(401, issue('login', 'Not for everybody.'))
}
