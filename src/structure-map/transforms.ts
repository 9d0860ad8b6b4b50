import { keepExactNumber } from '../fhir/exact-number.ts'
import type { Json, JsonObject } from '../fhir/types.ts'
import { convertPrimitive, decimalText } from './convert.ts'
import { dateOperation } from './date-operation.ts'
import { escapeBetween } from './escape.ts'
import { TransformFault } from './fault.ts'
import { toText } from './native-values.ts'
import { cleanCopy, deepCopy, type Node } from './nodes.ts'
import type { Run } from './run.ts'
import type { Transform } from './structure.ts'
import { INFERRED, plainTypeName, r4Type, type Type, UNKNOWN } from './types.ts'
import { createInstance } from './write.ts'

/** One call of a transform. */
interface TransformCall {
  /** Arguments in order; an argument without a value is undefined. */
  arguments: (Node | undefined)[]
  run: Run
  /** Type of the target element, when it has one type. */
  targetType: Type | undefined
  /** Type by canonical, alias or name. */
  findType(name: string): Type | undefined
  /** Codes that a concept map has for a code. */
  translate(map: string, node: Node): Translation[]
}

/** One target of a translation. */
export interface Translation {
  system?: string
  code: string
  display?: string
}

type Handler = (call: TransformCall) => Node | undefined

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

const make = (value: Json, type: string): Node => ({ value, type: r4Type(type) ?? UNKNOWN, loose: true })
const string = (value: string): Node => ({ value, type: INFERRED.string, loose: true })

/** An object with those members that have a value. */
function object(type: string, members: Record<string, Json | undefined>): Node {
  const value: JsonObject = {}
  for (const name in members) {
    const member = members[name]
    if (member !== undefined && member !== '') value[name] = member
  }
  return make(value, type)
}

function text(node: Node | undefined): string | undefined {
  const found = node && toText(node)
  if (node?.value !== undefined && found === undefined) throw new TransformFault('a text is expected, not an object')
  return found
}

function optionalText(node: Node | undefined): string {
  return text(node) ?? ''
}

function copyOf(node: Node | undefined, run: Run): Node | undefined {
  if (!node || node.value === undefined || node.loose || typeof node.value !== 'object') return node
  return { ...node, value: cleanCopy(node.value, run), loose: true }
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

function cast({ arguments: [value, name], targetType, findType }: TransformCall): Node | undefined {
  if (!value || value.value === undefined) return undefined
  const asked = text(name)
  const type = asked === undefined ? targetType : (r4Type(plainTypeName(asked)) ?? findType(asked))
  if (!type) throw new TransformFault(`cast() does not know the type '${asked ?? ''}'`)
  if (type.kind !== 'primitive') {
    if (value.type === type || value.type === UNKNOWN) return { ...value, type }
    throw new TransformFault(`cast() makes primitives, not ${type.name}`)
  }
  const primitive = text(value)
  return primitive === undefined
    ? undefined
    : { value: convertPrimitive(value.value ?? null, type.name), type, loose: true, ...precision(value, type) }
}

function precision({ value, exact }: Node, type: Type): { exact?: string } {
  const text = type.name === 'decimal' ? (exact ?? decimalText(value)) : undefined
  return text === undefined ? {} : { exact: text }
}

function translate(call: TransformCall): Node | undefined {
  const [source, map, asked] = call.arguments
  const url = text(map)
  if (!source || source.value === undefined || url === undefined) return undefined
  const [found] = call.translate(url, source)
  if (!found) return undefined
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
      return object('Coding', { system, code, display })
    case 'CodeableConcept':
      return make({ coding: [object('Coding', { system, code, display }).value ?? null] }, 'CodeableConcept')
    default:
      throw new TransformFault(
        `translate() gives code, system, display, Coding or CodeableConcept, not '${text(asked) ?? ''}'`,
      )
  }
}

function fieldFor(type: Type | undefined): string {
  return type?.name === 'Coding' || type?.name === 'CodeableConcept' ? type.name : 'code'
}

/** Logical id of a resource; a fresh one when it has none. A source keeps its own JSON, the id is remembered. */
function idOf(node: Node, run: Run): string {
  const { value } = node
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new TransformFault('a reference needs a resource')
  }
  if (typeof value.id === 'string' && value.id !== '') return value.id
  const known = run.ids.get(value)
  if (known) return known
  const id = run.uuid().toLowerCase()
  run.ids.set(value, id)
  if (node.loose !== undefined) value.id = id
  return id
}

function referenceTo(node: Node, run: Run): string {
  const id = idOf(node, run)
  const named = (node.value as JsonObject).resourceType
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

function coding({ arguments: [system, code, display] }: TransformCall): Node | undefined {
  const value = text(code)
  return value === undefined
    ? undefined
    : object('Coding', { system: text(system), code: value, display: text(display) })
}

function cc(call: TransformCall): Node | undefined {
  const [first] = call.arguments
  if (call.arguments.length > 1) {
    const made = coding(call)
    return made && make({ coding: [made.value ?? null] }, 'CodeableConcept')
  }
  if (first?.type.name === 'Coding') return make({ coding: [deepCopy(first.value ?? null)] }, 'CodeableConcept')
  const only = text(first)
  return only === undefined ? undefined : make({ text: only }, 'CodeableConcept')
}

function qty({ arguments: [value, unit, system, code] }: TransformCall): Node | undefined {
  const given = text(value)
  if (given === undefined) return undefined
  const parts = /^\s*(<=|>=|<|>)?\s*([+-]?\d+(?:\.\d+)?)(?![\d.,])\s*(.*?)\s*$/.exec(given)
  if (!parts) throw new TransformFault('qty() needs a number, with or without a unit')
  const [, comparator, number, written = ''] = parts
  const named = text(unit) ?? (written.replace(/^'(.*)'$/, '$1') || undefined)
  const url = text(system)
  const quantity = { comparator, unit: named, system: url, code: text(code) ?? (url ? named : undefined) }
  const made = object('Quantity', { value: Number(number), ...quantity })
  const exact = decimalText(number)
  if (exact !== undefined) keepExactNumber(made.value as JsonObject, 'value', exact)
  return made
}

function identifier({ arguments: [system, value, type] }: TransformCall): Node | undefined {
  const given = text(value)
  if (given === undefined) return undefined
  const kind = text(type)
  const concept =
    kind === undefined
      ? undefined
      : { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: kind }] }
  return object('Identifier', { type: concept, system: text(system), value: given })
}

function contactPoint({ arguments: args }: TransformCall): Node | undefined {
  const [first, second] = args
  const value = text(args.length > 1 ? second : first)
  if (value === undefined) return undefined
  return object('ContactPoint', { system: args.length > 1 ? text(first) : contactSystem(value), value })
}

function contactSystem(value: string): string | undefined {
  if (/^(https?|ftp):\/\//i.test(value)) return 'url'
  if (/^(mailto:)?\S+@\S+$/i.test(value)) return 'email'
  return /^(tel:)?\+?[\d\s()./-]{3,}$/i.test(value) ? 'phone' : undefined
}
