/** What generated code calls: the same functions that the steps call. */
import { leave } from '../step.ts'
import { conjunction, disjunction, holds, isThere, negation } from '../steps/plain.ts'
import { firstOf } from '../steps/queries.ts'
import { elementOf } from '../steps/references.ts'

/** A name stands for something. */
const bound = (value: unknown): unknown => (value === undefined ? leave('a name stands for nothing') : value)
const nothing = (): never => leave('an operand stands for nothing')

/** By the names that generated code has for them. */
export const RUNTIME = {
  conjunction,
  disjunction,
  negation,
  holds,
  isThere,
  elementOf,
  firstOf,
  bound,
  nothing,
}
