import '../one-locale.ts'
import { DateTime } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { OperatorError } from '../run/run-errors.ts'
import { addTerminologyOperators } from '../terminology/operators.ts'
import { correctAggregates } from './aggregates.ts'
import { correctBoundaries } from './boundaries.ts'
import { correctConversions } from './conversions.ts'
import { isMoment } from './durations.ts'
import { correctEquality } from './equality.ts'
import { keepNullParameters, leaveParameterTypes } from './executable-elm.ts'
import { correctExpansion } from './expansion.ts'
import { correctIntervals } from './intervals.ts'
import { correctLists, correctSorting } from './lists.ts'
import { correctLongs } from './longs.ts'
import { correctNumbers } from './numbers.ts'
import {
  addOperator,
  after,
  nullForNothing,
  nullForNothingInLogic,
  nullUnevaluated,
  operandTypes,
  replaceOperator,
} from './operators.ts'
import { correctCalls } from './overloads.ts'
import { correctTexts } from './texts.ts'
import { countWholeDates } from './whole-dates.ts'

/** Operators of ELM that neither the executor nor we have: an error instead of its silent null. */
const unimplemented = [
  'InCodeSystem',
  'AnyInCodeSystem',
  'Subsumes',
  'SubsumedBy',
  'Children',
  'Descendents',
  'ToChars',
]

let corrected = false

/**
 * Corrects the executor where it departs from CQL 1.5 (test/rules/cql/corrections.test.ts has one case for each). Once per process; called
 * before the first library is linked.
 */
export function correctExecutor(): void {
  if (corrected) return
  corrected = true
  correctNumbers()
  correctAggregates()
  correctBoundaries()
  correctLongs()
  correctEquality()
  correctIntervals()
  correctLists()
  correctExpansion()
  correctTexts()
  correctConversions()
  correctSorting()
  countWholeDates()
  addTerminologyOperators()
  correctCalls()
  keepNullParameters()
  leaveParameterTypes()
  // A parameter without value and default, asked within a query or function, would be its own declaration.
  nullUnevaluated('ParameterRef')
  // A query over one value that its condition does not let pass.
  nullForNothing('Query')
  nullForNothingInLogic()
  // A value without the mark that the executor looks for is not of the type.
  replaceOperator('Is', ({ node, original }) => (isOtherNumber(node) ? false : after(original(), (is) => is === true)))
  // A moment whose hour is not known has no time; the executor's would be one that is there and has no parts.
  replaceOperator('TimeFrom', ({ args: [arg], original }) =>
    arg instanceof DateTime && arg.hour == null ? null : original(),
  )
  for (const name of ['DateTime', 'Date', 'Time'])
    replaceOperator(name, ({ original, node, context }) =>
      after(original(), (made) => checkMoment(withOffset(made, node, context), name === 'Time')),
    )
  for (const name of unimplemented)
    addOperator(name, ({ args }) => {
      if (args[0] === null) return null
      throw new OperatorError(`the operator ${name} is not supported`)
    })
}

const numberTypes = ['Integer', 'Long', 'Decimal']

/** Whether a number is asked for a type of number that is not its own: by its value alone, 1 would be a Decimal, too. */
function isOtherNumber(node: JsonObject): boolean {
  const [own] = operandTypes(node)
  const { isTypeSpecifier: specifier, isType } = node
  const asked = isJsonObject(specifier) ? specifier.name : isType
  const wanted = numberTypes.find((each) => asked === `{urn:hl7-org:elm-types:r1}${each}`)
  return own !== undefined && wanted !== undefined && numberTypes.includes(own) && own !== wanted
}

/** The offset of a DateTime that names none is that of the clock, in India five hours and a half; the executor cuts it. */
function withOffset(made: unknown, { timezoneOffset: own }: JsonObject, context: unknown): unknown {
  const clock = isClocked(context) ? context.getTimezoneOffset() : undefined
  if (own != null || typeof clock !== 'number' || Number.isInteger(clock) || !(made instanceof DateTime)) return made
  const { year, month, day, hour, minute, second, millisecond } = made
  return new DateTime(year, month, day, hour, minute, second, millisecond, clock)
}

const isClocked = (context: unknown): context is { getTimezoneOffset(): unknown } =>
  typeof context === 'object' && context !== null && typeof Reflect.get(context, 'getTimezoneOffset') === 'function'

/** `DateTime(null)` is null; years go from 1 to 9999, and the day and the time must exist. */
function checkMoment(value: unknown, isTime: boolean): unknown {
  if (!isMoment(value)) return value
  const { year, month, day } = value
  if (year === null || year === undefined) return null
  if (!isTime && (year < 1 || year > 9999)) throw new OperatorError('the year is out of range')
  const days = month == null ? 31 : new Date(Date.UTC(year, month, 0)).getUTCDate()
  const time = value instanceof DateTime ? [value.hour, value.minute, value.second, value.millisecond] : []
  const fits =
    within(month, 1, 12) &&
    within(day, 1, days) &&
    time.every((each, index) => within(each, 0, [23, 59, 59, 999][index] ?? 0))
  if (!fits) throw new OperatorError('the date or time does not exist')
  return value
}

const within = (value: number | null | undefined, low: number, high: number) =>
  value === null || value === undefined || (value >= low && value <= high)
