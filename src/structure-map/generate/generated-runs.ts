import { setImmediate } from 'node:timers/promises'
import { evaluateCode } from '../../base/code/generated-code.ts'
import { finish, type Steps } from '../../workers/budget.ts'
import type { CompiledGroup, Program } from '../compile/program.ts'
import type { Node } from '../model/nodes.ts'
import type { Type } from '../model/types.ts'
import type { Run } from '../run/run.ts'
import { generateSteps } from './generate.ts'
import { RUNTIME } from './runtime.ts'

/** Runs the first group of a program over an instance, without its closures. */
type GeneratedRun = (source: Node, target: Node, run: Run) => void

/** Runs of a map after which code is generated: before that it does not pay. */
const RUNS_BEFORE = 20
/** Types of instances of one map for which code is generated. */
const MOST_TYPES = 8
/** Rules for which code is made before others have a turn. */
const RULES_AT_ONCE = 4

/** Gives the code for an instance, or nothing where the closures are to run: in the beginning, for odd instances, and where code cannot be. */
export type FindRun = (group: CompiledGroup, source: Node, target: Node) => GeneratedRun | undefined

/** When code is generated. */
export interface Generation {
  /** After how many runs of a map; 0 generates it at once, and not a few rules at a time. */
  runsBefore?: number
  /** Is told that code could not be generated, which changes no answer: the closures go on. */
  failed?(error: unknown): void
}

/** Generates code for a program when it has run often enough, a few rules at a time; the closures run meanwhile. */
export function generatedRuns(program: Program, { runsBefore = RUNS_BEFORE, failed }: Generation = {}): FindRun {
  let runs = 0
  const made = new Map<Type, GeneratedRun | undefined>()
  return (group, source, target) => {
    if (runs++ < runsBefore || !isPlainObject(source.value)) return undefined
    const { type } = source
    const known = made.get(type)
    if (known || made.has(type) || made.size >= MOST_TYPES) return known
    made.set(type, undefined)
    if (!isUsual(group, type, target.type)) return undefined
    const steps = generateSteps(program, group, { source: type, target: target.type })
    if (runsBefore > 0) {
      inTurns(steps, (code) => made.set(type, code && evaluateCode<GeneratedRun>(code, RUNTIME))).catch(
        (error: unknown) => failed?.(error),
      )
      return undefined
    }
    const code = finish(steps)
    const run = code && evaluateCode<GeneratedRun>(code, RUNTIME)
    made.set(type, run)
    return run
  }
}

async function inTurns<T>(steps: Steps<T>, done: (result: T) => void): Promise<void> {
  for (;;) {
    await setImmediate()
    for (let rule = 0; rule < RULES_AT_ONCE; rule++) {
      const { done: isDone, value } = steps.next()
      if (isDone) return done(value)
    }
  }
}

const isPlainObject = (value: Node['value']): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One source and one target, of which the definitions are known. */
function isUsual({ inputs }: CompiledGroup, ...types: Type[]): boolean {
  const modes = inputs.map(({ mode }) => mode).sort()
  return modes.join() === 'source,target' && types.every(({ kind }) => kind !== 'unknown' && kind !== 'primitive')
}
