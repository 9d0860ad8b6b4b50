import type { JsonObject } from '../../base/json-value.ts'
import { compileExpression } from '../fhirpath/compile-expression.ts'
import { type Scope, withTarget } from '../fhirpath/scope.ts'
import { findExtension, LIST_MODE } from '../model/extensions.ts'
import type { Node } from '../model/nodes.ts'
import {
  type Argument,
  elementPath,
  type Rule,
  type RuleTarget,
  TRANSFORMS,
  type Transform,
} from '../model/structure.ts'
import type { Type } from '../model/types.ts'
import { TransformFault } from '../run/fault.ts'
import { countText, type Frame, type ListPlace, step, type Writing } from '../run/run.ts'
import { ARITIES, HANDLERS } from '../run/transforms.ts'
import { copyValid } from '../run/typed-copy.ts'
import { leaveOutFault } from '../run/value-remark.ts'
import { assign, assignSelf, firstItem, makeElement, walkInto } from '../run/write.ts'
import { checkTarget, createdType } from './check-target.ts'
import { compileArgument, compilePath, compileVariable, isPath, single, type Variables } from './compile-argument.ts'
import { copyByType } from './default-group.ts'
import type { CompiledTarget, MapScope } from './program.ts'

/** What a target compiles in: the scope before it and the key that tells it apart from all others. */
interface TargetContext {
  scope: Scope
  map: MapScope
  rule: Rule
}

/** Compiles one target; the scope that comes back has its variable. */
export function compileTarget(target: RuleTarget, context: TargetContext): { made: CompiledTarget; scope: Scope } {
  const { scope: outer, rule } = context
  const { scope, slot } = target.variable ? withTarget(outer, target.variable) : { scope: outer, slot: undefined }
  const type = checkTarget(target, context)
  if (slot !== undefined) scope.counter.types[slot] = type
  const make = compileMaking(target, context)
  const run: CompiledTarget['run'] = (frame, focus) => {
    step(frame.run)
    let node: Node | undefined
    try {
      node = make(frame, focus)
    } catch (error) {
      node = leaveOutFault(frame.run, error)
    }
    countText(frame.run, node)
    if (slot !== undefined) frame.slots[slot] = node
    if (frame.run.trace && target.context && target.element && node) {
      frame.run.trace.event({ kind: 'element', rule: rule.name, element: `${target.context}.${target.element}` })
    }
    return node
  }
  return { made: { run, slot, target, scope: outer }, scope }
}

type Making = (frame: Frame, focus: Node[]) => Node | undefined

function compileMaking(target: RuleTarget, { scope, map, rule }: TargetContext): Making {
  for (const name of target.element === undefined ? [] : elementPath(target.element)) {
    // Such a name would reach into every object of the server.
    if (name in Object.prototype) throw new TransformFault(`'${name}' cannot be the name of an element`)
  }
  const values = compileTransform(target, { scope, map })
  if (target.context === undefined) {
    if (!values) return () => undefined
    const own = target.transform === 'copy' ? ownCopy : (node: Node | undefined) => node
    return (frame, focus) => {
      frame.run.holder = undefined
      return own(single(values(frame, focus, undefined)), frame)
    }
  }
  const owner = compileOwner(target, { scope, map })
  const name = target.element === undefined ? undefined : elementPath(target.element).at(-1)
  if (name === undefined) {
    if (!values) return (frame) => owner(frame, false)
    return (frame, focus) => {
      frame.run.holder = undefined
      const value = single(values(frame, focus, undefined))
      const node = owner(frame, true)
      return node && value ? assignSelf(node, value, frame.run.appending) : value
    }
  }
  const place = listPlace(target)
  // The expectation published for the language's tutorial (step 11) has an item of a logical model at the end although its
  // rule, which does nothing but fill it, says `first`.
  const isAppended = place === 'first' && rule.target?.length === 1 && rule.rule !== undefined
  const copyMapped = compileMappedCopy(target, name, { scope, map })
  const set = (frame: Frame, focus: Node[]): Node | undefined => {
    const node = owner(frame, true)
    if (!node) return undefined
    if (!values) {
      const shared = target.listMode?.includes('collate') ? firstItem(node, name) : undefined
      return shared ?? makeElement(node, name, isAppended && node.type.kind === 'logical' ? undefined : place)
    }
    const mapped = copyMapped?.(node, frame)
    if (mapped) return mapped
    frame.run.holder = node.type
    frame.run.property = name
    const found = values(frame, focus, elementType(node, name))
    if (found.length > 1) {
      frame.run.untidy = true
      for (const each of found) countText(frame.run, each)
      frame.run.steps += found.length
    }
    return assignAll(node, name, found, place ? { run: frame.run, place } : frame.run.appending)
  }
  const key = target.listMode?.includes('share')
    ? `share ${target.listRuleId ?? ''} ${name}`
    : findExtension(target, LIST_MODE)?.valueCode === 'single'
      ? target
      : undefined
  return key === undefined ? set : once(key, owner, set)
}

