import type { Json } from '../../base/json-value.ts'

/** Why a sub-expression of a rule gave what it gave, as a sentence for a person, with the parts that decided it. */
export interface Explanation {
  /** In the language asked for, in the rule's own words where its author gave any. */
  text: string
  /** What the sub-expression gave: as evidence shows values, large ones shortened. */
  value: Json
  /** Where it stands in the author's text; absent in ELM without locators. Line and column from 1. */
  place?: { library: string; line: number; column: number }
  /** What it was decided by, the nearest first; empty for a value that was read or written out. */
  parts: Explanation[]
}
