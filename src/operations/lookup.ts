import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { COMMON_PARAMETERS } from './input/terminology-parameters.ts'

/** `CodeSystem/$lookup`: everything known about a code (IHE ITI-98). */
export const lookup = defineOperation<OperationContext>({
  name: 'lookup',
  title: 'Concept Look Up',
  description: 'Answers name, display, definition, designations and properties of one code.',
  base: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup',
  type: ['CodeSystem'],
  get: true,
  parameters: [
    input('code', 'code', 'The code'),
    input('system', 'uri', 'Its code system'),
    input('version', 'string', 'Version of the code system'),
    input('coding', 'Coding', 'The code as a Coding'),
    input('date', 'dateTime', 'The versions that were there on that day, as their dates say'),
    input('property', 'code', 'Property to answer, * for all', '0..*'),
    ...COMMON_PARAMETERS,
    output('name', 'string', 'Name of the code system'),
    output('code', 'code', 'The code'),
    output('system', 'uri', 'Its code system'),
    output('version', 'string', 'Version of the code system'),
    output('display', 'string', 'Display in the wished language'),
    output('definition', 'string', 'Definition'),
    output('abstract', 'boolean', 'Whether the concept is abstract'),
    {
      ...output('designation', '', 'Other texts of the concept', '0..*'),
      part: [
        output('language', 'code', 'Language'),
        output('use', 'Coding', 'Use'),
        output('value', 'string', 'Text'),
        output('source', 'canonical', 'Supplement that adds it'),
      ],
    },
    {
      ...output('property', '', 'Properties', '0..*'),
      part: [
        output('code', 'code', 'Property'),
        output('value', 'Any', 'Value'),
        output('description', 'string', 'Display of the value'),
      ],
    },
    output('used-supplement', 'canonical', 'Supplement that was applied', '0..*'),
  ].map(withoutEmptyType),
  handle: async (call, { terminology }) => ({
    resource: await terminology.lookup(call.parameters, {
      acceptLanguage: call.acceptLanguage,
      budget: call.budget?.(),
    }),
  }),
  atOnce: ({ parameters, acceptLanguage }, { terminology }) =>
    terminology.atOnce.lookup(parameters, { acceptLanguage }),
})

/** A parameter with parts has no type. */
function withoutEmptyType<T extends { type?: string }>(parameter: T): T {
  if (parameter.type === '') delete parameter.type
  return parameter
}
