/** A define as it ran, step by step: what explanations are told from, whoever recorded it. */
import type { JsonObject } from '../../../base/json-value.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'

/** Where a step ran: names of aliases, lets and operands, and the place around it. */
export interface StepContext {
  context_values: Record<string, unknown>
  parent?: StepContext | null | undefined
}

/** One run of one step, with the steps that ran for it, in the order in which they began. */
export interface Execution {
  step: JsonObject
  /** Of the step. */
  type: string
  /** In which the step stands. */
  library: CompiledLibrary
  context: StepContext
  value: unknown
  parts: Execution[]
  /** For which it ran; undefined for the define itself. */
  parent: Execution | undefined
  /** What somebody who looks at the recording has found out about this run; goes with it. */
  notes: unknown
}

/** A define as it ran, and how to find in it what a name stood for. */
export interface Recording {
  root: Execution
  /** The first run of the expression of a define, which is the only one; undefined where it did not run. */
  first(expression: JsonObject): Execution | undefined
  /** What ran in a context, in the order in which it began. */
  within(context: StepContext): readonly Execution[]
  /** The run that made a tuple. */
  made(tuple: object): Execution | undefined
}

/** Steps of one define at most: what takes more is told without reasons. */
export const mostSteps = 20_000

/** A recording that was given up because the define takes too many steps. */
export class TooManySteps extends Error {}

/** Whether a node of ELM is a step that is recorded when it runs. */
export const isStep = (node: JsonObject): boolean =>
  typeof node.type === 'string' && !node.type.endsWith('TypeSpecifier')
