import { createRequire } from 'node:module'
import type { JsonObject } from '../../../base/json-value.ts'

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
].map((name) => require(`cql-execution/lib/elm/${name}`))
const { Expression } = all

/** What a correction sees of one evaluation. */
export interface Evaluation {
  /** Values of the operands, always a list. */
  args: unknown[]
  node: JsonObject
  /** What the executor itself makes of the operands, or of others. */
  original(args?: unknown[]): Promise<unknown>
}

/** Evaluates one operator, sees its operands first. */
export type Correction = (evaluation: Evaluation) => unknown

/** Replaces an operator that the executor has. */
export function replaceOperator(name: string, correction: Correction): void {
  // `expressions` re-exports what the module of the operator holds.
  const module = modules.find((each) => Object.hasOwn(each, name))
  const Original = module?.[name]
  if (!module || !Original) throw new Error(`cql-execution has no operator ${name}`)
  module[name] = corrected(Original, correction)
}

/** An operator whose operands have names of their own: each is an operator, or absent. */
type NamedOperands = Record<string, { execute(context: unknown): Promise<unknown> } | null | undefined>

/** Replaces an operator whose operands have names of their own in ELM. */
export function replaceNamedOperator(
  name: string,
  operands: string[],
  correction: (values: unknown[]) => unknown,
): void {
  const module = modules.find((each) => Object.hasOwn(each, name))
  const Original = module?.[name]
  if (!module || !Original) throw new Error(`cql-execution has no operator ${name}`)
  module[name] = class extends Original {
    override async exec(context: unknown): Promise<unknown> {
      const built = this as unknown as NamedOperands // the original's constructor makes them
      const values: unknown[] = []
      for (const operand of operands) values.push((await built[operand]?.execute(context)) ?? null)
      return correction(values)
    }
  }
}

/** Adds an operator that the executor does not have: unknown ones would be null without a word. */
export function addOperator(name: string, correction: Correction): void {
  if (!Expression || Object.hasOwn(all, name)) throw new Error(`cql-execution has an operator ${name}`)
  all[name] = corrected(Expression, correction)
}

/** Whether the executor can build a step of that ELM type. */
export const hasOperator = (type: string): boolean => Object.hasOwn(all, type) && /^[A-Z]/.test(type)

function corrected(Original: OperatorClass, correction: Correction): OperatorClass {
  return class extends Original {
    private readonly node: JsonObject
    /** Operands that the executor's own `exec` is to find, evaluated already; it asks for them before it waits for anything. */
    private given: { values: unknown } | undefined

    constructor(node: JsonObject) {
      super(node)
      this.node = node
      this.given = undefined
    }

    override execArgs(context: unknown): Promise<unknown> {
      const { given } = this
      this.given = undefined
      return given ? Promise.resolve(given.values) : super.execArgs(context)
    }

    override async exec(context: unknown): Promise<unknown> {
      const values = await super.execArgs(context)
      const list = Array.isArray(this.node.operand)
      const args = list ? (values as unknown[]) : [values]
      return correction({
        args,
        node: this.node,
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

/** Static type of an operator's result or first operand, without namespace: `Decimal`, `Long`, `Integer`. */
export function staticType(node: JsonObject): string | undefined {
  const [first] = Array.isArray(node.signature) ? (node.signature as JsonObject[]) : []
  const name = first?.name ?? node.resultTypeName
  return typeof name === 'string' ? name.slice(name.indexOf('}') + 1) : undefined
}

/** Equality of the executor (CQL 1.5, Equal): true, false or null. */
export const {
  equals,
}: { equals(a: unknown, b: unknown): boolean | null } = require('cql-execution/lib/util/comparison')

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
