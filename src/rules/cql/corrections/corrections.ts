import { DateTime } from 'cql-execution'
import { correctBoundaries } from './boundaries.ts'
import { correctListsAndIntervals } from './lists-and-intervals.ts'
import { correctNumbers } from './numbers.ts'
import { addOperator, replaceOperator } from './operators.ts'
import { correctTexts } from './texts.ts'

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
 * Corrects the executor where it departs from CQL 1.5 (test/rules/corrections.test.ts has one case for each). Once per process; called
 * before the first library is linked.
 */
export function correctExecutor(): void {
  if (corrected) return
  corrected = true
  correctNumbers()
  correctBoundaries()
  correctListsAndIntervals()
  correctTexts()
  replaceOperator('DateTime', async ({ original }) => checkYear(await original()))
  for (const name of unimplemented)
    addOperator(name, ({ args }) => {
      if (args[0] === null) return null
      throw new Error(`the operator ${name} is not supported`)
    })
}

/** `DateTime(null)` is null; years go from 1 to 9999. */
function checkYear(value: unknown): unknown {
  if (!(value instanceof DateTime)) return value
  const { year } = value
  if (year === null || year === undefined) return null
  if (year < 1 || year > 9999) throw new Error('the year is out of range')
  return value
}
