/**
 * Operators that make a value of the values of their operands. What the executor does is said here, in the words of its own parts
 * (`corrections/parts.ts`); where this project corrects it, the same correction is put around it.
 */
import { Date as CqlDate, DateTime } from 'cql-execution'
import type { JsonObject } from '../../../../base/json-value.ts'
import { correctionOf } from '../../corrections/operators.ts'
import { isOfType, lists, numbers, uncertain } from '../../corrections/parts.ts'
import { objectsOf, optionalText } from '../place.ts'
import { type Frame, leave, type Step } from '../step.ts'
import { specifierOf } from './plain.ts'

/** What the executor makes of operands; `frame` leads to the clock. */
export type Compute = (values: unknown[], frame: Frame) => unknown

/** An operator of operands without names. */
export interface Operator {
  /** Whether it has one operand, which ELM does not put into a list, or a list of so many. */
  arity: 'one' | 2 | 3
  /** Members that it reads beside its operands. */
  members?: string[]
  of(node: JsonObject): Compute
}

/** An operator of one operand. */
export const one = (compute: Compute): Operator => ({ arity: 'one', of: () => compute })

/** An operator of two operands. */
export const two = (compute: Compute): Operator => ({ arity: 2, of: () => compute })

/** An operator that is a correction alone: the executor has none of the name. */
export const ownOf = (arity: Operator['arity']): Operator => ({
  arity,
  of: () => () => leave('the executor has no such operator'),
})

/** A value with methods of which one is called, as those of the executor's moments and intervals are. */
export function ask(value: unknown, method: string, ...given: unknown[]): unknown {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, method) : undefined
  return typeof found === 'function' ? Reflect.apply(found, value, given) : leave(`a value has no ${method}`)
}

/** Whether a value has a mark of the executor's: `isQuantity`, `isDate`. */
export const isMarked = (value: unknown, mark: string) =>
  typeof value === 'object' && value !== null && Boolean(Reflect.get(value, mark))

/** Precision of a comparison, in lower case. */
export const precisionOf = (node: JsonObject) => optionalText(node, 'precision')?.toLowerCase()

/** An operator of two values that is null where one of them is. */
export const bothOr = (compute: (a: unknown, b: unknown) => unknown): Operator =>
  two(([a, b]) => (a == null || b == null ? null : compute(a, b)))

/** An operator that is a method of the executor's values, at a precision. */
export const atPrecision = (method: string): Operator => ({
  arity: 2,
  members: ['precision'],
  of(node) {
    const precision = precisionOf(node)
    return ([a, b]) => (a == null || b == null ? null : ask(a, method, b, precision))
  },
})

type Order = 'lessThan' | 'lessThanOrEquals' | 'greaterThan' | 'greaterThanOrEquals'

/** A date or dateTime as it compares itself. */
interface Moment {
  before(other: unknown): boolean | null
}

/** A comparison: of numbers at once, else of values that may lie in a range. */
export const ordered = (ofNumbers: (a: number, b: number) => boolean, method: Order): Operator =>
  two(([a, b]) => {
    if (typeof a === 'number' && typeof b === 'number') return ofNumbers(a, b)
    if ((a instanceof DateTime && b instanceof DateTime) || (a instanceof CqlDate && b instanceof CqlDate))
      return orders[method](a, b)
    return uncertain(a)[method](uncertain(b))
  })

/** What the executor makes of two moments of one kind, each taken for a range of itself alone. */
const orders: Readonly<Record<Order, (a: Moment, b: Moment) => unknown>> = {
  lessThan: (a, b) => a.before(b),
  lessThanOrEquals: (a, b) => opposite(b.before(a)),
  greaterThan: (a, b) => b.before(a),
  greaterThanOrEquals: (a, b) => opposite(a.before(b)),
}

const opposite = (value: boolean | null) => (value === null ? null : !value)

/** A duration or difference: a number where it is known, else what lies in a range. */
export const between = (method: 'differenceBetween' | 'durationBetween'): Operator => ({
  arity: 2,
  members: ['precision'],
  of(node) {
    const precision = precisionOf(node)
    return ([a, b]) => {
      if (!hasMethod(a, method) || !hasMethod(b, method)) return null
      const result = ask(a, method, b, precision)
      if (result == null) return result
      return ask(result, 'isPoint') ? Reflect.get(Object(result), 'low') : result
    }
  },
})

interface Age {
  birth: unknown
  at: unknown
  precision: string
  offset: number | null
}

/** The age at a moment, in the type of that moment. */
export function ageAt({ birth, at, precision, offset }: Age): unknown {
  if (birth == null || at == null) return null
  const from =
    isMarked(at, 'isDate') && isMarked(birth, 'isDateTime')
      ? ask(birth, 'getDate')
      : isMarked(at, 'isDateTime') && isMarked(birth, 'isDate')
        ? ask(birth, 'getDateTime', offset)
        : birth
  const result = ask(from, 'durationBetween', at, precision)
  return result != null && ask(result, 'isPoint') ? Reflect.get(Object(result), 'low') : result
}

/** A bound of an interval; the least and greatest moments, which the executor gives an offset, are left to it. */
export const bound = (method: 'start' | 'end', limit: number): Operator =>
  one(([interval]) => {
    if (interval == null) return null
    const point = ask(interval, method)
    return isMarked(point, 'isDateTime') && Reflect.get(Object(point), 'year') === limit
      ? leave('a bound is the least or greatest moment')
      : point
  })

