/**
 * Operators that make a value of the values of their operands. What the executor does is said here, in the words of its own parts
 * (`corrections/parts.ts`); where this project corrects it, the same correction is put around it.
 */
import { Concept, Quantity } from 'cql-execution'
import type { JsonObject } from '../../../../base/json-value.ts'
import { correctionOf, equals } from '../../corrections/operators.ts'
import { equivalent, isOfType, lists, numbers, quantities, uncertain } from '../../corrections/parts.ts'
import { type Builder, objectsOf, onlyMembers, optionalText } from '../place.ts'
import { type Frame, leave, type Step } from '../step.ts'
import { specifierOf } from './plain.ts'

/** What the executor makes of operands; `frame` leads to the clock. */
export type Compute = (values: unknown[], frame: Frame) => unknown

interface Operator {
  /** Members that it reads beside its operands. */
  members?: string[]
  of(node: JsonObject): Compute
}

const plainly = (compute: Compute): Operator => ({ of: () => compute })

/** A value with methods of which one is called, as those of the executor's moments and intervals are. */
function ask(value: unknown, method: string, ...given: unknown[]): unknown {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, method) : undefined
  return typeof found === 'function' ? Reflect.apply(found, value, given) : leave(`a value has no ${method}`)
}

/** Whether a value has a mark of the executor's: `isQuantity`, `isDate`. */
export const isMarked = (value: unknown, mark: string) =>
  typeof value === 'object' && value !== null && Boolean(Reflect.get(value, mark))

/** Precision of a comparison, in lower case. */
const precisionOf = (node: JsonObject) => optionalText(node, 'precision')?.toLowerCase()

/** An operator of two values that is null where one of them is. */
const bothOr = (compute: (a: unknown, b: unknown) => unknown): Operator =>
  plainly(([a, b]) => (a == null || b == null ? null : compute(a, b)))

const atPrecision = (method: string): Operator => ({
  members: ['precision'],
  of(node) {
    const precision = precisionOf(node)
    return ([a, b]) => (a == null || b == null ? null : ask(a, method, b, precision))
  },
})

const ordered = (
  ofNumbers: (a: number, b: number) => boolean,
  method: 'lessThan' | 'lessThanOrEquals' | 'greaterThan' | 'greaterThanOrEquals',
): Operator =>
  plainly(([a, b]) =>
    typeof a === 'number' && typeof b === 'number' ? ofNumbers(a, b) : uncertain(a)[method](uncertain(b)),
  )

