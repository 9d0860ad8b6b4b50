/** Where and when a search looks. */
import type { Document } from 'mongodb'
import { notFound } from '../../../fhir/error.ts'
import { type SearchParameter, searchParameters } from '../../../fhir/search/parse-search.ts'
import type { SearchQuery } from '../../storage.ts'
import type { Collections } from '../documents.ts'
import type { Asking } from '../versions.ts'

/** A filter over what searches see, or over entries wherever they are. */
export type Where = Document

/** Where and when is searched. */
export interface SearchPlace {
  collections: Collections
  asking: Asking
  type: string
  everywhere: SearchQuery['everywhere']
  /** Milliseconds, for the prefix `ap`. */
  now: number
  /** The state that is searched: the number of its last write. */
  snapshot: number
  /** Types of which versions may have entries in further documents; any where it is not told. */
  more: Record<string, true> | undefined
}

/** What of a type is in the state. */
export const inState = ({ type, snapshot }: Pick<SearchPlace, 'type' | 'snapshot'>): Where => ({
  type,
  _id: { $lte: snapshot },
  until: { $gt: snapshot },
})

/** @throws FhirError 404 for a parameter that the type does not have */
export function parameterOf(type: string, name: string): SearchParameter {
  const parameter = searchParameters(type).get(name)
  if (!parameter) throw notFound(`${type} has no search parameter ${name}.`)
  return parameter
}
