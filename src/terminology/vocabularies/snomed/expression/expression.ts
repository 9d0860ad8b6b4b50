/** Expressions of SNOMED CT that are put together of concepts, as their grammar has them (SNOMED CT Compositional Grammar 2.x). */

/** A concept as an expression names it. */
export interface ConceptReference {
  id: string
  /** Term beside the identifier, without the bars. */
  term?: string
  /** Position of the identifier in the text, from 0. */
  at: number
}

/** One or more concepts, with refinements. */
export interface SubExpression {
  focus: ConceptReference[]
  /** Attributes of no group; each stands for itself. */
  ungrouped: ExpressionAttribute[]
  groups: ExpressionAttribute[][]
}

/** An attribute with its value. */
export interface ExpressionAttribute {
  name: ConceptReference
  value: ExpressionValue
}

/** A concept, a concrete value as a release writes it (`#5`, `"text"`, `true`), or an expression in brackets. */
export type ExpressionValue = { concept: ConceptReference } | { concrete: string } | { nested: SubExpression }

/** A whole expression. */
export interface Expression extends SubExpression {
  /** `===`: means just that, which is also meant without a sign; `<<<`: something below that. */
  definition: '===' | '<<<'
}

/** Why a text is no expression. */
export class ExpressionError extends Error {
  readonly code = 'EXPRESSION_NOT_UNDERSTOOD'
  /** Position in the text, from 0. */
  readonly at: number
  constructor(text: string, at: number) {
    super(text)
    this.at = at
  }
}
