/**
 * An expression of the SNOMED CT Expression Constraint Language 2.2 (https://docs.snomed.org/snomed-ct-specifications/ecl, 5) as the
 * parser reads it and the printer writes it. Positions (`at`) are offsets into the text that was read; the printer takes no notice.
 */
export type EclExpression = EclCompound | EclRefined | EclDotted | EclSubExpression

/** Expressions joined by one operator: `and` and `or` have two operands or more, `minus` has two. */
export interface EclCompound {
  kind: 'and' | 'or' | 'minus'
  operands: EclSubExpression[]
}

/** `focus : refinement` */
interface EclRefined {
  kind: 'refined'
  focus: EclSubExpression
  refinement: EclRefinement
}

/** `focus . attribute . attribute`: the values of attributes. */
interface EclDotted {
  kind: 'dotted'
  focus: EclSubExpression
  attributes: EclSubExpression[]
}

/** Operators over the hierarchy, in brief syntax. */
export type EclOperator = '<' | '<<' | '<!' | '<<!' | '>' | '>>' | '>!' | '>>!' | '!!>' | '!!<'

/** A focus with what stands before and behind it; applied from the inside to the outside: `^`, member filters, operator, filters, history. */
export interface EclSubExpression {
  kind: 'sub'
  at: number
  operator?: EclOperator
  /** Present for `^`: the fields whose values are wanted; none is the referenced component. */
  memberOf?: { fields: string[] }
  focus: EclFocus
  /** Blocks `{{ M … }}`. */
  memberFilters: EclMemberFilter[][]
  /** Blocks `{{ C … }}` and `{{ D … }}`. */
  filters: EclFilterBlock[]
  history?: EclHistory
}

export type EclFocus =
  | EclConcept
  | { kind: 'any' }
  | EclAlternateIdentifier
  | { kind: 'nested'; expression: EclExpression }

/** A concept by its identifier, with a term for the reader. */
export interface EclConcept {
  kind: 'concept'
  id: string
  term?: string
  at: number
}

/** A concept by an identifier of another scheme, `LOINC#54486-6`. */
export interface EclAlternateIdentifier {
  kind: 'alternate'
  scheme: string
  code: string
  term?: string
  at: number
}

export type EclRefinement = { kind: 'and' | 'or'; operands: EclRefinement[] } | EclAttributeGroup | EclAttribute

/** `[min..max] { … }` */
interface EclAttributeGroup {
  kind: 'group'
  cardinality?: EclCardinality
  refinement: EclRefinement
}

/** `[min..max] R name = value` */
export interface EclAttribute {
  kind: 'attribute'
  at: number
  cardinality?: EclCardinality
  isReversed: boolean
  name: EclSubExpression
  comparison: EclComparison
}

/** How often; `max` Infinity is `*`. */
export interface EclCardinality {
  min: number
  max: number
}

export type EclEquality = '=' | '!='
export type EclOrder = EclEquality | '<' | '<=' | '>' | '>='

export type EclComparison =
  | { kind: 'expression'; operator: EclEquality; value: EclSubExpression }
  | { kind: 'number'; operator: EclOrder; value: string }
  | { kind: 'text'; operator: EclEquality; terms: EclSearchTerm[] }
  | { kind: 'boolean'; operator: EclEquality; value: boolean }

/** A quoted text as it was written, with its escapes; `plain` without `match:` or `wild:` before it. */
export interface EclSearchTerm {
  kind: 'plain' | 'match' | 'wild'
  text: string
}

/** Concepts as the value of a filter: a list of references, or an expression. */
export type EclConceptValue = { kind: 'list'; concepts: EclConcept[] } | EclSubExpression

export type EclFilterBlock = { kind: 'C'; filters: EclConceptFilter[] } | { kind: 'D'; filters: EclDescriptionFilter[] }

/** Filters that every kind of component has. */
export type EclComponentFilter =
  | { field: 'moduleId'; operator: EclEquality; value: EclConceptValue }
  /** Days, YYYYMMDD; an empty one is none. */
  | { field: 'effectiveTime'; operator: EclOrder; times: string[] }
  | { field: 'active'; operator: EclEquality; value: boolean | '*' }

export type EclConceptFilter =
  | EclComponentFilter
  | { field: 'definitionStatus'; operator: EclEquality; tokens: ('primitive' | 'defined')[] }
  | { field: 'definitionStatusId'; operator: EclEquality; value: EclConceptValue }

export type EclDescriptionFilter =
  | EclComponentFilter
  | { field: 'term'; operator: EclEquality; terms: EclSearchTerm[] }
  | { field: 'language'; operator: EclEquality; codes: string[] }
  | { field: 'type'; operator: EclEquality; tokens: EclTypeToken[] }
  | { field: 'typeId'; operator: EclEquality; value: EclConceptValue }
  | EclDialectFilter
  | { field: 'id'; operator: EclEquality; ids: string[] }

export type EclTypeToken = 'syn' | 'fsn' | 'def'

/** `dialect = (en-us (prefer) en-gb) (accept)`; a dialect by its alias, by its reference set, or by an expression for several. */
export interface EclDialectFilter {
  field: 'dialect' | 'dialectId'
  operator: EclEquality
  dialects: { dialect: string | EclConcept | EclSubExpression; acceptability?: EclAcceptability }[]
  acceptability?: EclAcceptability
}

/** One or the other of these. */
export type EclAcceptability = ('accept' | 'prefer' | EclConcept)[]

export type EclMemberFilter = EclComponentFilter | EclMemberFieldFilter

/** A filter on a field of a reference set. */
export interface EclMemberFieldFilter {
  field: 'member'
  name: string
  at: number
  comparison: EclComparison | { kind: 'time'; operator: EclOrder; times: string[] }
}

/** `{{ + HISTORY-MIN }}`, or with the reference sets asked for. */
export type EclHistory = { profile: 'MIN' | 'MOD' | 'MAX' } | { refsets: EclExpression }
