/** A library with all that it reaches, compiled whole or not at all. */
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { keepPerObject } from '../../../base/keep.ts'
import { definitions } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { checkNames, checkWhole, declaredIn, includedAs, valueSetOf } from './declared.ts'
import { generated } from './generate/generate.ts'
import {
  type Builder,
  type Callable,
  type Direct,
  objectsOf,
  onlyMembers,
  outermost,
  type Place,
  type Surroundings,
  textOf,
} from './place.ts'
import { type CompiledRun, LeftToExecutor, leave, type Step } from './step.ts'
import { codedSteps } from './steps/coded.ts'
import { namedOperators } from './steps/named-operators.ts'
import { operator } from './steps/operators.ts'
import { plainSteps } from './steps/plain.ts'
import { queries } from './steps/queries.ts'
import { references } from './steps/references.ts'

/** A library that answers at once. */
export interface Program {
  /** Number of libraries that it reaches, with itself. */
  libraries: number
  /** The value of a define. @throws LeftToExecutor, Suspended, and what an operator throws */
  evaluate(define: string, run: CompiledRun): unknown
  /** What a define gave in this run; undefined for one that was not evaluated. */
  known(define: string, run: CompiledRun): unknown
  /** The value of a parameter, or of its default. */
  parameter(name: string, run: CompiledRun): unknown
}

/** Builders by type of node; what is not among them is an operator. */
export const builders: Readonly<Record<string, Builder>> = {
  ...plainSteps,
  ...codedSteps,
  ...references,
  ...queries,
  ...namedOperators,
}

const build: Builder = (node, place) => {
  const type = textOf(node, 'type')
  const found = Object.hasOwn(builders, type) ? builders[type] : undefined
  return (found ?? operator)(node, place)
}

/**
 * The compiled form of a library, made once for it; a text, why there is none: its defines reach something that is not compiled, and
 * the whole of it is left to the executor.
 */
export const programOf = keepPerObject((library: CompiledLibrary) => compiled(library, undefined))

/** The same, whose defines and functions become generated code when they run often. */
export const programsWith = (generation: Generation) =>
  keepPerObject((library: CompiledLibrary) => compiled(library, generation))

/** When code is generated. */
export interface Generation {
  /** Whether a library may have code: never one that came with a request. Asked when one of its defines has run often. */
  isFor(library: CompiledLibrary): boolean
  /** After how many runs of a define or function. */
  runsBefore: number
}

function compiled(library: CompiledLibrary, generation: Generation | undefined): Program | string {
  try {
    return compile(library, generation)
  } catch (error) {
    if (error instanceof LeftToExecutor) return error.message
    // ELM nests as deep as its author lets it.
    if (error instanceof RangeError) return 'it nests too deeply'
    throw error
  }
}

function compile(library: CompiledLibrary, generation: Generation | undefined): Program {
  checkWhole(library)
  const all = new Map<CompiledLibrary, Compiling>()
  const heat: Heat = (expression, place, becomes) => {
    if (!generation) return undefined
    let runs = 0
    return () => {
      if (++runs !== generation.runsBefore || !generation.isFor(library)) return
      const direct = generated(expression, place())
      if (direct) becomes(direct)
    }
  }
  const of = (each: CompiledLibrary): Compiling => {
    const known = all.get(each)
    if (known) return known
    const made = compiling(each, { at: all.size, of, heat })
    all.set(each, made)
    return made
  }
  const root = of(library)
  const steps = new Map(
    library.defines.map(({ name, context }) => {
      if (context === 'Unfiltered') leave('a define has no patient')
      return [name, root.surroundings.define(name, undefined)]
    }),
  )
  const parameters = new Map(
    definitions(library.elm, 'parameters').map((each) => {
      const name = textOf(each, 'name')
      return [name, root.surroundings.parameter(name, undefined)]
    }),
  )
  const stepOf = (name: string) => steps.get(name) ?? leave('a define is not known')
  return {
    libraries: all.size,
    evaluate: (name, run) => stepOf(name)(run.bare),
    known: (name, run) => root.known(name, run),
    parameter: (name, run) => parameters.get(name)?.(run.bare),
  }
}

/** What a library declares and computes, without its defines: they would need the values of a run. */
export const surroundingsOf = keepPerObject((library: CompiledLibrary): Surroundings => {
  const all = new Map<CompiledLibrary, Compiling>()
  const of = (each: CompiledLibrary): Compiling => {
    const known = all.get(each)
    if (known) return known
    const made = compiling(each, { at: all.size, of, heat: () => undefined })
    all.set(each, made)
    return made
  }
  return of(library).surroundings
})

/** Counts the runs of an expression, and puts generated code in its place when there were enough; undefined where none is wanted. */
type Heat = (
  expression: Json | undefined,
  place: () => Place,
  becomes: (direct: Direct) => void,
) => (() => void) | undefined

