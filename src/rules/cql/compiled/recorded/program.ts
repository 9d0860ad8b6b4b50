/**
 * Libraries compiled once more, so that every step tells what it gave: the same steps, in the order and in the contexts in which the
 * executor runs them. What cannot be told in its very words is left to it, define by define.
 */
import { CQLValueSet } from 'cql-execution'
import { isJsonObject } from '../../../../base/json.ts'
import type { Json, JsonObject } from '../../../../base/json-value.ts'
import { keepPerObject } from '../../../../base/keep.ts'
import { fitOperands, meantFunctions } from '../../corrections/overloads.ts'
import { isStep } from '../../run/recording.ts'
import { definitions, visit } from '../../translate/elm.ts'
import { helpers } from '../../translate/elm-scope.ts'
import type { CompiledLibrary } from '../../translate/libraries.ts'
import { checkWhole, includedAs } from '../declared.ts'
import { type Builder, objectsOf, onlyMembers, optionalText, outermost, type Place, textOf } from '../place.ts'
import { builders, surroundingsOf } from '../program.ts'
import { LeftToExecutor, leave, type Step } from '../step.ts'
import { operator } from '../steps/operators.ts'
import { recordedQuery } from './queries.ts'
import { RecordedFrame, recorded, recordedFrame, Scope } from './recorder.ts'

/** A library whose defines and functions are recorded as they run. */
interface RecordedLibrary {
  /** The value of a define in a frame, evaluated there where it is not known yet. */
  define(name: string): Step
  /** Functions of a name with so many operands, in order. */
  functions(name: string, operands: number): RecordedFunction[]
}

/** A function; its operands take the first places of a frame. */
interface RecordedFunction {
  operands: JsonObject[]
  body: Step
}

/**
 * The step of a define that records what runs for it, in a {@link RecordedFrame} of the outermost context.
 * @throws LeftToExecutor where it is left to the executor
 */
export function recordedDefine(library: CompiledLibrary, name: string): Step {
  soundness(library)()
  return recordedLibrary(library).define(name)
}

const soundness = keepPerObject((library: CompiledLibrary) => tried(() => checkWhole(library)))

/** Does something once; what was left the first time is left ever after. */
function tried<Value>(make: () => Value): () => Value {
  try {
    const value = make()
    return () => value
  } catch (error) {
    // ELM nests as deep as its author lets it.
    const isDeep = error instanceof RangeError
    if (!isDeep && !(error instanceof LeftToExecutor)) throw error
    const why = isDeep ? 'it nests too deeply' : error.message
    return () => leave(why)
  }
}

const recordedLibrary = keepPerObject((library: CompiledLibrary): RecordedLibrary => {
  const statements = definitions(library.elm, 'statements')
  const build = builderOf(library)
  const defines = new Map<string, () => Step>()
  const functions = new Map<string, () => RecordedFunction[]>()
  return {
    define(name) {
      const known = defines.get(name)
      if (known) return known()
      // Registered before it is built, for one that reaches itself.
      defines.set(name, () => leave('a define reaches itself'))
      const made = tried(() => defineStep(name, statements, outermost(placesIn(library), build)))
      defines.set(name, made)
      return made()
    },
    functions(name, operands) {
      const key = `${operands} ${name}`
      const known = functions.get(key)
      if (known) return known()
      const made = statements
        .filter((each) => each.type === 'FunctionDef' && each.name === name)
        .filter((each) => objectsOf(each, 'operand').length === operands)
        .map((node) => ({ node, made: { operands: objectsOf(node, 'operand'), body: unbuilt } }))
      const all = made.map((each) => each.made)
      // Registered before they are built: a function may call itself.
      functions.set(key, () => all)
      const built = tried(() => {
        for (const each of made) each.made.body = functionBody(each.node, outermost(placesIn(library), build))
        return all
      })
      functions.set(key, built)
      return built()
    },
  }
})

const unbuilt: Step = () => leave('a function is not built')

