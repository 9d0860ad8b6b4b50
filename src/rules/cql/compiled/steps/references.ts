/** What a step names: aliases, defines, functions, parameters, elements. */
import { fitOperands, meantFunctions } from '../../corrections/overloads.ts'
import { FhirInstance } from '../../run/fhir-instance.ts'
import { type Builder, type Callable, objectsOf, onlyMembers, optionalText, textOf } from '../place.ts'
import { type Frame, leave } from '../step.ts'

const named: Builder = (node, place) => {
  onlyMembers(node, 'name')
  const slot = place.slotOf(textOf(node, 'name'))
  return (frame) => frame.slots[slot]
}

const define: Builder = (node, place) => {
  onlyMembers(node, 'name', 'libraryName')
  return place.surroundings.define(textOf(node, 'name'), optionalText(node, 'libraryName'))
}

const parameter: Builder = (node, place) => {
  onlyMembers(node, 'name', 'libraryName')
  return place.surroundings.parameter(textOf(node, 'name'), optionalText(node, 'libraryName'))
}

const call: Builder = (node, place) => {
  onlyMembers(node, 'name', 'libraryName', 'operand')
  if (!Array.isArray(node.operand)) return leave('a function is given nothing')
  const operands = objectsOf(node, 'operand').map(place.build)
  const found = place.surroundings.functions(textOf(node, 'name'), optionalText(node, 'libraryName'), operands.length)
  const [only, ...others] = found
  if (!only) return leave('no function has so many operands')
  if (others.length === 0)
    return (frame) =>
      run(
        only,
        operands.map((each) => each(frame)),
        frame,
      )
  const meant = meantFunctions(node, found)
  return (frame) => {
    const values = operands.map((each) => each(frame))
    const [fitting, ...more] = meant.filter((each) => fitOperands(values, each.operands))
    if (!fitting || more.length > 0) return leave('which function of that name takes these operands is not told')
    return run(fitting, values, frame)
  }
}

function run(callable: Callable, values: unknown[], frame: Frame): unknown {
  for (const value of values) if (value === undefined) return leave('an operand stands for nothing')
  return callable.body({ slots: values, run: frame.run })
}

const property: Builder = (node, place) => {
  onlyMembers(node, 'path', 'source', 'scope')
  const path = textOf(node, 'path')
  if (path.includes('.')) return leave('a path of several steps is not compiled')
  const scope = optionalText(node, 'scope')
  if ((scope === undefined) === (node.source === undefined)) return leave('a property has not one source')
  if (scope === undefined) {
    const source = place.build(node.source)
    return (frame) => read(source(frame), path)
  }
  const slot = place.slotOf(scope)
  return (frame) => read(frame.slots[slot], path)
}

interface Readable {
  [member: string]: unknown
}

/** An element of a value, as the executor reads it; null where it is not there. */
function read(value: unknown, path: string): unknown {
  if (value == null) return null
  const holder = value as Readable
  return elementOf(holder[path], holder, path)
}

/** What was found as a member of a value, as its element. */
export function elementOf(member: unknown, holder: Readable, path: string): unknown {
  let found = member
  // An instance that has the element was asked for it by its name.
  if (found === undefined && typeof holder.get === 'function' && !(holder instanceof FhirInstance && path in holder))
    found = holder.get(path)
  if (found == null) return null
  return typeof found === 'function' ? leave('an element is a function') : found
}

/** Builders by type of node. */
export const references: Readonly<Record<string, Builder>> = {
  AliasRef: named,
  QueryLetRef: named,
  OperandRef: named,
  ExpressionRef: define,
  ParameterRef: parameter,
  FunctionRef: call,
  Property: property,
}
