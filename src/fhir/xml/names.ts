/** Names and lexical forms that the reader and the writer of FHIR XML share. */
import type { Json } from '../../base/json-value.ts'

/** Namespace of FHIR elements. */
export const FHIR_NAMESPACE = 'http://hl7.org/fhir'
/** Namespace of the narrative. */
export const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml'
/** Namespace of `xsi:schemaLocation`, the one foreign attribute that FHIR allows. */
export const SCHEMA_INSTANCE_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance'

/** The lexical forms of the standard (datatypes.html#integer): a plus sign is allowed, in XML alone. */
const INTEGER = /^(?:0|[-+]?[1-9]\d{0,14})$/
const INTEGERS = new Map([
  ['integer', INTEGER],
  ['unsignedInt', /^(?:0|[1-9]\d{0,14})$/],
  ['positiveInt', /^\+?[1-9]\d{0,14}$/],
])

/** The JSON value of a primitive's text; undefined when the text is not a boolean, an integer or a decimal but should be. */
export function primitiveFromText(type: string, text: string): Json | undefined {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  const integer = INTEGERS.get(type)
  if (integer) return integer.test(text) ? Number(text) : undefined
  if (type !== 'decimal') return text
  const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}
