import type { SafeRegex } from '../../base/regex/regex.ts'
import { safeRegex } from '../../fhir/safe-regex.ts'
import type { Expression } from '../language/parse-expression.ts'
import { children, type Node, textSteps } from '../model/nodes.ts'
import { INFERRED, r4Type, UNKNOWN } from '../model/types.ts'
import { type Frame, spend } from '../run/run.ts'
import { type CompiledExpression, type ExpressionHost, NeedsEngine } from './expression-types.ts'
import { NATIVE_FUNCTIONS } from './native-functions.ts'
import { compileOperator } from './native-operators.ts'
import { isSystemName, matchesType, typeArgument, typeTest } from './native-types.ts'
import { booleanNode, EMPTY, quantityNode, singleIndex, singleNumber, singleText, valueNode } from './native-values.ts'
import { type Scope, slotOf } from './scope.ts'

/** Compiles an expression to closures; undefined when it holds something that only the full engine knows. */
export function compileNative(
  expression: Expression,
  scope: Scope,
  host: ExpressionHost,
): CompiledExpression | undefined {
  const part = (each: Expression) => compileNative(each, scope, host)
  switch (expression.kind) {
    case 'literal': {
      const nodes = [literalNode(expression)]
      return () => nodes
    }
    case 'quantity': {
      const nodes = quantityNode(expression.value, expression.unit)
      return () => nodes
    }
    case 'empty':
      return () => EMPTY
    case 'this':
      return expression.name === '$this' ? (_, focus) => focus : undefined
    case 'variable':
      return variable(expression.name, scope)
    case 'group':
      return part(expression.inner)
    case 'member':
      return member(expression, scope, host)
    case 'index': {
      const target = part(expression.target)
      const index = part(expression.index)
      if (!target || !index) return undefined
      return (frame, focus) => {
        const nodes = target(frame, focus)
        const at = singleIndex(index(frame, focus))
        const found = at === undefined ? undefined : nodes[at]
        return found ? [found] : EMPTY
      }
    }
    case 'call':
      return call(expression, scope, host)
    case 'type':
      return isSystemName(expression.type)
        ? undefined
        : typeTest(expression.operator, part(expression.operand), host.findType(expression.type))
    case 'unary': {
      const operand = part(expression.operand)
      const sign = expression.operator === '-' ? -1 : 1
      return (
        operand &&
        ((frame, focus) => {
          const value = singleNumber(operand(frame, focus))
          return value === undefined ? EMPTY : valueNode(sign * value)
        })
      )
    }
    case 'binary':
      return compileOperator(expression.operator, part(expression.left), part(expression.right))
    default:
      return undefined
  }
}

function literalNode({ type, value, exact }: Extract<Expression, { kind: 'literal' }>): Node {
  if (type === 'date' || type === 'dateTime' || type === 'time')
    return { value, type: r4Type(type) ?? UNKNOWN, system: true }
  return { value, type: INFERRED[type], ...(exact === undefined ? {} : { exact }) }
}

const FOCUS: CompiledExpression = (_, focus) => focus

function variable(name: string, scope: Scope): CompiledExpression | undefined {
  const slot = slotOf(scope, name)
  if (slot !== undefined) return readSlot(slot)
  return scope.constants.get(name)
}

function readSlot(slot: number): CompiledExpression {
  return (frame) => {
    const node = frame.slots[slot]
    return node && (node.value !== undefined || node.extra) ? [node] : EMPTY
  }
}

function member(
  expression: Extract<Expression, { kind: 'member' }>,
  scope: Scope,
  host: ExpressionHost,
): CompiledExpression | undefined {
  const { name } = expression
  if (!expression.target) {
    const bound = variable(name, scope)
    if (bound) return bound
    if (!isTypeLike(name)) return (frame, focus) => childrenOf(focus, name, frame)
    const type = host.findType(name)
    return (frame, focus) => {
      if (type && focus.some((each) => matchesType(each, type) && !isNamed(each, name)))
        throw new NeedsEngine('a type at the start of a path')
      return ofNameOrChildren(focus, name, frame)
    }
  }
  const target = compileNative(expression.target, scope, host)
  if (!target) return undefined
  if (isTypeLike(name)) return (frame, focus) => ofNameOrChildren(target(frame, focus), name, frame)
  return (frame, focus) => childrenOf(target(frame, focus), name, frame)
}

/** Names of elements are not written so, names of types that start a path are (http://hl7.org/fhirpath/N1/#path-selection). */
const isTypeLike = (name: string): boolean => /^[A-Z]/.test(name)

/** Whether a node is a resource, or an instance of a logical model, that calls itself so. */
function isNamed({ value }: Node, name: string): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && value.resourceType === name
}

function ofNameOrChildren(nodes: Node[], name: string, frame: Frame): Node[] {
  return nodes.flatMap((each) => (isNamed(each, name) ? [each] : childrenOf([each], name, frame)))
}

function childrenOf(nodes: Node[], name: string, { run }: Frame): Node[] {
  const [only] = nodes
  if (!only) return EMPTY
  if (only.system) throw new NeedsEngine('an element of what has none')
  const found = nodes.length === 1 ? children(only, name) : nodes.flatMap((each) => children(each, name))
  if (found.length > 1 || nodes.length > 1) spend(run, nodes.length + found.length)
  return found
}

function call(
  expression: Extract<Expression, { kind: 'call' }>,
  scope: Scope,
  host: ExpressionHost,
): CompiledExpression | undefined {
  const { name, target } = expression
  const input = target ? compileNative(target, scope, host) : FOCUS
  if (!input) return undefined
  const [first] = expression.arguments
  if ((name === 'is' || name === 'as' || name === 'ofType') && first && expression.arguments.length === 1) {
    const type = typeArgument(expression)
    return type === undefined || isSystemName(type) ? undefined : typeTest(name, input, host.findType(type))
  }
  if (name === 'matches' && first?.kind === 'literal' && first.type === 'string' && expression.arguments.length === 1)
    return matchesLiteral(input, String(first.value))
  const native = Object.hasOwn(NATIVE_FUNCTIONS, name) ? NATIVE_FUNCTIONS[name] : undefined
  if (!native?.arity.includes(expression.arguments.length)) return undefined
  const args: CompiledExpression[] = []
  for (const each of expression.arguments) {
    const compiled = compileNative(each, scope, host)
    if (!compiled) return undefined
    args.push(compiled)
  }
  const isOfText = TEXT_FUNCTIONS.has(name)
  return (frame, focus) => {
    const items = input(frame, focus)
    const value = isOfText ? items[0]?.value : undefined
    const steps = items.length + (typeof value === 'string' ? textSteps(value) : 0)
    if (steps > 1) spend(frame.run, steps)
    return native.run({ input: items, frame, focus, arguments: args, host })
  }
}

/** Functions that go through a text. */
const TEXT_FUNCTIONS = new Set(
  'contains endsWith indexOf length lower matches replace replaceMatches startsWith substring trim upper'.split(' '),
)

/** The pattern of most conditions is a literal: it is looked at once. */
function matchesLiteral(input: CompiledExpression, pattern: string): CompiledExpression {
  let regex: SafeRegex | undefined
  return (frame, focus) => {
    const text = singleText(input(frame, focus))
    if (text === undefined) return EMPTY
    if (text.length > 64) spend(frame.run, textSteps(text))
    regex ??= safeRegex(pattern, 's')
    return booleanNode(regex.test(text))
  }
}
