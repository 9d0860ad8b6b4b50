/** Errors of a CQL run whose texts are known. Everything else that an executor throws may quote a value of the data. */

/** An operator that cannot be applied; the text is fixed and holds nothing of the data. */
export class OperatorError extends Error {}

/** Thrown by `Message(…, 'Error', …)`, which ends the define it stands in (CQL 1.5, Message). */
export class CqlMessageError extends Error {
  /** Code and message as the rule gave them; either may be made of data. */
  readonly parts: string[]

  constructor(parts: string[]) {
    super(parts.join(': '))
    this.parts = parts
  }
}

/** Texts of the executor that are the same whatever the data are. */
const fixedTexts = [
  /^IllegalArgument: 'SingletonFrom' requires a 0 or 1 arg array$/,
  /^Unimplemented Expression: \w+$/,
  /^no function with matching signature could be found$/,
  /^Cannot (?:perform aggregate operations|calculate (?:width|size) of|create a (?:quantity|ratio) with an) [A-Za-z ]+$/,
  /^Argument to \w+ must be an? \w+$/,
  /^(?:Width|Size) of Date, DateTime, and Time intervals is not supported$/,
  /^(?:Retrieves|Library expressions) are not currently supported in Unfiltered Context$/,
  /^the data model has no type \w+$/,
]

/** Why a define failed, without anything that the data could have put there; `literals` are the texts that stand in the rule itself. */
export function discreetReason(error: unknown, literals: () => Set<string>): string {
  if (error instanceof OperatorError) return error.message
  if (error instanceof CqlMessageError) {
    const own = literals()
    const shown = error.parts.filter((each) => own.has(each))
    return shown.length > 0 ? shown.join(': ') : 'the rule reports an error'
  }
  const text = error instanceof Error ? error.message : ''
  return fixedTexts.some((each) => each.test(text)) ? text : 'an operator cannot be applied to these data'
}
