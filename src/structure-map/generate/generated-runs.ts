import type { CompiledGroup, Program } from '../compile/program.ts'
import type { Node } from '../model/nodes.ts'
import type { Type } from '../model/types.ts'
import type { Run } from '../run/run.ts'
import { type GeneratedCode, generateCode } from './generate.ts'
import { RUNTIME } from './runtime.ts'

/** Runs the first group of a program over an instance, without its closures. */
type GeneratedRun = (source: Node, target: Node, run: Run) => void

/** Runs of a map after which code is generated: before that it does not pay. */
const RUNS_BEFORE = 20
/** Types of instances of one map for which code is generated. */
const MOST_TYPES = 8

/** Gives the code for an instance, or nothing where the closures are to run: in the beginning, for odd instances, and where code cannot be. */
export type FindRun = (group: CompiledGroup, source: Node, target: Node) => GeneratedRun | undefined

/** Generates code for a program when it has run often enough. */
export function generatedRuns(program: Program, runsBefore = RUNS_BEFORE): FindRun {
  let runs = 0
  const made = new Map<Type, GeneratedRun | undefined>()
  return (group, source, target) => {
    if (runs++ < runsBefore || !isPlainObject(source.value)) return undefined
    const known = made.get(source.type)
    if (known || made.has(source.type) || made.size >= MOST_TYPES) return known
    const code = isUsual(group, source.type, target.type)
      ? generateCode(program, group, { source: source.type, target: target.type })
      : undefined
    const run = code && evaluateCode(code)
    made.set(source.type, run)
    return run
  }
}

const isPlainObject = (value: Node['value']): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One source and one target, of which the definitions are known. */
function isUsual({ inputs }: CompiledGroup, ...types: Type[]): boolean {
  const modes = inputs.map(({ mode }) => mode).sort()
  return modes.join() === 'source,target' && types.every(({ kind }) => kind !== 'unknown' && kind !== 'primitive')
}

/** The function that code is; undefined where the process was started with `--disallow-code-generation-from-strings`. */
function evaluateCode({ text, constants }: GeneratedCode): GeneratedRun | undefined {
  try {
    return new Function('k', 'h', text)(constants, RUNTIME)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}
