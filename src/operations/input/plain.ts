import type { Parameters } from '../../fhir/types.ts'

/** Whether parameters say all that there is to say: none of them leads to a StructureDefinition or a manifest, which are read first. */
export function isPlain({ parameter = [] }: Parameters): boolean {
  for (const { name } of parameter) if (name === 'context' || name === 'manifest') return false
  return true
}
