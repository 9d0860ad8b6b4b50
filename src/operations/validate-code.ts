import { defineOperation } from '../fhir/operation.ts'
import { withBoundValueSet } from './bound-value-set.ts'
import type { OperationContext } from './context.ts'
import { withInstance } from './instance-resource.ts'
import { COMMON_PARAMETERS, input, output, VALUE_SET_PARAMETERS } from './terminology-parameters.ts'

/** `ValueSet|CodeSystem/$validate-code`: whether a coded value is in a value set or code system (IHE ITI-99). */
export const validateCodeOperation = defineOperation<OperationContext>({
  name: 'validate-code',
  title: 'Code Validation',
  description: 'Answers whether a code, coding or concept is in a value set or code system, and what is wrong with it.',
  base: 'http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code',
  type: ['ValueSet', 'CodeSystem'],
  instance: ['ValueSet', 'CodeSystem'],
  get: true,
  parameters: [
    ...VALUE_SET_PARAMETERS,
    input('context', 'uri', 'StructureDefinition and element (url#path) whose bound value set is meant'),
    input('codeSystem', 'CodeSystem', 'The code system itself (CodeSystem level)'),
    input('code', 'code', 'The code'),
    input('system', 'uri', 'Code system of the code'),
    input('systemVersion', 'string', 'Version of the code system (ValueSet level)'),
    input('version', 'string', 'Version of the code system (CodeSystem level)'),
    input('display', 'string', 'Display to check'),
    input('coding', 'Coding', 'The value as a Coding'),
    input('codeableConcept', 'CodeableConcept', 'The value as a CodeableConcept: one coding must be in the set'),
    input('date', 'dateTime', 'Accepted; definitions are taken as they stand now'),
    input('abstract', 'boolean', 'Whether abstract codes may be used'),
    input('inferSystem', 'boolean', 'Find the system of a code that comes without one'),
    input('lenient-display-validation', 'boolean', 'A wrong display is a warning'),
    input('valueset-membership-only', 'boolean', 'No checks of display and status'),
    ...COMMON_PARAMETERS,
    output('result', 'boolean', 'Whether the value is valid'),
    output('code', 'code', 'The code'),
    output('system', 'uri', 'Its system'),
    output('version', 'string', 'The version of the system it was found in'),
    output('display', 'string', 'The right display'),
    output('codeableConcept', 'CodeableConcept', 'The concept that was asked about'),
    output('issues', 'OperationOutcome', 'What is wrong or worth knowing'),
    output('message', 'string', 'Errors and warnings in one text'),
    output('inactive', 'boolean', 'Whether the concept is inactive'),
    output('status', 'code', 'Status of the concept'),
    output('normalized-code', 'code', 'The code as the system writes it'),
    output('x-caused-by-unknown-system', 'canonical', 'Unknown system the answer hung on', '*'),
    output('x-unknown-system', 'canonical', 'Unknown system that the value names', '*'),
  ],
  handle: async (call, context) => {
    const resourceType = call.resourceType === 'CodeSystem' ? 'CodeSystem' : 'ValueSet'
    const given = await withInstance(call, context, resourceType === 'ValueSet' ? 'valueSet' : 'codeSystem')
    const parameters = resourceType === 'ValueSet' ? await withBoundValueSet(given, context.storage) : given
    const resource = await context.terminology.validateCode(parameters, {
      acceptLanguage: call.acceptLanguage,
      budget: call.budget?.(),
      resourceType,
    })
    return { resource }
  },
})
