import type { ValueSet } from '../../fhir/types.ts'
export function implicitValueSet(_url: string): ValueSet | undefined {
  return undefined
}
