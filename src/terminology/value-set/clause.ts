import { keepPerObject } from '../../base/keep.ts'
import type { CodeSystem, ValueSet } from '../../fhir/types.ts'
import type { FilterDefinition } from './filters/filter-operator.ts'

/** One concept as a value set enumerates it, with its own display and designations. */
export type EnumeratedConcept = NonNullable<NonNullable<ValueSet['compose']>['include'][number]['concept']>[number]

/** One include or exclude of a value set: everything in it must hold of a member. */
export interface Clause {
  /** `ValueSet.compose.include[0]` */
  expression: string
  /** As written; absent when the clause only imports. */
  system?: string
  /** One name for all names of the system. */
  identity?: string
  /** As written; empty when the clause has none. */
  version: string
  /** Enumerated concepts by code, in order. */
  concepts?: Map<string, EnumeratedConcept>
  filters: FilterDefinition[]
  imports: CompiledSet[]
  /** Imports that could not be found. */
  missing: string[]
  /** Supplements to apply to the system. */
  supplements: CodeSystem[]
  /** Url of the implicit set of SNOMED CT whose clause it is. */
  implied?: string
  /** Of an exclude: which versions of a code it takes away. */
  reach: Reach
}

/**
 * What an exclude takes away: the system with every code of every version; every version of its codes; the version it names; the
 * one it is resolved to where it names none, unless the set has no other.
 */
export type Reach = 'system' | 'all' | 'named' | 'resolved'

/** A value set whose definition is understood; code systems are bound later, when their version is decided. */
export interface CompiledSet {
  definition: ValueSet
  /** `url|version`, `(unidentified)` for a set without url. */
  canonical: string
  includes: Clause[]
  excludes: Clause[]
  /** compose.inactive is false. */
  dropsInactive: boolean
  /**
   * Wish of the set (valueset-expansion-parameter `versionsMatch`): true makes one member of a code in several versions, which an
   * exclude takes away as a whole. Otherwise versions are kept apart, and an exclude takes away what it names.
   */
  versionsMatch?: boolean
  /** No wish is made, and an exclude names a version that the set does not have: it can only mean the codes. */
  excludesAcross: boolean
  /** Whether the set is contained in another one. */
  contained: boolean
  /** Includes and excludes to ask for one answer, each import counted wherever it is imported. */
  clauses: number
}

/** Everything that a value set says, its imports included, gathered in one walk. */
interface SetContent {
  /** Includes and excludes of the set and of every set it imports, outermost first. */
  clauses: Clause[]
  /** Those that may bring members: no exclude, and nothing that an exclude imports. */
  includes: Clause[]
  /** Every set that is imported, directly or not. */
  imports: CompiledSet[]
  /** Clauses that enumerate more codes than are found at once. */
  long: Clause[]
}

/** Codes of a clause that are found at once, whatever they are. */
const fewCodes = 100

/** The content of a set; each set that it imports counts once. */
export const contentOf = keepPerObject((root: CompiledSet): SetContent => {
  const content: SetContent = { clauses: [], includes: [], imports: [], long: [] }
  const seen = new Set<CompiledSet>()
  const bringing = new Set<CompiledSet>()
  const visit = (set: CompiledSet, brings: boolean) => {
    const isNew = !seen.has(set)
    if (!isNew && (!brings || bringing.has(set))) return
    seen.add(set)
    if (brings) bringing.add(set)
    if (isNew && set !== root) content.imports.push(set)
    const clauses = [...set.includes, ...set.excludes]
    for (const [index, clause] of clauses.entries()) {
      const isInclude = brings && index < set.includes.length
      if (isNew) content.clauses.push(clause)
      if (isNew && clause.concepts && clause.concepts.size > fewCodes) content.long.push(clause)
      if (isInclude) content.includes.push(clause)
      for (const imported of clause.imports) visit(imported, isInclude)
    }
  }
  visit(root, true)
  return content
})

const foldedConcepts = keepPerObject((concepts: Map<string, EnumeratedConcept>) => {
  // Of several spellings the first one counts.
  return new Map([...concepts].reverse().map(([written, concept]) => [written.toLowerCase(), concept]))
})

/** How a clause enumerates a code; in a system without regard to case however it is written. */
export function enumeratedConcept(
  { concepts }: Clause,
  code: string,
  caseSensitive: boolean,
): EnumeratedConcept | undefined {
  const found = concepts?.get(code)
  if (found || caseSensitive || !concepts) return found
  return foldedConcepts(concepts).get(code.toLowerCase())
}
