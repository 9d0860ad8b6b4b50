import type { Json } from '../../base/json-value.ts'

/** A number as JSON writes it, without a sign or zeros in front that it does not have. */
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** The text of a decimal whose precision is worth keeping; undefined when JSON could not write it so. */
export function decimalText(text: Json | undefined): string | undefined {
  return typeof text === 'string' && JSON_NUMBER.test(text.trim()) ? text.trim() : undefined
}
