/**
 * JSON (RFC 8259) read strictly, written with exact decimals, and in canonical form (RFC 8785). Reading is JSON.parse
 * plus one linear scan; faults are located only when there are any.
 */
import { exactNumber, hasExactNumbers, keepExactNumber } from './exact-number.ts'
import { JsonError } from './json-error.ts'
import { explainJson, placeOf } from './json-explain.ts'
import type { Json, JsonObject } from './json-value.ts'

/** What a JSON text may cost. */
export interface JsonLimits {
  /** Deepest nesting of objects and arrays, default 256. */
  depth?: number
}

const DEFAULT_DEPTH = 256

/**
 * Reads JSON text or UTF-8 bytes; a byte order mark is skipped, `__proto__` is an ordinary member, decimals keep their
 * text (exact-number.ts). Throws JsonError with line and column for bad syntax, a member that occurs twice, too
 * deep nesting, a number beyond the range of a double, bytes that are not UTF-8.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): Json {
  const text = typeof input === 'string' ? withoutMark(input) : decode(input)
  const scanned = scan(text, limits.depth ?? DEFAULT_DEPTH)
  let value: Json
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw explainJson(text) ?? new JsonError('structure', 'The body is not JSON')
  }
  if (countMembers(value) !== scanned.members) throw explainJson(text) ?? duplicate()
  if (scanned.inexact) keepNumbers(text, value)
  return value
}

/**
 * Under which a value that is written often has its text, unseen by JSON.stringify, spreading and comparison. No WeakMap: what one holds
 * stands until the whole heap is collected, not just what is new in it, and with each reply all that it was made of.
 */
const TEXT = Symbol('text')

interface Texted {
  [TEXT]?: () => string | undefined
}

const textOf = (value: Texted) => value[TEXT]

/** Has {@link stringifyJson} write a value by its own text; undefined stands for: as any other value. */
export function keepText<T extends object>(value: T, text: () => string | undefined): T {
  return Object.defineProperty(value, TEXT, { value: text, configurable: true })
}

/** Whether a value has a text of its own. */
export const hasText = (value: object): boolean => textOf(value) !== undefined

/** JSON text in which decimals stand as they were read; `space` as for JSON.stringify. */
export function stringifyJson(value: unknown, space?: number): string {
  if (space === undefined && typeof value === 'object' && value !== null) {
    const text = textOf(value)?.()
    if (text !== undefined) return text
  }
  return JSON.stringify(value, hasExactNumbers(value) ? exactReplacer : undefined, space)
}

/**
 * The JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript writes them. Members that are `undefined` are left out. Throws TypeError for NaN, infinities, lone
 * surrogates and anything that is not JSON.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
    return String(Object.is(value, -0) ? 0 : value)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (!isJsonObject(value)) throw new TypeError(`a ${typeof value} has no JSON form`)
  const members: string[] = []
  for (const name of Object.keys(value).sort()) {
    const member: unknown = value[name]
    if (member !== undefined) members.push(`${canonicalString(name)}:${canonicalJson(member)}`)
  }
  return `{${members.join()}}`
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form')
  return JSON.stringify(text)
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new JsonError('structure', 'The body is not UTF-8')
  }
}

interface Scanned {
  /** Members of all objects, those that occur twice counted twice. */
  members: number
  /** Some number is not written as JavaScript would write it. */
  inexact: boolean
}

const QUOTE = 0x22
const COLON = 0x3a
const COMMA = 0x2c
const MINUS = 0x2d

/** One pass over the text outside strings; on bad syntax it may count anything, JSON.parse will refuse. */
function scan(text: string, maxDepth: number): Scanned {
  const scanned: Scanned = { members: 0, inexact: false }
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at)
    } else if (code === COLON) {
      scanned.members++
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) throw tooDeep(text, at, maxDepth)
    } else if (code === 0x7d || code === 0x5d) {
      depth--
    } else if (code === MINUS || (code >= 0x30 && code <= 0x39)) {
      const end = numberEnd(text, at)
      scanned.inexact ||= isInexact(text, at, end)
      at = end - 1
    }
  }
  return scanned
}

/** Index of the closing quote of the string that opens at `start`, or of the end of the text. */
export function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return at
  }
  return text.length
}

