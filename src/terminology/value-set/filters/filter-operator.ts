import type { CodeSystemProvider, Ref } from '../../code-system/code-system.ts'
import type { Selection } from '../../code-system/selection.ts'

/** One filter as it stands in an include. */
export interface FilterDefinition {
  property: string
  op: string
  value: string | undefined
  /** `ValueSet.compose.include[0].filter[0]` */
  expression: string
}

/** One filter of an include, ready to be evaluated. */
export interface FilterCall {
  provider: CodeSystemProvider
  /** Property as written, e.g. `concept`, `parent`, `status`. */
  property: string
  value: string
  /** Makes the error for a filter that makes no sense; the caller adds system, property and expression. */
  fail(text: string): Error
}

/** A filter operator: the concepts of the system that pass. Throws for properties it does not apply to. */
export type FilterOperator = (call: FilterCall) => Selection

/** The concept a hierarchy filter starts from; an unknown code is an error, never an empty set. */
export function startingConcept(call: FilterCall): Ref {
  if (call.property !== 'concept' && call.property !== 'code') {
    throw call.fail('the operator works on the property concept alone')
  }
  const ref = call.provider.locate(call.value)
  if (ref === undefined) throw call.fail(`the code '${call.value}' is not known in the code system`)
  return ref
}