function defineStep(name: string, statements: JsonObject[], place: Place): Step {
  const [statement, ...others] = statements.filter((each) => each.type !== 'FunctionDef' && each.name === name)
  if (!statement || others.length > 0) return leave('a define is not there once')
  onlyMembers(statement, 'name', 'context', 'accessLevel', 'expression')
  const { expression } = statement
  // The executor would tell of the statement itself.
  if (!isJsonObject(expression) || isStep(statement)) return leave('a define has no expression of its own')
  const body = place.build(expression)
  return (frame) => {
    const { run, scope } = recordedFrame(frame)
    const { home } = scope
    const { recorder } = run
    const known = home.context_values[name]
    if (known !== undefined) {
      recorder.refuseBeside(home.evaluatedAt.get(name))
      return known
    }
    const asking = recorder.current
    const before = asking?.last
    // In the very context that asks for it.
    const value = body(new RecordedFrame([], run, scope))
    home.context_values[name] = value
    home.evaluatedAt.set(name, recorder.steps)
    // Nothing but its body has run since.
    const made = asking ? asking.last : recorder.root
    if (made && made !== before && !recorder.first.has(expression)) recorder.first.set(expression, made)
    return value
  }
}

function functionBody(node: JsonObject, outside: Place): Step {
  onlyMembers(node, 'name', 'context', 'accessLevel', 'expression', 'operand', 'fluent')
  let place = outside
  for (const each of objectsOf(node, 'operand')) place = place.within(textOf(each, 'name')).place
  return place.build(node.expression)
}

/** What is declared and not recorded: names of codes and value sets, defaults of parameters. */
function placesIn(library: CompiledLibrary) {
  const plain = surroundingsOf(library)
  return {
    ...plain,
    parameter(name: string, alias: string | undefined) {
      const holder = alias === undefined ? library : includedAs(library, alias)
      const found = definitions(holder.elm, 'parameters').find((each) => each.name === name)
      visit(found?.default, ({ type }) => {
        if (type === 'ExpressionRef' || type === 'FunctionRef') leave('a default asks for what is recorded')
      })
      return plain.parameter(name, alias)
    },
  }
}

/** Builds the nodes of a library, each as a step that is recorded. */
function builderOf(library: CompiledLibrary): Builder {
  const tell: Tell = (step, node) => recorded(step, node, library)
  const untold = builderWith(stepsOf(library, (step) => step))
  const moment: Builder = (node, place) => beside(node, untoldPlace(place, untold))
  const own: Readonly<Record<string, Builder>> = {
    ...stepsOf(library, tell),
    Retrieve: (node, place) => {
      const step = built(node, place)
      const isNamed = isJsonObject(node.codes) && node.codes.type === 'ValueSetRef'
      const set = isNamed ? valueSet(node.codes, tell, place) : undefined
      if (!set) return step
      return (frame) => {
        set(frame)
        return step(frame)
      }
    },
    InValueSet: (node, place) => inValueSet(node, tell, place),
    AnyInValueSet: (node, place) => inValueSet(node, tell, place),
    Date: moment,
    DateTime: moment,
  }
  const build = builderWith(own)
  return (node, place) => tell(build(node, place), node)
}

/** Makes a step one that is recorded. */
type Tell = (step: Step, node: JsonObject) => Step

const stepsOf = (library: CompiledLibrary, tell: Tell): Readonly<Record<string, Builder>> => ({
  ExpressionRef: (node) => reference(node, library),
  FunctionRef: (node, place) => call(node, library, place),
  Query: recordedQuery(tell),
  Interval: (node, place) => {
    // Of one that nothing is told of, not even a type, the bounds are not asked for.
    if ([node.low, node.high].every((each) => isJsonObject(each) && each.type === 'Null'))
      return leave('an interval has no bounds')
    return built(node, place)
  },
  List: beside,
  Date: beside,
  DateTime: beside,
})

const builderWith =
  (own: Readonly<Record<string, Builder>>): Builder =>
  (node, place) => {
    const type = textOf(node, 'type')
    const build = Object.hasOwn(own, type) ? own[type] : built
    return (build ?? built)(node, place)
  }

/** The executor makes the parts of a moment when it runs: nobody hears of them, but of the defines and functions that they ask for. */
const untoldPlace = (place: Place, build: Builder): Place => ({
  ...place,
  build: (node) => (isJsonObject(node) ? build(node, untoldPlace(place, build)) : leave('a step is missing')),
  within(name) {
    const inner = place.within(name)
    return { slot: inner.slot, place: untoldPlace(inner.place, build) }
  },
})

