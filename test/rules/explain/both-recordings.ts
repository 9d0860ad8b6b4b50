/** Recordings of one define, through its compiled form and by the executor, to be held against each other. */
import { isJsonObject } from '../../../src/base/json.ts'
import type { JsonObject } from '../../../src/base/json-value.ts'
import type { Execution, Recording, StepContext } from '../../../src/rules/cql/run/recording.ts'
import { openRun, type RunCall, type RunEnvironment } from '../../../src/rules/cql/run/run.ts'
import { toJson } from '../../../src/rules/cql/run/to-json.ts'
import { definitions, visit } from '../../../src/rules/cql/translate/elm.ts'
import type { CompiledLibrary } from '../../../src/rules/cql/translate/libraries.ts'

/** A define as two recordings tell it; undefined where there is none. */
export interface BothRecordings {
  compiled: string | undefined
  executed: string | undefined
  /** Whether the first is not the executor's as well. */
  isCompiled: boolean
}

/** Records a define both ways. */
export async function recordBothWays(
  library: CompiledLibrary,
  define: string,
  { call, environment }: { call: RunCall; environment: RunEnvironment },
): Promise<BothRecordings> {
  const { classes, terminology } = environment
  const programFailed = (error: unknown) => {
    throw error
  }
  // Recordings ask for nothing of a program but that there may be one.
  const compiling: RunEnvironment = { classes, terminology, programFailed, programOf: () => 'none' }
  const compiled = await openRun(library, call, compiling).record(define)
  const executed = await openRun(library, call, { classes, terminology }).record(define)
  return {
    compiled: compiled && recordingText(compiled),
    executed: executed && recordingText(executed),
    // The executor records a copy.
    isCompiled: compiled !== undefined && compiled.root.library === library,
  }
}

/** All that an explanation can ask of a recording, as text: runs, their values and contexts, and what is found by them. */
export function recordingText(recording: Recording): string {
  const lines: string[] = []
  const steps = new Map<CompiledLibrary, Map<JsonObject, number>>()
  const numbered = <Key>() => {
    const known = new Map<Key, number>()
    return (key: Key): number => {
      const number = known.get(key) ?? known.size
      known.set(key, number)
      return number
    }
  }
  const [numberOf, contextNumber, tupleNumber] = [numbered<Execution>(), numbered<StepContext>(), numbered<object>()]
  const contexts = new Set<StepContext>()
  const tuples = new Set<object>()
  const valueText = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`
    if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
    const text = `${value.constructor.name} ${JSON.stringify(toJson(value))}`
    if (value.constructor !== Object) return text
    tuples.add(value)
    return `#${tupleNumber(value)} ${text}`
  }
  const look = (run: Execution, depth: number): void => {
    const { step, type, library, context, value, parts, parent } = run
    const found = steps.get(library) ?? stepsIn(library)
    steps.set(library, found)
    const place = `${library.canonical} ${found.get(step)} ${type}`
    const around = `in ${contextNumber(context)} for ${parent ? numberOf(parent) : 'nothing'}`
    lines.push(`${'  '.repeat(depth)}${numberOf(run)}: ${place} ${around}: ${valueText(value)}`)
    contexts.add(context)
    for (const each of parts) look(each, depth + 1)
  }
  look(recording.root, 0)
  for (const context of contexts) {
    const { parent, context_values } = context
    // Above the outermost context of the executor stands the library, which has no values.
    const above = parent?.context_values ? contextNumber(parent) : 'none'
    if (parent?.context_values) contexts.add(parent)
    const values = Object.entries(context_values).map(([name, value]) => `${name}: ${valueText(value ?? null)}`)
    // What begins at once may go on by turns.
    const within = recording.within(context).map(numberOf)
    lines.push(`context ${contextNumber(context)} below ${above}: ${values.sort().join('; ')}`)
    lines.push(`  first ${within[0]}, all ${within.toSorted((a, b) => a - b).join(' ')}`)
  }
  for (const tuple of tuples) {
    const made = recording.made(tuple)
    lines.push(`tuple ${tupleNumber(tuple)} made by ${made && numberOf(made)}`)
  }
  for (const library of steps.keys())
    for (const { name, type, expression } of definitions(library.elm, 'statements')) {
      const first = type !== 'FunctionDef' && isJsonObject(expression) ? recording.first(expression) : undefined
      if (first) lines.push(`${library.canonical} ${String(name)} first as ${numberOf(first)}`)
    }
  return lines.join('\n')
}

function stepsIn({ elm }: CompiledLibrary): Map<JsonObject, number> {
  const steps = new Map<JsonObject, number>()
  visit(elm.library.statements, (node) => steps.set(node, steps.size))
  return steps
}
