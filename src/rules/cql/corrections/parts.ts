/**
 * Parts of the executor that compiled rules are made of: the very functions that its operators call, as corrected, so that a compiled
 * step and an executed one cannot differ in them. Beside `operators.ts` nobody knows where they stand.
 */
import { createRequire } from 'node:module'
import { PatientContext } from 'cql-execution'
import type { TypeSpecifier } from '../translate/elm.ts'

const require = createRequire(import.meta.url)

/** A value that lies in a range, a point in one of no width. */
export interface UncertainValue {
  low: unknown
  isPoint(): boolean
  lessThan(other: unknown): unknown
  lessThanOrEquals(other: unknown): unknown
  greaterThan(other: unknown): unknown
  greaterThanOrEquals(other: unknown): unknown
}

const {
  Uncertainty,
}: { Uncertainty: { from(value: unknown): UncertainValue } } = require('cql-execution/lib/datatypes/uncertainty')

/** A value as one that lies in a range. */
export const uncertain = (value: unknown): UncertainValue => Uncertainty.from(value)

const comparisons: {
  equivalent(a: unknown, b: unknown): unknown
  greaterThan(a: unknown, b: unknown): unknown
  lessThan(a: unknown, b: unknown): unknown
} = require('cql-execution/lib/util/comparison')

/** Equivalence (CQL 1.5, Equivalent), as corrected. */
export const equivalent = (a: unknown, b: unknown): unknown => comparisons.equivalent(a, b)

/** `>` of numbers, texts, dates, times, quantities and uncertain values; null where it is not known. */
export const isGreater = (a: unknown, b: unknown): unknown => comparisons.greaterThan(a, b)

/** `<` of the same. */
export const isLess = (a: unknown, b: unknown): unknown => comparisons.lessThan(a, b)

/** Operators on lists. */
export const lists: {
  toDistinctList(list: unknown[]): unknown[]
  doUnion(a: unknown[], b: unknown[]): unknown[]
  doExcept(a: unknown[], b: unknown[]): unknown[]
  doIntersect(a: unknown[], b: unknown[]): unknown[]
  doContains(list: unknown[], item: unknown): boolean
  doIncludes(list: unknown[], sublist: unknown[]): unknown
} = require('cql-execution/lib/elm/list')

/** Sums of quantities, and of moments and quantities. */
export const quantities: {
  doAddition(a: unknown, b: unknown): unknown
  doSubtraction(a: unknown, b: unknown): unknown
} = require('cql-execution/lib/datatypes/quantity')

/** Ranges of numbers. */
export const numbers: {
  overflowsOrUnderflows(value: unknown): boolean
  isValidDecimal(value: number): boolean
  limitDecimalPrecision(value: number): number
} = require('cql-execution/lib/util/math')

const types: { matchesTypeSpecifier(value: unknown, specifier: TypeSpecifier): unknown } = PatientContext.prototype

/** Whether a value is of a type, as `as`, `is` and the choice among functions of one name ask. */
export const isOfType = (value: unknown, specifier: TypeSpecifier): boolean =>
  Boolean(types.matchesTypeSpecifier(value, specifier))
