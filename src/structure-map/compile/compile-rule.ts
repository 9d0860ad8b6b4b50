import { finish, type Steps } from '../../workers/budget.ts'
import type { Scope } from '../fhirpath/scope.ts'
import { storedPosition } from '../model/extensions.ts'
import { nearest } from '../model/nearest-element.ts'
import type { Node } from '../model/nodes.ts'
import type { Group, Rule } from '../model/structure.ts'
import { type Type, UNKNOWN } from '../model/types.ts'
import { type FaultPlace, relocate, TransformFault } from '../run/fault.ts'
import { type Frame, noteEmpty, type Run, step } from '../run/run.ts'
import { compileDependent, groupNames, isOpen } from './compile-dependent.ts'
import { compileSource } from './compile-source.ts'
import { compileTarget } from './compile-target.ts'
import { defaultMapping } from './default-group.ts'
import type {
  CompiledBody,
  CompiledGroup,
  CompiledRule,
  CompiledSource,
  CompiledTarget,
  GroupRef,
  MapScope,
} from './program.ts'

type Step = (frame: Frame) => void

/** What the rules of one group have in common. */
interface GroupContext {
  group: Group
  map: MapScope
}

/** Compiles a group; FhirError 422 naming the rule when one cannot be. */
export const compileGroup = (reference: GroupRef): CompiledGroup => finish(groupSteps(reference))

/** The same in steps: a map may have thousands of rules. */
export function* groupSteps({ group, scope: map }: GroupRef): Steps<CompiledGroup> {
  const known = map.program.groups.get(group)
  if (known) return known
  const inputs = group.input.map((each) => ({
    name: each.name,
    mode: each.mode,
    type: each.type === undefined ? undefined : map.findType(each.type, each.mode),
  }))
  const scope = groupScope(
    group,
    map,
    inputs.map((each) => each.type),
  )
  const { counter } = scope
  const rules: CompiledRule[] = []
  const compiled: CompiledGroup = {
    name: group.name,
    inputs,
    call(args, run, depth) {
      if (depth > run.limits.depth)
        throw new TransformFault(`groups call each other more than ${run.limits.depth} deep`, 'too-costly')
      if (group.extends) callParent(group, { map, inputs, args, run, depth })
      const slots: (Node | undefined)[] = new Array(counter.slots)
      for (let i = 0; i < inputs.length; i++) slots[i] = typedInput(args[i], inputs[i])
      const frame: Frame = { slots, run, depth }
      for (const rule of rules) rule.run(frame)
    },
    group,
    map,
    rules,
  }
  // Known before its rules are compiled, for groups call each other.
  map.program.groups.set(group, compiled)
  try {
    checkExtended(group, map)
    for (const rule of group.rule) {
      rules.push(compileRule(rule, scope, { group, map }))
      yield
    }
  } catch (error) {
    // Who calls it is told again.
    map.program.groups.delete(group)
    throw error
  }
  return compiled
}

/** The variables that a group begins with. */
function groupScope(group: Group, map: MapScope, types: (Type | undefined)[]): Scope {
  const names = (mode: string) =>
    new Map(group.input.flatMap((each, slot) => (each.mode === mode ? [[each.name, slot] as const] : [])))
  const counter = { slots: types.length, types: [...types] }
  return { sources: names('source'), targets: names('target'), constants: map.constants, counter }
}

/**
 * Tells what is wrong with a group when it is called with these types, where its parameters name none: the run goes by the types of
 * what is passed. Once for each combination.
 */
export function inspectGroup({ group, scope: map }: GroupRef, given: (Type | undefined)[]): void {
  if (!group.input.some((each, index) => each.type === undefined && given[index])) return
  const types = group.input.map((each, index) =>
    each.type === undefined ? given[index] : map.findType(each.type, each.mode),
  )
  const known = map.program.inspected.get(group) ?? []
  if (known.some((each) => each.every((type, index) => type === types[index]))) return
  map.program.inspected.set(group, [...known, types])
  const scope = groupScope(group, map, types)
  for (const rule of group.rule) compileRule(rule, scope, { group, map })
}

function checkExtended(group: Group, map: MapScope): void {
  const { program } = map
  if (!group.extends || isOpen(program) || map.findGroup(group.extends)) return
  const before = program.place
  program.place = { map: map.canonical, group: group.name, position: storedPosition(group) }
  program.problem(`it extends '${group.extends}', which no map has${nearest(group.extends, groupNames(map))}`)
  program.place = before
}

function typedInput(node: Node | undefined, input: CompiledGroup['inputs'][number] | undefined): Node | undefined {
  if (node && node.type === UNKNOWN && input?.type && typeof node.value === 'object') node.type = input.type
  return node
}

interface ParentCall {
  map: MapScope
  inputs: CompiledGroup['inputs']
  args: (Node | undefined)[]
  run: Run
  depth: number
}

function callParent(group: Group, at: ParentCall): void {
  const parent = at.map.findGroup(group.extends ?? '')
  if (!parent) throw new TransformFault(`group '${group.name}' extends '${group.extends}', which no map has`)
  const compiled = at.map.program.compile(parent)
  compiled.call(parentArguments(compiled, at), at.run, at.depth + 1)
}

