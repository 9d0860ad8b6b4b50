import { exactNumber, keepExactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { setMember, textSteps } from '../model/nodes.ts'
import { r4Type, type Type, UNKNOWN } from '../model/types.ts'
import type { Run } from './run.ts'
import { leaveOut } from './value-remark.ts'

/**
 * A copy that shares nothing with the original, has no empty parts and no primitives that FHIR would refuse for the type;
 * what is left out is told. Objects and long texts count as steps. Undefined when nothing is left.
 */
export function copyValid(value: Json, type: Type, run: Run): Json | undefined {
  if (value === null || value === '') return undefined
  const reason = type.check?.(value)
  if (reason !== undefined) {
    leaveOut(run, { type: type.name, reason })
    return undefined
  }
  if (typeof value === 'object') return Array.isArray(value) ? copyList(value, type, run) : copyObject(value, type, run)
  if (typeof value === 'string') run.steps += textSteps(value)
  return value
}

/** The id and extensions of a primitive. */
export function copyExtra(extra: JsonObject, run: Run): JsonObject {
  return copyObject(extra, ELEMENT, run) ?? {}
}

function copyObject(source: JsonObject, declared: Type, run: Run): JsonObject | undefined {
  run.steps++
  const type = objectType(declared, source)
  const copy: JsonObject = {}
  let kept = 0
  for (const name in source) {
    const member = source[name]
    const made =
      member === undefined || member === null || member === ''
        ? undefined
        : copyMember(source, name, { member, type: memberType(type, name), run })
    if (made === undefined) continue
    kept++
    setMember(copy, name, made)
    if (typeof member === 'number') {
      const text = exactNumber(source, name)
      if (text !== undefined) keepExactNumber(copy, name, text)
    }
  }
  return kept > 0 ? copy : undefined
}

function copyMember(
  source: JsonObject,
  name: string,
  { member, type, run }: { member: Json; type: Type; run: Run },
): Json | undefined {
  // Where it stands is asked only of what is refused.
  if (typeof member !== 'object' && type.check?.(member) === undefined) {
    if (typeof member === 'string') run.steps += textSteps(member)
    return member
  }
  run.inside.push(name)
  const made = Array.isArray(member)
    ? copyList(member, type, run, name.startsWith('_') || source[`_${name}`] !== undefined)
    : copyValid(member, type, run)
  run.inside.pop()
  return made
}

/** Lists of values and of what comes with them are as long as each other: null stands for what is not there. */
function copyList(source: Json[], type: Type, run: Run, isAligned = false): Json[] | undefined {
  const copy: Json[] = []
  for (const each of source) {
    const made = copyValid(each, type, run)
    if (made !== undefined) copy.push(made)
    else if (isAligned) copy.push(null)
  }
  return copy.length > 0 ? copy : undefined
}

/**
 * Takes out, in place, the primitives that FHIR would refuse: for what was written while nobody knew its type, such as a resource
 * that a map puts together member by member.
 */
export function dropInvalid(value: Json, declared: Type, run: Run): void {
  if (value === null || typeof value !== 'object') return
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) if (isRefused(each, declared, run)) value[index] = null
    return
  }
  const type = objectType(declared, value)
  for (const name in value) {
    const member = value[name]
    if (member === undefined) continue
    run.inside.push(name)
    const known = memberType(type, name)
    if (Array.isArray(member)) dropInvalid(member, known, run)
    else if (isRefused(member, known, run)) delete value[name]
    run.inside.pop()
  }
}

/** Whether a value is none of its type, which is told; inside an object what is none is taken out. */
function isRefused(value: Json, type: Type, run: Run): boolean {
  if (value === null || value === '') return false
  const reason = type.check?.(value)
  if (reason !== undefined) leaveOut(run, { type: type.name, reason })
  else dropInvalid(value, type, run)
  return reason !== undefined
}

const ELEMENT = r4Type('Element') ?? UNKNOWN

function memberType(type: Type, name: string): Type {
  if (type === UNKNOWN) return UNKNOWN
  const element = type.element(name)
  if (element === undefined) return name.startsWith('_') ? ELEMENT : UNKNOWN
  const [only = UNKNOWN] = element.types
  return element.types.length === 1 ? only : UNKNOWN
}

/** A resource is what it says it is. */
function objectType(type: Type, { resourceType }: JsonObject): Type {
  if (typeof resourceType !== 'string' || (type.kind !== 'resource' && type !== UNKNOWN)) return type
  const own = r4Type(resourceType)
  return own?.kind === 'resource' ? own : type
}
