/** Operators by the names that ELM has for them. */
import { Concept, Quantity } from 'cql-execution'
import type { JsonObject } from '../../../../base/json-value.ts'
import { correctionOf, equals } from '../../corrections/operators.ts'
import { equivalent, lists, quantities } from '../../corrections/parts.ts'
import { type Builder, objectsOf, onlyMembers } from '../place.ts'
import { leave } from '../step.ts'
import {
  ageAt,
  arithmetic,
  ask,
  atPrecision,
  between,
  bothOr,
  bound,
  type Compute,
  corrected,
  decimal,
  holding,
  including,
  integer,
  is,
  isMarked,
  type Operator,
  ofLists,
  ofNumber,
  ofText,
  one,
  ordered,
  ownOf,
  precisionOf,
  texts,
  two,
  union,
  withCorrection,
} from './computes.ts'

/** By type of node. */
const operators: Readonly<Record<string, Operator>> = {
  Equal: bothOr(equals),
  NotEqual: bothOr((a, b) => {
    const same = equals(a, b)
    return same == null ? null : !same
  }),
  Equivalent: two(([a, b]) => {
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
  DateFrom: one(([value]) => (value == null ? null : ask(value, 'getDate'))),
  DateTimeComponentFrom: {
    arity: 'one',
    members: ['precision'],
    of(node) {
      const precision = precisionOf(node) ?? leave('a component is not named')
      return ([value]) => (value == null ? null : Reflect.get(Object(value), precision))
    },
  },
  Add: arithmetic((a, b) => a + b, quantities.doAddition),
  Subtract: arithmetic((a, b) => a - b, quantities.doSubtraction),
  CalculateAgeAt: {
    arity: 2,
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
  Length: one(([value]) =>
    typeof value === 'string' || Array.isArray(value) ? value.length : leave('this has no length'),
  ),
  Indexer: two(([holder, index]) => {
    if (holder == null || index == null) return null
    if (typeof index !== 'number' || !(typeof holder === 'string' || Array.isArray(holder)))
      return leave('this has no places')
    return index < 0 || index >= holder.length ? null : holder[index]
  }),
  SingletonFrom: one(([value]) => {
    if (value == null) return null
    if (!Array.isArray(value) || value.length > 1) return leave('this is more than one')
    return value.length === 1 ? value[0] : null
  }),
  Flatten: one(([value]) => (Array.isArray(value) && value.every(Array.isArray) ? value.flat() : value)),
  Distinct: one(([value]) => {
    if (value == null) return null
    return Array.isArray(value) ? lists.toDistinctList(value) : leave('this is no list')
  }),
  ToList: one(([value]) => (value == null ? [] : [value])),
  Union: union,
  Except: two(([a, b]) => {
    if (a == null) return null
    if (b == null) return Array.isArray(a) ? a : null
    return ofLists(lists.doExcept)([a, b])
  }),
  Intersect: two(([a, b]) => (a == null || b == null ? null : ofLists(lists.doIntersect)([a, b]))),
  ToString: one(([value]) => {
    if (value == null) return null
    return typeof value === 'string' || typeof value === 'boolean' ? String(value) : ask(value, 'toString')
  }),
  ToInteger: integer,
  ToDecimal: decimal,
  ToQuantity: one(([value]) => {
    if (value == null) return null
    return typeof value === 'number' ? new Quantity(value, '1') : leave('this is no number')
  }),
  ToDate: one(([value]) => {
    if (value == null) return null
    return isMarked(value, 'isDateTime') ? ask(value, 'getDate') : leave('this is no DateTime')
  }),
  ToDateTime: one(([value], { run: { clock } }) => {
    if (value == null) return null
    return isMarked(value, 'isDate') ? ask(value, 'getDateTime', clock.timezoneOffset) : leave('this is no Date')
  }),
  ToConcept: one(([value]) => {
    if (value == null) return null
    const { display } = Object(value)
    return typeof value === 'object' ? new Concept([value], display) : leave('this is no code')
  }),
  Is: is,
  ProperContains: ownOf(2),
  ProperIn: ownOf(2),
  ToLong: ownOf('one'),
  ConvertsToLong: ownOf('one'),
  HighBoundary: ownOf(2),
  LowBoundary: ownOf(2),
  PointFrom: ownOf('one'),
  Matches: ownOf(2),
  ReplaceMatches: ownOf(3),
}

/** Operands in a list; of any other number the executor would make something of its own. */
function several(node: JsonObject, count: number): JsonObject[] {
  const operands = objectsOf(node, 'operand')
  return operands.length === count ? operands : leave(`${node.type} has not ${count} operands`)
}

/** What an operator makes of the values of its operands; undefined for what is none. */
export function computeOf(node: JsonObject): Compute | undefined {
  const type = String(node.type)
  const known = Object.hasOwn(operators, type) ? operators[type] : undefined
  return known && withCorrection(node, known.of(node))
}

/** Builds an operator of operands. */
export const operator: Builder = (node, place) => {
  const type = String(node.type)
  const known = Object.hasOwn(operators, type) ? operators[type] : undefined
  if (!known) return leave(`${type} is not compiled`)
  const { arity, members = ['precision'] } = known
  onlyMembers(node, 'operand', ...members)
  const operands = arity === 'one' ? [place.build(node.operand)] : several(node, arity).map(place.build)
  const compute = known.of(node)
  const [first, second, ...others] = operands
  if (!correctionOf(type, node) && others.length === 0) {
    if (first && !second) return (frame) => compute([first(frame)], frame)
    if (first && second) return (frame) => compute([first(frame), second(frame)], frame)
  }
  return corrected(node, (frame) => operands.map((each) => each(frame)), compute)
}