function numberEnd(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const inNumber = (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2b || code === MINUS
    if (!inNumber && code !== 0x65 && code !== 0x45) break
  }
  return at
}

/** Whole numbers of up to 15 digits, nearly all there are, are told without making a string. */
function isInexact(text: string, start: number, end: number): boolean {
  if (end - start <= 15 && text.charCodeAt(start) !== MINUS) {
    let at = start
    while (at < end && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++
    if (at === end) return false
  }
  const number = text.slice(start, end)
  return number !== String(Number(number))
}

/** Keeping a text costs more than reading it. */
const mostExact = 100_000

/** A value whose members are being passed. */
interface Holder {
  value: Json
  /** Name or index of the member at hand. */
  key: string
  index: number
}

/**
 * Keeps the texts of numbers with what holds them: one more pass over a text that is known to be JSON without double members. (A
 * reviver of JSON.parse is told them as well, but costs a call for every value.)
 */
function keepNumbers(text: string, root: Json): void {
  const holders: Holder[] = []
  let at = 0
  let kept = 0
  const member = (): Json => {
    const holder = holders.at(-1)
    if (!holder) return root
    const { value, key, index } = holder
    return (Array.isArray(value) ? value[index] : isJsonObject(value) ? value[key] : undefined) ?? null
  }
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const holder = holders.at(-1)
    if (code === QUOTE) {
      const end = stringEnd(text, at)
      if (holder && holder.index < 0 && isName(text, end)) holder.key = nameOf(text, at, end)
      at = end
    } else if (code === 0x7b) holders.push({ value: member(), key: '', index: -1 })
    else if (code === 0x5b) holders.push({ value: member(), key: '0', index: 0 })
    else if (code === 0x7d || code === 0x5d) holders.pop()
    else if (code === COMMA && holder && holder.index >= 0) holder.key = String(++holder.index)
    else if (code === MINUS || (code >= 0x30 && code <= 0x39)) {
      const end = numberEnd(text, at)
      if (isInexact(text, at, end)) {
        if (++kept > mostExact)
          throw new JsonError('too-costly', `More than ${mostExact} decimals with a text of their own`)
        keepNumber(holder, text.slice(at, end))
      }
      at = end - 1
    }
  }
}

function keepNumber(holder: Holder | undefined, text: string): void {
  if (!Number.isFinite(Number(text))) throw new JsonError('value', 'A number is too large')
  if (holder && typeof holder.value === 'object' && holder.value !== null)
    keepExactNumber(holder.value, holder.key, text)
}

/** Whether what closes at `end` is followed by a colon. */
function isName(text: string, end: number): boolean {
  let at = end + 1
  while (text.charCodeAt(at) <= 0x20) at++
  return text.charCodeAt(at) === COLON
}

function nameOf(text: string, start: number, end: number): string {
  const name = text.slice(start + 1, end)
  return name.includes('\\') ? String(JSON.parse(text.slice(start, end + 1))) : name
}

function exactReplacer(this: object, key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value
  const text = exactNumber(this, key)
  // Not yet in TypeScript's library: https://tc39.es/proposal-json-parse-with-source/
  return text === undefined ? value : (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(text)
}

function countMembers(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item)
    return count
  }
  for (const name in value) {
    count++
    const member = value[name]
    if (typeof member === 'object') count += countMembers(member)
  }
  return count
}

function duplicate(): JsonError {
  return new JsonError('structure', 'A member of an object occurs twice')
}

function tooDeep(text: string, at: number, maxDepth: number): JsonError {
  const { line, column } = placeOf(text, at)
  const what = `nested more than ${maxDepth} levels deep`
  return new JsonError('too-costly', `The JSON is ${what}`, { diagnostics: `line ${line}, column ${column}: ${what}` })
}

/** Whether a value is a JSON object: no list, not null. What is below it is taken for JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list; none of what is no list. */
export function objectsIn(value: unknown): JsonObject[] {
  const found: JsonObject[] = []
  if (Array.isArray(value)) for (const item of value) if (isJsonObject(item)) found.push(item)
  return found
}

/** Sets a member whatever its name, `__proto__` included. */
export function defineMember(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  } else object[name] = value
}
