import { createRequire } from 'node:module'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import type { Ternary } from '../../three-valued.ts'

/**
 * Access to the operator classes of cql-execution, which its entry does not export. Corrections replace single classes by subclasses and
 * add those that are missing; nothing else in the project touches them.
 */
const require = createRequire(import.meta.url)

/** An operator of the executor: ELM node in, value out. */
interface Operator {
  execArgs(context: unknown): Promise<unknown>
  exec(context: unknown): Promise<unknown>
}

type OperatorClass = new (node: JsonObject) => Operator

const all: Record<string, OperatorClass> = require('cql-execution/lib/elm/expressions')
const modules: Record<string, OperatorClass>[] = [
  'arithmetic',
  'overloaded',
  'interval',
  'datetime',
  'string',
  'type',
  'comparison',
  'parameters',
  'query',
  'reusable',
  'aggregate',
].map((name) => require(`cql-execution/lib/elm/${name}`))
const { Expression } = all

/** What a correction sees of one evaluation. */
export interface Evaluation {
  /** Values of the operands, always a list. */
  args: unknown[]
  node: JsonObject
  /** Where the executor stands: it leads to the terminology of the request. */
  context: unknown
  /** What the executor itself makes of the operands, or of others: a promise, unless the rule is compiled ({@link after}). */
  original(args?: unknown[]): unknown
}

/** Goes on with a value that may still be to come, at once where it is there. */
export const after = (value: unknown, go: (value: unknown) => unknown): unknown =>
  value instanceof Promise ? value.then(go) : go(value)

/** Evaluates one operator, sees its operands first. */
export type Correction = (evaluation: Evaluation) => unknown

/**
 * Replaces an operator that the executor has.
 * @param applies whether the correction can matter to a step, by what ELM says of it; the others stay as they are, and as fast
 */
export function replaceOperator(name: string, correction: Correction, applies = (_node: JsonObject) => true): void {
  const { module, Original } = find(name)
  module[name] = corrected(Original, correction, applies)
  install(name, correction, applies)
}

const installed = new Map<string, (node: JsonObject) => Correction | undefined>()

function install(name: string, correction: Correction, applies: (node: JsonObject) => boolean): void {
  if (installed.has(name)) throw new Error(`the operator ${name} is corrected twice`)
  installed.set(name, (node) => (applies(node) ? correction : undefined))
}

/** The correction of a step, for who runs steps without the executor: the same that the executor is given. */
export const correctionOf = (name: string, node: JsonObject): Correction | undefined => installed.get(name)?.(node)

/** Static types of the operands of a step, without namespace; undefined where ELM tells none or a list, interval or tuple. */
export const operandTypes = ({ operand }: JsonObject): (string | undefined)[] =>
  [operand ?? []].flat().map((each) => {
    const name = isJsonObject(each) ? each.resultTypeName : undefined
    return typeof name === 'string' ? name.slice(name.indexOf('}') + 1) : undefined
  })

/** The class of an operator, and the module that holds it: `expressions` re-exports what stands there. */
export function find(name: string): { module: Record<string, OperatorClass>; Original: OperatorClass } {
  const module = modules.find((each) => Object.hasOwn(each, name))
  const Original = module?.[name]
  if (!module || !Original) throw new Error(`cql-execution has no operator ${name}`)
  return { module, Original }
}

/** Replaces an operator whose operands have names of their own in ELM. */
export function replaceNamedOperator(name: string, operands: string[], correction: NamedCorrection): void {
  const { module, Original } = find(name)
  named.set(name, { operands, correction })
  module[name] = class extends Original {
    private readonly node: JsonObject

    constructor(node: JsonObject) {
      super(node)
      this.node = node
    }

    override async exec(context: unknown): Promise<unknown> {
      const values: unknown[] = []
      for (const operand of operands) values.push((await operandOf(this, operand)?.execute(context)) ?? null)
      return correction(values, this.node)
    }
  }
}

/** Evaluates an operator whose operands have names, of their values. */
type NamedCorrection = (values: unknown[], node: JsonObject) => unknown

const named = new Map<string, { operands: string[]; correction: NamedCorrection }>()

/** What stands in place of an operator whose operands have names, and the names. */
export const namedCorrectionOf = (name: string) => named.get(name)

/** Puts null for what is no value but a step that was never evaluated. */
export function nullUnevaluated(name: string): void {
  const { module, Original } = find(name)
  module[name] = class extends Original {
    override async exec(context: unknown): Promise<unknown> {
      const value = await super.exec(context)
      return isExecutable(value) ? null : value
    }
  }
}

/** Puts null for a result that is none: `true and` nothing would be true, where it is not known. */
export function nullForNothing(name: string): void {
  const { module, Original } = find(name)
  module[name] = class extends Original {
    override async exec(context: unknown): Promise<unknown> {
      return (await super.exec(context)) ?? null
    }
  }
}

type Connective = (...values: unknown[]) => unknown

const logic: {
  ThreeValuedLogic: Record<'and' | 'or' | 'xor', Connective>
} = require('cql-execution/lib/datatypes/logic')

/** What is nothing at all is not known: in `and` it would count as true. */
export function nullForNothingInLogic(): void {
  const { ThreeValuedLogic: connectives } = logic
  for (const name of ['and', 'or', 'xor'] as const) {
    const original = connectives[name]
    connectives[name] = (...values) => original(...values.map((each) => each ?? null))
  }
}

/** An operand that the original's constructor has built under a name; absent where ELM has none. */
function operandOf(operator: object, name: string): Executable | undefined {
  const built: unknown = Reflect.get(operator, name)
  return isExecutable(built) ? built : undefined
}

