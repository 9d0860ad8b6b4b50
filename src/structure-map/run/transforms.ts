import { keepExactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { decimalText } from '../model/decimal-text.ts'
import { type Node, toText } from '../model/nodes.ts'
import type { Transform } from '../model/structure.ts'
import { INFERRED, plainTypeName, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { castPrimitive } from './convert.ts'
import { dateOperation } from './date-operation.ts'
import { escapeBetween } from './escape.ts'
import { TransformFault, ValueFault } from './fault.ts'
import type { Run } from './run.ts'
import { copyValid } from './typed-copy.ts'
import { leaveOut, tellConversion, tellUntranslated } from './value-remark.ts'
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

/** The text of an argument for a member of a data type; undefined, and told, when FHIR would refuse it there. */
function member(run: Run, path: string, type: Type, node: Node | undefined): string | undefined {
  const value = text(node)
  if (value === undefined || value === '' || node === undefined) return undefined
  const { fits } = node
  if (fits === type) return value
  const valid = validText(run, path, type, value)
  if (valid !== undefined && fits !== undefined) node.fits = type
  return valid
}

function validText(run: Run, path: string, type: Type, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  const reason = type.check?.(value)
  if (reason === undefined) return value
  leaveOut(run, { part: path, type: type.name, reason })
  return undefined
}

const STRING = r4Type('string') ?? UNKNOWN
const CODE = r4Type('code') ?? UNKNOWN
const URI = r4Type('uri') ?? UNKNOWN

function text(node: Node | undefined): string | undefined {
  const found = node && toText(node)
  if (node?.value !== undefined && found === undefined) throw new ValueFault('a text is expected, not an object')
  return found
}

function optionalText(node: Node | undefined): string {
  return text(node) ?? ''
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
  const [found] = call.translate(url, source)
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
      return object('Coding', codingOf(found, 'Coding', call.run))
    case 'CodeableConcept':
      return make(
        { coding: [object('Coding', codingOf(found, 'CodeableConcept.coding', call.run)).value ?? null] },
        'CodeableConcept',
      )
    default:
      throw new TransformFault(
        `translate() gives code, system, display, Coding or CodeableConcept, not '${text(asked) ?? ''}'`,
      )
  }
}

/** What `translate` gives of a translation, by the name of its third argument. */
export const TRANSLATION_FIELDS = ['code', 'uri', 'system', 'display', 'Coding', 'coding', 'CodeableConcept']

function codingOf({ system, code, display }: Translation, path: string, run: Run): Record<string, Json | undefined> {
  return {
    system: validText(run, `${path}.system`, URI, system),
    code: validText(run, `${path}.code`, CODE, code),
    display: validText(run, `${path}.display`, STRING, display),
  }
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

/** Without a code that FHIR allows there is no Coding: a system alone says nothing. */
function coding({ arguments: [system, code, display], run }: TransformCall): Node | undefined {
  const value = member(run, 'Coding.code', CODE, code)
  if (value === undefined) return undefined
  return object('Coding', {
    system: member(run, 'Coding.system', URI, system),
    code: value,
    display: member(run, 'Coding.display', STRING, display),
  })
}

function cc(call: TransformCall): Node | undefined {
  const [first] = call.arguments
  if (call.arguments.length > 1) {
    const made = coding(call)
    return made && make({ coding: [made.value ?? null] }, 'CodeableConcept')
  }
  if (first?.type.name === 'Coding') {
    const copy = copyValid(first.value ?? null, first.type, call.run)
    return copy === undefined ? undefined : make({ coding: [copy] }, 'CodeableConcept')
  }
  const only = member(call.run, 'CodeableConcept.text', STRING, first)
  return only === undefined ? undefined : make({ text: only }, 'CodeableConcept')
}

function qty({ arguments: [value, unit, system, code], run }: TransformCall): Node | undefined {
  const given = text(value)
  if (given === undefined || given === '') return undefined
  const parts = /^\s*(<=|>=|<|>)?\s*([+-]?\d+(?:\.\d+)?)(?![\d.,])\s*(.*?)\s*$/.exec(given)
  if (!parts) throw new ValueFault('qty() needs a number, with or without a unit')
  const [, comparator, number, written = ''] = parts
  const within: Node = { value: written.replace(/^'(.*)'$/, '$1') || undefined, type: INFERRED.string }
  const named = member(run, 'Quantity.unit', STRING, unit ?? within)
  const url = member(run, 'Quantity.system', URI, system)
  const coded = member(run, 'Quantity.code', CODE, code ?? (url === undefined ? undefined : (unit ?? within)))
  const made = object('Quantity', { value: Number(number), comparator, unit: named, system: url, code: coded })
  const exact = decimalText(number)
  if (exact !== undefined) keepExactNumber(made.value as JsonObject, 'value', exact)
  return made
}

function identifier({ arguments: [system, value, type], run }: TransformCall): Node | undefined {
  const given = member(run, 'Identifier.value', STRING, value)
  if (given === undefined) return undefined
  const kind = member(run, 'Identifier.type.coding.code', CODE, type)
  const concept =
    kind === undefined
      ? undefined
      : { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: kind }] }
  return object('Identifier', { type: concept, system: member(run, 'Identifier.system', URI, system), value: given })
}

function contactPoint({ arguments: args, run }: TransformCall): Node | undefined {
  const [first, second] = args
  const value = member(run, 'ContactPoint.value', STRING, args.length > 1 ? second : first)
  if (value === undefined) return undefined
  const system = args.length > 1 ? member(run, 'ContactPoint.system', CODE, first) : contactSystem(value)
  return object('ContactPoint', { system, value })
}

function contactSystem(value: string): string | undefined {
  if (/^(https?|ftp):\/\//i.test(value)) return 'url'
  if (/^(mailto:)?\S+@\S+$/i.test(value)) return 'email'
  return /^(tel:)?\+?[\d\s()./-]{3,}$/i.test(value) ? 'phone' : undefined
}