/** A duration or difference: a number where it is known, else what lies in a range. */
const between = (method: 'differenceBetween' | 'durationBetween'): Operator => ({
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
function ageAt({ birth, at, precision, offset }: Age): unknown {
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
const bound = (method: 'start' | 'end', limit: number): Operator =>
  plainly(([interval]) => {
    if (interval == null) return null
    const point = ask(interval, method)
    return isMarked(point, 'isDateTime') && Reflect.get(Object(point), 'year') === limit
      ? leave('a bound is the least or greatest moment')
      : point
  })

const hasMethod = (value: unknown, method: string) =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'

/** Sums, products and the like: of numbers, and of moments and quantities where there are such. */
const arithmetic = (
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

const ofNumber = (compute: (value: number) => number): Operator =>
  plainly(([value]) => {
    if (value == null) return null
    return typeof value === 'number' ? compute(value) : leave('this is no number')
  })

const ofText = (compute: (text: string) => unknown): Operator =>
  plainly(([value]) => {
    if (value == null) return null
    return typeof value === 'string' ? compute(value) : leave('this is no text')
  })

const texts = (compute: (all: string[]) => unknown): Operator =>
  plainly((values) => {
    if (values.some((each) => each == null)) return null
    const all = values.filter((each) => typeof each === 'string')
    return all.length === values.length ? compute(all) : leave('this is no text')
  })

/** `in` and `contains`; lists are the correction's. */
const holding = (container: 0 | 1): Operator => ({
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

const including = (container: 0 | 1): Operator => ({
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

const union: Operator = {
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

const ofLists =
  (compute: (a: unknown[], b: unknown[]) => unknown) =>
  ([a, b]: unknown[]): unknown =>
    Array.isArray(a) && Array.isArray(b) ? compute(a, b) : leave('these are no lists')

const integer: Operator = plainly(([value]) => {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' ? leave('texts are the correction’s') : null
})

const decimal: Operator = plainly(([value]) => {
  if (value == null) return null
  if (typeof value !== 'number') return leave('this is no number')
  const cut = numbers.limitDecimalPrecision(Number.parseFloat(String(value)))
  return numbers.isValidDecimal(cut) ? cut : null
})

const is: Operator = {
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

/** By type of node. */
const operators: Readonly<Record<string, Operator>> = {
  Equal: bothOr(equals),
  NotEqual: bothOr((a, b) => {
    const same = equals(a, b)
    return same == null ? null : !same
  }),
  Equivalent: plainly(([a, b]) => {
    if (a == null || b == null) return a == null && b == null
    if (isMarked(a, 'isValueSet') || isMarked(b, 'isValueSet')) return leave('value sets are not compared')
    return equivalent(a, b)
  }),
  Less: ordered((a, b) => a < b, 'lessThan'),
  LessOrEqual: ordered((a, b) => a <= b, 'lessThanOrEquals'),
  Greater: ordered((a, b) => a > b, 'greaterThan'),
  GreaterOrEqual: ordered((a, b) => a >= b, 'greaterThanOrEquals'),
  After: atPrecision('after'),
  Before: atPrecision('before'),
  SameAs: atPrecision('sameAs'),
  SameOrAfter: atPrecision('sameOrAfter'),
  SameOrBefore: atPrecision('sameOrBefore'),
  In: holding(1),
  Contains: holding(0),
  Includes: including(0),
  IncludedIn: including(1),
  DifferenceBetween: between('differenceBetween'),
  DurationBetween: between('durationBetween'),
  DateFrom: plainly(([value]) => (value == null ? null : ask(value, 'getDate'))),
  DateTimeComponentFrom: {
    members: ['precision'],
    of(node) {
      const precision = precisionOf(node) ?? leave('a component is not named')
      return ([value]) => (value == null ? null : Reflect.get(Object(value), precision))
    },
  },
  Add: arithmetic((a, b) => a + b, quantities.doAddition),
  Subtract: arithmetic((a, b) => a - b, quantities.doSubtraction),
  CalculateAgeAt: {
    members: ['precision'],
    of(node) {
      const precision = precisionOf(node) ?? leave('an age has no precision')
      return ([birth, at], { run: { clock } }) => ageAt({ birth, at, precision, offset: clock.timezoneOffset })
    },
  },
  Meets: atPrecision('meets'),
  MeetsBefore: atPrecision('meetsBefore'),
  MeetsAfter: atPrecision('meetsAfter'),
  Overlaps: atPrecision('overlaps'),
  OverlapsBefore: atPrecision('overlapsBefore'),
  OverlapsAfter: atPrecision('overlapsAfter'),
  Start: bound('start', 1),
  End: bound('end', 9999),
  Multiply: arithmetic((a, b) => a * b, undefined),
  Divide: arithmetic((a, b) => a / b, undefined),
  Negate: ofNumber((value) => value * -1),
  Abs: ofNumber(Math.abs),
  Ceiling: ofNumber(Math.ceil),
  Floor: ofNumber(Math.floor),
  Truncate: ofNumber((value) => (value >= 0 ? Math.floor(value) : Math.ceil(value))),
  Upper: ofText((text) => text.toUpperCase()),
  Lower: ofText((text) => text.toLowerCase()),
  Concatenate: texts((all) => all.join('')),
  StartsWith: texts(([text = '', start = '']) => text.startsWith(start)),
  EndsWith: texts(([text = '', end = '']) => text.endsWith(end)),
  Length: plainly(([value]) =>
    typeof value === 'string' || Array.isArray(value) ? value.length : leave('this has no length'),
  ),
  Indexer: plainly(([holder, index]) => {
    if (holder == null || index == null) return null
    if (typeof index !== 'number' || !(typeof holder === 'string' || Array.isArray(holder)))
      return leave('this has no places')
    return index < 0 || index >= holder.length ? null : holder[index]
  }),
  SingletonFrom: plainly(([value]) => {
    if (value == null) return null
    if (!Array.isArray(value) || value.length > 1) return leave('this is more than one')
    return value.length === 1 ? value[0] : null
  }),
  Flatten: plainly(([value]) => (Array.isArray(value) && value.every(Array.isArray) ? value.flat() : value)),
  Distinct: plainly(([value]) => {
    if (value == null) return null
    return Array.isArray(value) ? lists.toDistinctList(value) : leave('this is no list')
  }),
  ToList: plainly(([value]) => (value == null ? [] : [value])),
  Union: union,
  Except: plainly(([a, b]) => {
    if (a == null) return null
    if (b == null) return Array.isArray(a) ? a : null
    return ofLists(lists.doExcept)([a, b])
  }),
  Intersect: plainly(([a, b]) => (a == null || b == null ? null : ofLists(lists.doIntersect)([a, b]))),
  ToString: plainly(([value]) => {
    if (value == null) return null
    return typeof value === 'string' || typeof value === 'boolean' ? String(value) : ask(value, 'toString')
  }),
  ToInteger: integer,
  ToDecimal: decimal,
  ToQuantity: plainly(([value]) => {
    if (value == null) return null
    return typeof value === 'number' ? new Quantity(value, '1') : leave('this is no number')
  }),
  ToDate: plainly(([value]) => {
    if (value == null) return null
    return isMarked(value, 'isDateTime') ? ask(value, 'getDate') : leave('this is no DateTime')
  }),
  ToDateTime: plainly(([value], { run: { clock } }) => {
    if (value == null) return null
    return isMarked(value, 'isDate') ? ask(value, 'getDateTime', clock.timezoneOffset) : leave('this is no Date')
  }),
  ToConcept: plainly(([value]) => {
    if (value == null) return null
    const { display } = Object(value)
    return typeof value === 'object' ? new Concept([value], display) : leave('this is no code')
  }),
  Is: is,
}

/** Operators that are corrections alone: the executor has none of the name. */
const own = new Set([
  'ProperContains',
  'ProperIn',
  'ToLong',
  'ConvertsToLong',
  'HighBoundary',
  'LowBoundary',
  'PointFrom',
  'Matches',
  'ReplaceMatches',
])

/** Operators of one operand, which ELM does not put into a list. */
const unary = new Set([
  'DateFrom',
  'DateTimeComponentFrom',
  'Start',
  'End',
  'Negate',
  'Abs',
  'Ceiling',
  'Floor',
  'Truncate',
  'Upper',
  'Lower',
  'Length',
  'SingletonFrom',
  'Flatten',
  'Distinct',
  'ToList',
  'ToString',
  'ToInteger',
  'ToDecimal',
  'ToQuantity',
  'ToDate',
  'ToDateTime',
  'ToConcept',
  'Is',
  'ToLong',
  'ConvertsToLong',
  'PointFrom',
])

/** Number of operands where it is not two. */
const operandsOf: Readonly<Record<string, number>> = { ReplaceMatches: 3 }

/** Operands in a list; of any other number the executor would make something of its own. */
function several(node: JsonObject, count: number): JsonObject[] {
  const operands = objectsOf(node, 'operand')
  return operands.length === count ? operands : leave(`${node.type} has not ${count} operands`)
}

/** Builds an operator of operands. */
export const operator: Builder = (node, place) => {
  const type = String(node.type)
  const known = operators[type]
  if (!known && !own.has(type)) return leave(`${type} is not compiled`)
  onlyMembers(node, 'operand', ...(known?.members ?? ['precision']))
  const operands = unary.has(type) ? [place.build(node.operand)] : several(node, operandsOf[type] ?? 2).map(place.build)
  const compute = known ? known.of(node) : () => leave('the executor has no such operator')
  return corrected(node, operands, compute)
}

function corrected(node: JsonObject, operands: Step[], compute: Compute): Step {
  const correction = correctionOf(String(node.type), node)
  if (!correction) {
    const [first, second, ...others] = operands
    if (first && !second) return (frame) => compute([first(frame)], frame)
    if (first && second && others.length === 0) return (frame) => compute([first(frame), second(frame)], frame)
    return (frame) =>
      compute(
        operands.map((each) => each(frame)),
        frame,
      )
  }
  return (frame) => {
    const args = operands.map((each) => each(frame))
    const original = (changed = args) => compute(changed, frame)
    const value = correction({ args, node, context: undefined, original })
    return value instanceof Promise ? leave('a correction takes its time') : value
  }
}
