import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { decimalText } from '../model/decimal-text.ts'
import type { Node } from '../model/nodes.ts'
import type { Transform } from '../model/structure.ts'
import { plainTypeName, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { castPrimitive } from './convert.ts'
import { cc, coding, contactPoint, identifier, qty } from './data-types.ts'
import { dateOperation } from './date-operation.ts'
import { escapeBetween } from './escape.ts'
import { TransformFault, ValueFault } from './fault.ts'
import type { Run } from './run.ts'
import {
  CODE,
  CODING,
  type Handler,
  make,
  optionalText,
  STRING,
  string,
  type TransformCall,
  type Translation,
  text,
  URI,
  validText,
} from './transform-call.ts'
import { copyValid } from './typed-copy.ts'
import { tellConversion, tellUntranslated } from './value-remark.ts'
import { createInstance } from './write.ts'

/** The transforms of R4 (https://hl7.org/fhir/R4/valueset-map-transform.html), `evaluate` apart: it is compiled. */
export const HANDLERS: Record<Exclude<Transform, 'evaluate'>, Handler> = {
  create,
  copy: ({ arguments: [node], run }) => copyOf(node, run),
  truncate,
  escape: escapeText,
  cast,
  append: ({ arguments: parts }) =>
    parts.some((each) => each !== undefined) ? string(parts.map(optionalText).join('')) : undefined,
  translate,
  reference: ({ arguments: [resource], run }) => (resource ? string(referenceTo(resource, run)) : undefined),
  dateOp,
  uuid: ({ run }) => make(run.uuid().toLowerCase(), 'id'),
  pointer: ({ arguments: [resource], run }) => (resource ? make(`urn:uuid:${idOf(resource, run)}`, 'uri') : undefined),
  cc,
  c: coding,
  qty,
  id: identifier,
  cp: contactPoint,
}

/** Least and largest number of arguments. */
export const ARITIES: Record<Transform, [number, number]> = {
  create: [0, 1],
  copy: [1, 1],
  truncate: [2, 2],
  escape: [2, 3],
  cast: [1, 2],
  append: [1, 100],
  translate: [2, 3],
  reference: [1, 1],
  dateOp: [1, 4],
  uuid: [0, 0],
  pointer: [1, 1],
  evaluate: [1, 2],
  cc: [1, 3],
  c: [2, 3],
  qty: [1, 4],
  id: [2, 3],
  cp: [1, 2],
}

function copyOf(node: Node | undefined, run: Run): Node | undefined {
  if (!node || node.value === undefined || node.loose || typeof node.value !== 'object') return node
  const value = copyValid(node.value, node.type, run)
  return value === undefined ? undefined : { ...node, value, loose: true }
}

function create({ arguments: [name], targetType, findType }: TransformCall): Node {
  const asked = text(name)
  if (asked === undefined) {
    if (!targetType) throw new TransformFault('create() without a type needs a target element with one type')
    return createInstance(targetType)
  }
  const type = findType(asked)
  if (type) return createInstance(type)
  // A model that no one has defined: what it holds takes the shape found.
  const last = asked.slice(asked.lastIndexOf('/') + 1)
  return { value: asked.includes('/') ? { resourceType: last } : {}, type: UNKNOWN, loose: true }
}

function truncate({ arguments: [value, length] }: TransformCall): Node | undefined {
  const full = text(value)
  const limit = Number(length?.value)
  if (!Number.isInteger(limit) || limit < 0) throw new TransformFault('truncate() needs a whole number')
  return full === undefined ? undefined : string([...full].slice(0, limit).join(''))
}

function escapeText({ arguments: [value, from, to] }: TransformCall): Node | undefined {
  const given = text(value)
  return given === undefined ? undefined : string(escapeBetween(given, text(from) ?? 'none', text(to) ?? 'none'))
}

function cast({ arguments: [value, name], targetType, findType, run }: TransformCall): Node | undefined {
  if (!value || value.value === undefined) return undefined
  const asked = text(name)
  const type = asked === undefined ? targetType : (r4Type(plainTypeName(asked)) ?? findType(asked))
  if (!type) throw new TransformFault(`cast() does not know the type '${asked ?? ''}'`)
  if (type.kind !== 'primitive') {
    if (value.type === type || value.type === UNKNOWN) return { ...value, type }
    throw new ValueFault(`cast() makes primitives, not ${type.name}`)
  }
  const given = text(value)
  if (given === undefined || given === '') return undefined
  const made = castPrimitive(value.value ?? null, type)
  if (typeof value.value === 'string' && made !== value.value) tellConversion(run, type)
  return { value: made, type, loose: true, ...precision(value, type) }
}

function precision({ value, exact }: Node, type: Type): { exact?: string } {
  const text = type.name === 'decimal' ? (exact ?? decimalText(value)) : undefined
  return text === undefined ? {} : { exact: text }
}

function translate(call: TransformCall): Node | undefined {
  const [source, map, asked] = call.arguments
  const url = text(map)
  if (!source || source.value === undefined || url === undefined) return undefined
  const found = call.translate(url, source)
  if (!found) {
    tellUntranslated(call.run, url)
    return undefined
  }
  const { system, code, display } = found
  switch (text(asked) ?? fieldFor(call.targetType)) {
    case 'code':
      return make(code, 'code')
    case 'uri':
      return make(code, 'uri')
    case 'system':
      return system === undefined ? undefined : make(system, 'uri')
    case 'display':
      return display === undefined ? undefined : string(display)
    case 'Coding':
    case 'coding':
      return codingNode(found, call.run)
    case 'CodeableConcept':
      return make({ coding: [codingOf(found, CONCEPT_PLACES, call.run)] }, 'CodeableConcept')
    default:
      throw new TransformFault(
        `translate() gives code, system, display, Coding or CodeableConcept, not '${text(asked) ?? ''}'`,
      )
  }
}

/** What `translate` gives of a translation, by the name of its third argument. */
export const TRANSLATION_FIELDS = ['code', 'uri', 'system', 'display', 'Coding', 'coding', 'CodeableConcept']

/** What `translate` gives as a Coding. */
export function codingNode(found: Readonly<Translation>, run: Run): Node {
  return { value: codingOf(found, CODING_PLACES, run), type: CODING, loose: true }
}

/** Where the members of a Coding stand, for remarks. */
const placesIn = (path: string) => ({ system: `${path}.system`, code: `${path}.code`, display: `${path}.display` })
const CODING_PLACES = placesIn('Coding')
const CONCEPT_PLACES = placesIn('CodeableConcept.coding')

function codingOf(
  { system, code, display }: Readonly<Translation>,
  places: typeof CODING_PLACES,
  run: Run,
): JsonObject {
  const url = validText(run, places.system, URI, system)
  const given = validText(run, places.code, CODE, code)
  const words = validText(run, places.display, STRING, display)
  if (url !== undefined && given !== undefined && words !== undefined)
    return { system: url, code: given, display: words }
  const coding: JsonObject = {}
  if (url !== undefined) coding.system = url
  if (given !== undefined) coding.code = given
  if (words !== undefined) coding.display = words
  return coding
}

function fieldFor(type: Type | undefined): string {
  return type?.name === 'Coding' || type?.name === 'CodeableConcept' ? type.name : 'code'
}

/** Logical id of a resource; a fresh one when it has none. A source keeps its own JSON, the id is remembered. */
function idOf(node: Node, run: Run): string {
  const { value } = node
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ValueFault('a reference needs a resource')
  }
  if (typeof value.id === 'string' && value.id !== '') return value.id
  run.ids ??= new WeakMap()
  const known = run.ids.get(value)
  if (known) return known
  const id = run.uuid().toLowerCase()
  run.ids.set(value, id)
  if (node.loose !== undefined) value.id = id
  return id
}

function referenceTo(node: Node, run: Run): string {
  const id = idOf(node, run)
  const named = isJsonObject(node.value) ? node.value.resourceType : undefined
  const type = typeof named === 'string' ? named : node.type.name
  return type ? `${type}/${id}` : id
}

function dateOp({ arguments: [value, operation, amount, unit], run }: TransformCall): Node | undefined {
  const given = text(value)
  const result = dateOperation({
    value: given,
    operation: text(operation) ?? 'now',
    amount: text(amount),
    unit: text(unit),
    now: run.now,
  })
  if (result === undefined) return undefined
  return make(result, result.length > 10 ? 'dateTime' : 'date')
}
