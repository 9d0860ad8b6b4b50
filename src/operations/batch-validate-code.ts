import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { COMMON_PARAMETERS, VALUE_SET_PARAMETERS } from './input/terminology-parameters.ts'

/** `$batch-validate-code`: many validations that share parameters, one answer each. */
export const batchValidateCode = defineOperation<OperationContext>({
  name: 'batch-validate-code',
  title: 'Batch Code Validation',
  description:
    'Answers each validation with its Parameters; one that cannot be served has its own OperationOutcome and the others are answered.',
  type: ['ValueSet', 'CodeSystem'],
  parameters: [
    { ...input('validation', 'Parameters', 'Parameters of one $validate-code', '0..*'), min: 1 },
    ...VALUE_SET_PARAMETERS,
    input('lenient-display-validation', 'boolean', 'A wrong display is a warning'),
    ...COMMON_PARAMETERS,
    output('validation', 'Parameters', 'Answer to one validation, in order', '0..*'),
  ],
  handle: async (call, { terminology }) => ({
    resource: await terminology.batchValidateCode(call.parameters, {
      acceptLanguage: call.acceptLanguage,
      budget: call.budget?.(),
      resourceType: call.resourceType === 'CodeSystem' ? 'CodeSystem' : 'ValueSet',
    }),
  }),
})
