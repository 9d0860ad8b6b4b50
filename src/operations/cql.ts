import { input, output } from '../fhir/declare-parameter.ts'
import { badRequest } from '../fhir/error.ts'
import { allParameters, defineOperation, firstParameter, textParameter } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import {
  encodedReply,
  endpointParameters,
  readRunParameters,
  resourceParameter,
  runParameters,
} from './input/cql-parameters.ts'

/** `POST [base]/$cql` of the HL7 implementation guide "Using CQL with FHIR": evaluates a bare CQL expression. */
export const cql = defineOperation<OperationContext>({
  name: 'cql',
  title: 'CQL',
  description: 'Evaluates a CQL expression and returns its value as the parameter `return`.',
  base: 'http://hl7.org/fhir/uv/cql/OperationDefinition/cql-cql',
  system: true,
  personal: true,
  strict: true,
  parameters: [
    input('expression', 'string', 'The CQL expression.', '1..1'),
    ...runParameters,
    input(
      'library',
      [
        input('url', 'canonical', 'Canonical of the Library.', '1..1'),
        input('name', 'string', 'The name by which the expression calls it; default the CQL identifier.'),
      ],
      'A stored Library that the expression refers to.',
      '0..*',
    ),
    input(
      'content',
      'Library',
      'A Library with text/cql content; the expression is evaluated as if it were one of its defines.',
    ),
    ...endpointParameters,
    output(
      'return',
      'Any',
      'The value; a list is repeated. `evaluation error` with an OperationOutcome instead when the evaluation fails.',
      '0..*',
    ),
  ],
  async handle(call, context) {
    const { parameters } = call
    const expression = textParameter(parameters, 'expression')
    if (expression === undefined)
      throw badRequest({ text: '$cql needs the parameter expression', expression: 'Parameters.parameter' }, 'required')
    const libraries = allParameters(parameters, 'library').map(({ part }) => {
      const text = (name: string) => textParameter({ resourceType: 'Parameters', parameter: part ?? [] }, name)
      const canonical = text('url')
      const name = text('name')
      if (canonical === undefined)
        throw badRequest(
          { text: 'the parameter library needs the part url', expression: 'Parameters.parameter' },
          'required',
        )
      return name === undefined ? { canonical } : { canonical, name }
    })
    const content = resourceParameter(firstParameter(parameters, 'content'), 'Library')
    const result = await context.rules.evaluateCql({
      expression,
      libraries,
      ...(content ? { content } : {}),
      ...readRunParameters(parameters),
      clock: context.now().toISOString(),
      client: call.client,
      isGone: call.isGone,
    })
    return { resource: encodedReply([result], []) }
  },
})
