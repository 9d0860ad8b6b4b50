/**
 * One version of one edition of SNOMED CT as everything about it reads it: numbers by ordinal at once, texts on demand. Ordinals are
 * those of the provider of the code system (its refs), 0 to count - 1; active and inactive concepts alike have one. Whatever needs the
 * content goes through this interface: the compiled file behind a server, and a plain one over the rows of a release in tests.
 */
export interface SnomedContent {
  /** Version URI, `http://snomed.info/sct/<module>/version/<date>` (xsct for what is not published). */
  readonly version: string
  /** Number of concepts. */
  readonly count: number
  /** The concept of an identifier (SCTID); -1 when the release has none of it. */
  ordinalOf(id: string): number
  idOf(concept: number): string
  isActive(concept: number): boolean
  /** Whether its definition is sufficient (fully defined) rather than necessary (primitive). */
  isDefined(concept: number): boolean
  /** Identifier of its module, which need not be a concept of the release. */
  moduleOf(concept: number): string
  /** Effective time as a number, e.g. 20250909. */
  effectiveTimeOf(concept: number): number
  readonly hierarchy: SnomedHierarchy
  readonly attributes: SnomedAttributes
  /** Descriptions and text definitions, active and inactive, in the order of the release. */
  descriptions(concept: number): SnomedDescription[]
  /**
   * Concepts, ascending, of which a term may have, for every word, a word beginning with it; words as indexWords (term-words.ts) gives
   * them, so that marks of letters make no difference. The text of their terms decides, and whether a term is active: more may be
   * found than fit, never fewer.
   */
  concepts(words: readonly string[]): Int32Array
  /**
   * Concepts, ascending, that are found by words: for every word the identifier, or a word of a term that is active and no definition,
   * begins with it; words as indexWords gives them. None where there are no words.
   */
  found(words: readonly string[]): Int32Array
  /** Reference sets with members, ascending. */
  readonly refsets: Int32Array
  refset(refset: number): SnomedRefset | undefined
  /**
   * Members of the reference set of axioms, with all that may say more than relationships do: whatever is of no usual form or of
   * properties, and all of concepts that have several.
   */
  axioms(): Iterable<SnomedMember>
  /** The concept of an identifier of another scheme (Identifier file); -1 when there is none. */
  byAlternateIdentifier(scheme: string, identifier: string): number
}

/** The inferred is-a relationships of active concepts (116680003); concepts have several parents, and lists are ascending. */
export interface SnomedHierarchy {
  parents(concept: number): Int32Array
  children(concept: number): Int32Array
  /** All above it, itself left out. */
  ancestors(concept: number): Int32Array
  /** All below it, itself left out. */
  descendants(concept: number): Int32Array
  /** Whether it is the same concept or above the other. */
  subsumes(ancestor: number, descendant: number): boolean
}

/** Active inferred relationships but is-a, and concrete values, as rows; those of one source stand together, by group. */
export interface SnomedAttributes {
  /** Rows of a source: from `start[source]` to before `start[source + 1]`. */
  readonly start: Int32Array
  /** Attribute (type) of a row. */
  readonly type: Int32Array
  /** Value of a row: a concept, or -1 - n for the concrete value n. */
  readonly target: Int32Array
  /** Group of a row; 0 is of no group (each row stands for itself). */
  readonly group: Uint8Array | Uint16Array | Int32Array
  /** A concrete value as the release has it: `#1`, `#-0.5`, `"text"`, `true`. */
  value(n: number): string
  readonly byTarget: SnomedValueRows
}

/** The same rows by the concept that is their value, as far as it is one; those of one value stand together, by source. */
interface SnomedValueRows {
  /** Rows of a value: from `start[value]` to before `start[value + 1]`. */
  readonly start: Int32Array
  /** Source of a row. */
  readonly source: Int32Array
  /** Attribute (type) of a row. */
  readonly type: Int32Array
}

/** A description or text definition. */
export interface SnomedDescription {
  id: string
  isActive: boolean
  effectiveTime: number
  module: string
  /** Of the column languageCode, e.g. `en`. */
  language: string
  /** Type: `900000000000003001` fully specified name, `900000000000013009` synonym, `900000000000550004` definition. */
  type: string
  term: string
  caseSignificance: string
  /** What active members of language reference sets say of it: identifiers of reference set and acceptability. */
  dialects: { refset: string; acceptability: string }[]
}

/** Members of a reference set. */
export interface SnomedRefset {
  /** Names of the columns after referencedComponentId, as the release has them. */
  readonly fields: readonly string[]
  /** Concepts that active members refer to, ascending, each once. */
  readonly members: Int32Array
  /** All members whose component is that concept, in the order of the release; with inactive ones. */
  of(concept: number): SnomedMember[]
  /** All members. */
  all(): Iterable<SnomedMember>
  /** How many members there are. */
  readonly size: number
  /** Whether members are found by their values in a field: where they are not, {@link withValue} looks through all of them. */
  finds(field: string): boolean
  /** Members whose value in a field is that text (identifiers as they are), e.g. targetComponentId or mapTarget. */
  withValue(field: string, value: string): SnomedMember[]
}

/** One member of a reference set. */
export interface SnomedMember {
  id: string
  isActive: boolean
  effectiveTime: number
  module: string
  /** Identifier of the component: a concept, a description or a relationship. */
  component: string
  /** Values of {@link SnomedRefset.fields}. */
  values: readonly string[]
}