interface Compiling {
  surroundings: Surroundings
  known(define: string, run: CompiledRun): unknown
}

/** Where a library stands among those that are compiled together. */
interface Among {
  at: number
  of(library: CompiledLibrary): Compiling
  heat: Heat
}

function compiling(library: CompiledLibrary, { at, of, heat }: Among): Compiling {
  const { elm } = library
  checkNames(library)
  const statements = definitions(elm, 'statements')
  const places = new Map<string, number>()
  const steps = new Map<string, Step>()
  const included = (alias: string) => of(includedAs(library, alias))

  const define = (name: string): Step => {
    const known = steps.get(name)
    if (known) return known
    const [statement, ...others] = statements.filter((each) => each.type !== 'FunctionDef' && each.name === name)
    if (!statement || others.length > 0) return leave('a define is not there once')
    onlyMembers(statement, 'name', 'context', 'accessLevel', 'expression')
    const place = places.size
    places.set(name, place)
    // Registered before it is built: no define reaches itself, but the step must be found by those that it reaches.
    let body: Step = () => leave('a define reaches itself')
    const step: Step = ({ run }) => {
      const values = run.values[at] ?? leave('a library is not known')
      const before = values[place]
      if (before !== undefined) return before
      const value = body({ slots: [], run })
      values[place] = value
      return value
    }
    steps.set(name, step)
    const closures = outermost(surroundings, build).build(statement.expression)
    body = heated(
      closures,
      heat(
        statement.expression,
        () => outermost(surroundings, build),
        (direct) => {
          body = ({ run }) => direct(run)
        },
      ),
    )
    return step
  }
  const functionsOf = functionsIn(statements, { heat, surroundings: () => surroundings })
  const surroundings: Surroundings = {
    define: (name, alias) =>
      alias === undefined ? define(name) : included(alias).surroundings.define(name, undefined),
    functions: (name, alias, operands) =>
      alias === undefined
        ? functionsOf(name, operands)
        : included(alias).surroundings.functions(name, undefined, operands),
    parameter: (name, alias) =>
      alias === undefined
        ? parameterStep(library, name, surroundings)
        : included(alias).surroundings.parameter(name, undefined),
    declared: (section, name) => declaredIn(library, section, name),
    valueSet: (name, alias) =>
      alias === undefined ? valueSetOf(library, name) : included(alias).surroundings.valueSet(name, undefined),
  }
  return {
    surroundings,
    known(name, run) {
      const place = places.get(name)
      return place === undefined ? undefined : run.values[at]?.[place]
    },
  }
}

/** Finds the functions of a name with so many operands. */
function functionsIn(
  statements: JsonObject[],
  { heat, surroundings }: { heat: Heat; surroundings(): Surroundings },
): (name: string, operands: number) => Callable[] {
  const functions = new Map<string, Callable[]>()
  return (name, operands) => {
    const key = `${operands} ${name}`
    const known = functions.get(key)
    if (known) return known
    const found = statements.filter(
      (each) => each.type === 'FunctionDef' && each.name === name && objectsOf(each, 'operand').length === operands,
    )
    const made = found.map((node) => {
      const callable: Callable = { operands: objectsOf(node, 'operand'), body: () => leave('a function is not built') }
      return { node, callable }
    })
    const callables = made.map(({ callable }) => callable)
    // Registered before they are built: a function may call itself.
    functions.set(key, callables)
    for (const { node, callable } of made) {
      onlyMembers(node, 'name', 'context', 'accessLevel', 'expression', 'operand', 'fluent')
      const place = () => placeOf(node, surroundings())
      const becomes = (direct: Direct) => {
        callable.body = ({ slots, run }) => direct(run, ...slots.slice(0, operands))
        callable.direct = direct
      }
      callable.body = heated(place().build(node.expression), heat(node.expression, place, becomes))
    }
    return callables
  }
}

/** The place of the body of a function, where its operands are known. */
function placeOf(node: JsonObject, surroundings: Surroundings): Place {
  let place = outermost(surroundings, build)
  for (const each of objectsOf(node, 'operand')) place = place.within(textOf(each, 'name')).place
  return place
}

/** A step whose runs are counted. */
function heated(step: Step, count: (() => void) | undefined): Step {
  if (!count) return step
  return (frame) => {
    count()
    return step(frame)
  }
}

function parameterStep(library: CompiledLibrary, name: string, surroundings: Surroundings): Step {
  const found = definitions(library.elm, 'parameters').find((each) => each.name === name)
  if (!found) return leave('a parameter is not known')
  const otherwise = isJsonObject(found.default) ? outermost(surroundings, build).build(found.default) : () => null
  return ({ run }) => {
    const given = run.parameters[name]
    return given === undefined ? otherwise({ slots: [], run }) : given
  }
}
