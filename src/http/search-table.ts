import { badRequest } from '../fhir/error.ts'
import { type ParsedSearch, parseSearch, searchableTypes } from '../fhir/search.ts'
import { printable } from './errors.ts'
import type { QueryPair } from './exchange.ts'

/** Types that are stored and searched here, in alphabetical order. */
export const supportedTypes: readonly string[] = searchableTypes
const supported = new Set(supportedTypes)

/** Types that tell who did what: read with permission alone, drawn in by no `_include`, absent from the history of all. */
const protectedTypes = new Set(['AuditEvent'])

/** Whether reading needs the same permission as writing. */
export function isProtectedType(type: string): boolean {
  return protectedTypes.has(type)
}

/** Whether resources of that type, once made, stay as they are: who could change them could hide what happened. */
export function isAppendOnly(type: string): boolean {
  return protectedTypes.has(type)
}

/** Entries of a page when `_count` says nothing, and at most. */
export const defaultPageSize = 50
export const maximumPageSize = 1000

/** Whether resources of that type are stored here. */
export function isSupportedType(type: string): boolean {
  return supported.has(type)
}

/**
 * Understands a search.
 * @param strict unknown parameters are an error (`Prefer: handling=strict`, and every conditional interaction)
 * @throws FhirError 400
 */
export function readSearch(type: string, pairs: QueryPair[], strict: boolean): ParsedSearch {
  const search = parseSearch(type, pairs, { defaultCount: defaultPageSize, maximumCount: maximumPageSize })
  const [unknown] = search.unknown
  if (strict && unknown !== undefined) {
    throw badRequest(
      `${printable(unknown)} is not a search parameter of ${type} that this server knows.`,
      'not-supported',
    )
  }
  return search
}
