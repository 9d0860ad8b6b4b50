import type { Expression } from '../language/parse-expression.ts'
import type { Node } from '../model/nodes.ts'
import { isA, plainTypeName, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { type CompiledExpression, NeedsEngine } from './expression-types.ts'
import { booleanNode, EMPTY } from './native-values.ts'

/** The type that `is()`, `as()` or `ofType()` asks for; undefined for another call. */
export function typeArgument({ name, arguments: args }: Extract<Expression, { kind: 'call' }>): string | undefined {
  const [first] = args
  return (name === 'is' || name === 'as' || name === 'ofType') && first ? typeName(first) : undefined
}

/** `FHIR.Patient` as argument of `ofType` is parsed as a path. */
function typeName(expression: Expression): string | undefined {
  if (expression.kind !== 'member') return undefined
  if (!expression.target) return expression.name
  const before = typeName(expression.target)
  return before === undefined ? undefined : `${before}.${expression.name}`
}

/** `is`, `as` and `ofType` over a compiled operand; undefined for a type that the closures do not know. */
export function typeTest(
  operator: 'is' | 'as' | 'ofType',
  operand: CompiledExpression | undefined,
  type: Type | undefined,
): CompiledExpression | undefined {
  if (!operand || !type) return undefined
  return (frame, focus) => {
    const nodes = operand(frame, focus)
    if (nodes.some(isOfSystem)) throw new NeedsEngine('the type of a value that is not of FHIR')
    if (operator !== 'ofType' && nodes.length > 1) throw new NeedsEngine('is and as on several items')
    const [only] = nodes
    if (operator === 'is') return only ? booleanNode(matchesType(only, type)) : EMPTY
    return nodes.filter((each) => matchesType(each, type))
  }
}

/** Whether a node may be of one of FHIRPath's own types, or of none that is known. */
function isOfSystem({ type, system }: Node): boolean {
  return system === true || type.inferred === true || SYSTEM_IN_ENGINE.has(type.name)
}

/** The engine takes ids, the urls of extensions, and extensions for values of FHIRPath's own types, as R4 defines them. */
const SYSTEM_IN_ENGINE = new Set(['id', 'uri', 'Extension'])

/** `String` is `System.String`, and no FHIR type. */
export const isSystemName = (name: string): boolean => plainTypeName(name) !== name && !name.startsWith('FHIR.')

/** Whether a node is of a type; what was inferred from JSON counts as every type with that JSON. */
export function matchesType(node: Node, type: Type): boolean {
  if (node.type.kind === 'unknown') {
    const { value } = node
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
    return type !== UNKNOWN && type.name !== '' && value.resourceType === type.name
  }
  return isA(node.type, type) || (node.type.inferred === true && isA(r4Type(node.type.name) ?? UNKNOWN, type))
}
