/** Why a text is not JSON as it is read here: bad syntax, a value out of range, or more than is worth reading. */
export type JsonErrorCode = 'structure' | 'value' | 'too-costly'

/** A text that is refused as JSON; the message is for a person and may quote names of members, never values. */
export class JsonError extends Error {
  readonly code: JsonErrorCode
  /** `line 3, column 7: …` where the place is known. */
  readonly diagnostics: string | undefined
  /** Path of the member at fault, e.g. `compose.include[0]`. */
  readonly expression: string | undefined

  constructor(code: JsonErrorCode, text: string, place: { diagnostics?: string; expression?: string } = {}) {
    super(text)
    this.name = 'JsonError'
    this.code = code
    this.diagnostics = place.diagnostics
    this.expression = place.expression
  }
}
