import type { Resource } from '../../fhir/types.ts'
import type { Publish } from '../publish.ts'
import type { ImportEntry } from './report.ts'

/** A resource that is to be stored, and what the report says of it. */
export interface Candidate {
  entry: ImportEntry
  resource: Resource
}

/** The one way in, as far as an import needs it. */
export type Gate = Pick<Publish, 'admit' | 'compare' | 'displaces' | 'write'> & Partial<Pick<Publish, 'unsigned'>>
