import type { Json } from '../../base/json-value.ts'
import { javaScriptReplacement } from '../../base/regex/regex.ts'
import { longestReplacement, replaceText } from '../../base/replace-text.ts'
import { safeRegex } from '../../fhir/safe-regex.ts'
import { children, type Node, textSteps, toText } from '../model/nodes.ts'
import { type Frame, spend } from '../run/run.ts'
import { type CompiledExpression, type ExpressionHost, NeedsEngine } from './expression-types.ts'
import {
  booleanNode,
  EMPTY,
  equal,
  isTemporal,
  quantityNode,
  singleInteger,
  singleNumber,
  singleText,
  truth,
  valueNode,
} from './native-values.ts'

/** One call of a function. */
interface FunctionCall {
  input: Node[]
  frame: Frame
  /** Focus in which arguments that are not criteria are evaluated. */
  focus: Node[]
  arguments: CompiledExpression[]
  host: ExpressionHost
}

/** A native function with the numbers of arguments it takes. */
export interface NativeFunction {
  arity: number[]
  run(call: FunctionCall): Node[]
}

const textOf = (call: FunctionCall, index: number): string | undefined => {
  const argument = call.arguments[index]
  return argument ? singleText(argument(call.frame, call.focus)) : undefined
}

const numberOf = (call: FunctionCall, index: number): number | undefined => {
  const argument = call.arguments[index]
  return argument ? singleInteger(argument(call.frame, call.focus)) : undefined
}

const holds = (call: FunctionCall, item: Node): boolean => {
  const [criterion] = call.arguments
  return criterion ? truth(criterion(call.frame, [item])) === true : true
}

/** A function of the input string and texts; empty when one of them is. */
const onText = (arity: number, compute: (text: string, ...texts: string[]) => Json): NativeFunction => ({
  arity: [arity],
  run(call) {
    const text = singleText(call.input)
    const texts = call.arguments.map((_, index) => textOf(call, index))
    if (text === undefined || texts.includes(undefined)) return EMPTY
    return valueNode(compute(text, ...texts.filter((each) => each !== undefined)))
  },
})

function substring(call: FunctionCall): Node[] {
  const text = singleText(call.input)
  const start = numberOf(call, 0)
  const length = call.arguments.length > 1 ? numberOf(call, 1) : undefined
  if (text === undefined || start === undefined || start < 0 || start >= text.length) return EMPTY
  return valueNode(text.slice(start, length === undefined ? undefined : start + Math.max(0, length)))
}

function join(call: FunctionCall): Node[] {
  const separator = call.arguments.length > 0 ? (textOf(call, 0) ?? '') : ''
  const texts = call.input.map((each) => {
    if (typeof each.value !== 'string') throw new NeedsEngine('join of other than strings')
    return each.value
  })
  spend(call.frame.run, textSteps(separator) * texts.length)
  return call.input.length === 0 ? EMPTY : valueNode(texts.join(separator))
}

function select({ input, arguments: [projection], frame }: FunctionCall): Node[] {
  return input.flatMap((each) => {
    const found = projection?.(frame, [each]) ?? EMPTY
    if (found.length > 1) spend(frame.run, found.length)
    return found
  })
}

function replace(call: FunctionCall): Node[] {
  const text = singleText(call.input)
  const pattern = textOf(call, 0)
  const substitution = textOf(call, 1)
  if (text === undefined || pattern === undefined || substitution === undefined) return EMPTY
  const pay = (characters: number) => spend(call.frame.run, Math.ceil(characters / 64))
  return valueNode(replaceText(text, { pattern, substitution, pay }))
}

function replaceMatches(call: FunctionCall): Node[] {
  const text = singleText(call.input)
  const regex = textOf(call, 0)
  const substitution = textOf(call, 1)
  if (text === undefined || regex === undefined || substitution === undefined) return EMPTY
  spend(call.frame.run, Math.ceil(longestReplacement(text, substitution) / 64))
  return valueNode(regex === '' ? text : text.replace(safeRegex(regex, 'g'), javaScriptReplacement(substitution)))
}

function iif(call: FunctionCall): Node[] {
  const [criterion, then, otherwise] = call.arguments
  if (call.input.length > 1 || !criterion) throw new NeedsEngine('iif on several items')
  const branch = truth(criterion(call.frame, call.input)) === true ? then : otherwise
  return branch ? branch(call.frame, call.input) : EMPTY
}

function resolve(call: FunctionCall): Node[] {
  return call.input.flatMap((each) => {
    const reference = typeof each.value === 'string' ? each.value : children(each, 'reference')[0]?.value
    const found = typeof reference === 'string' ? call.host.resolve(call.frame.run, reference) : undefined
    return found ? [found] : []
  })
}

function ask(call: FunctionCall, question: (node: Node, url: string) => boolean | undefined): Node[] {
  const [only] = call.input
  const url = textOf(call, 0)
  if (call.input.length > 1) throw new NeedsEngine('a question about several items')
  if (!only || url === undefined) return EMPTY
  return booleanNode(question(only, url))
}

