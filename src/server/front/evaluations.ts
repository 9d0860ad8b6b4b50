/** Evaluations as they are counted: by their words alone. */
import { keepPerObject } from '../../base/keep.ts'
import type { Evaluate } from '../../evaluate/evaluate.ts'
import { firstParameter, type Operation, parameterValue } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
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
    async answer(parameters, call) {
      const answer = await evaluate.answer(parameters, call)
      countAnswer(answer, counts)
      return answer
    },
  }
}

function countAnswer(answer: Parameters, { decisions, signatures }: EvaluationCounts): void {
  add(decisions, `${word(answer, 'decision')} ${word(answer, 'format')}`)
  for (const { name, part } of answer.parameter ?? [])
    if (name === 'check' && partText(part, 'name') === 'signature') add(signatures, partText(part, 'outcome'))
}

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** A code of the contract; all of them come from this server. */
const word = (answer: Parameters, name: string): string =>
  String(parameterValue(firstParameter(answer, name)) ?? 'none')

const partText = (part: Parameter[] | undefined, name: string): string =>
  String(parameterValue(part?.find((each) => each.name === name)) ?? 'none')
