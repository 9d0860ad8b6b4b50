import type { Evaluation } from '../../evaluate/evaluation.ts'
import type { EvaluateRequest } from '../../evaluate/request.ts'

/** What gives verdicts: a server, or a kit. */
export interface Verdicts {
  /** The verifying jurisdiction of a question that names none. */
  jurisdiction: string | undefined
  /** Hash of the kit. */
  kit?: string
  evaluate(request: EvaluateRequest): Promise<Evaluation>
  close(): Promise<void>
}
