/** What generated code calls. Everything that is odd about an instance is left to the closures; see generate.ts. */
import { exactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { CompiledBody } from '../compile/program.ts'
import { isEmpty, type Node } from '../model/nodes.ts'
import type { Type } from '../model/types.ts'
import { relocate, TransformFault } from '../run/fault.ts'
import { countText, type Frame, noteEmpty, type Run, spend } from '../run/run.ts'
import { codingNode } from '../run/transforms.ts'
import { type Translator, translateNode } from '../run/translate.ts'
import { copyValid } from '../run/typed-copy.ts'
import { leaveOutFault, tellUntranslated } from '../run/value-remark.ts'
import { addObject, assign, createInstance, leaveOtherChoices, storeItem } from '../run/write.ts'

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

/** The Coding that a concept map has for a value, as the transform gives it. */
function translateCoding(translate: Translator | undefined, url: string, node: Node, run: Run): Node | undefined {
  const found = translate && translateNode(node, translate)
  if (found) return codingNode(found, run)
  tellUntranslated(run, url)
  return undefined
}

/** Sets an element to a value that has been drawn, however odd it is. */
function assignDrawn(owner: Node, name: string, given: Node, run: Run): Node | undefined {
  run.holder = owner.type
  run.property = name
  let node: Node | undefined
  try {
    node = assign(owner, name, given, run.appending)
  } catch (error) {
    node = leaveOutFault(run, error)
  }
  countText(run, node)
  return node
}

/** An object as it is moved into another: as it is when the map made it, else a copy. */
function taken(node: Node, type: Type, run: Run): Json | undefined {
  if (!node.loose) return copyValid(node.value ?? null, type, run)
  node.loose = false
  return node.value
}

/** Seconds from the year 1 to the end of the year 9999, since 1970. */
const FIRST = -62_135_596_800
const LAST = 253_402_300_799

/**
 * The instant so many seconds after another, both counted since 1970; undefined for what FHIRPath is asked about. The seconds
 * are a text, as FHIRPath reads them.
 */
function secondsAfter(begin: number, zone: string, seconds: string): string | undefined {
  const count = Number(seconds)
  // Only digits are what FHIRPath takes for a quantity: a number that is written as one, and nothing else.
  if (!Number.isSafeInteger(count) || String(count) !== seconds) return undefined
  const at = begin + count
  if (at < FIRST || at > LAST) return undefined
  const days = Math.floor(at / 86_400)
  const second = at - days * 86_400
  const time = `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`
  return `${dateOf(days)}T${time}${zone}`
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

/** The date so many days after 1970-01-01: the years begin in March, so that the leap day is the last of them. */
function dateOf(days: number): string {
  const sinceEra = days + 719_468
  const era = Math.floor(sinceEra / 146_097)
  const ofEra = sinceEra - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const ofMarch = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * ofMarch + 2) / 5) + 1
  const month = ofMarch < 10 ? ofMarch + 3 : ofMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
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
  translateCoding,
  taken,
  assignDrawn,
  copyValid,
  addObject,
  storeItem,
  createInstance,
  leaveOtherChoices,
  secondsAfter,
} as const
