import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation, type OperationCall } from '../fhir/operation.ts'
import type { Parameters } from '../fhir/types.ts'
import type { OperationContext } from './context.ts'
import { withBoundValueSet } from './input/bound-value-set.ts'
import { withInstance } from './input/instance-resource.ts'
import { withManifest } from './input/manifest.ts'
import { isPlain } from './input/plain.ts'
import { COMMON_PARAMETERS, MANIFEST_PARAMETER, VALUE_SET_PARAMETERS } from './input/terminology-parameters.ts'

/** The value and what is to be checked of it, at both levels. */
const VALUE_PARAMETERS = [
  input('code', 'code', 'The code'),
  input('display', 'string', 'Display to check'),
  input('coding', 'Coding', 'The value as a Coding; of code, coding and codeableConcept one may be sent'),
  input('codeableConcept', 'CodeableConcept', 'The value as a CodeableConcept: one coding must be in the set'),
  input('date', 'dateTime', 'The versions that were there on that day, as their dates say'),
  input('abstract', 'boolean', 'Whether abstract codes may be used'),
  input('lenient-display-validation', 'boolean', 'A wrong display is a warning'),
  input('mode', 'code', 'lenient-display-validation: the same'),
  MANIFEST_PARAMETER,
  ...COMMON_PARAMETERS,
]

const ANSWER_PARAMETERS = [
  output('result', 'boolean', 'Whether the value is valid'),
  output('code', 'code', 'The code'),
  output('system', 'uri', 'Its system'),
  output('version', 'string', 'The version of the system it was found in'),
  output('display', 'string', 'The right display'),
  output('codeableConcept', 'CodeableConcept', 'The concept that was asked about'),
  output('issues', 'OperationOutcome', 'What is wrong or worth knowing'),
  output('message', 'string', 'Errors and warnings in one text'),
  output('inactive', 'boolean', 'Whether the concept is inactive'),
  output('status', 'code', 'Status of a concept that is inactive or deprecated'),
  output('normalized-code', 'code', 'The code as the system writes it'),
  output('x-caused-by-unknown-system', 'canonical', 'Unknown system the answer hung on', '0..*'),
  output('x-unknown-system', 'canonical', 'Unknown system that the value names', '0..*'),
]

/** `ValueSet/$validate-code`: whether a coded value is in a value set (IHE ITI-99). */
export const validateInValueSet = defineOperation<OperationContext>({
  name: 'validate-code',
  title: 'Value Set based Validation',
  description: 'Answers whether a code, coding or concept is in a value set, and what is wrong with it.',
  base: 'http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code',
  type: ['ValueSet'],
  instance: ['ValueSet'],
  get: true,
  parameters: [
    ...VALUE_SET_PARAMETERS,
    input('context', 'uri', 'StructureDefinition and element (url#path) whose bound value set is meant'),
    input('system', 'uri', 'Code system of the code'),
    input('systemVersion', 'string', 'Version of the code system'),
    input('inferSystem', 'boolean', 'Find the system of a code that comes without one'),
    input('valueset-membership-only', 'boolean', 'No checks of display and status'),
    input('valueSetMode', 'code', 'CHECK_MEMBERSHIP_ONLY: the same'),
    ...VALUE_PARAMETERS,
    ...ANSWER_PARAMETERS,
  ],
  handle: async (call, context) => {
    const given = await withInstance(call, context, { name: 'valueSet', type: 'ValueSet' })
    return answer(await withBoundValueSet(given, context.storage), call, context)
  },
  atOnce: ({ parameters, acceptLanguage }, { terminology }) =>
    isPlain(parameters) ? terminology.atOnce.validateInValueSet(parameters, { acceptLanguage }) : undefined,
})

/** `CodeSystem/$validate-code`: whether a coded value is in a code system (IHE ITI-99). */
export const validateInCodeSystem = defineOperation<OperationContext>({
  name: 'validate-code',
  title: 'Code System based Validation',
  description: 'Answers whether a code, coding or concept is in a code system, and what is wrong with it.',
  base: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code',
  type: ['CodeSystem'],
  instance: ['CodeSystem'],
  get: true,
  parameters: [
    input('url', 'uri', 'Canonical of the code system'),
    input('codeSystem', 'CodeSystem', 'The code system itself'),
    input('system', 'uri', 'The same as url'),
    input('version', 'string', 'Version of the code system'),
    ...VALUE_PARAMETERS,
    ...ANSWER_PARAMETERS,
  ],
  handle: async (call, context) =>
    answer(await withInstance(call, context, { name: 'codeSystem', type: 'CodeSystem' }), call, context),
  atOnce: ({ parameters, acceptLanguage }, { terminology }) =>
    isPlain(parameters) ? terminology.atOnce.validateInCodeSystem(parameters, { acceptLanguage }) : undefined,
})

const declared = {
  ValueSet: new Set(validateInValueSet.parameters.map(({ name }) => name)),
  CodeSystem: new Set(validateInCodeSystem.parameters.map(({ name }) => name)),
}

async function answer(given: Parameters, call: OperationCall, context: OperationContext) {
  const { terminology } = context
  const resourceType = call.resourceType === 'CodeSystem' ? 'CodeSystem' : 'ValueSet'
  const parameters = await withManifest(given, declared[resourceType], context)
  const { acceptLanguage } = call
  const resource = await terminology.validateCode(parameters, { acceptLanguage, budget: call.budget?.(), resourceType })
  return { resource }
}
