/**
 * Which function of several of one name and number of operands a call means (CQL 1.5, function resolution): the one of the static types.
 * The executor goes by the values, which do not tell nulls, empty lists or whole Decimals apart, and takes the last that fits.
 */
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { OperatorError } from '../run/run-errors.ts'
import { formatType, isTypeSpecifier, type TypeSpecifier } from '../translate/elm.ts'
import { type Executable, find } from './operators.ts'
import { isOfType } from './parts.ts'

/** The type of an operand of a function; undefined where ELM tells none. */
export function operandType({ operandTypeSpecifier, operandType: name }: JsonObject): TypeSpecifier | undefined {
  if (isTypeSpecifier(operandTypeSpecifier)) return operandTypeSpecifier
  return typeof name === 'string' ? { type: 'NamedTypeSpecifier', name } : undefined
}

/** The static types of what a call gives: its signature, else the types of its operands; undefined where one is not told. */
function givenTypes({ signature, operand }: JsonObject): string[] | undefined {
  const nodes = Array.isArray(signature) && signature.length > 0 ? signature : operand
  if (!Array.isArray(nodes)) return undefined
  const types = nodes.map((each) => {
    if (!isJsonObject(each)) return undefined
    if (nodes === signature) return isTypeSpecifier(each) ? formatType(each) : undefined
    if (isTypeSpecifier(each.resultTypeSpecifier)) return formatType(each.resultTypeSpecifier)
    return typeof each.resultTypeName === 'string'
      ? formatType({ type: 'NamedTypeSpecifier', name: each.resultTypeName })
      : undefined
  })
  const told = types.filter((each) => each !== undefined)
  return told.length === types.length ? told : undefined
}

/** The one function whose operands are of the very types of a call, by its place among all; undefined where the types do not tell. */
export function staticOverload(call: JsonObject, overloads: readonly JsonObject[][]): number | undefined {
  const given = givenTypes(call)
  const fitting = overloads.flatMap((operands, index) =>
    given?.length === operands.length && operands.every((each, at) => typeText(each) === given[at]) ? [index] : [],
  )
  return fitting.length === 1 ? fitting[0] : undefined
}

const typeText = (operand: JsonObject) => {
  const type = operandType(operand)
  return type && formatType(type)
}

/** Whether values may be operands of a function: a null may be any. */
export const fitOperands = (values: readonly unknown[], operands: readonly JsonObject[]): boolean =>
  operands.every((each, at) => {
    const type = operandType(each)
    return values[at] === null || values[at] === undefined || !type || isOfType(values[at], type)
  })

/** Corrects calls: where neither the static types nor the values tell which function is meant there is no answer. */
export function correctCalls(): void {
  replaceCalls(async (call) => {
    const { functions, values, node } = call
    const chosen = staticOverload(
      node,
      functions.map(({ operands }) => operands),
    )
    const meant = chosen === undefined ? functions : functions.slice(chosen, chosen + 1)
    const fitting = meant.filter(({ operands }) => fitOperands(values, operands))
    const [only, ...others] = fitting
    if (!only) throw new OperatorError('no function with matching signature could be found')
    return others.length === 0 ? call.run(only) : agreed(call, fitting)
  })
}

/** What several functions make of nulls when all make null of them, as conversions do. */
async function agreed({ values, node, run }: Call, functions: CalledFunction[]): Promise<unknown> {
  const isOfNulls = values.every((each) => each === null || each === undefined)
  for (const each of isOfNulls ? functions : []) {
    const value = await run(each)
    if (value !== null && value !== undefined) throw unclear(node)
  }
  if (isOfNulls) return null
  throw unclear(node)
}

const unclear = ({ name }: JsonObject) =>
  new OperatorError(`several functions called ${String(name)} take these operands, and nothing tells which is meant`)

/** A function that a call may mean. */
interface CalledFunction {
  operands: JsonObject[]
}

/** A call that may mean one of several functions. */
interface Call {
  node: JsonObject
  /** Of its name and number of operands, in order; at least two. */
  functions: CalledFunction[]
  values: unknown[]
  run(called: CalledFunction): Promise<unknown>
}

interface FunctionContext {
  get(name: string): unknown
  getFunction(name: string): unknown
  getLibraryContext(library: string): FunctionContext
  childContext(): { set(name: unknown, value: unknown): void }
}

interface ExecutedFunction {
  parameters: JsonObject[]
  expression: Executable
}

/** Replaces the choice among functions of one name and number of operands. */
function replaceCalls(choose: (call: Call) => Promise<unknown>): void {
  const { module, Original } = find('FunctionRef')
  module.FunctionRef = class extends Original {
    private readonly node: JsonObject

    constructor(node: JsonObject) {
      super(node)
      this.node = node
    }

    override async exec(context: unknown): Promise<unknown> {
      const { name, libraryName } = this.node
      const outer = context as FunctionContext
      const within = typeof libraryName === 'string' ? outer.getLibraryContext(libraryName) : outer
      const holder = typeof libraryName === 'string' ? (outer.get(libraryName) as FunctionContext | undefined) : outer
      const known = holder?.getFunction(String(name))
      const count = Array.isArray(this.node.operand) ? this.node.operand.length : 0
      const functions = (Array.isArray(known) ? (known as ExecutedFunction[]) : [])
        .filter(({ parameters }) => parameters.length === count)
        .map((each) => ({ operands: each.parameters, expression: each.expression }))
      if (functions.length < 2) return super.exec(context)
      const given = await this.execArgs(context)
      const values = Array.isArray(given) ? given : [given]
      const run = (called: CalledFunction): Promise<unknown> => {
        const inner = within.childContext()
        for (const [at, { name: operand }] of called.operands.entries()) inner.set(operand, values[at])
        const body = functions.find(({ operands }) => operands === called.operands)?.expression
        if (!body) throw new Error(`the function ${String(name)} has no body`)
        return body.execute(inner)
      }
      return choose({ node: this.node, functions, values, run })
    }
  }
}
