import { exactNumber } from '../../base/exact-number.ts'
import { typeNames } from '../../fhir/elements.ts'
import { compileExpression, type ExpressionContext, isTrue } from '../fhirpath/compile-expression.ts'
import type { CompiledExpression } from '../fhirpath/expression-types.ts'
import { matchesType } from '../fhirpath/native-types.ts'
import { type Scope, slotOf, unboundText, withSource } from '../fhirpath/scope.ts'
import { typeOfPath } from '../fhirpath/static-type.ts'
import { DEFAULT, findExtension } from '../model/extensions.ts'
import { nearest } from '../model/nearest-element.ts'
import { children, inferType, type Node } from '../model/nodes.ts'
import { elementPath, type Rule, type RuleSource } from '../model/structure.ts'
import { INFERRED, r4Type, type Type } from '../model/types.ts'
import { TransformFault } from '../run/fault.ts'
import { type Frame, spend } from '../run/run.ts'
import type { CompiledSource, MapScope, Program } from './program.ts'

const NOTHING: Node[] = []

/** Compiles one source; the scope that comes back has its variable. */
export function compileSource(
  source: RuleSource,
  outer: Scope,
  { map, rule }: { map: MapScope; rule: Rule },
): { source: CompiledSource; scope: Scope } {
  const { scope, slot } = source.variable ? withSource(outer, source.variable) : { scope: outer, slot: undefined }
  const type = staticType(source, outer, map.program)
  const focus = source.type ? map.findType(source.type, 'source') : type
  if (slot !== undefined) scope.counter.types[slot] = focus
  const read = readContext(source, outer)
  const steps: ((items: Node[], frame: Frame) => Node[])[] = []
  const context = map.program.expressions
  const compile = (text: string) => compileExpression(text, scope, context, focus)
  if (source.type) steps.push(typeFilter(source.type, map))
  if (source.condition) steps.push(whereFilter(compile(source.condition), slot))
  if (source.check) steps.push(checkEach(compile(source.check), slot))
  if (source.logMessage) steps.push(logEach(compile(source.logMessage), slot, rule.name))
  if (source.listMode) steps.push(listFilter(source.listMode))
  if (source.min !== undefined || source.max !== undefined) steps.push(cardinality(source))
  const fallback = defaultOf(source, outer, context)
  const contextOf = fallback ? readContext({ context: source.context }, outer) : undefined
  const items = (frame: Frame): Node[] => {
    let found = read(frame)
    if (fallback && contextOf && found.length === 0) found = fallback(frame, contextOf(frame))
    if (found.length > 1) spend(frame.run, found.length)
    for (const each of steps) found = each(found, frame)
    return found
  }
  const own = steps.length === 0 && !fallback ? read : items
  return { source: { items: own, slot, source, outer, scope }, scope }
}

function staticType(source: RuleSource, scope: Scope, program: Program): Type | undefined {
  const slot = slotOf(scope, source.context)
  if (slot === undefined && !scope.constants.has(source.context))
    program.doubt('unknown-variable', unboundText(source.context, scope))
  const type = slot === undefined ? undefined : scope.counter.types[slot]
  return typeOfPath(type, source.element === undefined ? [] : elementPath(source.element), {
    remarks: program,
    side: 'source',
  })
}

function readContext(source: RuleSource, scope: Scope): (frame: Frame) => Node[] {
  const slot = slotOf(scope, source.context)
  const constant = slot === undefined ? scope.constants.get(source.context) : undefined
  const context = (frame: Frame): Node[] => {
    const node = slot === undefined ? undefined : frame.slots[slot]
    if (node) return node.value === undefined && !node.extra ? NOTHING : [node]
    return constant ? constant(frame, NOTHING) : NOTHING
  }
  if (!source.element) return context
  const path = elementPath(source.element)
  const [only = ''] = path
  if (path.length === 1 && slot !== undefined) {
    return (frame) => {
      const node = frame.slots[slot]
      return node && (node.value !== undefined || node.extra) ? children(node, only) : NOTHING
    }
  }
  return (frame) => path.reduce((nodes, name) => nodes.flatMap((each) => children(each, name)), context(frame))
}

function typeFilter(name: string, map: MapScope) {
  const type = map.findType(name, 'source')
  if (!type && !map.declares(name))
    map.program.doubt('unknown-type', `there is no type '${name}'${nearest(name, typeNames())}`)
  const last = name.slice(name.lastIndexOf('/') + 1)
  return (items: Node[]): Node[] =>
    items.filter((each) => {
      if (type && matchesType(each, type)) return true
      const { value } = each
      return (
        value !== null &&
        typeof value === 'object' &&
        !Array.isArray(value) &&
        value.resourceType === (type?.name ?? last)
      )
    })
}

function bound(slot: number | undefined, frame: Frame, item: Node): Node[] {
  if (slot !== undefined) frame.slots[slot] = item
  return [item]
}

function whereFilter(condition: CompiledExpression, slot: number | undefined) {
  return (items: Node[], frame: Frame): Node[] =>
    items.filter((each) => isTrue(condition(frame, bound(slot, frame, each))))
}

function checkEach(condition: CompiledExpression, slot: number | undefined) {
  return (items: Node[], frame: Frame): Node[] => {
    for (const each of items) {
      if (!isTrue(condition(frame, bound(slot, frame, each))))
        throw new TransformFault('the check of a source has failed')
    }
    return items
  }
}

/** Evaluated only for a trace: the text may be personal data and goes nowhere else. */
function logEach(message: CompiledExpression, slot: number | undefined, rule: string) {
  return (items: Node[], frame: Frame): Node[] => {
    const { trace } = frame.run
    if (trace) {
      for (const each of items) {
        const texts = message(frame, bound(slot, frame, each)).map((node) =>
          typeof node.value === 'string' ? node.value : JSON.stringify(node.value),
        )
        trace.event({ kind: 'log', rule, text: texts.join(', ') })
      }
    }
    return items
  }
}

function listFilter(mode: NonNullable<RuleSource['listMode']>) {
  return (items: Node[]): Node[] => {
    switch (mode) {
      case 'first':
        return items.slice(0, 1)
      case 'not_first':
        return items.slice(1)
      case 'last':
        return items.slice(-1)
      case 'not_last':
        return items.slice(0, -1)
      default:
        if (items.length > 1) throw new TransformFault(`only_one: the source has ${items.length} items`)
        return items
    }
  }
}

function cardinality(source: RuleSource) {
  const min = source.min ?? 0
  const max = source.max === undefined || source.max === '*' ? Number.POSITIVE_INFINITY : Number(source.max)
  return (items: Node[]): Node[] => {
    if (items.length >= min && items.length <= max) return items
    const name = source.element ? `${source.context}.${source.element}` : source.context
    throw new TransformFault(`${name} has ${items.length} items, the map wants ${min}..${source.max ?? '*'}`)
  }
}

function defaultOf(source: RuleSource, scope: Scope, context: ExpressionContext): CompiledExpression | undefined {
  const expression = findExtension(source, DEFAULT)?.valueString
  if (expression !== undefined) return compileExpression(expression, scope, context)
  for (const [member, value] of Object.entries(source)) {
    if (!member.startsWith('defaultValue') || value === undefined) continue
    const name = member.slice('defaultValue'.length)
    const type = r4Type(name) ?? r4Type(name.charAt(0).toLowerCase() + name.slice(1)) ?? inferType(value)
    const exact = exactNumber(source, member)
    const node: Node = { value, type: type.name === 'string' ? INFERRED.string : type, ...(exact ? { exact } : {}) }
    return () => [node]
  }
  return undefined
}