/** As for an answer. */
const built: Builder = (node, place) => {
  const type = textOf(node, 'type')
  const found = Object.hasOwn(builders, type) ? builders[type] : undefined
  return (found ?? operator)(node, place)
}

/** A step whose parts the executor begins all at once. */
const beside: Builder = (node, place) => {
  const parts: Place = {
    ...place,
    build(part) {
      const step = place.build(part)
      return (frame) => {
        recordedFrame(frame).run.recorder.nextBeside()
        return step(frame)
      }
    },
  }
  const step = built(node, parts)
  return (frame) => {
    const { recorder } = recordedFrame(frame).run
    recorder.enterBeside()
    const value = step(frame)
    recorder.leaveBeside()
    return value
  }
}

function reference(node: JsonObject, library: CompiledLibrary): Step {
  onlyMembers(node, 'name', 'libraryName')
  const name = textOf(node, 'name')
  const alias = optionalText(node, 'libraryName')
  if (alias === undefined) return recordedLibrary(library).define(name)
  const included = includedAs(library, alias)
  if (included.identifier.id === helpers) return leave('a define of conversions')
  const step = recordedLibrary(included).define(name)
  return (frame) => {
    const { run, scope } = recordedFrame(frame)
    return step(new RecordedFrame([], run, scope.home.included(alias)))
  }
}

function call(node: JsonObject, library: CompiledLibrary, place: Place): Step {
  onlyMembers(node, 'name', 'libraryName', 'operand')
  if (!Array.isArray(node.operand)) return leave('a function is given nothing')
  const operands = objectsOf(node, 'operand').map(place.build)
  const alias = optionalText(node, 'libraryName')
  const name = textOf(node, 'name')
  const holder = alias === undefined ? library : includedAs(library, alias)
  // Conversions of FHIRHelpers explain nothing: their steps are not told.
  const isConversion = alias !== undefined && holder.identifier.id === helpers
  const found: readonly RecordedFunction[] = isConversion
    ? surroundingsOf(holder).functions(name, undefined, operands.length)
    : recordedLibrary(holder).functions(name, operands.length)
  const run = (called: RecordedFunction, values: unknown[], { run, scope }: RecordedFrame): unknown => {
    for (const each of values) if (each === undefined) return leave('an operand stands for nothing')
    if (isConversion) return called.body({ slots: values, run })
    const given: Record<string, unknown> = {}
    let at = 0
    for (const each of called.operands) given[textOf(each, 'name')] = values[at++]
    const around = alias === undefined ? scope : scope.home.included(alias)
    return called.body(new RecordedFrame(values, run, new Scope(given, around, around.home)))
  }
  const [only, ...others] = found
  if (!only) return leave('no function has so many operands')
  const valuesIn = (frame: RecordedFrame) => {
    const values: unknown[] = []
    for (const each of operands) values.push(each(frame))
    return values
  }
  if (others.length === 0)
    return (frame) => {
      const at = recordedFrame(frame)
      return run(only, valuesIn(at), at)
    }
  const meant = meantFunctions(node, found)
  return (frame) => {
    const at = recordedFrame(frame)
    const values = valuesIn(at)
    const [fitting, ...more] = meant.filter((each) => fitOperands(values, each.operands))
    if (!fitting || more.length > 0) return leave('which function of that name takes these operands is not told')
    return run(fitting, values, at)
  }
}

/** The value set is asked for once there is a code. */
function inValueSet(node: JsonObject, tell: Tell, place: Place): Step {
  const step = built(node, place)
  const set = valueSet(node.valueset, tell, place)
  if (!set) return step
  return (frame) => {
    const value = step(frame)
    // All that has run is the code.
    const code = recordedFrame(frame).run.recorder.current?.last
    if (code && code.value !== null) set(frame)
    return value
  }
}

/** A reference to a value set, where it is a step; undefined where it is a name alone. */
function valueSet(node: Json | undefined, tell: Tell, place: Place): Step | undefined {
  if (!isJsonObject(node) || !isStep(node)) return undefined
  const name = textOf(node, 'name')
  const { id, version } = place.surroundings.valueSet(name, optionalText(node, 'libraryName'))
  return tell(() => new CQLValueSet(id, version, name), node)
}