/** A rounding function of one number. */
const onNumber = (compute: (value: number) => number): NativeFunction => ({
  arity: [0],
  run(call) {
    const value = singleNumber(call.input)
    return value === undefined ? EMPTY : valueNode(compute(value))
  },
})

function distinct({ input: nodes, frame }: FunctionCall): Node[] {
  // Each is compared with all before it.
  spend(frame.run, Math.ceil((nodes.length * nodes.length) / 8))
  return nodes.filter((each, index) => !nodes.slice(0, index).some((other) => equal([each], [other]) === true))
}

function toQuantity(call: FunctionCall): Node[] {
  const [only] = call.input
  if (!only) return EMPTY
  if (typeof only.value === 'number') return quantityNode(only.value, undefined)
  if (call.input.length > 1 || typeof only.value !== 'string' || isTemporal(only))
    throw new NeedsEngine('toQuantity of other than a text')
  const parts = /^([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?$/.exec(only.value)
  if (!parts) return EMPTY
  const [, value, unit, word] = parts
  if (word !== undefined && !/^(year|month|week|day|hour|minute|second|millisecond)s?$/.test(word)) return EMPTY
  return quantityNode(Number(value), unit ?? word)
}

function toInteger(call: FunctionCall): Node[] {
  const [only] = call.input
  if (!only) return EMPTY
  if (call.input.length > 1 || (typeof only.value === 'object' && only.value !== null) || isTemporal(only))
    throw new NeedsEngine('toInteger of other than one primitive')
  if (typeof only.value === 'boolean') return valueNode(only.value ? 1 : 0)
  if (only.type.name === 'decimal') return EMPTY
  const text = String(only.value)
  return /^[+-]?\d+$/.test(text) ? valueNode(Number(text)) : EMPTY
}

/** Functions that run without the full engine (http://hl7.org/fhirpath/N1/#functions); the others are left to it. */
export const NATIVE_FUNCTIONS: Record<string, NativeFunction> = {
  exists: { arity: [0, 1], run: (call) => booleanNode(call.input.some((each) => holds(call, each))) },
  empty: { arity: [0], run: (call) => booleanNode(call.input.length === 0) },
  not: {
    arity: [0],
    run(call) {
      const value = truth(call.input)
      return booleanNode(value === undefined ? undefined : !value)
    },
  },
  hasValue: {
    arity: [0],
    run({ input: [only, ...others] }) {
      const value = others.length === 0 ? only?.value : undefined
      return booleanNode(value !== undefined && typeof value !== 'object')
    },
  },
  count: { arity: [0], run: (call) => valueNode(call.input.length) },
  first: { arity: [0], run: (call) => call.input.slice(0, 1) },
  last: { arity: [0], run: (call) => call.input.slice(-1) },
  tail: { arity: [0], run: (call) => call.input.slice(1) },
  skip: { arity: [1], run: (call) => call.input.slice(Math.max(0, numberOf(call, 0) ?? 0)) },
  take: { arity: [1], run: (call) => call.input.slice(0, Math.max(0, numberOf(call, 0) ?? 0)) },
  distinct: { arity: [0], run: distinct },
  where: { arity: [1], run: (call) => call.input.filter((each) => holds(call, each)) },
  all: { arity: [1], run: (call) => booleanNode(call.input.every((each) => holds(call, each))) },
  select: { arity: [1], run: select },
  iif: { arity: [2, 3], run: iif },
  join: { arity: [0, 1], run: join },
  resolve: { arity: [0], run: resolve },
  memberOf: { arity: [1], run: (call) => ask(call, call.host.memberOf) },
  conformsTo: { arity: [1], run: (call) => ask(call, call.host.conformsTo) },
  startsWith: onText(1, (text, prefix) => text.startsWith(prefix)),
  endsWith: onText(1, (text, suffix) => text.endsWith(suffix)),
  contains: onText(1, (text, part) => text.includes(part)),
  indexOf: onText(1, (text, part) => text.indexOf(part)),
  upper: onText(0, (text) => text.toUpperCase()),
  lower: onText(0, (text) => text.toLowerCase()),
  trim: onText(0, (text) => text.trim()),
  length: onText(0, (text) => text.length),
  replace: { arity: [2], run: replace },
  matches: onText(1, (text, regex) => safeRegex(regex, 's').test(text)),
  replaceMatches: { arity: [2], run: replaceMatches },
  substring: { arity: [1, 2], run: substring },
  truncate: onNumber(Math.trunc),
  floor: onNumber(Math.floor),
  ceiling: onNumber(Math.ceil),
  abs: onNumber(Math.abs),
  toQuantity: { arity: [0], run: toQuantity },
  toInteger: { arity: [0], run: toInteger },
  toString: {
    arity: [0],
    run(call: FunctionCall) {
      const [only] = call.input
      const text = only && call.input.length === 1 ? toText(only) : undefined
      if (only && text === undefined) throw new NeedsEngine('toString of an object')
      return text === undefined ? EMPTY : valueNode(text)
    },
  },
}
