/** Literals, logic, conditions, and what makes and takes apart structured values. */
import { Code, Concept, Quantity } from 'cql-execution'
import { isJsonObject } from '../../../../base/json.ts'
import type { JsonObject } from '../../../../base/json-value.ts'
import { equals } from '../../corrections/operators.ts'
import { isOfType } from '../../corrections/parts.ts'
import { isTypeSpecifier, type TypeSpecifier } from '../../translate/elm.ts'
import { type Builder, objectsOf, onlyMembers, optionalFlag, type Place, textOf } from '../place.ts'
import { leave, type Step } from '../step.ts'

const system = '{urn:hl7-org:elm-types:r1}'

function literal(node: JsonObject): Step {
  onlyMembers(node, 'valueType', 'value')
  const value = literalOf(node)
  return () => value
}

/** The value of a literal. */
export const literalOf = (node: JsonObject): unknown => literalValue(textOf(node, 'valueType'), textOf(node, 'value'))

function literalValue(type: string, text: string): unknown {
  if (type === `${system}Boolean`) return text === 'true'
  if (type === `${system}Integer`) return Number.parseInt(text, 10)
  if (type === `${system}Decimal`) return Number.parseFloat(text)
  if (type === `${system}String`) return text.replace(/\\'/g, "'").replace(/\\"/g, '"')
  return leave('a literal of this type is not compiled')
}

/** Whether a condition holds: what is neither true, false nor unknown is no condition. */
export function holds(value: unknown): boolean {
  if (value === true) return true
  if (value === false || value === null || value === undefined) return false
  return leave('a condition is no Boolean')
}

/** Both sides are evaluated, as the executor does: what was evaluated is told as evidence. */
const and: Builder = (node, place) => {
  const [left, right] = pair(node, place)
  return (frame) => conjunction(left(frame), right(frame))
}

/** `and` of two values. */
export function conjunction(a: unknown, b: unknown): boolean | null {
  if (a === false || b === false) return false
  if (a == null || b == null) return null
  return a === true && b === true ? true : leave('an operand is no Boolean')
}

const or: Builder = (node, place) => {
  const [left, right] = pair(node, place)
  return (frame) => disjunction(left(frame), right(frame))
}

/** `or` of two values. */
export function disjunction(a: unknown, b: unknown): boolean | null {
  if (a === true || b === true) return true
  if (a == null || b == null) return null
  return a === false && b === false ? false : leave('an operand is no Boolean')
}

const xor: Builder = (node, place) => {
  const [left, right] = pair(node, place)
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    if (a == null || b == null) return null
    return typeof a === 'boolean' && typeof b === 'boolean' ? a !== b : leave('an operand is no Boolean')
  }
}

const implies: Builder = (node, place) => {
  const [left, right] = pair(node, place)
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    if (![a, b].every((each) => each === null || typeof each === 'boolean')) return leave('an operand is no Boolean')
    if (a === true) return b
    return a === false || b === true ? true : null
  }
}

const not: Builder = (node, place) => {
  const operand = single(node, place)
  return (frame) => negation(operand(frame))
}

/** `not` of a value. */
export function negation(value: unknown): boolean | null {
  if (value == null) return null
  return typeof value === 'boolean' ? !value : leave('an operand is no Boolean')
}

const is =
  (wanted: boolean): Builder =>
  (node, place) => {
    const operand = single(node, place)
    return (frame) => operand(frame) === wanted
  }

/** The two operands of a node that has nothing else. */
function pair(node: JsonObject, place: Place): [Step, Step] {
  onlyMembers(node, 'operand')
  const [left, right, ...others] = objectsOf(node, 'operand').map(place.build)
  return left && right && others.length === 0 ? [left, right] : leave(`${node.type} has not two operands`)
}

/** The one operand of a node, which has nothing else but members that are named. */
function single(node: JsonObject, place: Place, ...members: string[]): Step {
  onlyMembers(node, 'operand', ...members)
  return place.build(node.operand)
}

const condition: Builder = (node, place) => {
  onlyMembers(node, 'condition', 'then', 'else')
  const [when, then, otherwise] = [node.condition, node.then, node.else].map(place.build)
  if (!when || !then || !otherwise) return leave('If is not whole')
  return (frame) => (holds(when(frame)) ? then(frame) : otherwise(frame))
}

const choice: Builder = (node, place) => {
  onlyMembers(node, 'comparand', 'caseItem', 'else')
  const items = objectsOf(node, 'caseItem').map((item) => {
    onlyMembers(item, 'when', 'then')
    return { when: place.build(item.when), give: place.build(item.then) }
  })
  const otherwise = place.build(node.else)
  if (isJsonObject(node.comparand)) {
    const comparand = place.build(node.comparand)
    return (frame) => {
      const value = comparand(frame)
      for (const { when, give } of items) if (equals(when(frame), value)) return give(frame)
      return otherwise(frame)
    }
  }
  return (frame) => {
    for (const { when, give } of items) if (holds(when(frame))) return give(frame)
    return otherwise(frame)
  }
}

