/** The functions that the FHIRPath engine gets in place of its own: synchronous, bounded, without clock and network. */
import fhirpath, { type ResourceNode, type UserInvocationTable } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { calendarUnitCode } from '../../base/calendar-units.ts'
import { exactNumber } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { javaScriptReplacement } from '../../base/regex/regex.ts'
import { longestReplacement, replaceText } from '../../base/replace-text.ts'
import { choiceProperty } from '../elements.ts'
import { unprocessable } from '../error.ts'
import { findReferenced } from '../resolve.ts'
import { safeRegex } from '../safe-regex.ts'
import { budgetOf } from './budget.ts'
import { ENGINE_OPTIONS } from './engine-options.ts'
import type { FhirPathFunctions } from './host-functions.ts'
import { VALUE_FUNCTION } from './rewrite.ts'

/** Key under which the clock (a Date) travels in the engine's environment. */
export const CLOCK = Symbol('clock')

/** The engine's context, which it gives to functions as `this`. */
interface Context {
  model: typeof r4
  dataRoot: unknown[]
  /** Number of the item of which a criterion is asked. */
  $index?: number
  vars: Record<string | symbol, unknown>
}

const asNode = fhirpath.compile('$this', r4, ENGINE_OPTIONS)
const CLOCK_READERS = {
  now: { convert: fhirpath.compile('$this.toDateTime()', r4, ENGINE_OPTIONS), text: (iso: string) => iso },
  today: { convert: fhirpath.compile('$this.toDate()', r4, ENGINE_OPTIONS), text: (iso: string) => iso.slice(0, 10) },
  timeOfDay: {
    convert: fhirpath.compile('$this.toTime()', r4, ENGINE_OPTIONS),
    text: (iso: string) => iso.slice(11, 23),
  },
}

/** The table for one set of host functions. */
export function engineFunctions(functions: FhirPathFunctions): UserInvocationTable {
  return {
    [VALUE_FUNCTION]: entry({ 0: [] }, valueOfElement),
    matches: entry({ 1: ['String'], 2: ['String', 'String'] }, (data, regex, flags) => test(data, regex, flags)),
    matchesFull: entry({ 1: ['String'], 2: ['String', 'String'] }, (data, regex, flags) =>
      test(data, typeof regex === 'string' ? `^(?:${regex})$` : regex, flags),
    ),
    replaceMatches: entry({ 2: ['String', 'String'] }, replaceMatches),
    replace: entry({ 2: ['String', 'String'] }, replace),
    where: entry({ 1: ['Expr'] }, keepTrue),
    exists: entry({ 0: [], 1: ['Expr'] }, function (data, criterion) {
      return (criterion === undefined ? data : keepTrue.call(this, data, criterion)).length > 0
    }),
    // The engine finds no value in what has no FHIR type, such as an element of a logical model that nobody knows.
    hasValue: entry({ 0: [] }, (data) => data.length === 1 && isPrimitiveValue(plainValue(data[0]))),
    toString: entry({ 0: [] }, textOf),
    // Nothing is skipped for a number below one (http://hl7.org/fhirpath/N1/#skipnum--integer--collection); the engine counts from the end.
    skip: entry({ 1: ['Integer'] }, (data, count) => data.slice(Math.max(0, Number(count)))),
    join: entry({ 0: [], 1: ['String'] }, join),
    memberOf: entry({ 1: ['String'] }, (data, valueSet) =>
      answer(data, 'memberOf', functions.memberOf && ((value) => functions.memberOf?.(value, String(valueSet)))),
    ),
    conformsTo: entry({ 1: ['String'] }, (data, profile) =>
      answer(data, 'conformsTo', functions.conformsTo && ((value) => functions.conformsTo?.(value, String(profile)))),
    ),
    subsumes: entry({ 1: ['AnyAtRoot'] }, (data, other) =>
      answer(data, 'subsumes', functions.subsumes && ((value) => functions.subsumes?.(value, single(other)))),
    ),
    subsumedBy: entry({ 1: ['AnyAtRoot'] }, (data, other) =>
      answer(data, 'subsumedBy', functions.subsumes && ((value) => functions.subsumes?.(single(other), value))),
    ),
    resolve: entry({ 0: [] }, function (data) {
      return data.flatMap((item) => resolveOne(item, this, functions))
    }),
    now: entry({ 0: [] }, clockReader('now')),
    today: entry({ 0: [] }, clockReader('today')),
    timeOfDay: entry({ 0: [] }, clockReader('timeOfDay')),
  }
}

