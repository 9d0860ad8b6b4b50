/** What every step of a library gave while a define was evaluated: for reasons of a null, explanations and coverage. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Library as ExecutableLibrary, PatientContext } from 'cql-execution'
import type { JsonObject } from '../../../base/json-value.ts'
import { keepPerObject } from '../../../base/keep.ts'
import { visit } from '../translate/elm.ts'
import { helpers } from '../translate/elm-scope.ts'
import { type CompiledLibrary, link } from '../translate/libraries.ts'
import { type Execution, isStep, mostSteps, type Recording, type StepContext, TooManySteps } from './recording.ts'

/** Results kept for one step at most: an explanation may be short, never costly. */
const mostResults = 100

/** Step → what it gave, every time that it ran. */
export type StepResults = Map<string, unknown[]>

/** The executor keeps one result of every step in each library's context; all of them are needed here. */
export function traceInto(results: StepResults, context: PatientContext): void {
  tellSteps(context, (step, value) => {
    const known = results.get(step)
    if (!known) results.set(step, [value])
    else if (known.length < mostResults) known.push(value)
  })
}

/** Told of a step that has a `localId`, and what it gave, every time that it ran; what it throws ends the run. */
export type StepListener = (step: string, value: unknown) => void

/** Tells the steps of a library and of all that it includes, from now on. */
export function tellSteps(context: PatientContext, listener: StepListener): void {
  const recorded = new WeakSet<object>()
  const attach = (each: PatientContext) => {
    if (recorded.has(each)) return
    recorded.add(each)
    const open = each.getLibraryContext.bind(each)
    each.setLocalIdWithResult = listener
    each.getLibraryContext = (name: string) => {
      const made = open(name)
      if (made instanceof PatientContext) attach(made)
      return made
    }
  }
  attach(context)
}

/** A library with all it includes in which every step has a `localId` of its own: the library's canonical and a number. Made once for each. */
export const tracedCopy = keepPerObject((library: CompiledLibrary): CompiledLibrary => {
  // Conversions of FHIRHelpers explain nothing, and it is large.
  const includes = library.includes.map((each) => (each.identifier.id === helpers ? each : tracedCopy(each)))
  const elm = structuredClone(library.elm)
  const steps = new Map<string, JsonObject>()
  visit(elm.library.statements, (node) => {
    if (!isStep(node)) return
    node.localId = `${library.canonical} ${steps.size + 1}`
    steps.set(node.localId, node)
  })
  const { canonical, identifier } = library
  const linked = link({ text: { canonical, identifier }, elm, issues: [], includes, models: library.models })
  const copy: CompiledLibrary = {
    canonical,
    identifier,
    elm,
    defines: library.defines,
    issues: [],
    includes,
    models: library.models,
    get executable() {
      const { executable } = linked
      instrument(executable, (id) => steps.get(id), copy)
      return executable
    },
  }
  return copy
})

interface Running {
  steps: number
  first: Map<JsonObject, Execution>
  within: Map<StepContext, Execution[]>
  made: Map<object, Execution>
}

const running = new AsyncLocalStorage<{ recording: Running; parts: Execution[]; parent?: Execution }>()

/**
 * Evaluates a define of a copy ({@link tracedCopy}) by the executor and records every run of every step.
 * @returns undefined for a define that takes more than some ten thousand steps, or fails
 */
export async function record(
  copy: CompiledLibrary,
  define: string,
  context: PatientContext,
): Promise<Recording | undefined> {
  const recording: Running = { steps: 0, first: new Map(), within: new Map(), made: new Map() }
  const parts: Execution[] = []
  const expression = copy.executable.expressions[define]
  if (!expression) return undefined
  try {
    await running.run({ recording, parts }, () => expression.execute(context))
  } catch {
    // It was evaluated before, and its failure told: what cannot be run twice cannot be explained.
    return undefined
  }
  const [root] = parts
  return (
    root && {
      root,
      first: (expression) => recording.first.get(expression),
      within: (place) => recording.within.get(place) ?? [],
      made: (tuple) => recording.made.get(tuple),
    }
  )
}

const instrumented = new WeakSet<ExecutableLibrary>()

/** Lets every step of a library tell when it runs, while a recording is made. */
function instrument(
  executable: ExecutableLibrary,
  stepOf: (id: string) => JsonObject | undefined,
  library: CompiledLibrary,
): void {
  if (instrumented.has(executable)) return
  instrumented.add(executable)
  const seen = new Set<object>()
  const open: unknown[] = [executable.expressions, Reflect.get(executable, 'functions')]
  while (open.length > 0) {
    const each = open.pop()
    if (typeof each !== 'object' || each === null || seen.has(each)) continue
    seen.add(each)
    const id: unknown = Reflect.get(each, 'localId')
    const step = typeof id === 'string' ? stepOf(id) : undefined
    if (step && isExecutable(each)) tell(each, step, library)
    open.push(...Object.values(each))
  }
}

interface Executable {
  execute(context: StepContext): Promise<unknown>
}

const isExecutable = (value: object): value is Executable => typeof Reflect.get(value, 'execute') === 'function'

function tell(expression: Executable, step: JsonObject, library: CompiledLibrary): void {
  const execute = expression.execute.bind(expression)
  const type = String(step.type)
  expression.execute = async (context) => {
    const around = running.getStore()
    if (!around) return execute(context)
    const { recording, parts: siblings, parent } = around
    if (++recording.steps > mostSteps) throw new TooManySteps()
    const parts: Execution[] = []
    const run: Execution = { step, type, library, context, value: null, parts, parent, notes: undefined }
    siblings.push(run)
    if (!recording.first.has(step)) recording.first.set(step, run)
    const beside = recording.within.get(context)
    if (beside) beside.push(run)
    else recording.within.set(context, [run])
    const value = await running.run({ recording, parts, parent: run }, () => execute(context))
    run.value = value ?? null
    if (step.type === 'Tuple' && typeof value === 'object' && value !== null) recording.made.set(value, run)
    return value
  }
}
