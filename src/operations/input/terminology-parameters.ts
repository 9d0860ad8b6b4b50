import { input } from '../../fhir/declare-parameter.ts'
import type { ParameterDeclaration } from '../../fhir/operation.ts'

/** What every terminology operation understands beside its own parameters (HL7 terminology ecosystem). */
export const COMMON_PARAMETERS: ParameterDeclaration[] = [
  input(
    'tx-resource',
    'Any',
    'CodeSystem, ValueSet, ConceptMap or supplement that counts for this request alone',
    '0..*',
  ),
  input('displayLanguage', 'code', 'Languages for displays, in the syntax of Accept-Language'),
  input('useSupplement', 'canonical', 'Code system supplement to apply', '0..*'),
  input('system-version', 'canonical', 'Version of a code system where the value set names none', '0..*'),
  input('check-system-version', 'canonical', 'Version of a code system that must be met; segments may be x', '0..*'),
  input('force-system-version', 'canonical', 'Version of a code system whatever the value set says', '0..*'),
]

/** Versions for everything that a question names none of. */
export const MANIFEST_PARAMETER = input(
  'manifest',
  'canonical',
  'Library of the type asset-collection whose versions and expansion parameters count where the request says nothing',
)

/** What expansion and validation against a value set understand in common. */
export const VALUE_SET_PARAMETERS: ParameterDeclaration[] = [
  input('url', 'uri', 'Canonical of the value set'),
  input('valueSet', 'ValueSet', 'The value set itself'),
  input('valueSetVersion', 'string', 'Business version of the value set'),
  input('default-valueset-version', 'canonical', 'Version of a value set that is imported without version', '0..*'),
  input('check-valueset-version', 'canonical', 'Version of a value set that must be met', '0..*'),
  input('force-valueset-version', 'canonical', 'Version of a value set whatever the import says', '0..*'),
  input('activeOnly', 'boolean', 'Inactive concepts do not count'),
]
