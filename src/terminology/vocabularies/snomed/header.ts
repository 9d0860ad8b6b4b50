import type { ConceptState } from './concept-table.ts'

/** What the directory of a file says of the release. */
export interface SnomedHeader {
  version: string
  /** Modules, languages, types and so on, by number. */
  names: string[]
  /** Effective times, by number. */
  times: number[]
  /** States of concepts, by number. */
  states: ConceptState[]
  /** Reference sets by ordinal of their concept, ascending: their members lie in `[from, to)`. */
  refsets: { concept: number; fields: string[]; from: number; to: number; indexed: number[] }[]
  /** Language reference sets, ascending. */
  dialects: number[]
}
