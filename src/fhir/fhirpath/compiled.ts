/** What a compiled expression of FHIRPath is, and what it works on. */
import type { FhirPathBudget } from './budget.ts'

/** How an expression is compiled. */
export interface FhirPathOptions {
  /** Bare names that mean `%name` where they start a path (variables of a map's rule). */
  variables?: ReadonlySet<string>
}

/**
 * A value together with its FHIR type; made by `typed` or by `CompiledFhirPath.nodes`, and taken as input or
 * as a variable: `%v + 5 days` needs to know that `v` is a date.
 */
export interface TypedNode {
  readonly node: unknown
  /** Plain JSON. */
  readonly value: unknown
  /** FHIR or System type such as `HumanName`, `date`, `System.String`; of a backbone element its path. */
  readonly type: string
  /** Text of a decimal that says more than its value, e.g. `1.50`. */
  readonly exact?: string
  /** Id and extensions of a primitive, which may have no value. */
  readonly extra?: object
}

/** What an evaluation is given beside its input. */
export interface Surroundings {
  clock?: Date | undefined
  budget?: FhirPathBudget | undefined
  /** Drop fractions of a second from what is added to a date or time: FHIRPath has them, published maps expect none. */
  wholeUnits?: boolean | undefined
}

/** A compiled expression. R4 model always; throws FhirError 422 when it cannot be evaluated. */
export interface CompiledFhirPath {
  /**
   * Plain JSON results: dates and times as strings, a System.Quantity as a FHIR Quantity.
   * @param input resource, element, array of them, or {@link TypedNode}
   * @param variables for `%name`; `%resource` and `%rootResource` default to the input, `%sct` and `%loinc` to their urls
   * @param surroundings the clock that `now()` says, and who pays for the work; without a budget 1,000,000 steps may be spent
   */
  (input: unknown, variables?: Record<string, unknown>, surroundings?: Surroundings): unknown[]
  /** The same with types kept, to be passed on as input or variables. */
  nodes(input: unknown, variables?: Record<string, unknown>, surroundings?: Surroundings): TypedNode[]
  /** Whether it looks at its input at all, given these variables: what does not says the same of any. */
  readsInput(variables?: Record<string, unknown>): boolean
  readonly expression: string
}
