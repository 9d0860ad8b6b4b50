import { Interval, Quantity } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { and, not, type Ternary } from '../../three-valued.ts'
import { OperatorError } from '../run/run-errors.ts'
import { decimal, decimalStep, greatestDecimal } from './decimals.ts'
import { isMoment } from './durations.ts'
import { after, type Evaluation, equals, isAtMost, isUncertain, precisionOf, replaceOperator } from './operators.ts'

const system = '{urn:hl7-org:elm-types:r1}'

/** Intervals of Decimals: `1.0` is no Integer, but the executor tells the type by the value, and would end `[1.0, 4.0)` at 3. */
const ofDecimals = new WeakSet<Interval>()

/** Static point type of an interval expression, as the translator tells it. */
function pointType(node: JsonObject): string | undefined {
  const specifier = node.resultTypeSpecifier
  const point = isJsonObject(specifier) ? specifier.pointType : undefined
  return isJsonObject(point) && typeof point.name === 'string' ? point.name : undefined
}

/** Marks an interval of Decimals as one. */
function typed(interval: unknown, node: JsonObject): unknown {
  if (interval instanceof Interval && pointType(node) === `${system}Decimal`) ofDecimals.add(interval)
  return interval
}

/** A null without a type; the translator gives it the one that is wanted where it can tell it. */
const isBareNull = (bound: Json | undefined) => isJsonObject(bound) && bound.type === 'Null'

/** An interval that ends before it starts is an error; one of which nothing is told, not even a type, is null (CQL 1.5, Interval). */
function select({ node, original }: Evaluation): unknown {
  if (isBareNull(node.low) && isBareNull(node.high)) return null
  return after(original(), (made) => refuseReversed(typed(made, node)))
}

function refuseReversed(interval: unknown): unknown {
  if (!(interval instanceof Interval) || interval.low == null || interval.high == null) return interval
  const { low, high } = interval
  const isReversed =
    typeof low === 'number'
      ? isAtMost(interval.toClosed().low, interval.toClosed().high) === false
      : isAtMost(low, high) === false
  if (isReversed) throw new OperatorError('the interval ends before it starts')
  return interval
}

/** Whether the points of an interval are Decimals or quantities, which are Decimals with a unit. */
const isFine = (interval: Interval) =>
  ofDecimals.has(interval) || interval.low instanceof Quantity || interval.high instanceof Quantity

/** The next Decimal or quantity; undefined for what is neither. */
function step(point: unknown, direction: 1 | -1): unknown {
  const moved = (value: number) => decimal(value + direction * decimalStep)
  if (typeof point === 'number') return moved(point)
  return point instanceof Quantity ? new Quantity(moved(point.value), point.unit) : undefined
}

/** An open bound made a closed one: the next point; a closed null is the least or greatest, an open one stays unknown. */
function closedBound({ bound, other, isClosed, side }: Bound): unknown {
  if (bound != null) return isClosed ? bound : step(bound, side)
  if (!isClosed) return null
  const limit = -side * greatestDecimal
  return other instanceof Quantity ? new Quantity(limit, other.unit) : limit
}

interface Bound {
  bound: unknown
  other: unknown
  isClosed: boolean
  /** 1 for the lower bound: inwards. */
  side: 1 | -1
}

function closed(interval: Interval): Interval {
  const { low, high, lowClosed, highClosed } = interval
  return new Interval(
    closedBound({ bound: low, other: high, isClosed: lowClosed === true, side: 1 }),
    closedBound({ bound: high, other: low, isClosed: highClosed === true, side: -1 }),
    low != null || lowClosed,
    high != null || highClosed,
  )
}

/** Teaches the executor's intervals their point types. */
function correctPointTypes(): void {
  const { prototype } = Interval
  const own = Object.getOwnPropertyDescriptor(prototype, 'pointType')?.get
  const { toClosed, meetsBefore, meetsAfter, start, end } = prototype
  Object.defineProperty(prototype, 'pointType', {
    get(this: Interval) {
      return ofDecimals.has(this) ? `${system}Decimal` : own?.call(this)
    },
  })
  prototype.toClosed = function () {
    if (!isFine(this)) return toClosed.call(this)
    const made = closed(this)
    if (ofDecimals.has(this)) ofDecimals.add(made)
    return toClosed.call(made)
  }
  const unlessUncertain = (bound: unknown) => (isUncertain(bound) ? null : bound)
  prototype.start = function () {
    return isFine(this) ? unlessUncertain(this.toClosed().low) : start.call(this)
  }
  prototype.end = function () {
    return isFine(this) ? unlessUncertain(this.toClosed().high) : end.call(this)
  }
  prototype.meetsBefore = function (other: Interval, precision) {
    if (!isFine(this) || !isFine(other)) return meetsBefore.call(this, other, precision)
    return equals(step(this.toClosed().high, 1) ?? null, other.toClosed().low)
  }
  prototype.meetsAfter = function (other: Interval, precision) {
    return isFine(this) && isFine(other) ? other.meetsBefore(this, precision) : meetsAfter.call(this, other, precision)
  }
}

/** Equality of two points, at a precision where one is given. */
function samePoint(a: unknown, b: unknown, precision: string | undefined): Ternary {
  return isMoment(a) && precision !== undefined ? a.sameAs(b, precision) : equals(a, b)
}

/** `a <= b`, at a precision where one is given. */
function notAfter(a: unknown, b: unknown, precision: string | undefined): Ternary {
  return isMoment(a) && precision !== undefined ? a.sameOrBefore(b, precision) : isAtMost(a, b)
}

/** `starts` and `ends`: one bound is the same, and the other within (CQL 1.5, Starts, Ends); closed nulls are the least and greatest. */
function shares(side: 'low' | 'high') {
  return (call: Evaluation) => {
    const [a, b] = call.args
    if (!(a instanceof Interval) || !(b instanceof Interval)) return call.original()
    const [own, other, precision] = [a.toClosed(), b.toClosed(), precisionOf(call)]
    return side === 'low'
      ? and([samePoint(own.low, other.low, precision), notAfter(own.high, other.high, precision)])
      : and([samePoint(own.high, other.high, precision), notAfter(other.low, own.low, precision)])
  }
}

/** A bound of an intersection that lies somewhere is not known. */
const intersect = ({ node, original }: Evaluation) =>
  after(original(), (made) => withoutUncertain(typed(made, node), node))

function withoutUncertain(made: unknown, node: JsonObject): unknown {
  if (!(made instanceof Interval)) return made
  const [low, high] = [isUncertain(made.low), isUncertain(made.high)]
  if (!low && !high) return made
  const cut = new Interval(
    low ? null : made.low,
    high ? null : made.high,
    made.lowClosed && !low,
    made.highClosed && !high,
  )
  return typed(cut, node)
}

/** Whether an interval has a point, which is neither of its bounds (CQL 1.5, Proper Contains). */
export function properlyHolds(interval: Interval, point: unknown, precision: string | undefined): Ternary {
  if (point === null || point === undefined) return null
  const { low, high } = interval.toClosed()
  return and([
    interval.contains(point, precision),
    not(samePoint(low, point, precision)),
    not(samePoint(high, point, precision)),
  ])
}

/** Installs the corrections of intervals. */
export function correctIntervals(): void {
  correctPointTypes()
  replaceOperator('Interval', select)
  replaceOperator('Starts', shares('low'))
  replaceOperator('Ends', shares('high'))
  replaceOperator('Intersect', intersect)
  for (const name of ['Union', 'Except'])
    replaceOperator(name, ({ node, original }) => after(original(), (made) => typed(made, node)))
}
