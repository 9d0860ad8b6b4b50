import { mirroredFrom } from '../../fhir/artefact.ts'
import { badRequest, FhirError, issue } from '../../fhir/error.ts'
import type { StoredVersion } from '../../storage/storage.ts'
import { isProtectedType } from '../audit/audit-event.ts'
import type { HttpContext } from '../context.ts'
import { readSearch } from '../describe/stored-types.ts'
import { checkPermission } from '../limits/requester.ts'
import type { FhirRequest, QueryPair } from '../message/exchange.ts'
import { refusePendingSearch } from './pending.ts'
import { knownConditions, readingOf } from './search.ts'

/** Matches that are read at once. */
const perPage = 10

/**
 * What fits the condition of a conditional interaction; at most two are answered, more makes no difference.
 * @throws FhirError 400 for a condition that is empty or not understood: ignoring a part would widen it
 */
export async function matchesOf(
  context: HttpContext,
  request: FhirRequest,
  type: string,
  pairs: QueryPair[],
): Promise<StoredVersion[]> {
  // A condition is a search: who may not search a type may not ask in this way what there is of it.
  if (isProtectedType(type)) checkPermission(request.requester, 'search', type)
  const parsed = readSearch(type, pairs, readingOf(context, request, true))
  const conditions = await knownConditions(context, parsed)
  if (conditions.length === 0) throw badRequest('The condition is empty.', 'required')
  const query = { type, conditions, sort: [], count: perPage, total: 'none' as const }
  const matches: StoredVersion[] = []
  let cursor: string | undefined
  do {
    const page = await context.storage.search({ ...query, ...(cursor ? { cursor } : {}) })
    // Copies of what others publish are never written to: a condition means what is published here.
    matches.push(...page.matches.filter(({ resource }) => !resource || mirroredFrom(resource) === undefined))
    cursor = page.next
  } while (cursor && matches.length < 2)
  if (matches.length === 0) await refusePendingSearch(context, type, conditions)
  return matches.slice(0, 2)
}

/** The only resource that fits, if any. @throws FhirError 412 when several fit */
export async function singleMatch(
  context: HttpContext,
  request: FhirRequest,
  type: string,
  pairs: QueryPair[],
): Promise<StoredVersion | undefined> {
  const matches = await matchesOf(context, request, type, pairs)
  if (matches.length > 1) throw new FhirError(412, issue('multiple-matches', 'The condition fits several resources.'))
  return matches[0]
}
