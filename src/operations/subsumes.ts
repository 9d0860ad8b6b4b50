import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { withInstance } from './input/instance-resource.ts'
import { COMMON_PARAMETERS } from './input/terminology-parameters.ts'

/** `CodeSystem/$subsumes`: how two codes of one system stand to each other. */
export const subsumes = defineOperation<OperationContext>({
  name: 'subsumes',
  title: 'Subsumption Testing',
  description: 'Answers equivalent, subsumes, subsumed-by or not-subsumed for two codes of one code system.',
  base: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes',
  type: ['CodeSystem'],
  instance: ['CodeSystem'],
  get: true,
  parameters: [
    input('codeA', 'code', 'First code'),
    input('codeB', 'code', 'Second code'),
    input('system', 'uri', 'Their code system'),
    input('version', 'string', 'Version of the code system'),
    input('codingA', 'Coding', 'First code as a Coding'),
    input('codingB', 'Coding', 'Second code as a Coding'),
    ...COMMON_PARAMETERS,
    output('outcome', 'code', 'equivalent | subsumes | subsumed-by | not-subsumed'),
  ],
  handle: async (call, context) => ({
    resource: await context.terminology.subsumes(
      await withInstance(call, context, { name: 'codeSystem', type: 'CodeSystem' }),
      {
        budget: call.budget?.(),
      },
    ),
  }),
  atOnce: ({ parameters }, { terminology }) => terminology.atOnce.subsumes(parameters),
})
