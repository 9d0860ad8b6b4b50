import { calendarUnitCode } from '../../base/calendar-units.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { TypedNode } from '../../fhir/fhirpath/fhirpath.ts'
import { inferType, isJson, type Node } from '../model/nodes.ts'
import { INFERRED, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { NeedsEngine } from './expression-types.ts'

/** The empty collection. */
export const EMPTY: Node[] = []
const TRUE: Node[] = [{ value: true, type: INFERRED.boolean }]
const FALSE: Node[] = [{ value: false, type: INFERRED.boolean }]
const TEMPORAL = new Set(['date', 'dateTime', 'instant', 'time'])

/** Whether a node is a date or time by its type; dates in untyped text are text. */
export function isTemporal({ type, value }: Node): boolean {
  return typeof value === 'string' && TEMPORAL.has(type.name)
}

/** A FHIRPath Boolean; undefined is empty. */
export function booleanNode(value: boolean | undefined): Node[] {
  return value === undefined ? EMPTY : value ? TRUE : FALSE
}

/** A System value as a collection. */
export function valueNode(value: Json): Node[] {
  return [{ value: unsigned(value), type: inferType(value) }]
}

/** JSON has no negative zero. */
const unsigned = (value: Json): Json => (value === 0 ? 0 : value)

/** A System.Quantity as FHIR has it; calendar words keep standing as unit. */
export function quantityNode(value: number, unit: string | undefined): Node[] {
  const type = r4Type('Quantity') ?? UNKNOWN
  if (unit === undefined) return [{ value: { value }, type, system: true }]
  const quantity = { value, unit, system: 'http://unitsofmeasure.org', code: calendarUnitCode(unit) ?? unit }
  return [{ value: quantity, type, system: true }]
}

/** Singleton evaluation as Boolean (http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections). */
export function truth(nodes: Node[]): boolean | undefined {
  const [only] = nodes
  if (!only) return undefined
  if (nodes.length > 1 || typeof only.value !== 'boolean') throw new NeedsEngine('a condition that is no boolean')
  return only.value
}

/** The one string of a collection. */
export function singleText(nodes: Node[]): string | undefined {
  const [only] = nodes
  if (!only) return undefined
  if (nodes.length > 1 || typeof only.value !== 'string' || TEMPORAL.has(only.type.name))
    throw new NeedsEngine('a string function on other than a string')
  return only.value
}

/** The one number of a collection. */
export function singleNumber(nodes: Node[]): number | undefined {
  const [only] = nodes
  if (!only) return undefined
  if (nodes.length > 1 || typeof only.value !== 'number') throw new NeedsEngine('arithmetic on other than a number')
  return only.value
}

/** The one integer of a collection; `1.0` is none. */
export function singleInteger(nodes: Node[]): number | undefined {
  const value = singleNumber(nodes)
  if (value !== undefined && (!Number.isInteger(value) || nodes[0]?.type.name === 'decimal'))
    throw new NeedsEngine('an integer is wanted')
  return value
}

/** The number of an item in a list; the engine knows its own integers alone. */
export function singleIndex(nodes: Node[]): number | undefined {
  if (nodes[0] && !nodes[0].type.inferred) throw new NeedsEngine('an index out of an element')
  return singleInteger(nodes)
}

/** Whether dates, times or quantities are at work, whose comparison is more than that of their text. */
function needsCare(node: Node): boolean {
  return TEMPORAL.has(node.type.name) || node.type.name === 'Quantity'
}

/** `=` on collections; empty when one is. */
export function equal(left: Node[], right: Node[]): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined
  if (left.length !== right.length) return false
  let all = true
  for (const [index, a] of left.entries()) {
    const b = right[index]
    if (!b) return false
    const careful = needsCare(a) || needsCare(b)
    if (a.value === b.value && (!careful || a.type === b.type)) continue
    if (careful) throw new NeedsEngine('equality of dates or quantities')
    if (!sameJson(a.value, b.value)) all = false
  }
  return all
}

function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, i) => sameJson(each, b[i]))
  if (Array.isArray(b)) return false
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => sameJson(a[name], b[name]))
}

/** `<`, `>`, … of numbers or plain strings. */
export function compare(left: Node[], right: Node[]): number | undefined {
  const [a] = left
  const [b] = right
  if (!a || !b) return undefined
  if (left.length > 1 || right.length > 1 || needsCare(a) || needsCare(b)) throw new NeedsEngine('comparison')
  if (typeof a.value === 'number' && typeof b.value === 'number') return a.value - b.value
  if (typeof a.value === 'string' && typeof b.value === 'string')
    return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
  throw new NeedsEngine('comparison of different types')
}

const SYSTEM: Record<string, string> = {
  'System.String': 'string',
  'System.Boolean': 'boolean',
  'System.Integer': 'integer',
  'System.Long': 'integer',
  'System.Decimal': 'decimal',
  'System.Date': 'date',
  'System.DateTime': 'dateTime',
  'System.Time': 'time',
  'System.Quantity': 'Quantity',
}

/** A result of the full engine as a node. */
export function fromEngine({ value, type, exact, extra }: TypedNode): Node {
  const json = isJson(value) && value !== null ? unsigned(value) : undefined
  if (exact !== undefined) return { value: json, type: r4Type('decimal') ?? INFERRED.decimal, exact }
  const node: Node = { value: json, type: resultType(json, type) }
  if (isJsonObject(extra)) node.extra = extra
  return node
}

function resultType(value: Json | undefined, type: string): Type {
  const system = SYSTEM[type]
  if (system === 'string') return INFERRED.string
  const named = r4Type(system ?? type)
  const inferred = inferType(value)
  if (!named || named.name === 'BackboneElement' || named.name === 'Element') return inferred
  return named.kind === 'resource' && inferred !== UNKNOWN ? inferred : named
}
