import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { withInstance } from './input/instance-resource.ts'

/** `ConceptMap/$translate`: codes of another system for a code, in both directions (IHE ITI-101). */
export const translateOperation = defineOperation<OperationContext>({
  name: 'translate',
  title: 'Concept Translation',
  description:
    'Translates a code by a concept map, or by every map whose groups fit; the closest translation comes first. R5 parameter names are understood; a target code asks in reverse.',
  base: 'http://hl7.org/fhir/OperationDefinition/ConceptMap-translate',
  type: ['ConceptMap'],
  instance: ['ConceptMap'],
  get: true,
  parameters: [
    input('url', 'uri', 'Canonical of the concept map'),
    input('conceptMap', 'ConceptMap', 'The concept map itself'),
    input('conceptMapVersion', 'string', 'Business version of the concept map'),
    input('code', 'code', 'The code'),
    input('system', 'uri', 'Its code system'),
    input('version', 'string', 'Version of the code system'),
    input('coding', 'Coding', 'The code as a Coding'),
    input('codeableConcept', 'CodeableConcept', 'Several codings to translate'),
    input('source', 'uri', 'Value set the code is from'),
    input('target', 'uri', 'Value set the translation should be in'),
    input('targetsystem', 'uri', 'Code system wanted'),
    input('reverse', 'boolean', 'From target to source'),
    input(
      'dependency',
      [input('element', 'uri', 'The element'), input('concept', 'CodeableConcept', 'Its value')],
      'Another element the translation depends on',
      '0..*',
    ),
    ...['sourceCode', 'sourceSystem', 'sourceCoding', 'targetCode', 'targetSystem', 'targetCoding'].map((name) =>
      input(name, name.endsWith('Coding') ? 'Coding' : name.endsWith('Code') ? 'code' : 'uri', 'As in R5'),
    ),
    input('tx-resource', 'Any', 'CodeSystem, ValueSet or ConceptMap that counts for this request alone', '0..*'),
    output('result', 'boolean', 'Whether there is a translation'),
    output('message', 'string', 'Why there is none'),
    output(
      'match',
      [
        output('equivalence', 'code', 'How the codes relate'),
        output('concept', 'Coding', 'The translation'),
        output(
          'product',
          [output('element', 'uri', 'The element'), output('concept', 'Coding', 'Its value')],
          'Another element that the translation brings along',
          '0..*',
        ),
        output('source', 'Any', 'The map it comes from (uri, R4); asked by a target code, the code on the other side'),
        output('originMap', 'canonical', 'The map it comes from (R5)'),
      ],
      'A translation',
      '0..*',
    ),
  ],
  handle: async (call, context) => {
    const parameters = await withInstance(call, context, { name: 'conceptMap', type: 'ConceptMap' })
    return { resource: await context.terminology.translate(parameters, { budget: call.budget?.() }) }
  },
  atOnce: ({ parameters }, { terminology }) => terminology.atOnce.translate(parameters),
})
