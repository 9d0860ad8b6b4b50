import { javaScriptReplacement } from '../../../base/regex/regex.ts'
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
  replaceNamedOperator('Substring', ['stringToSub', 'startIndex', 'length'], ([text, start, length]) => {
    if (!isText(text) || typeof start !== 'number' || start < 0) return null
    // At 0 there is a text, if an empty one.
    if (start > 0 && start >= text.length) return null
    if (length === null || length === undefined) return text.slice(start)
    return typeof length === 'number' ? text.slice(start, start + Math.max(0, length)) : null
  })
  replaceNamedOperator('SplitOnMatches', ['stringToSplit', 'separatorPattern'], ([text, pattern]) => {
    if (!isText(text)) return null
    return isText(pattern) && text !== '' ? safeRegex(pattern).split(text) : [text]
  })
}

const isText = (value: unknown): value is string => typeof value === 'string'
