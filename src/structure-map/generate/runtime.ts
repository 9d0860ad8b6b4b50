/** What generated code calls. Everything that is odd about an instance is left to the closures; see generate.ts. */
import { exactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { CompiledBody } from '../compile/program.ts'
import { isEmpty, type Node } from '../model/nodes.ts'
import type { Type } from '../model/types.ts'
import { relocate, TransformFault } from '../run/fault.ts'
import { type Frame, noteEmpty, type Run, spend } from '../run/run.ts'
import type { TransformCall } from '../run/transform-call.ts'
import { HANDLERS } from '../run/transforms.ts'
import { copyValid } from '../run/typed-copy.ts'
import { addObject, createInstance, leaveOtherChoices, storeItem } from '../run/write.ts'

/** Whether a value is an object with members. */
function isObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const _ in value) return true
  return false
}

/** Whether a value is an object, with or without members. */
const isPlain = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether it is one that says nothing of what it is. */
const isSilent = (value: JsonObject): boolean => isObject(value) && typeof value.resourceType !== 'string'

/** Whether every item of a list is of a kind. */
function areAll(list: Json[], kind: 'string' | 'number' | 'boolean' | 'object' | 'silent'): boolean {
  for (const each of list) {
    if (kind === 'object' || kind === 'silent') {
      if (!isObject(each) || (kind === 'silent' && typeof Reflect.get(Object(each), 'resourceType') === 'string'))
        return false
    } else if (typeof each !== kind || each === '') return false
  }
  return true
}

/** How many items a member has, 2 for more than one. */
function countOf(found: Json | undefined, extra: Json | undefined): number {
  if (extra !== undefined) return 2
  if (!Array.isArray(found)) return isEmpty(found) ? 0 : 1
  let count = 0
  for (const each of found) if (!isEmpty(each) && ++count > 1) return 2
  return count
}

/** What is left of a rule after one of its targets has been left to the closures, or has made nothing. */
function rest(body: CompiledBody, from: number, frame: Frame, item: Node): void {
  const made = body.targets.slice(from).map((target) => target.run(frame, [item]))
  for (const each of body.dependents) each.run(frame)
  for (const each of body.rules) each.run(frame)
  for (const node of made) noteEmpty(frame.run, node)
}

function tooDeep(run: Run): TransformFault {
  return new TransformFault(`groups call each other more than ${run.limits.depth} deep`, 'too-costly')
}

const translate = (call: TransformCall): Node | undefined => HANDLERS.translate(call)

/** An object as it is moved into another: as it is when the map made it, else a copy. */
function taken(node: Node, type: Type, run: Run): Json | undefined {
  if (!node.loose) return copyValid(node.value ?? null, type, run)
  node.loose = false
  return node.value
}

const SECONDS = /^-?\d{1,12}$/

/** The instant so many seconds after another, in whole seconds; undefined for what FHIRPath is asked about. */
function secondsAfter(begin: number, zone: string, seconds: string): string | undefined {
  if (!SECONDS.test(seconds)) return undefined
  const date = new Date(begin + Number(seconds) * 1000)
  const year = date.getUTCFullYear()
  return year >= 1 && year <= 9999 ? `${date.toISOString().slice(0, 19)}${zone}` : undefined
}

/** Names of these in generated code. */
export const RUNTIME = {
  spend,
  relocate,
  isObject,
  isPlain,
  isSilent,
  areAll,
  countOf,
  isEmpty,
  exactNumber,
  noteEmpty,
  rest,
  tooDeep,
  translate,
  taken,
  copyValid,
  addObject,
  storeItem,
  createInstance,
  leaveOtherChoices,
  secondsAfter,
} as const
