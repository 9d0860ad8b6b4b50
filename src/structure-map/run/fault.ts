import { FhirError, unprocessable } from '../../fhir/error.ts'

/** What a map did wrong while it ran; the rule adds where. Never holds values of the instance: they may be personal. */
export class TransformFault extends Error {
  /** FHIR issue type. */
  readonly code: 'processing' | 'too-costly'

  constructor(message: string, code: TransformFault['code'] = 'processing') {
    super(message)
    this.code = code
  }
}

/**
 * A value that cannot become what the map wants of it: not the map is wrong, but what it was given. A tolerant run leaves
 * such a value out and goes on.
 */
export class ValueFault extends TransformFault {
  /** FHIR type that was wanted, where it is known. */
  readonly type: string | undefined

  constructor(message: string, type?: string) {
    super(message)
    this.type = type
  }
}

/** Place of a fault: FHIRPath-like path of rule names, and line and column when the map was FML. */
export interface FaultPlace {
  map: string
  group: string
  /** Absent when it is the group itself that fails. */
  rule?: string
  position: { line: number; column: number } | undefined
}

/** Errors that name their place already. */
const placed = new WeakSet<FhirError>()

/** The error that leaves the engine: 422, naming map, group, rule and position, once. Bugs stay what they are. */
export function relocate(error: unknown, place: FaultPlace): unknown {
  if (error instanceof FhirError) {
    const code = error.issues[0]?.code === 'too-costly' ? 'too-costly' : 'processing'
    return placed.has(error) ? error : locate(error.message, code, place)
  }
  if (error instanceof TransformFault) return locate(error.message, error.code, place)
  if (!(error instanceof RangeError)) return error
  if (/call stack/i.test(error.message)) return locate('rules nest too deep', 'too-costly', place)
  return /invalid (string|array) length/i.test(error.message)
    ? locate('the result grows too big', 'too-costly', place)
    : error
}

function locate(message: string, code: TransformFault['code'], place: FaultPlace): FhirError {
  const where = place.position ? `line ${place.position.line}, column ${place.position.column}: ` : ''
  const rule = place.rule === undefined ? '' : `, rule '${place.rule}'`
  const text = `StructureMap ${place.map}, group '${place.group}'${rule}: ${message}`
  const made = unprocessable({ text, diagnostics: `${where}${text}` }, code)
  placed.add(made)
  return made
}
