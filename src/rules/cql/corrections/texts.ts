import { javaScriptReplacement } from '../../../base/regex.ts'
import { safeRegex } from '../../../fhir/safe-regex.ts'
import { replaceNamedOperator, replaceOperator } from './operators.ts'

/**
 * Regular expressions of CQL (CQL 1.5, Matches, ReplaceMatches, SplitOnMatches) are checked and run in bounded time; the executor's
 * own would run for ever on some.
 */
export function correctTexts(): void {
  replaceOperator('Matches', ({ args: [text, pattern] }) =>
    isText(text) && isText(pattern) ? safeRegex(`^(?:${pattern})$`).test(text) : null,
  )
  replaceOperator('ReplaceMatches', ({ args: [text, pattern, substitution] }) => {
    if (!isText(text) || !isText(pattern) || !isText(substitution)) return null
    return text.replace(safeRegex(pattern, 'g'), javaScriptReplacement(substitution))
  })
  replaceNamedOperator('SplitOnMatches', ['stringToSplit', 'separatorPattern'], ([text, pattern]) => {
    if (!isText(text)) return null
    return isText(pattern) && text !== '' ? safeRegex(pattern).split(text) : [text]
  })
}

const isText = (value: unknown): value is string => typeof value === 'string'
