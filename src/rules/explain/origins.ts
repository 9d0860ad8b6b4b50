/** What names stood for in a recording: which run made a value that another one read. */
import { objectsIn } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Execution, Recording, StepContext } from '../cql/run/recording.ts'
import { helpers, referredBy } from '../cql/translate/elm-scope.ts'
import { type Iteration, notesAt, type QueryRun } from './notes.ts'

/** The run of what a reference, or a call of a function of the rule's own, stands for; undefined where it cannot be told. */
export function originOf(run: Execution, recording: Recording): Execution | undefined {
  switch (run.type) {
    case 'ExpressionRef':
      return run.parts[0] ?? defineOf(run, recording)
    case 'FunctionRef':
      return bodyOf(run)
    case 'QueryLetRef':
      return letOf(run, String(run.step.name), recording)
    case 'OperandRef':
      return operandOf(run, String(run.step.name), recording)
    case 'AliasRef':
      return aliasOf(run, String(run.step.name), recording)
    default:
      return undefined
  }
}

/** What made the element that a query over one list looks at: of a list that is written out its item, of a query what that returned. */
function aliasOf(run: Execution, name: string, recording: Recording): Execution | undefined {
  const holder = contextOf(run.context, name)
  const query = holder && runsFor(holder, 'Query', recording)
  const [source, other] = query ? queryOf(query).sources : []
  if (!query || !source || other) return undefined
  const at = queryOf(query).iterations.findIndex(({ context }) => context === holder)
  const made = elementsOf(source, recording)[at]
  return made?.value === run.value ? made : undefined
}

/** What made the elements of a list, in their order; empty where it cannot be told. */
function elementsOf(list: Execution, recording: Recording): Execution[] {
  if (list.type === 'List') return list.parts
  if (list.type === 'Query') {
    const returned = queryOf(list).iterations.flatMap((each) => (each.passed && each.returned ? [each.returned] : []))
    return Array.isArray(list.value) && list.value.length === returned.length ? returned : []
  }
  const origin = list.type === 'ExpressionRef' ? originOf(list, recording) : undefined
  return origin ? elementsOf(origin, recording) : []
}

/** A define is evaluated once: who asks later is given what it gave. */
function defineOf({ step, library }: Execution, recording: Recording): Execution | undefined {
  const expression = referredBy(step, library)
  return expression && recording.first(expression)
}

/** A function's body runs for the call, beside its operands; of a conversion of the model nothing is recorded. */
function bodyOf({ step, parts }: Execution): Execution | undefined {
  const operands = objectsIn(step.operand)
  return parts.find((each) => !operands.includes(each.step))
}

function letOf(run: Execution, name: string, recording: Recording): Execution | undefined {
  const holder = contextOf(run.context, name)
  const candidates = holder ? recording.within(holder) : []
  return candidates.find(
    ({ step, parent }) =>
      parent?.step.let !== undefined &&
      objectsIn(parent.step.let).some((each) => each.identifier === name && each.expression === step),
  )
}

/** For what the first of the steps of a type ran for which something runs in a context. */
function runsFor(context: StepContext, type: string, recording: Recording): Execution | undefined {
  for (const { parent } of recording.within(context)) if (parent?.type === type) return parent
  return undefined
}

function operandOf(run: Execution, name: string, recording: Recording): Execution | undefined {
  const holder = contextOf(run.context, name)
  const call = holder && runsFor(holder, 'FunctionRef', recording)
  if (!call || call.step.libraryName === helpers) return undefined
  // Several functions may have one name: the one that ran holds the body.
  const body = bodyOf(call)?.step
  const called = objectsIn(bodyLibrary(call)).find((each) => each.expression === body)
  const at = objectsIn(called?.operand).findIndex((each) => each.name === name)
  const operand = objectsIn(call.step.operand)[at]
  return call.parts.find((each) => each.step === operand)
}

const bodyLibrary = (call: Execution) => {
  const statements = bodyOf(call)?.library.elm.library.statements
  return typeof statements === 'object' && statements !== null && 'def' in statements ? statements.def : []
}

/** The nearest context in which a name is set. */
function contextOf(context: StepContext, name: string): StepContext | undefined {
  let at: StepContext | null | undefined = context
  while (at && !isSet(at, name)) at = at.parent
  return at ?? undefined
}

/** Above the outermost context stands the library, which has no values. */
const isSet = ({ context_values: values = {} }: Partial<StepContext>, name: string) =>
  Object.hasOwn(values, name) && values[name] !== undefined

/** What a name stands for where a step ran; undefined for a name that is not set there. */
export const valueNamed = (context: StepContext, name: string): unknown =>
  contextOf(context, name)?.context_values[name]

/** The run that gave an element of a tuple of the rule's own. */
export function elementOf(tuple: unknown, name: string, recording: Recording): Execution | undefined {
  const maker = typeof tuple === 'object' && tuple !== null ? recording.made(tuple) : undefined
  const step = maker && objectsIn(maker.step.element).find((each) => each.name === name)?.value
  return step === undefined ? undefined : maker?.parts.find((each) => each.step === step)
}

/** What a property was read from. */
export function sourceOf({ step, context, parts }: Execution): { value: unknown; run?: Execution } {
  const [run] = parts
  if (run) return { value: run.value, run }
  return { value: typeof step.scope === 'string' ? (valueNamed(context, step.scope) ?? null) : null }
}

/** The runs of the sources of a query, and what it made of each element of them. */
export function queryOf(run: Execution): QueryRun {
  const notes = notesAt(run)
  notes.query ??= readQuery(run)
  return notes.query
}

function readQuery(run: Execution): QueryRun {
  const sources = run.parts.filter((each) => each.context === run.context)
  const iterations = iterationsOf(run)
  for (const each of iterations)
    each.passed =
      each.relations.every(({ value }) => value === true) && (each.where === undefined || each.where.value === true)
  return { sources, iterations }
}

/** One of each context. */
function iterationsOf({ step, context, parts }: Execution): Iteration[] {
  const relationships = step.relationship === undefined ? [] : objectsIn(step.relationship)
  const aggregate = expressionIn(step.aggregate)
  const returned = expressionIn(step.return)
  const iterations: Iteration[] = []
  for (const part of parts) {
    if (part.context === context || part.step === aggregate) continue
    const isRelation = relationships.includes(part.step)
    const key = isRelation ? (part.context.parent ?? part.context) : part.context
    const iteration = iterationIn(key, iterations)
    if (isRelation) iteration.relations.push(part)
    else if (part.step === step.where) iteration.where = part
    else if (part.step === returned) iteration.returned = part
  }
  return iterations
}

/** That of a context, nearly always the last. */
function iterationIn(context: StepContext, iterations: Iteration[]): Iteration {
  const last = iterations.at(-1)
  const known = last?.context === context ? last : iterations.find((each) => each.context === context)
  if (known) return known
  const made = { context, relations: [], passed: true }
  iterations.push(made)
  return made
}

const expressionIn = (clause: unknown): JsonObject | undefined => {
  const [found] = objectsIn([clause])
  return found && objectsIn([found.expression])[0]
}
