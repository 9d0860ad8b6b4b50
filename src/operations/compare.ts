import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { COMMON_PARAMETERS } from './input/terminology-parameters.ts'

/** `ValueSet/$compare`: how two value sets relate (HL7 terminology ecosystem). */
export const compare = defineOperation<OperationContext>({
  name: 'compare',
  title: 'Value Set Comparison',
  description: 'Answers whether two value sets are the same, one contains the other, or they overlap.',
  type: ['ValueSet'],
  get: true,
  costly: true,
  parameters: [
    input('thisUrl', 'canonical', 'Canonical of the first value set'),
    input('thisValueSet', 'ValueSet', 'The first value set itself'),
    input('otherUrl', 'canonical', 'Canonical of the second value set'),
    input('otherValueSet', 'ValueSet', 'The second value set itself'),
    input('diagnostics', 'boolean', 'Answer the codes that make the difference'),
    ...COMMON_PARAMETERS,
    output('result', 'code', 'same | superset | subset | overlapping | disjoint | empty'),
    output('message', 'string', 'The result in words'),
    output('performed-expansion', 'boolean', 'Whether the members had to be listed'),
    output('common-codes', 'string', 'Codes of both'),
    output('missing-codes', 'string', 'Codes of the first alone'),
    output('extra-codes', 'string', 'Codes of the second alone'),
  ],
  handle: async (call, { terminology }) => ({
    resource: await terminology.compare(call.parameters, { budget: call.budget?.() }),
  }),
})