/** Text of a decimal that says more than its number (https://hl7.org/fhir/R4/datatypes.html#decimal), e.g. `1.50`. */
export function exactText(given: unknown): string | undefined {
  if (isResourceNode(given)) {
    const { parentResNode, propName, fhirNodeDataType } = given
    const holder = parentResNode?.data
    if (!isDecimal(given.data) || !propName || typeof holder !== 'object' || holder === null) return undefined
    return exactNumber(holder, propName) ?? exactNumber(holder, choiceProperty(propName, fhirNodeDataType ?? ''))
  }
  return isDecimal(given) && given.asStr !== String(given.value) ? given.asStr : undefined
}

/** The engine's own decimals. */
function isDecimal(value: unknown): value is { value: number; asStr: string } {
  return typeof value === 'object' && value !== null && 'decimalPlaces' in value && 'asStr' in value
}

const isPrimitiveValue = (value: unknown) => value !== undefined && value !== null && typeof value !== 'object'

const plainText = fhirpath.compile('$this.toString()', r4, ENGINE_OPTIONS)

/** `toString()`: the engine knows of an element of the type decimal its number alone. */
function textOf(this: Context, data: unknown[]): unknown {
  const [only] = data
  if (data.length === 0) return []
  if (data.length > 1) throw unprocessable('toString() works on one element')
  return exactText(only) ?? plainText(only)
}

/**
 * Items for which the criterion is not empty and not false. To the engine an element of the type boolean that is false is a thing, and
 * so it is true (http://hl7.org/fhirpath/N1/#wherecriteria-expression-collection).
 */
function keepTrue(this: Context, data: unknown[], criterion: unknown): unknown[] {
  if (typeof criterion !== 'function') throw new Error('the fhirpath package has changed: a criterion is no function')
  return data.filter((item, index) => {
    this.$index = index
    const [first] = [criterion(item)].flat()
    const value = plainValue(first)
    return value !== undefined && value !== null && value !== false
  })
}

/** Whether the engine made it: a value with type and place. */
export function isResourceNode(value: unknown): value is ResourceNode {
  return typeof value === 'object' && value !== null && 'fhirNodeDataType' in value && 'convertData' in value
}

/** A result of the engine as plain JSON; a System.Quantity as a FHIR Quantity, a long integer as a number or text. */
export function plainValue(result: unknown): unknown {
  const value = isResourceNode(result) ? result.data : result
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (typeof value.toJSON !== 'function') return value
  return 'unit' in value && 'value' in value ? plainQuantity(value) : value.toJSON()
}

function plainQuantity(quantity: { value: unknown; unit?: unknown }): JsonObject {
  const value = Number(plainValue(quantity.value)) + 0 // JSON has no negative zero
  const unit = String(quantity.unit ?? '')
  if (unit === '' || unit === "'1'") return { value }
  const code = unit.startsWith("'") ? unit.slice(1, -1) : (calendarUnitCode(unit) ?? unit)
  return { value, unit: unit.replace(/^'|'$/g, ''), system: 'http://unitsofmeasure.org', code }
}

type EngineFunction = (this: Context, data: unknown[], ...parameters: unknown[]) => unknown

function entry(arity: UserInvocationTable[string]['arity'], fn: EngineFunction): UserInvocationTable[string] {
  return { fn, arity, internalStructures: true }
}

/** `.value` finds children of that name; on a primitive, where maps write it too, it is the primitive itself. */
function valueOfElement(this: Context, data: unknown[]): unknown[] {
  return data.flatMap((item) => {
    const node = isResourceNode(item) ? item : asNode(item)[0]
    if (isDecimal(item)) return [item]
    if (!isResourceNode(node)) return typeof item === 'object' ? childOf(item, 'value') : [item]
    if (node.data === undefined || node.data === null) return []
    if (typeof node.data !== 'object' || typeof node.data.toJSON === 'function') return [node]
    return fhirpath.util.makeChildResNodes?.(this, node, 'value', this.model)
  })
}

