import { exactNumber } from '../../base/exact-number.ts'
import { compileExpression } from '../fhirpath/compile-expression.ts'
import { type Scope, slotOf, unboundText } from '../fhirpath/scope.ts'
import { EXPRESSION, findExtension } from '../model/extensions.ts'
import { children, inferType, type Node } from '../model/nodes.ts'
import type { Argument } from '../model/structure.ts'
import { INFERRED, r4Type, UNKNOWN } from '../model/types.ts'
import { TransformFault } from '../run/fault.ts'
import type { Frame } from '../run/run.ts'
import type { MapScope } from './program.ts'

/** What an argument may refer to. */
export interface Variables {
  scope: Scope
  map: MapScope
}

const NOTHING: Node[] = []

/** Compiles an argument: literal, variable, path from a variable, or expression. */
export function compileArgument(argument: Argument, { scope, map }: Variables): (frame: Frame) => Node | undefined {
  if (argument.valueId !== undefined) return compileVariable(argument.valueId, { scope, map })
  if (findExtension(argument, EXPRESSION) && argument.valueString !== undefined) {
    const compiled = compileExpression(argument.valueString, scope, map.program.expressions)
    return (frame) => single(compiled(frame, NOTHING))
  }
  const node = literalNode(argument)
  return () => node
}

function literalNode(argument: Argument): Node | undefined {
  const value = argument.valueString ?? argument.valueInteger ?? argument.valueDecimal ?? argument.valueBoolean
  if (value === undefined) return undefined
  if (argument.valueDecimal === undefined) return { value, type: inferType(value), fits: UNKNOWN }
  // `5.0` is a decimal, whatever its value is; its text says how precise it is.
  const exact = exactNumber(argument, 'valueDecimal')
  return {
    value,
    type: r4Type('decimal') ?? INFERRED.decimal,
    ...(exact === undefined ? {} : { exact }),
    fits: UNKNOWN,
  }
}

/** Compiles a variable or path; several values that a path leads to count as the first. */
export function compileVariable(id: string, variables: Variables): (frame: Frame) => Node | undefined {
  const slot = slotOf(variables.scope, id)
  if (slot !== undefined) return (frame) => frame.slots[slot]
  const path = compilePath(id, variables)
  return (frame) => path(frame)[0]
}

/** A variable or constant, or all that a path from it leads to. */
export function compilePath(id: string, { scope, map }: Variables): (frame: Frame) => Node[] {
  const [name = '', ...path] = id.split('.')
  const slot = slotOf(scope, name)
  const constant = scope.constants.get(name)
  if (slot === undefined && !constant) {
    map.program.doubt('unknown-variable', unboundText(name, scope))
    return () => NOTHING
  }
  const read = (frame: Frame): Node[] => {
    if (slot === undefined) return constant?.(frame, NOTHING) ?? NOTHING
    const node = frame.slots[slot]
    return node ? [node] : NOTHING
  }
  if (path.length === 0) return read
  return (frame) => path.reduce((nodes, step) => nodes.flatMap((each) => children(each, step)), read(frame))
}

/** Whether an argument is a path and not the name of a variable. */
export function isPath(id: string | undefined, scope: Scope): id is string {
  return id?.includes('.') === true && slotOf(scope, id) === undefined
}

/** The one value of an expression; TransformFault when there are several. */
export function single(values: Node[]): Node | undefined {
  if (values.length > 1) throw new TransformFault(`one value is expected, the expression has ${values.length}`)
  return values[0]
}
