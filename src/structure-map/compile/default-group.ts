import { keepPerObject } from '../../base/keep.ts'
import { type Scope, withTarget } from '../fhirpath/scope.ts'
import { OPEN, typeOfPath } from '../fhirpath/static-type.ts'
import type { Node } from '../model/nodes.ts'
import type { Rule, RuleSource } from '../model/structure.ts'
import { isA, type Type, UNKNOWN } from '../model/types.ts'
import { canWrap } from '../run/convert.ts'
import { TransformFault } from '../run/fault.ts'
import { type Frame, noteEmpty, step } from '../run/run.ts'
import { leaveOutFault } from '../run/value-remark.ts'
import { assign, createInstance, makeElement } from '../run/write.ts'
import type { CompiledSource, GroupRef, MapScope } from './program.ts'

/** A group that is marked as default for its types, with them. */
interface DefaultGroup extends GroupRef {
  source: Type
  target: Type
  /** `<<type+>>`: also when only the source is known. */
  sourceAlone: boolean
}

/**
 * The rule `src.a -> tgt.b` (one source, one target, nothing said about how): mapped by the default group of the two
 * types, else copied. Undefined for any other rule.
 */
export function defaultMapping(
  rule: Rule,
  at: { sources: CompiledSource[]; scope: Scope; map: MapScope },
): ((frame: Frame, item: Node) => void) | undefined {
  const [source, ...sources] = rule.source
  const [target, ...targets] = rule.target ?? []
  if (!source || !target || sources.length > 0 || targets.length > 0) return undefined
  if (rule.rule?.length || rule.dependent?.length || target.listMode || target.extension) return undefined
  const open = target.transform === undefined || (target.transform === 'create' && !target.parameter?.length)
  const { context, element } = target
  if (!open || !source.variable || !target.variable || context === undefined || element === undefined) return undefined
  if (element.includes('.') || element in Object.prototype) return undefined
  const owner = at.scope.targets.get(context)
  if (owner === undefined) at.map.program.problem(`the target '${context}' is not bound here`)
  checkMapping(source, element, { owner, ...at })
  const { slot } = withTarget(at.scope, target.variable)
  return (frame, item) => {
    step(frame.run)
    const holder = owner === undefined ? undefined : frame.slots[owner]
    if (!holder) throw new TransformFault(`the target '${context}' is not bound here`)
    try {
      frame.slots[slot] = mapByType(holder, element, { item, frame, map: at.map })
    } catch (error) {
      frame.slots[slot] = leaveOutFault(frame.run, error)
    }
  }
}

/** Tells of a short form that nothing maps, where the definitions tell both types. */
function checkMapping(
  source: RuleSource,
  element: string,
  { owner, sources, scope, map }: { owner: number | undefined; sources: CompiledSource[]; scope: Scope; map: MapScope },
): void {
  const slot = sources[0]?.slot
  const type = slot === undefined ? undefined : scope.counter.types[slot]
  const holder = owner === undefined ? undefined : scope.counter.types[owner]
  typeOfPath(holder, [element], { remarks: map.program, side: 'target' })
  const types = holder?.element(element)?.types ?? []
  // What stands in a list of any resources, or in a choice, is known when it is there.
  if (source.type !== undefined || !type || OPEN.has(type.name) || types.some((each) => OPEN.has(each.name))) return
  if (findDefault(type, types, map)) return
  const fault = assignmentFault(type, types, element)
  if (fault !== undefined) map.program.problem(fault)
}

/** Maps an item into an element by the types of the two. */
function mapByType(holder: Node, element: string, at: { item: Node; frame: Frame; map: MapScope }): Node {
  const { item, frame, map } = at
  const types = holder.type.element(element)?.types ?? []
  const found = findDefault(item.type, types, map)
  if (!found) {
    const fault = assignmentFault(item.type, types, element)
    if (fault !== undefined) throw new TransformFault(fault)
    frame.run.holder = holder.type
    frame.run.property = element
    const assigned = assign(holder, element, item, frame.run.appending)
    noteEmpty(frame.run, assigned)
    return assigned
  }
  // In a choice, or where any resource may stand, the group says what is made.
  const open = types.length > 1 || found.target.kind === 'resource'
  const made = open
    ? assign(holder, element, createInstance(found.target), frame.run.appending)
    : makeElement(holder, element)
  map.program.compile(found).call([item, made], frame.run, frame.depth + 1)
  noteEmpty(frame.run, made)
  return made
}

/** An object that `copy` assigns to an element of another type goes through their default group, when there is one. */
export function copyByType(
  owner: Node,
  element: string,
  at: { item: Node; frame: Frame; map: MapScope },
): Node | undefined {
  const types = owner.type.element(element)?.types ?? []
  const [type] = types
  if (types.length !== 1 || type === undefined || at.item.type.kind === 'unknown' || same(at.item.type, type))
    return undefined
  const group = findDefault(at.item.type, types, at.map)
  if (!group) return undefined
  const made = makeElement(owner, element)
  at.map.program.compile(group).call([at.item, made], at.frame.run, at.frame.depth + 1)
  return made
}

/** The default group for a pair of types: of the source's own type before those it is derived from. */
function findDefault(source: Type, targets: Type[], map: MapScope): DefaultGroup | undefined {
  const groups = defaultGroups(map)
  if (groups.length === 0) return undefined
  for (let type: Type | undefined = source; type && type !== UNKNOWN; type = type.base) {
    for (const target of targets) {
      const exact = groups.find((each) => same(each.source, type) && same(each.target, target))
      if (exact) return exact
    }
    const open =
      targets.length !== 1 ||
      targets.every((each) => each === UNKNOWN || each.kind === 'resource' || each.name === 'Element')
    const alone = groups.find(
      (each) => each.sourceAlone && same(each.source, type) && open && fits(each.target, targets),
    )
    if (alone) return alone
  }
  return undefined
}

function fits(type: Type, targets: Type[]): boolean {
  return targets.length === 0 || targets.some((each) => each === UNKNOWN || isA(type, each))
}

function same(a: Type, b: Type | undefined): boolean {
  return (
    a === b || (b !== undefined && a.kind !== 'logical' && b.kind !== 'logical' && a.name !== '' && a.name === b.name)
  )
}

/** Default groups of the map itself first, then of all others of the program. */
export const defaultGroups = keepPerObject((map: MapScope): DefaultGroup[] => {
  const scopes = [map, ...map.program.scopes.filter((each) => each !== map)]
  return scopes.flatMap((scope) =>
    scope.map.group.flatMap((group) => {
      if (group.typeMode === 'none' || group.input.length !== 2) return []
      const [source, target] = group.input.map((each) => (each.type ? scope.findType(each.type, each.mode) : undefined))
      return source && target
        ? [{ group, scope, source, target, sourceAlone: group.typeMode === 'type-and-types' }]
        : []
    }),
  )
})

/** Why a value cannot be copied: it can when the types are the same, convertible, or not known. */
function assignmentFault(given: Type, types: Type[], element: string): string | undefined {
  if (types.length !== 1 || given.kind === 'unknown' || given.inferred) return undefined
  const [type = UNKNOWN] = types
  if (type === UNKNOWN || isA(given, type) || isA(type, given)) return undefined
  if (given.kind === 'primitive' && type.kind === 'primitive') return undefined
  if (canWrap(given.name, type.name)) return undefined
  const same = given.name.split('.').pop() === type.name.split('.').pop()
  if (given.kind === 'logical' || type.kind === 'logical' || same) return undefined
  return `no group maps ${given.name} to ${type.name} for '${element}', and it cannot be copied`
}
