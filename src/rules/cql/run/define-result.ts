import type { Issue } from '../../../fhir/types.ts'
import type { TypeSpecifier } from '../translate/elm.ts'
import type { Evidence } from './evidence.ts'

/** The answer of one define. A failing one has an issue and no value. */
export interface DefineResult {
  name: string
  /** The CQL value in the executor's representation; `toParameters` and `toJson` read it. */
  value: unknown
  /** Static type, when the translator told it. */
  type: TypeSpecifier | undefined
  /** Values of the defines and parameters that this one used: why it is what it is. */
  evidence: Evidence[]
  issue?: Issue
}
