/** Evaluations as they are counted: by their words alone. */
import { keepPerObject } from '../../base/keep.ts'
import type { Evaluate } from '../../evaluate/evaluate.ts'
import type { Operation } from '../../fhir/operation.ts'
import type { OperationContext } from '../../operations/context.ts'

/** Counts by decision and format, and by what became of signatures. */
export interface EvaluationCounts {
  decisions: Map<string, number>
  signatures: Map<string, number>
}

/** The operations, with another `$evaluate` for what is asked over HTTP. @param around makes it of the one that there is */
export function withEvaluate(
  all: Operation<OperationContext>[],
  around: (evaluate: Evaluate) => Evaluate,
): Operation<OperationContext>[] {
  return all.map((operation) => {
    if (operation.name !== 'evaluate' || !operation.system) return operation
    // Requests are given the same few contexts over and over.
    const changed = keepPerObject((context: OperationContext) => ({ ...context, evaluate: around(context.evaluate) }))
    const handle: typeof operation.handle = (call, context) => operation.handle(call, changed(context))
    return { ...operation, handle }
  })
}

/** An `$evaluate` whose answers are counted. */
export function counted(evaluate: Evaluate, counts: EvaluationCounts): Evaluate {
  return {
    ...evaluate,
    answer: (parameters, call) =>
      evaluate.answer(parameters, {
        ...call,
        told(found) {
          add(counts.decisions, `${found.decision} ${found.format || 'none'}`)
          for (const { name, outcome } of found.checks) if (name === 'signature') add(counts.signatures, outcome)
          call.told?.(found)
        },
      }),
  }
}

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
