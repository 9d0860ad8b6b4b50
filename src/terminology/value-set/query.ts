import { type Keep, keep, keepPerObject } from '../../base/keep.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import type { Selection } from '../code-system/selection.ts'
import type { Scope } from '../request/scope.ts'
import type { VersionRules } from '../request/versions.ts'
import type { Clause, CompiledSet } from './clause.ts'

/** A query to value sets: what their clauses are resolved against, and what was decided so far. */
export interface ValueSetQuery {
  scope: Scope
  systemRules: VersionRules
  /** What was decided for clauses so far. */
  decided: Decisions
  /** Whether what is found is taken away from a set: then what cannot be told is an error. */
  isTaking?: boolean
  /**
   * Counts clauses that were asked. Now and then it looks at the clock: true when others should have a turn.
   * @throws FhirError 422 too-costly when the time for the request is over
   */
  pass(clauses: number): boolean
}

/** The same query to the other side of an exclude: of what is taken away something may be taken away again. */
export const takingAway = keepPerObject(
  (query: ValueSetQuery): ValueSetQuery => ({ ...query, isTaking: !query.isTaking }),
)

/** How the version of a clause's code system was decided. */
export interface Resolution {
  /** Absent when no such version, or no such system, is known. */
  provider?: CodeSystemProvider
  /** Known versions, oldest first. */
  known: string[]
  /** The version or pattern in force; empty for "the newest". */
  asked: string
  /** What replaced or filled in the version the clause itself names. */
  changedBy?: 'force' | 'default' | 'check'
  /** Pattern that the version must meet. */
  check?: string
  /** The system has no content here, or only a part of it; the enumeration of the value set stands for it. */
  assumed: boolean
  /** No version of the system is here at all. */
  isUnknown: boolean
  /** The part of the system that an enumeration completes. */
  fragment?: CodeSystemProvider
}

/** The concepts of one code system that a clause names, imports aside. */
export interface ClauseMembers {
  provider: CodeSystemProvider
  members: Selection
}

/** One member of a value set with where it comes from. */
export interface Entry {
  provider: CodeSystemProvider
  ref: Ref
  /** The include that brought it. */
  clause: Clause
}

/** The members of a value set in a stable order, any of them at once. */
export interface Listing {
  size: number
  at(index: number): Entry | undefined
}

/** Decisions by clause; they may be kept as long as the scope lives when no rules are in force. */
export interface Decisions {
  members: WeakMap<Clause, ClauseMembers & { resolution: Resolution }>
  resolutions: WeakMap<Clause, Resolution>
  /** Listings that took a walk, by what narrowed them. */
  listings(set: CompiledSet): Keep<string, Listing>
}

/** Listings kept per set: different texts are asked for one letter after the other. */
const LISTINGS_KEPT = 20

/** Nothing decided yet. */
export function noDecisions(): Decisions {
  const listings = keepPerObject((_: CompiledSet) => keep<string, Listing>(LISTINGS_KEPT))
  return { members: new WeakMap(), resolutions: new WeakMap(), listings }
}

/** Without rules a clause is decided the same way in every request that sees the same artefacts. */
export const decisionsIn = keepPerObject((_: Scope) => noDecisions())
