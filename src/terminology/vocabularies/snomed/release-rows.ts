/**
 * Rows of a release in RF2 as the writer of the compiled file takes them: identifiers as texts, columns already told apart
 * (https://confluence.ihtsdotools.org/display/DOCRELFMT/4+Component+Release+Files+Specification).
 */

/** What every row of a component or member has. */
export interface ReleaseRow {
  /** SCTID of a component, UUID of a member. */
  id: string
  /** As a number, e.g. 20250909. */
  effectiveTime: number
  isActive: boolean
  module: string
}

/** A row of the file Concept. */
interface ConceptState extends ReleaseRow {
  isDefined: boolean
}

/** A row of the files Description and TextDefinition. */
export interface DescriptionState extends ReleaseRow {
  concept: string
  language: string
  type: string
  term: string
  caseSignificance: string
}

/** An inferred row of the files Relationship and RelationshipConcreteValues. */
export interface RelationshipState extends ReleaseRow {
  source: string
  type: string
  /** A concept, or a concrete value: one of both. */
  target?: string
  value?: string
  group: number
}

/** A row of a language reference set. */
export interface DialectState extends ReleaseRow {
  refset: string
  description: string
  acceptability: string
}

/** A row of any other reference set; `values` are those of its further columns. */
export interface MemberState extends ReleaseRow {
  refset: string
  component: string
  values: readonly string[]
}

/** A row of the file Identifier. */
export interface IdentifierState {
  scheme: string
  identifier: string
  effectiveTime: number
  isActive: boolean
  component: string
}

/** What is wrong with a release, or worth knowing of it. */
export interface ReleaseFinding {
  severity: 'error' | 'warning' | 'information'
  text: string
}

/**
 * Takes the rows of a release: concepts first, then the others in any order. A row that cannot be taken is told, in words for whoever
 * made the file; after one of those nothing may be finished.
 */
export interface ReleaseWriter {
  concept(row: ConceptState): string | undefined
  description(row: DescriptionState): string | undefined
  relationship(row: RelationshipState): string | undefined
  dialect(row: DialectState): string | undefined
  /** `fields` are the names of the further columns. */
  member(row: MemberState, fields: readonly string[]): string | undefined
  identifier(row: IdentifierState): string | undefined
  /** No more rows of a kind come: what was there to find them by is forgotten. */
  end(kind: 'relationships' | 'dialects'): void
  /** What the rows together are: to be asked when all were given, before the end. */
  check(): ReleaseFinding[]
}
