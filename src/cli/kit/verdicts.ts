import type { Evaluation } from '../../evaluate/evaluation.ts'
import type { EvaluateRequest } from '../../evaluate/request.ts'

/** What gives verdicts: a server, or a kit. */
export interface Verdicts {
  /** The verifying jurisdiction of a question that names none. */
  jurisdiction: string | undefined
  /** Hash of the kit. */
  kit?: string
  /** @param at as of which moment; undefined: now. @throws FhirError 400 for a kit, which knows no other moment than its own */
  evaluate(request: EvaluateRequest, at?: Date): Promise<Evaluation>
  close(): Promise<void>
}