const hasMethod = (value: unknown, method: string) =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'

/** Sums, products and the like: of numbers, and of moments and quantities where there are such. */
export const arithmetic = (
  ofNumbers: (a: number, b: number) => number,
  ofOthers: ((a: unknown, b: unknown) => unknown) | undefined,
): Operator =>
  bothOr((a, b) => {
    const result =
      typeof a === 'number' && typeof b === 'number'
        ? ofNumbers(a, b)
        : ofOthers && ['isQuantity', 'isDateTime', 'isDate'].some((mark) => isMarked(a, mark))
          ? ofOthers(a, b)
          : leave('arithmetic of these is not compiled')
    return numbers.overflowsOrUnderflows(result) ? null : result
  })

/** An operator of one number. */
export const ofNumber = (compute: (value: number) => number): Operator =>
  one(([value]) => {
    if (value == null) return null
    return typeof value === 'number' ? compute(value) : leave('this is no number')
  })

/** An operator of one text. */
export const ofText = (compute: (text: string) => unknown): Operator =>
  one(([value]) => {
    if (value == null) return null
    return typeof value === 'string' ? compute(value) : leave('this is no text')
  })

/** An operator of two texts. */
export const texts = (compute: (all: string[]) => unknown): Operator =>
  two((values) => {
    if (values.some((each) => each == null)) return null
    const all = values.filter((each) => typeof each === 'string')
    return all.length === values.length ? compute(all) : leave('this is no text')
  })

/** `in` and `contains`; lists are the correction's. */
export const holding = (container: 0 | 1): Operator => ({
  arity: 2,
  members: ['precision'],
  of(node) {
    const precision = precisionOf(node)
    return (values) => {
      const [holder, item] = [values[container], values[1 - container]]
      if (holder == null) return false
      if (Array.isArray(holder)) return lists.doContains(holder, item)
      return item == null ? null : ask(holder, 'contains', item, precision)
    }
  },
})

/** `includes` and `included in`. */
export const including = (container: 0 | 1): Operator => ({
  arity: 2,
  members: ['precision'],
  of(node) {
    const precision = precisionOf(node)
    return (values) => {
      const [holder, held] = [values[container], values[1 - container]]
      if (holder == null || held == null) return null
      if (!Array.isArray(holder)) return ask(holder, 'includes', held, precision)
      return Array.isArray(held) ? lists.doIncludes(holder, held) : leave('this is no list')
    }
  },
})

/** `union`; what it makes of two nulls, its operands tell. */
export const union: Operator = {
  arity: 2,
  of(node) {
    const isOfLists = objectsOf(node, 'operand').some(({ type, asTypeSpecifier }) => {
      const specifier = type === 'As' && typeof asTypeSpecifier === 'object' ? asTypeSpecifier : undefined
      return specifier !== undefined && Reflect.get(Object(specifier), 'type') === 'ListTypeSpecifier'
    })
    return ([a, b]) => {
      if (a == null && b == null) return isOfLists ? [] : null
      if (a == null || b == null) {
        const other = a ?? b
        return Array.isArray(other) ? other : null
      }
      return ofLists(lists.doUnion)([a, b])
    }
  },
}

/** An operator of two lists. */
export const ofLists =
  (compute: (a: unknown[], b: unknown[]) => unknown) =>
  ([a, b]: unknown[]): unknown =>
    Array.isArray(a) && Array.isArray(b) ? compute(a, b) : leave('these are no lists')

/** `ToInteger`; texts are the correction's. */
export const integer: Operator = one(([value]) => {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' ? leave('texts are the correction’s') : null
})

/** `ToDecimal` of a number; texts are the correction's. */
export const decimal: Operator = one(([value]) => {
  if (value == null) return null
  if (typeof value !== 'number') return leave('this is no number')
  const cut = numbers.limitDecimalPrecision(Number.parseFloat(String(value)))
  return numbers.isValidDecimal(cut) ? cut : null
})

export const is: Operator = {
  arity: 'one',
  members: ['isType', 'isTypeSpecifier'],
  of(node) {
    const specifier = specifierOf(node, 'isType', 'isTypeSpecifier')
    return ([value]) => {
      if (value === null) return false
      if (value === undefined) return leave('this is nothing')
      if (!hasMethod(value, '_is') && !/^\{urn:hl7-org:elm-types:r1\}\w+$/.test(specifier.name ?? ''))
        return leave('this type cannot be asked for')
      return isOfType(value, specifier)
    }
  },
}

/** What the executor makes of the values of operands, and where this project corrects it, the correction around it. */
export function corrected(node: JsonObject, argsOf: (frame: Frame) => unknown[], compute: Compute): Step {
  const all = withCorrection(node, compute)
  return (frame) => all(argsOf(frame), frame)
}

/** The same, of values that are there. */
export function withCorrection(node: JsonObject, compute: Compute): Compute {
  const correction = correctionOf(String(node.type), node)
  if (!correction) return compute
  return (args, frame) => {
    const original = (changed = args) => compute(changed, frame)
    const value = correction({ args, node, context: undefined, original })
    return value instanceof Promise ? leave('a correction takes its time') : value
  }
}
