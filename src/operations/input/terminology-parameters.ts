import type { ParameterDeclaration } from '../../fhir/operation.ts'

/** Short form of an in-parameter that occurs at most once. */
export function input(name: string, type: string, documentation: string, max = '1'): ParameterDeclaration {
  return { name, use: 'in', min: 0, max, type, documentation }
}

/** Short form of an out-parameter. */
export function output(name: string, type: string, documentation: string, max = '1'): ParameterDeclaration {
  return { name, use: 'out', min: 0, max, type, documentation }
}

/** What every terminology operation understands beside its own parameters (HL7 terminology ecosystem). */
export const COMMON_PARAMETERS: ParameterDeclaration[] = [
  input('tx-resource', 'Any', 'CodeSystem, ValueSet, ConceptMap or supplement that counts for this request alone', '*'),
  input('displayLanguage', 'code', 'Languages for displays, in the syntax of Accept-Language'),
  input('useSupplement', 'canonical', 'Code system supplement to apply', '*'),
  input('system-version', 'canonical', 'Version of a code system where the value set names none', '*'),
  input('check-system-version', 'canonical', 'Version of a code system that must be met; segments may be x', '*'),
  input('force-system-version', 'canonical', 'Version of a code system whatever the value set says', '*'),
]

/** What expansion and validation against a value set understand in common. */
export const VALUE_SET_PARAMETERS: ParameterDeclaration[] = [
  input('url', 'uri', 'Canonical of the value set'),
  input('valueSet', 'ValueSet', 'The value set itself'),
  input('valueSetVersion', 'string', 'Business version of the value set'),
  input('default-valueset-version', 'canonical', 'Version of a value set that is imported without version', '*'),
  input('check-valueset-version', 'canonical', 'Version of a value set that must be met', '*'),
  input('force-valueset-version', 'canonical', 'Version of a value set whatever the import says', '*'),
  input('activeOnly', 'boolean', 'Inactive concepts do not count'),
]
