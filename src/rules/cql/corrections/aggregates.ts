import { Quantity } from 'cql-execution'
import type { JsonObject } from '../../../base/json-value.ts'
import { OperatorError } from '../run/run-errors.ts'
import { decimal } from './decimals.ts'
import { integer, isLong, type Long, long } from './longs.ts'
import { convertUnit, equals, isUncertain, replaceNamedOperator, staticType } from './operators.ts'
import { isGreater, isLess } from './parts.ts'

/** What an aggregate makes of a list of numbers, which is never empty; null where it has no result. */
type OfNumbers = (values: number[]) => number | null

/** Numbers of an aggregate, and what its result is to be: of quantities one of the unit of the first. */
interface Read {
  numbers: number[]
  result(value: number | null): unknown
}

/** The elements that are there; undefined where there are none, or no list. */
function present(list: unknown): unknown[] | undefined {
  if (!Array.isArray(list)) return undefined
  const some: unknown[] = list.filter((each) => each !== null && each !== undefined)
  if (some.some(isUncertain)) throw new OperatorError('an element of the list is uncertain')
  return some.length > 0 ? some : undefined
}

/** Numbers, or quantities of one dimension; undefined for anything else. */
function readNumbers(some: unknown[]): Read | undefined {
  const [first] = some
  if (some.every((each) => typeof each === 'number')) return { numbers: some, result: (value) => value }
  if (!(first instanceof Quantity)) return undefined
  const numbers: number[] = []
  for (const each of some) {
    const value = each instanceof Quantity ? inUnit(each, first.unit) : null
    if (value === null) return undefined
    numbers.push(value)
  }
  return { numbers, result: (value) => (value === null ? null : new Quantity(value, first.unit)) }
}

const inUnit = ({ value, unit }: Quantity, wanted: string | null | undefined) =>
  unit === wanted ? value : convertUnit(value, unit ?? '1', wanted ?? '1')

/** An aggregate of numbers or quantities: a Decimal, never a double with more digits than one has, and never none (CQL 1.5, Decimal). */
const ofNumbers =
  (compute: OfNumbers) =>
  ([list]: unknown[]): unknown => {
    const some = present(list)
    const read = some && readNumbers(some)
    return read ? read.result(cut(compute(read.numbers))) : null
  }

const cut = (value: number | null) => (value === null ? null : decimal(value))

/** Sum or product: in the type of the elements, null where that has no such value (CQL 1.5, Add, Multiply). */
function total(exact: (a: bigint, b: bigint) => bigint, compute: OfNumbers) {
  const ofDecimals = ofNumbers(compute)
  return (values: unknown[], node: JsonObject): unknown => {
    const type = staticType(node)
    const some = present(values[0])
    if (!some?.every(isLong) || (type !== 'Integer' && type !== 'Long')) return ofDecimals(values)
    const sum = some.map((each: Long) => BigInt(each)).reduce(exact)
    return type === 'Long' ? long(sum) : integer(Number(sum))
  }
}

const sum: OfNumbers = (values) => values.reduce((a, b) => decimal(a + b) ?? Number.NaN)
const product: OfNumbers = (values) => values.reduce((a, b) => decimal(a * b) ?? Number.NaN)

const mean = (values: number[]) => sum(values) ?? Number.NaN

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = Number.NaN, high = low] = sorted.slice(
    Math.ceil(sorted.length / 2) - 1,
    Math.floor(sorted.length / 2) + 1,
  )
  return (low + high) / 2
}

/** Variance of a population, or of a sample, which has none with one element. */
function variance(values: number[], isSample: boolean): number {
  const middle = values.reduce((a, b) => a + b) / values.length
  const squares = values.reduce((all, each) => all + (each - middle) ** 2, 0)
  return squares / (isSample ? values.length - 1 : values.length)
}

/** The element that is there most often; of two such none is the mode. */
function mode([list]: unknown[]): unknown {
  const some = present(list)
  if (!some) return null
  const read = readNumbers(some)
  const found: { value: unknown; count: number }[] = []
  for (const value of read?.numbers ?? some) {
    const known = found.find((each) => equals(each.value, value) === true)
    if (known) known.count++
    else found.push({ value, count: 1 })
  }
  const most = Math.max(...found.map(({ count }) => count))
  const [only, ...others] = found.filter(({ count }) => count === most)
  if (others.length > 0) throw new OperatorError('the list has more than one mode')
  return read ? read.result(Number(only?.value)) : only?.value
}

/**
 * The greatest or least element; null where it is not known which one that is: of a date in March and one that is only known to be of
 * March, the first in the list would else be the answer, and be taken for sure.
 */
function extreme(list: unknown, isBeyond: (a: unknown, b: unknown) => unknown): unknown {
  if (!Array.isArray(list)) return null
  const some: unknown[] = list.filter((each) => each !== null && each !== undefined)
  const [first, ...others] = some
  if (first === undefined) return null
  let found: unknown = first
  for (const each of others) if (isBeyond(each, found) === true) found = each
  const isSure = some.every((each) => each === found || isBeyond(each, found) === false || equals(each, found) === true)
  return isSure ? found : null
}

/** The greatest of a list (CQL 1.5, Max). */
export const greatest = (list: unknown): unknown =>
  extreme(list, (a, b) => (isLong(a) && isLong(b) ? a > b : isGreater(a, b)))

/** The least of a list (CQL 1.5, Min). */
export const least = (list: unknown): unknown =>
  extreme(list, (a, b) => (isLong(a) && isLong(b) ? a < b : isLess(a, b)))

/** Installs the corrections of aggregates. */
export function correctAggregates(): void {
  const install = (name: string, compute: (values: unknown[], node: JsonObject) => unknown) =>
    replaceNamedOperator(name, ['source'], compute)
  install(
    'Sum',
    total((a, b) => a + b, sum),
  )
  install(
    'Product',
    total((a, b) => a * b, product),
  )
  install(
    'Avg',
    ofNumbers((values) => mean(values) / values.length),
  )
  install('Median', ofNumbers(median))
  install('Mode', mode)
  install(
    'Variance',
    ofNumbers((values) => variance(values, true)),
  )
  install(
    'PopulationVariance',
    ofNumbers((values) => variance(values, false)),
  )
  install(
    'StdDev',
    ofNumbers((values) => Math.sqrt(variance(values, true))),
  )
  install(
    'PopulationStdDev',
    ofNumbers((values) => Math.sqrt(variance(values, false))),
  )
  install(
    'GeometricMean',
    ofNumbers((values) => values.reduce((a, b) => a * b) ** (1 / values.length)),
  )
  install('Max', ([list]) => greatest(list))
  install('Min', ([list]) => least(list))
}
