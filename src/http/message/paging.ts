import { badRequest } from '../../fhir/error.ts'
import { defaultPageSize, maximumPageSize } from '../describe/stored-types.ts'
import type { QueryPair } from './exchange.ts'
import { formatQuery } from './head.ts'

/**
 * The value of a parameter that may stand once.
 * @throws FhirError 400 when it stands more often
 */
export function single(query: QueryPair[], name: string): string | undefined {
  const found = query.filter(([each]) => each === name)
  if (found.length > 1) throw badRequest(`${name} may be given once.`)
  return found[0]?.[1]
}

/** `_count`, kept within bounds. @throws FhirError 400 when it is no number */
export function pageSize(query: QueryPair[]): number {
  const text = single(query, '_count')
  if (text === undefined) return defaultPageSize
  if (!/^\d{1,9}$/.test(text)) throw badRequest('_count must be a whole number, 0 or more.', 'value')
  return Math.min(Number(text), maximumPageSize)
}

/** Links of a page: `self` with what was used, `first`, `previous` and `next` by cursor. */
export function pageLinks(
  address: string,
  used: QueryPair[],
  page: { cursor?: string | undefined; next?: string | undefined; previous?: string | undefined },
): { relation: string; url: string }[] {
  const link = (relation: string, cursor?: string) => {
    const pairs: QueryPair[] = cursor === undefined ? used : [...used, ['_cursor', cursor]]
    return { relation, url: pairs.length > 0 ? `${address}?${formatQuery(pairs)}` : address }
  }
  const links = [link('self', page.cursor), link('first')]
  if (page.previous !== undefined) links.push(link('previous', page.previous))
  if (page.next !== undefined) links.push(link('next', page.next))
  return links
}
