import { linearEngine } from '../../../base/regex/linear-engine.ts'
import { filteredSelection } from '../../code-system/selection.ts'
import type { FilterOperator } from './filter-operator.ts'
import { propertyReader } from './property-values.ts'

/** `regex`: a value of the property matches the whole expression; time grows with the length of the value alone. */
export const regex: FilterOperator = (call) => {
  const matches = compileExpression(call.value, call.fail)
  const read = propertyReader(call)
  return filteredSelection(call.provider.all, (ref) => read(ref).some(matches))
}

/**
 * Reads a regular expression: whether a text matches it as a whole.
 * @throws what `fail` makes of the reason why it cannot be used
 */
export function compileExpression(expression: string, fail: (text: string) => Error): (text: string) => boolean {
  if (expression.length > 1000) throw fail('the regular expression is longer than 1000 characters')
  const simple = simpleExpression(expression)
  if (simple) return (text) => simple.test(text)
  try {
    const pattern = linearEngine().compile(expression)
    return (text) => pattern.matches(text)
  } catch (error) {
    throw fail(`the regular expression is not supported: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * JavaScript's engine, ten times faster, for expressions that cannot backtrack far: letters, digits, classes and at
 * most two repetitions, no group, no alternative, no look-around. Undefined for anything else.
 */
function simpleExpression(expression: string): RegExp | undefined {
  if (
    !/^(?:[A-Za-z0-9 _\-:;,/#%&"'!@~<>=.]|\\[.dwsSDW\-/]|\[\^?(?:[A-Za-z0-9 _\-:,/.]|\\[trnf.dws-])+\]|[*+?]|\{\d{1,2}(?:,\d{1,2})?\})*$/.test(
      expression,
    )
  ) {
    return undefined
  }
  if ((expression.match(/[*+?{]/g)?.length ?? 0) > 2) return undefined
  try {
    return new RegExp(`^(?:${expression})$`, 'u')
  } catch {
    return undefined // an oddity such as `a**`: the other engine says what is wrong with it
  }
}
