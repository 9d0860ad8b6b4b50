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

/** A function that a call may mean. */
interface Overload {
  operands: readonly JsonObject[]
}

/** Of functions of one name and number of operands the one whose operands are of the very types of a call; all where the types do not tell. */
export function meantFunctions<Function extends Overload>(
  call: JsonObject,
  functions: readonly Function[],
): readonly Function[] {
  const given = givenTypes(call)
  const fitting = functions.filter(
    ({ operands }) => given?.length === operands.length && operands.every((each, at) => typeText(each) === given[at]),
  )
  return fitting.length === 1 ? fitting : functions
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

/** What several functions make of nulls when all make null of them, as conversions do. */
async function agreed<Function>(
  functions: readonly Function[],
  run: (called: Function) => Promise<unknown>,
  name: unknown,
) {
  for (const each of functions) {
    const value = await run(each)
    if (value !== null && value !== undefined) throw unclear(name)
  }
  return null
}

const unclear = (name: unknown) =>
  new OperatorError(`several functions called ${String(name)} take these operands, and nothing tells which is meant`)

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

/** Corrects calls: where neither the static types nor the values tell which function is meant there is no answer. */
export function correctCalls(): void {
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
        .map((each) => ({ operands: each.parameters, body: each.expression }))
      if (functions.length < 2) return super.exec(context)
      const given = await this.execArgs(context)
      const values: unknown[] = Array.isArray(given) ? given : [given]
      const run = ({ operands, body }: (typeof functions)[0]): Promise<unknown> => {
        const inner = within.childContext()
        for (const [at, { name: operand }] of operands.entries()) inner.set(operand, values[at])
        return body.execute(inner)
      }
      const fitting = meantFunctions(this.node, functions).filter(({ operands }) => fitOperands(values, operands))
      const [only, ...others] = fitting
      if (!only) throw new OperatorError('no function with matching signature could be found')
      if (others.length === 0) return run(only)
      if (values.some((each) => each !== null && each !== undefined)) throw unclear(name)
      return agreed(fitting, run, name)
    }
  }
}
