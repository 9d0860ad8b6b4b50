import { unprocessable } from '../fhir/error.ts'

/** What a map did wrong while it ran; the rule adds where. Never holds values of the instance: they may be personal. */
export class TransformFault extends Error {
  /** FHIR issue type. */
  readonly code: 'processing' | 'too-costly' | 'not-found' | 'value' | 'invariant'
  located = false

  constructor(message: string, code: TransformFault['code'] = 'processing') {
    super(message)
    this.code = code
  }
}

/** Place of a fault: FHIRPath-like path of rule names, and line and column when the map was FML. */
export interface FaultPlace {
  map: string
  group: string
  rule: string
  position: { line: number; column: number } | undefined
}

/** The error that leaves the engine: 422, naming map, group, rule and position. */
export function locate(message: string, code: TransformFault['code'], place: FaultPlace) {
  const where = place.position ? `line ${place.position.line}, column ${place.position.column}: ` : ''
  const text = `StructureMap ${place.map}, group '${place.group}', rule '${place.rule}': ${message}`
  return unprocessable({ text, diagnostics: `${where}${text}` }, code)
}