/** Makes a target at most once per object that it stands in. */
function once(key: string | RuleTarget, owner: (frame: Frame, must: boolean) => Node | undefined, set: Making): Making {
  return (frame, focus) => {
    const holder = owner(frame, true)?.value
    if (holder === null || typeof holder !== 'object' || Array.isArray(holder)) return set(frame, focus)
    const shared = sharedOf(frame, holder)
    const known = shared.get(key)
    if (known) return known
    const made = set(frame, focus)
    if (made) shared.set(key, made)
    return made
  }
}

function sharedOf(frame: Frame, holder: JsonObject): Map<string | RuleTarget, Node> {
  frame.run.shared ??= new WeakMap()
  const known = frame.run.shared.get(holder)
  if (known) return known
  const shared = new Map<string | RuleTarget, Node>()
  frame.run.shared.set(holder, shared)
  return shared
}

function listPlace(target: RuleTarget): ListPlace {
  return target.listMode?.includes('first') ? 'first' : target.listMode?.includes('last') ? 'last' : undefined
}

function elementType(owner: Node, name: string): Type | undefined {
  const types = owner.type.element(name)?.types
  return types?.length === 1 ? types[0] : undefined
}

function assignAll(owner: Node, name: string, values: Node[], at: Writing): Node | undefined {
  const [first] = values
  if (values.length <= 1) return first && assign(owner, name, first, at)
  const element = owner.type.element(name)
  if (element && !element.isArray)
    throw new TransformFault(`'${name}' takes one value, the expression has ${values.length}`)
  let last: Node | undefined
  for (const value of values) last = assign(owner, name, value, at)
  return last
}

/** The target that an element is set on: the context, or what its path leads to. */
function compileOwner(
  target: RuleTarget,
  { scope, map }: Variables,
): (frame: Frame, must: boolean) => Node | undefined {
  const name = target.context ?? ''
  const slot = scope.targets.get(name)
  const path = target.element === undefined ? [] : elementPath(target.element).slice(0, -1)
  const missing = scope.sources.has(name)
    ? `'${name}' is a source; only targets can be changed`
    : `the target '${name}' is not bound here`
  if (slot === undefined && (target.element !== undefined || target.transform !== undefined))
    map.program.problem(missing)
  return (frame, must) => {
    const node = slot === undefined ? undefined : frame.slots[slot]
    if (node && path.length === 0) return node
    if (node) {
      frame.run.untidy = true // the way may lead to an element that is not set in the end
      return path.reduce(walkInto, node)
    }
    if (must && slot === undefined) throw new TransformFault(missing)
    return undefined
  }
}

type Values = (frame: Frame, focus: Node[], type: Type | undefined) => Node[]

