import { isJsonObject } from '../../../base/json.ts'
import { type Elm, visit } from './elm.ts'

/**
 * Fractions of a second in the literals of a text: `.5` is 500 milliseconds and `.12345` is 123 (CQL 1.5, DateTime and Time literals),
 * where the translator takes the digits for a number of milliseconds. Read again from the text, at the place that ELM tells.
 */
export function correctFractions(elm: Elm, text: string): void {
  let lines: string[] | undefined
  visit(elm.library, ({ type, millisecond, locator }) => {
    if ((type !== 'Time' && type !== 'DateTime') || !isJsonObject(millisecond) || typeof locator !== 'string') return
    const [, line, from, , to] = /^(\d+):(\d+)-(\d+):(\d+)$/.exec(locator) ?? []
    lines ??= text.split('\n')
    const written = lines[Number(line) - 1]?.slice(Number(from) - 1, Number(to)) ?? ''
    const digits = /^@[\dT:-]+\.(\d+)/.exec(written)?.[1]
    if (digits !== undefined) millisecond.value = String(Number(digits.slice(0, 3).padEnd(3, '0')))
  })
}
