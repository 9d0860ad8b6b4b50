import { type JsonLimits, parseJson as parse } from '../base/json.ts'
import { JsonError } from '../base/json-error.ts'
import type { Json } from '../base/json-value.ts'
import { badRequest } from './error.ts'

/** Reads JSON of a request (base/json.ts); throws FhirError 400 with line, column and path where the text is refused. */
export function parseJson(input: string | Uint8Array, limits?: JsonLimits): Json {
  try {
    return parse(input, limits)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    const { message: text, code, diagnostics, expression } = error
    throw badRequest(
      { text, ...(diagnostics !== undefined ? { diagnostics } : {}), ...(expression ? { expression } : {}) },
      code,
    )
  }
}
