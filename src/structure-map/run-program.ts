import type { Json } from '../base/json-value.ts'
import { unprocessable } from '../fhir/error.ts'
import type { CompiledGroup, MapScope, Program } from './compile/program.ts'
import type { MapCall } from './compiled-map.ts'
import type { FindRun } from './generate/generated-runs.ts'
import { storedPosition } from './model/extensions.ts'
import { dropEmpty, inferType, type Node } from './model/nodes.ts'
import { lastPart, UNKNOWN } from './model/types.ts'
import { relocate, TransformFault } from './run/fault.ts'
import { type Run, spend, type TransformLimits, type Writing } from './run/run.ts'
import { dropInvalid } from './run/typed-copy.ts'
import { createInstance } from './run/write.ts'

/** One transformation. */
export interface ProgramCall {
  program: Program
  main: MapScope
  source: Json
  call: MapCall
  limits: TransformLimits
  elapsed: (() => number) | undefined
  /** Finds code that stands in for the closures. */
  findRun?: FindRun | undefined
}

/** Runs the first group of a map on an instance; the result has nothing of the source but copies. */
export function runProgram({ program, main, source, call, limits, elapsed, findRun }: ProgramCall): Json {
  const [first] = main.map.group
  if (!first) throw unprocessable(`StructureMap ${main.canonical} has no group`)
  const group = program.groups.get(first) ?? program.compile({ group: first, scope: main })
  const root = rootNode(source, group, main)
  const target = targetNode(group, main, first.input.find((each) => each.mode === 'target')?.type)
  const run = startRun(root, { call, limits, elapsed })
  // The closures tell every step of a trace.
  const generated = call.trace ? undefined : findRun?.(group, root, target)
  try {
    if (generated) generated(root, target, run)
    else group.call(argumentsOf(group, root, target), run, 1)
    if (target.loose === false && holds(target.value ?? null, target.value ?? null))
      throw new TransformFault('the result is put into itself')
  } catch (error) {
    throw relocate(error, { map: main.canonical, group: first.name, position: storedPosition(first) })
  }
  if (run.untyped) checkUntyped(target, run)
  // Going through all of a big result again costs more than making it; seldom is there anything to drop.
  if (!run.untidy) return target.value ?? {}
  return dropEmpty(target.value ?? null) ?? {}
}

function argumentsOf(group: CompiledGroup, root: Node, target: Node): (Node | undefined)[] {
  const given = { source: [root], target: [target] }
  return group.inputs.map((each) => given[each.mode].shift())
}

/** Whether an object stands somewhere within a value: a result that was moved may have been moved into what it holds itself. */
function holds(value: Json, wanted: Json, seen: Set<Json> = new Set()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  for (const each of Object.values(value)) if (each === wanted || holds(each ?? null, wanted, seen)) return true
  return false
}

/** What was written untyped may stand inside something that has a type in the end. */
function checkUntyped({ value = null, type }: Node, run: Run): void {
  run.place = undefined
  run.holder = type
  run.property = ''
  dropInvalid(value, type, run)
  run.untidy = true
}

function startRun(root: Node, { call, limits, elapsed }: Pick<ProgramCall, 'call' | 'limits' | 'elapsed'>): Run {
  const begun = elapsed?.() ?? 0
  const appending = { place: undefined } as Writing // its run is set below: each knows the other
  const run: Run = {
    root,
    wholeRoot: undefined,
    now: call.now,
    uuid: call.uuid,
    trace: call.trace,
    limits: call.limits ? { ...limits, ...call.limits } : limits,
    elapsed: elapsed && (() => elapsed() - begun),
    steps: 0,
    nextLook: 0,
    budget: { spend: (steps) => spend(run, steps) },
    shared: undefined,
    untidy: false,
    untyped: false,
    ids: undefined,
    place: undefined,
    holder: undefined,
    property: '',
    inside: [],
    remark: call.remark,
    tolerant: call.tolerant === true,
    appending,
  }
  appending.run = run
  return run
}

function rootNode(source: Json, group: CompiledGroup, main: MapScope): Node {
  const declared = group.inputs.find((each) => each.mode === 'source')?.type
  const own = inferType(source, main.program.types.find)
  // What the instance says of itself counts, unless it is a name that only the map knows.
  return { value: source, type: own === UNKNOWN || own.kind === 'primitive' ? (declared ?? own) : own }
}

function targetNode(group: CompiledGroup, main: MapScope, name: string | undefined): Node {
  const declared = group.inputs.find((each) => each.mode === 'target')?.type
  if (declared && declared.kind !== 'primitive') return createInstance(declared)
  const url = main.map.structure?.find((each) => each.alias === name || lastPart(each.url) === name)?.url ?? name
  return { value: url ? { resourceType: lastPart(url) } : {}, type: UNKNOWN, loose: true }
}
