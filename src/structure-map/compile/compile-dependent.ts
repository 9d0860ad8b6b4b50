import { FhirError } from '../../fhir/error.ts'
import { compileExpression } from '../fhirpath/compile-expression.ts'
import { type Scope, unboundText } from '../fhirpath/scope.ts'
import { OPEN } from '../fhirpath/static-type.ts'
import { nearest } from '../model/nearest-element.ts'
import type { Node } from '../model/nodes.ts'
import type { Dependent } from '../model/structure.ts'
import { isA, lastPart, type Type } from '../model/types.ts'
import { TransformFault } from '../run/fault.ts'
import type { Frame } from '../run/run.ts'
import type { CompiledDependent, CompiledGroup, GroupRef, MapScope, Program } from './program.ts'

type Read = (frame: Frame) => Node | undefined

/** Compiles the call of a group (`then g(a, b)`); what is wrong with it is told. */
export function compileDependent(dependent: Dependent, scope: Scope, map: MapScope): CompiledDependent {
  checkCall(dependent, scope, map)
  const asSource = dependent.variable.map((each) => compileVariable(each, { scope, map, mode: 'source' }))
  const asTarget = dependent.variable.map((each) => compileVariable(each, { scope, map, mode: 'target' }))
  let group: CompiledGroup | undefined
  const run = (frame: Frame) => {
    group ??= findGroup(dependent, map)
    const args = group.inputs.map((input, index) =>
      (input.mode === 'source' ? asSource[index] : asTarget[index])?.(frame),
    )
    group.call(args, frame.run, frame.depth + 1)
  }
  return { run, dependent, scope }
}

/** Whether an import by wildcard may bring groups that are not there yet. */
export const isOpen = (program: Program): boolean =>
  program.scopes.some((each) => each.map.import?.some((url) => url.includes('*')))

/** Names of all groups of a program. */
export const groupNames = ({ program }: MapScope): string[] =>
  program.scopes.flatMap((each) => each.map.group.map(({ name }) => name))

/** Tells of a group that cannot be called, or not with these arguments. */
function checkCall(dependent: Dependent, scope: Scope, map: MapScope): void {
  const { name, variable } = dependent
  const { program } = map
  const found = map.findGroup(name)
  if (!found) {
    if (!isOpen(program)) program.problem(`${noGroup(name)}${nearest(name, groupNames(map))}`)
    return
  }
  const wanted = found.group.input.length
  if (wanted !== variable.length) {
    program.problem(wrongCount(name, wanted, variable.length))
    return
  }
  const given = variable.map((text, index) => checkArgument(text, found, { index, scope, map }))
  compileCalled(found, program, given)
}

/** A group of an import that cannot be compiled fails the rule that calls it, whenever it fires. */
function compileCalled(found: GroupRef, program: Program, given: (Type | undefined)[]): void {
  try {
    program.compile(found)
    program.inspect(found, given)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    program.problem(`it calls the group '${found.group.name}', which cannot be used: ${error.message}`)
  }
}

/** Tells what is wrong with an argument; answers its type, where that is certain. */
function checkArgument(
  text: string,
  called: GroupRef,
  at: { index: number; scope: Scope; map: MapScope },
): Type | undefined {
  const input = called.group.input[at.index]
  const name = plainName(text)
  const { sources, targets, counter } = at.scope
  const isTarget = input?.mode === 'target'
  const slot = isTarget ? (targets.get(name) ?? sources.get(name)) : (sources.get(name) ?? targets.get(name))
  const given = slot === undefined ? undefined : counter.types[slot]
  const wanted = input?.type === undefined ? undefined : called.scope.findType(input.type, input.mode)
  const { program } = at.map
  if (isTarget && slot !== undefined && !targets.has(name)) program.problem(sourceForTarget(name))
  if (!given || !wanted || isRelated(given, wanted)) return given
  const says = `'${name}' is of type ${given.name}, group '${called.group.name}' takes ${wanted.name} as '${input?.name}'`
  // Published maps declare parameters as what they are not; the run goes by what is passed.
  if (isTarget && given.kind !== 'logical') program.problem(says, 'type-mismatch')
  else program.doubt('type-mismatch', says)
  return given
}

/** Whether a value of one type may be one of the other, as far as the definitions tell. */
function isRelated(given: Type, wanted: Type): boolean {
  if ([given, wanted].some((each) => each.kind === 'unknown' || each.inferred || OPEN.has(each.name))) return true
  if (isA(given, wanted) || isA(wanted, given)) return true
  if (given.kind === 'primitive' && wanted.kind === 'primitive') return true
  return lastPart(given.name).split('.').pop() === lastPart(wanted.name).split('.').pop()
}

const noGroup = (name: string) => `there is no group '${name}' in this map or its imports`
const wrongCount = (name: string, wanted: number, given: number) =>
  `group '${name}' takes ${wanted} arguments, not ${given}`
const sourceForTarget = (name: string) => `'${name}' is a source, but the group wants a target`

function findGroup(dependent: Dependent, map: MapScope): CompiledGroup {
  const found = map.findGroup(dependent.name)
  if (!found) throw new TransformFault(noGroup(dependent.name))
  const group = map.program.compile(found)
  const wanted = group.inputs.length
  if (wanted !== dependent.variable.length)
    throw new TransformFault(wrongCount(dependent.name, wanted, dependent.variable.length))
  return group
}

/** The slot of an argument that is a variable, which is looked up in the name space of the parameter first; undefined for any other. */
export function compileVariableName(
  text: string,
  { sources, targets }: Scope,
  mode: 'source' | 'target',
): number | undefined {
  const name = plainName(text)
  // A source for a target fails when it is called.
  return mode === 'target' ? targets.get(name) : (sources.get(name) ?? targets.get(name))
}

const plainName = (text: string) => (text.startsWith('`') && text.endsWith('`') ? text.slice(1, -1) : text)

/** An argument of a group: looked up in the name space of the parameter first, then in the other. */
function compileVariable(
  text: string,
  { scope, map, mode }: { scope: Scope; map: MapScope; mode: 'source' | 'target' },
): Read {
  const name = plainName(text)
  const [own, other] = mode === 'source' ? [scope.sources, scope.targets] : [scope.targets, scope.sources]
  const slot = own.get(name) ?? other.get(name)
  if (slot !== undefined) {
    if (mode === 'target' && own.get(name) === undefined) {
      return () => {
        throw new TransformFault(sourceForTarget(name))
      }
    }
    return (frame) => frame.slots[slot]
  }
  if (/^[A-Za-z_]\w*$/.test(text) && !scope.constants.has(text) && text !== 'true' && text !== 'false') {
    map.program.doubt('unknown-variable', unboundText(text, scope))
    return () => undefined
  }
  const compiled = compileExpression(text, scope, map.program.expressions)
  return (frame) => compiled(frame, [])[0]
}