function childOf(item: unknown, name: string): unknown[] {
  const child = isJsonObject(item) ? item[name] : undefined
  return child === undefined ? [] : [child].flat()
}

function singleString(data: unknown[], name: string): string | undefined {
  if (data.length === 0) return undefined
  const value = plainValue(data[0])
  if (data.length === 1 && (value === null || value === undefined)) return undefined
  if (data.length > 1 || typeof value !== 'string') throw unprocessable(`${name}() works on one string`)
  return value
}

function test(data: unknown[], regex: unknown, flags: unknown): unknown {
  const text = singleString(data, 'matches')
  if (text === undefined || typeof regex !== 'string') return []
  if (typeof flags === 'string' && !/^[im]*$/.test(flags)) throw unprocessable('matches() takes the flags i and m')
  return safeRegex(regex, `s${typeof flags === 'string' ? flags : ''}`).test(text)
}

function replaceMatches(this: Context, data: unknown[], regex: unknown, replacement: unknown): unknown {
  const text = singleString(data, 'replaceMatches')
  if (text === undefined || typeof regex !== 'string' || typeof replacement !== 'string') return []
  payForText(this, longestReplacement(text, replacement))
  return regex === '' ? text : text.replace(safeRegex(regex, 'g'), javaScriptReplacement(replacement))
}

function replace(this: Context, data: unknown[], pattern: unknown, substitution: unknown): unknown {
  const text = singleString(data, 'replace')
  if (text === undefined || typeof pattern !== 'string' || typeof substitution !== 'string') return []
  return replaceText(text, { pattern, substitution, pay: (characters) => payForText(this, characters) })
}

function join(this: Context, data: unknown[], separator: unknown): unknown {
  const texts = data.map(plainValue).filter((each) => each !== null && each !== undefined)
  if (!texts.every((each) => typeof each === 'string')) throw unprocessable('join() works on strings')
  if (texts.length === 0) return []
  const between = typeof separator === 'string' ? separator : ''
  payForText(this, texts.length * between.length)
  return texts.join(between)
}

function payForText({ vars }: Context, characters: number): void {
  budgetOf(vars)?.spend(Math.ceil(characters / 64)) // not by bits: products of lengths have more than 32
}

function single(other: unknown): unknown {
  const values = [other].flat().map(plainValue)
  return values.length > 1 ? values : values[0]
}

function answer(data: unknown[], name: string, ask: ((value: unknown) => boolean | undefined) | undefined): unknown {
  if (data.length === 0) return []
  if (!ask) throw unprocessable(`${name}() is not available here`, 'not-supported')
  if (data.length > 1) throw unprocessable(`${name}() works on one element`)
  return ask(plainValue(data[0])) ?? []
}

function resolveOne(item: unknown, context: Context, functions: FhirPathFunctions): unknown[] {
  const value = plainValue(item)
  const reference = isJsonObject(value) ? value.reference : value
  if (typeof reference !== 'string') return []
  const surroundings: unknown[] = []
  for (let node = isResourceNode(item) ? item : null; node; node = node.parentResNode) surroundings.push(node.data)
  surroundings.push(...context.dataRoot.map(plainValue), plainValue(context.vars.rootResource))
  const budget = budgetOf(context.vars)
  for (const each of surroundings) budget?.spend(1 + entryCount(each))
  const found = findReferenced(reference, surroundings) ?? functions.resolve?.(reference)
  return found === undefined || found === null ? [] : asNode(found)
}

function entryCount(value: unknown): number {
  return isJsonObject(value) && Array.isArray(value.entry) ? value.entry.length : 0
}

function clockReader(name: keyof typeof CLOCK_READERS): EngineFunction {
  const reader = CLOCK_READERS[name]
  return function () {
    const clock = this.vars[CLOCK]
    if (!(clock instanceof Date)) throw unprocessable(`${name}() is not available here: no clock was given`)
    return reader.convert(reader.text(clock.toISOString()))
  }
}
