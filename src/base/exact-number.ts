import type { Json, JsonObject } from './json-value.ts'

/**
 * Decimals whose text says more than their value: `1.10`, `1e-22`, more digits than a double holds
 * (https://hl7.org/fhir/R4/datatypes.html#decimal: precision is part of the value).
 *
 * A decimal is a plain JavaScript number everywhere; beside it, on the object that holds it, its text is kept under a
 * symbol that neither JSON.stringify, spreading nor comparison sees. The readers (parseJson, parseXml) keep it, the
 * writers (stringifyJson, writeXml) use it. Limits: an object that is rebuilt loses it (nested objects do not when the
 * outer one is spread), plain JSON.stringify writes the shortest equal number, and arithmetic is done in doubles.
 */
const EXACT = Symbol('exact numbers')
/** Whether any text was ever kept in this process: most servers never read a decimal that needs it. */
let isInUse = false

interface Holder {
  [EXACT]?: Map<string, string>
}

const isHolder = (value: object): value is Holder => EXACT in value
const textsOf = (holder: object): Map<string, string> | undefined => (isHolder(holder) ? holder[EXACT] : undefined)

/** Keeps the text of the number at `holder[key]`; nothing is kept when the text is how JavaScript writes it anyway. */
export function keepExactNumber(holder: object, key: string, text: string): void {
  if (text === String(Number(text))) return
  isInUse = true
  const kept = textsOf(holder)
  if (kept) kept.set(key, text)
  else Object.defineProperty(holder, EXACT, { value: new Map([[key, text]]), configurable: true })
}

/** Text of the number at `holder[key]` when it was kept and the number is still the same. */
export function exactNumber(holder: object, key: string): string | undefined {
  const text = textsOf(holder)?.get(key)
  return text !== undefined && Number(text) === Number(Reflect.get(holder, key)) ? text : undefined
}

/** Whether any number inside has kept its text. */
export function hasExactNumbers(value: unknown): boolean {
  return isInUse && holdsExact(value)
}

/** A text is of a number, and to ask an object for a symbol costs more than to look through it: only what holds numbers is asked. */
function holdsExact(value: unknown): boolean {
  if (!isObject(value)) return false
  let hasNumber = false
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'number') hasNumber = true
      else if (typeof item === 'object' && holdsExact(item)) return true
    }
  } else {
    for (const name in value) {
      const member = value[name]
      if (typeof member === 'number') hasNumber = true
      else if (typeof member === 'object' && holdsExact(member)) return true
    }
  }
  return hasNumber && textsOf(value) !== undefined
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** A copy of a JSON value in which every number keeps its text. */
export function copyJson<T extends Json>(value: T): T
export function copyJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  return carryExactNumbers(value, Array.isArray(value) ? value.map((each) => copyJson(each)) : copyMembers(value))
}

function copyMembers(object: JsonObject): JsonObject {
  const copy: JsonObject = {}
  for (const [name, member] of Object.entries(object)) setMember(copy, name, copyJson(member))
  return copy
}

/** Takes the texts of numbers along to what was made of their holder: numbers are found under the same keys. */
export function carryExactNumbers<T extends object>(from: object, to: T): T {
  for (const [key, text] of textsOf(from) ?? []) keepExactNumber(to, key, text)
  return to
}

/** A JSON value taken out of its holder: a number brings its text along. */
export interface Taken {
  value: Json
  text?: string | undefined
}

/** The value at a key of an object or an index of a list, with its text; undefined when there is none. */
export function takeValue(holder: JsonObject | Json[], key: string): Taken | undefined {
  const value = Array.isArray(holder) ? holder[Number(key)] : Object.hasOwn(holder, key) ? holder[key] : undefined
  return value === undefined ? undefined : { value, text: exactNumber(holder, key) }
}

/** Sets a member of an object, or an item of a list that has it already. */
export function putValue(holder: JsonObject | Json[], key: string, { value, text }: Taken): void {
  textsOf(holder)?.delete(key)
  if (Array.isArray(holder)) holder[Number(key)] = value
  else setMember(holder, key, value)
  if (text !== undefined) keepExactNumber(holder, key, text)
}

/** Removes items of a list and puts others in their place; the texts of those behind move along. */
export function spliceValues(list: Json[], index: number, removed: number, added: Taken[] = []): void {
  const items = list.map((value, at): Taken => ({ value, text: exactNumber(list, String(at)) }))
  items.splice(index, removed, ...added)
  textsOf(list)?.clear()
  list.length = 0
  for (const [at, item] of items.entries()) putValue(list, String(at), item)
}

/** Plain assignment to `__proto__` would change the object's prototype. */
function setMember(target: JsonObject, key: string, value: Json): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