const coalesce: Builder = (node, place) => {
  onlyMembers(node, 'operand')
  const steps = objectsOf(node, 'operand').map(place.build)
  return (frame) => {
    for (const step of steps) {
      const value = step(frame)
      if (steps.length === 1 && Array.isArray(value)) {
        const found: unknown = value.find((each) => each != null)
        if (found != null) return found
      } else if (value != null) return value
    }
    return null
  }
}

const isNull: Builder = (node, place) => {
  const operand = single(node, place)
  return (frame) => operand(frame) == null
}

const exists: Builder = (node, place) => {
  const operand = single(node, place)
  return (frame) => isThere(operand(frame))
}

/** `exists` of a value. */
export function isThere(list: unknown): boolean {
  if (list == null) return false
  if (!Array.isArray(list)) return leave('exists is asked of no list')
  for (const each of list) if (each != null) return true
  return false
}

const list: Builder = (node, place) => {
  onlyMembers(node, 'element', 'typeSpecifier')
  const elements = objectsOf(node, 'element').map(place.build)
  return (frame) => elements.map((each) => each(frame))
}

/** Names that every object has: the executor would find those in place of an element. */
const ofObjects = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Refuses names that mean something to JavaScript. */
export function refuseOwnNames(names: Iterable<string>): void {
  for (const name of names) if (ofObjects.has(name)) leave('a name is one of JavaScript')
}

function elements(node: JsonObject, place: Place): { name: string; value: Step }[] {
  const built = objectsOf(node, 'element').map((each) => {
    onlyMembers(each, 'name', 'value')
    return { name: textOf(each, 'name'), value: place.build(each.value) }
  })
  refuseOwnNames(built.map(({ name }) => name))
  if (new Set(built.map(({ name }) => name)).size < built.length) leave('an element stands twice')
  return built
}

const tuple: Builder = (node, place) => {
  onlyMembers(node, 'element')
  const parts = elements(node, place)
  return (frame) => {
    const made: Record<string, unknown> = {}
    for (const { name, value } of parts) made[name] = value(frame)
    return made
  }
}

/** Values of CQL's own structured types. */
const makers: Record<string, { of: string[]; make(values: Record<string, unknown>): unknown }> = {
  [`${system}Quantity`]: {
    of: ['value', 'unit'],
    make: ({ value, unit }) => new Quantity(...given<[number, string]>([value, unit])),
  },
  [`${system}Code`]: {
    of: ['code', 'system', 'version', 'display'],
    make: ({ code, system, version, display }) =>
      new Code(...given<[string, string, string, string]>([code, system, version, display])),
  },
  [`${system}Concept`]: {
    of: ['codes', 'display'],
    make: ({ codes, display }) => new Concept(...given<[Code[], string]>([codes, display])),
  },
}

/** The executor hands on what it has, nothing included; its declarations know strings alone. */
const given = <T extends unknown[]>(values: unknown[]): T => values as T

const instance: Builder = (node, place) => {
  onlyMembers(node, 'classType', 'element')
  const maker = makers[textOf(node, 'classType')]
  if (!maker) return leave('instances of this type are not compiled')
  const parts = elements(node, place)
  if (parts.some(({ name }) => !maker.of.includes(name))) leave('an element is not known')
  return (frame) => {
    const values: Record<string, unknown> = {}
    for (const { name, value } of parts) values[name] = value(frame)
    return maker.make(values)
  }
}

/** What makes an instance of the values of its elements. */
export const makerOf = (node: JsonObject) => makers[textOf(node, 'classType')]?.make

/** A named or other type as a member tells it. */
export function specifierOf(node: JsonObject, typed: string, specified: string): TypeSpecifier {
  const specifier = node[specified]
  if (isTypeSpecifier(specifier)) return specifier
  return { type: 'NamedTypeSpecifier', name: textOf(node, typed) }
}

const as: Builder = (node, place) => {
  const operand = single(node, place, 'asType', 'asTypeSpecifier', 'strict')
  const cast = castOf(node)
  return (frame) => cast(operand(frame))
}

/** What `as` makes of a value. */
export function castOf(node: JsonObject): (value: unknown) => unknown {
  const specifier = specifierOf(node, 'asType', 'asTypeSpecifier')
  const isStrict = optionalFlag(node, 'strict')
  return (value) => {
    if (value == null) return null
    if (isOfType(value, specifier)) return value
    return isStrict ? leave('a cast fails') : null
  }
}

const quantity: Builder = (node) => {
  onlyMembers(node, 'value', 'unit')
  const { value } = node
  if (typeof value !== 'number') return leave('a quantity has no number')
  const unit = textOf(node, 'unit')
  return () => new Quantity(value, unit)
}

/** Builders by type of node. */
export const plainSteps: Readonly<Record<string, Builder>> = {
  Literal: literal,
  Null: (node) => {
    onlyMembers(node, 'valueType')
    return () => null
  },
  And: and,
  Or: or,
  Xor: xor,
  Implies: implies,
  Not: not,
  IsTrue: is(true),
  IsFalse: is(false),
  IsNull: isNull,
  If: condition,
  Case: choice,
  Coalesce: coalesce,
  Exists: exists,
  List: list,
  Tuple: tuple,
  Instance: instance,
  As: as,
  Quantity: quantity,
}