/** The values that a target's transform gives; undefined when it has none and an element is made instead. */
function compileTransform(target: RuleTarget, { scope, map }: Variables): Values | undefined {
  const { transform, parameter = [] } = target
  if (transform === undefined) return undefined
  if (transform === 'create' && parameter.length === 0 && target.context !== undefined) return undefined
  const name = TRANSFORMS.find((each): each is Transform => each === transform)
  if (!name) throw new TransformFault(`unknown transform '${String(transform)}'; known are ${TRANSFORMS.join(', ')}`)
  const [least, most] = ARITIES[name]
  if (parameter.length < least || parameter.length > most) {
    throw new TransformFault(
      `${name}() takes ${least === most ? least : `${least} to ${most}`} arguments, not ${parameter.length}`,
    )
  }
  if (name === 'evaluate') return compileEvaluate(parameter, { scope, map })
  const args = parameter.map((each) => compileArgument(each, { scope, map }))
  const handler = HANDLERS[name]
  if (name === 'copy') return copyValues(parameter[0] ?? {}, { scope, map })
  return (frame, _, type) => {
    const value = handler({
      arguments: args.map((each) => each(frame)),
      run: frame.run,
      targetType: type,
      findType: (name) => createdType(map, name),
      translate: map.translate,
    })
    return value && (value.value !== undefined || value.loose) ? [value] : NOTHING
  }
}

const NOTHING: Node[] = []

/** A value, or all that a path leads to. */
function copyValues(argument: Argument, { scope, map }: Variables): Values {
  if (isPath(argument.valueId, scope)) {
    const path = compilePath(argument.valueId, { scope, map })
    return (frame) => path(frame).filter(isThere)
  }
  const read = compileArgument(argument, { scope, map })
  return (frame) => {
    const node = read(frame)
    return node && isThere(node) ? [node] : NOTHING
  }
}

/** Whether a node has a value, or what stands for one. */
function isThere(node: Node): boolean {
  return node.value !== undefined || node.loose === true || node.extra !== undefined
}

/** What a variable of its own holds shares nothing with the source; what is assigned to an element is copied there. */
function ownCopy(node: Node | undefined, { run }: Frame): Node | undefined {
  if (!node || node.loose || node.value === null || typeof node.value !== 'object') return node
  const value = copyValid(node.value, node.type, run)
  return value === undefined ? undefined : { ...node, value, loose: true }
}

/** A copy of objects by the default group of their type; it answers undefined when there is none for them. */
function compileMappedCopy(
  target: RuleTarget,
  name: string,
  { scope, map }: Variables,
): ((owner: Node, frame: Frame) => Node | undefined) | undefined {
  const id = target.transform === 'copy' ? target.parameter?.[0]?.valueId : undefined
  if (id === undefined || listPlace(target)) return undefined
  const mapOne = (item: Node | undefined, owner: Node, frame: Frame) =>
    item && item.value !== null && typeof item.value === 'object'
      ? copyByType(owner, name, { item, frame, map })
      : undefined
  if (!isPath(id, scope)) {
    const read = compileVariable(id, { scope, map })
    return (owner, frame) => mapOne(read(frame), owner, frame)
  }
  const path = compilePath(id, { scope, map })
  return (owner, frame) => {
    let last: Node | undefined
    for (const item of path(frame)) {
      last = mapOne(item, owner, frame)
      if (!last) return undefined
    }
    return last
  }
}

function compileEvaluate(parameter: Argument[], { scope, map }: Variables): Values {
  const expression = parameter.at(-1)
  const text = expression?.valueString ?? expression?.valueId ?? ''
  const compiled = compileExpression(text, scope, map.program.expressions)
  if (parameter.length === 1) return (frame, focus) => compiled(frame, focus)
  const context = compileArgument(parameter[0] ?? {}, { scope, map })
  return (frame) => {
    const node = context(frame)
    return node && node.value !== undefined ? compiled(frame, [node]) : NOTHING
  }
}
