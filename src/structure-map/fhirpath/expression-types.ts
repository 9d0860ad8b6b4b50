import type { Node } from '../model/nodes.ts'
import type { Type } from '../model/types.ts'
import type { Frame, Run } from '../run/run.ts'

/** A compiled FHIRPath expression: the focus is `$this`, variables come from the frame. */
export type CompiledExpression = (frame: Frame, focus: Node[]) => Node[]

/** Thrown by a native expression when the values at hand need the full engine. */
export class NeedsEngine extends Error {}

/** What expressions ask of the world outside the map. */
export interface ExpressionHost {
  memberOf(node: Node, valueSet: string): boolean | undefined
  conformsTo(node: Node, profile: string): boolean | undefined
  resolve(run: Run, reference: string): Node | undefined
  /** Type by name as written in an expression, e.g. `FHIR.Patient`. */
  findType(name: string): Type | undefined
  /** The run under way, for functions that the full engine calls back. */
  run: Run | undefined
}
