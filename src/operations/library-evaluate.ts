import { input, output } from '../fhir/declare-parameter.ts'
import { badRequest } from '../fhir/error.ts'
import { isOfType } from '../fhir/json.ts'
import {
  defineOperation,
  firstParameter,
  type OperationCall,
  parameterValue,
  textParameter,
  textParameters,
} from '../fhir/operation.ts'
import type { Library } from '../fhir/types.ts'
import type { OperationContext } from './context.ts'
import { encodedReply, endpointParameters, readRunParameters, runParameters } from './input/cql-parameters.ts'
import { instanceOf } from './input/instance-resource.ts'

/**
 * `Library/$evaluate` and `Library/{id}/$evaluate` of the HL7 implementation guide "Using CQL with FHIR", for CQL, ELM and CertLogic
 * libraries.
 */
export const libraryEvaluate = defineOperation<OperationContext>({
  name: 'evaluate',
  title: 'Evaluate Library',
  description:
    'Evaluates the defines of a CQL library, or the logic of a CertLogic rule, and returns one parameter per define, named like it.',
  base: 'http://hl7.org/fhir/uv/cql/OperationDefinition/cql-library-evaluate',
  type: ['Library'],
  instance: ['Library'],
  personal: true,
  strict: true,
  parameters: [
    input('url', 'canonical', 'Canonical of the Library.'),
    input('library', 'Library', 'The Library itself, not stored.'),
    input(
      'expression',
      'string',
      'Defines to report; default every public one. Errors of the library count only where they are reached.',
      '0..*',
    ),
    ...runParameters,
    ...endpointParameters,
    output(
      'return',
      'Any',
      'One parameter per define, named like it; `evaluation error` with an OperationOutcome for one that fails.',
      '0..*',
    ),
  ],
  async handle(call, context) {
    const { library, untrusted } = await readLibraryParameter(call, context)
    const expressions = textParameters(call.parameters, 'expression')
    const { results, ignored } = await context.rules.encodeLibrary({
      library,
      untrusted,
      ...(expressions.length > 0 ? { expressions } : {}),
      ...readRunParameters(call.parameters),
      clock: context.now().toISOString(),
      client: call.client,
      isGone: call.isGone,
    })
    return { resource: encodedReply(results, ignored) }
  },
})

interface Chosen {
  library: string | Library
  /** It came with the request. */
  untrusted: boolean
}

async function readLibraryParameter(call: OperationCall, context: OperationContext): Promise<Chosen> {
  const stored = await instanceOf(call, context, 'Library')
  if (stored) return { library: stored, untrusted: false }
  const inline = parameterValue(firstParameter(call.parameters, 'library'))
  const url = textParameter(call.parameters, 'url')
  if (inline !== undefined) {
    if (isOfType(inline, 'Library')) return { library: inline, untrusted: true }
    throw badRequest({ text: 'the parameter library must be a Library resource', expression: 'Parameters.parameter' })
  }
  if (url === undefined)
    throw badRequest(
      { text: 'one of the parameters url and library is needed', expression: 'Parameters.parameter' },
      'required',
    )
  return { library: url, untrusted: false }
}