/** A step that the executor has built. */
export interface Executable {
  execute(context: unknown): Promise<unknown>
}

const isExecutable = (value: unknown): value is Executable =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'execute') === 'function'

/** Adds an operator that the executor does not have: unknown ones would be null without a word. */
export function addOperator(name: string, correction: Correction): void {
  if (!Expression || Object.hasOwn(all, name)) throw new Error(`cql-execution has an operator ${name}`)
  all[name] = corrected(Expression, correction, () => true)
  install(name, correction, () => true)
}

/** Whether the executor can build a step of that ELM type. */
export const hasOperator = (type: string): boolean => Object.hasOwn(all, type) && /^[A-Z]/.test(type)

function corrected(
  Original: OperatorClass,
  correction: Correction,
  applies: (node: JsonObject) => boolean,
): OperatorClass {
  return class extends Original {
    private readonly node: JsonObject
    private readonly isCorrected: boolean
    /** Operands that the executor's own `exec` is to find, evaluated already; it asks for them before it waits for anything. */
    private given: { values: unknown } | undefined

    constructor(node: JsonObject) {
      super(node)
      this.node = node
      this.isCorrected = applies(node)
      this.given = undefined
    }

    override execArgs(context: unknown): Promise<unknown> {
      const { given } = this
      this.given = undefined
      return given ? Promise.resolve(given.values) : super.execArgs(context)
    }

    override exec(context: unknown): Promise<unknown> {
      return this.isCorrected ? this.correct(context) : super.exec(context)
    }

    private async correct(context: unknown): Promise<unknown> {
      const values = await super.execArgs(context)
      const list = Array.isArray(this.node.operand)
      const args: unknown[] = list && Array.isArray(values) ? values : [values]
      return correction({
        args,
        node: this.node,
        context,
        original: (changed = args) => {
          this.given = { values: list ? changed : changed[0] }
          const result = super.exec(context)
          this.given = undefined
          return result
        },
      })
    }
  }
}

/** A value that lies in a range. */
export interface Uncertain {
  low: unknown
  high: unknown
}

/** Whether a value is only known to lie in a range: a duration between moments of less precision, a bound that is open and null. */
export const isUncertain = (value: unknown): value is Uncertain =>
  typeof value === 'object' && value !== null && Reflect.get(value, 'isUncertainty') === true

/** The precision at which an operator compares (`same day as`), in lower case. */
export const precisionOf = ({ node }: Evaluation): string | undefined =>
  typeof node.precision === 'string' ? node.precision.toLowerCase() : undefined

/** Static type of an operator's result or first operand, without namespace: `Decimal`, `Long`, `Integer`. */
export function staticType(node: JsonObject): string | undefined {
  const [first] = Array.isArray(node.signature) ? node.signature : []
  const name = (isJsonObject(first) ? first.name : undefined) ?? node.resultTypeName
  return typeof name === 'string' ? name.slice(name.indexOf('}') + 1) : undefined
}

/** Compares two values: true, false, or null for unknown. */
export type Comparison = (a: unknown, b: unknown) => Ternary

const comparisons: Record<'equals' | 'equivalent' | 'lessThanOrEquals' | 'greaterThanOrEquals', Comparison> =
  require('cql-execution/lib/util/comparison')

/** Equality (CQL 1.5, Equal), as corrected. */
export const equals: Comparison = (a, b) => comparisons.equals(a, b)

/** `<=` of numbers, texts, dates, times, quantities and uncertain values. */
export const isAtMost: Comparison = (a, b) => comparisons.lessThanOrEquals(a, b)

/** Replaces equality or equivalence wherever the executor asks for it; `change` is given its own. */
export function replaceComparison(name: 'equals' | 'equivalent', change: (original: Comparison) => Comparison): void {
  comparisons[name] = change(comparisons[name])
}

/** Least and greatest values that the executor does not know: of Long. */
export function addLimits(type: string, least: unknown, greatest: unknown): void {
  limits.MinValue.MIN_VALUES[type] = least
  limits.MaxValue.MAX_VALUES[type] = greatest
}

const limits: {
  MinValue: { MIN_VALUES: Record<string, unknown> }
  MaxValue: { MAX_VALUES: Record<string, unknown> }
} = require('cql-execution/lib/elm/arithmetic')

const units: {
  convertUnit(value: number, from: string, to: string, adjustPrecision?: boolean): number | null | undefined
} = require('cql-execution/lib/util/units')

/** A quantity's number in another unit; null when the units have no common dimension. */
export const convertUnit = (value: number, from: string, to: string): number | null =>
  units.convertUnit(value, from, to) ?? null

/** Replaces the conversion of units; `change` is given the executor's own. */
export function replaceConversion(change: (original: typeof units.convertUnit) => typeof units.convertUnit): void {
  units.convertUnit = change(units.convertUnit)
}

/** What sorting by value asks: the order of two values, and of two by an expression. */
export const sorting: Record<
  'ByDirection' | 'ByExpression',
  { prototype: { exec(this: SortItem, context: SortContext, a: unknown, b: unknown): Promise<number> } }
> = require('cql-execution/lib/elm/query')

/** A sort clause of the executor: `low_order` is what it answers when the first value is the lower one. */
export interface SortItem {
  low_order: number
  high_order: number
  expression?: { execute(context: unknown): Promise<unknown> }
}

/** A context of the executor: one below has the element as its values. */
export interface SortContext {
  childContext(element: unknown): unknown
}