/**
 * What the extended group is given: the parameters of the same names, whatever their order and whatever is beside them;
 * when the names differ, sources and targets in order.
 */
function parentArguments(parent: CompiledGroup, { inputs, args }: ParentCall): (Node | undefined)[] {
  const find = (wanted: CompiledGroup['inputs'][number]) =>
    inputs.findIndex((each) => each.name === wanted.name && each.mode === wanted.mode)
  if (parent.inputs.every((each) => find(each) >= 0)) return parent.inputs.map((each) => args[find(each)])
  const given = {
    source: args.filter((_, index) => inputs[index]?.mode === 'source'),
    target: args.filter((_, index) => inputs[index]?.mode === 'target'),
  }
  return parent.inputs.map((each) => given[each.mode].shift())
}

function compileRule(rule: Rule, outer: Scope, context: GroupContext): CompiledRule {
  const place: FaultPlace = {
    map: context.map.canonical,
    group: context.group.name,
    rule: rule.name,
    position: storedPosition(rule) ?? storedPosition(context.group),
  }
  const { program } = context.map
  const before = program.place
  program.place = place
  try {
    return buildRule(rule, outer, { ...context, place })
  } catch (error) {
    throw relocate(error, place)
  } finally {
    program.place = before
  }
}

/** Runs a step; what fails in it is told with its place, once. */
function located(place: FaultPlace, run: Step): Step {
  return (frame) => {
    try {
      run(frame)
    } catch (error) {
      throw relocate(error, place)
    }
  }
}

function buildRule(rule: Rule, outer: Scope, context: GroupContext & { place: FaultPlace }): CompiledRule {
  const { map } = context
  let scope = outer
  const sources: CompiledSource[] = []
  for (const each of rule.source) {
    const compiled = compileSource(each, scope, { map, rule })
    sources.push(compiled.source)
    scope = compiled.scope
  }
  const inferred = defaultMapping(rule, { sources, scope, map })
  const body = inferred ? undefined : compileBody(rule, scope, context)
  const place = { ...context.place, rule: rule.name }
  const fire = tracing(place, inferred ?? runBody(body))
  return { run: located(context.place, eachItem(sources, fire)), fire, rule, place, sources, body }
}

/** Fires for every item of the source; of several sources for every combination of their items. */
function eachItem(sources: CompiledSource[], fire: CompiledRule['fire']): Step {
  const [first, ...others] = sources
  if (!first) throw new TransformFault('a rule needs a source')
  if (others.length > 0) return (frame) => product(sources, 0, { frame, run: fire, first: undefined })
  const { slot } = first
  return (frame) => {
    for (const item of first.items(frame)) {
      if (slot !== undefined) frame.slots[slot] = item
      fire(frame, item)
    }
  }
}

/** Fires once per combination of the items of all sources, in order. */
function product(
  sources: CompiledSource[],
  index: number,
  at: { frame: Frame; run: (frame: Frame, item: Node) => void; first: Node | undefined },
): void {
  const source = sources[index]
  if (!source) {
    if (at.first) at.run(at.frame, at.first)
    return
  }
  for (const item of source.items(at.frame)) {
    if (source.slot !== undefined) at.frame.slots[source.slot] = item
    product(sources, index + 1, { ...at, first: at.first ?? item })
  }
}

function tracing(
  place: FaultPlace & { rule: string },
  body: (frame: Frame, item: Node) => void,
): (frame: Frame, item: Node) => void {
  return (frame, item) => {
    const { run } = frame
    step(run)
    run.place = place
    const { trace } = run
    if (trace) {
      const { map, group, rule, position } = place
      const at = run.elapsed === undefined ? {} : { at: run.elapsed() }
      trace.event({ kind: 'rule', map, group, rule, depth: frame.depth, ...position, ...at })
    }
    body(frame, item)
  }
}

function compileBody(rule: Rule, outer: Scope, context: GroupContext): CompiledBody {
  let scope = outer
  const targets: CompiledTarget[] = []
  for (const each of rule.target ?? []) {
    const compiled = compileTarget(each, { scope, map: context.map, rule })
    targets.push(compiled.made)
    scope = compiled.scope
  }
  const dependents = (rule.dependent ?? []).map((each) => compileDependent(each, scope, context.map))
  const rules = (rule.rule ?? []).map((each) => compileRule(each, scope, context))
  return { targets, dependents, rules }
}

function runBody({ targets, dependents, rules }: CompiledBody = none): CompiledRule['fire'] {
  const inner = [...dependents, ...rules]
  const only = targets.length === 1 ? targets[0] : undefined
  return (frame, item) => {
    if (targets.length === 0) {
      for (const each of inner) each.run(frame)
      return
    }
    const focus = [item]
    if (only) {
      const node = only.run(frame, focus)
      for (const each of inner) each.run(frame)
      noteEmpty(frame.run, node)
      return
    }
    const made = targets.map((target) => target.run(frame, focus))
    for (const each of inner) each.run(frame)
    for (const node of made) noteEmpty(frame.run, node)
  }
}

const none: CompiledBody = { targets: [], dependents: [], rules: [] }
