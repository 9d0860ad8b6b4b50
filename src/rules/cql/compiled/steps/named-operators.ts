/** Operators whose operands have names of their own, and those that ask the clock. */
import { Date as CqlDate, DateTime, Interval } from 'cql-execution'
import type { JsonObject } from '../../../../base/json-value.ts'
import { greatest, least } from '../../corrections/aggregates.ts'
import { namedCorrectionOf } from '../../corrections/operators.ts'
import { type Builder, onlyMembers, type Place } from '../place.ts'
import { type Frame, leave, type Step } from '../step.ts'
import { type Compute, corrected } from './computes.ts'

/** What an operator makes of its one source. */
export type OfSource = (value: unknown) => unknown

const ofSource =
  (compute: OfSource): Builder =>
  (node, place) => {
    onlyMembers(node, 'source')
    const source = place.build(node.source)
    return (frame) => compute(source(frame))
  }

const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0

const combine: Builder = (node, place) => {
  onlyMembers(node, 'source', 'separator')
  const source = place.build(node.source)
  const separator = node.separator == null ? () => '' : place.build(node.separator)
  return (frame) => {
    const [value, between] = [source(frame), separator(frame)]
    if (value == null) return null
    if (!Array.isArray(value) || typeof between !== 'string') return leave('these are no texts')
    const some = value.filter((each) => each != null)
    return some.length === 0 ? null : some.join(between)
  }
}

/** A moment from its parts. */
function moment(node: JsonObject, place: Place): Step {
  const isDate = node.type === 'Date'
  const parts = isDate ? datePartNames : [...datePartNames, ...timePartNames]
  onlyMembers(node, ...parts)
  const steps = parts.map((name) => (node[name] == null ? undefined : place.build(node[name])))
  const make: Compute = (values, { run }) => {
    if (values.some((each) => each != null && typeof each !== 'number')) return leave('a part of a moment is no number')
    const [year, month, day, ...time] = values.map((each) =>
      typeof each === 'number' ? each : each === null ? null : undefined,
    )
    if (isDate) return new CqlDate(year, month, day)
    const [hour, minute, second, millisecond, offset] = time
    const zone = node.timezoneOffset == null ? run.clock.timezoneOffset : offset
    return new DateTime(year, month, day, hour, minute, second, millisecond, zone)
  }
  return corrected(node, (frame) => steps.map((each) => each?.(frame)), make)
}

const datePartNames = ['year', 'month', 'day']
const timePartNames = ['hour', 'minute', 'second', 'millisecond', 'timezoneOffset']

/** An interval: bounds that are closed or not is what its author wrote. */
const interval: Builder = (node, place) => {
  onlyMembers(node, 'low', 'high', 'lowClosed', 'highClosed')
  const [low, high] = [place.build(node.low), place.build(node.high)]
  const { lowClosed, highClosed } = node
  if (typeof lowClosed !== 'boolean' || typeof highClosed !== 'boolean')
    return leave('a bound is open or closed by turns')
  return corrected(
    node,
    (frame) => [low(frame), high(frame)],
    ([from, to]) => {
      // Of which type its points are the executor tells by how they are written.
      if (from == null && to == null) return leave('an interval has no bounds')
      return new Interval(from, to, lowClosed, highClosed)
    },
  )
}

/** An operator that is a correction as a whole. */
const replaced: Builder = (node, place) => {
  const { operands, correction } = namedCorrectionOf(String(node.type)) ?? leave('there is no such correction')
  onlyMembers(node, ...operands)
  const steps = operands.map((name) => (node[name] == null ? undefined : place.build(node[name])))
  return (frame) =>
    correction(
      steps.map((each) => each?.(frame) ?? null),
      node,
    )
}

const ofClock =
  (read: (frame: Frame) => unknown): Builder =>
  (node) => {
    onlyMembers(node)
    return read
  }

/** Operators of one source, by type of node. */
export const ofOneSource: Readonly<Record<string, OfSource>> = {
  First: (value) => (isList(value) ? value[0] : null),
  Last: (value) => (isList(value) ? value.at(-1) : null),
  Count: (value) => {
    if (!Array.isArray(value)) return 0
    let count = 0
    for (const each of value) if (each != null) count++
    return count
  },
  AllTrue: (value) => allOf(value, true),
  AnyTrue: (value) => allOf(value, false),
  Max: greatest,
  Min: least,
}

/** Builders by type of node, of operators whose operands have names. */
export const namedOperators: Readonly<Record<string, Builder>> = {
  ...Object.fromEntries(Object.entries(ofOneSource).map(([type, compute]) => [type, ofSource(compute)])),
  Interval: interval,
  Substring: replaced,
  SplitOnMatches: replaced,
  Sum: replaced,
  Product: replaced,
  Avg: replaced,
  Combine: combine,
  DateTime: moment,
  Date: moment,
  Now: ofClock(({ run }) => run.clock),
  Today: ofClock(({ run }) => run.today()),
}

function allOf(value: unknown, isAll: boolean): unknown {
  if (value == null) return isAll
  if (!Array.isArray(value)) return leave('this is no list')
  return isAll ? value.every((each) => each == null || Boolean(each)) : value.some(Boolean)
}
