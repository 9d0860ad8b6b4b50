/** The preferences of RFC 7240 that FHIR uses. */
export interface Preferences {
  return: 'minimal' | 'representation' | 'OperationOutcome'
  strict: boolean
}

/** Reads `Prefer`; default is `return=representation` and lenient handling. */
export function preferences(header: string | undefined): Preferences {
  const found: Preferences = { return: 'representation', strict: false }
  for (const part of (header ?? '').split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=').map((each) =>
      each
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .toLowerCase(),
    )
    if (name === 'return' && value === 'minimal') found.return = 'minimal'
    if (name === 'return' && value === 'operationoutcome') found.return = 'OperationOutcome'
    if (name === 'handling') found.strict = value === 'strict'
  }
  return found
}
