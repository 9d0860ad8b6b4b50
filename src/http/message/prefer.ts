/** The preferences of RFC 7240 that FHIR uses. */
export interface Preferences {
  return: 'minimal' | 'representation' | 'OperationOutcome'
  /** Whether the client says what it wants to be returned. */
  isReturnStated: boolean
  strict: boolean
}

/** Reads `Prefer`; default is `return=representation` and lenient handling. */
export function preferences(header: string | undefined): Preferences {
  const found: Preferences = { return: 'representation', isReturnStated: false, strict: false }
  for (const part of (header ?? '').split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=').map((each) =>
      each
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .toLowerCase(),
    )
    if (name === 'return' && value === 'minimal') found.return = 'minimal'
    if (name === 'return' && value === 'operationoutcome') found.return = 'OperationOutcome'
    if (name === 'return' && ['minimal', 'operationoutcome', 'representation'].includes(value))
      found.isReturnStated = true
    if (name === 'handling') found.strict = value === 'strict'
  }
  return found
}
