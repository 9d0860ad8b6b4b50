import type { Resource } from '../../fhir/types.ts'
import type { Publish } from '../publish.ts'
import type { ImportEntry } from './report.ts'

/** A resource that is to be stored, and what the report says of it. */
export interface Candidate {
  entry: ImportEntry
  resource: Resource
  /** Of many that come together, those that it leans on, where its reader knows them: it is judged beside these. */
  leansOn?: Resource[]
}

/** The one way in, as far as an import needs it. */
export type Gate = Pick<Publish, 'admit' | 'compare' | 'displaces' | 'write'> & Partial<Pick<Publish, 'unsigned'>>
