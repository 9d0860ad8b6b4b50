import { input, output } from '../fhir/declare-parameter.ts'
import { badRequest } from '../fhir/error.ts'
import { isOfType } from '../fhir/json.ts'
import {
  booleanParameter,
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
import { explanationParameters } from './input/explanation-parameters.ts'
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
    input(
      'evaluationDateTime',
      'dateTime',
      "`Now()` and `Today()` of the rules; default the server's clock. Own parameter of this server.",
    ),
    input(
      'explain',
      'boolean',
      'Whether the reply ends with `explanation`: why Boolean defines gave what they gave, and which conditions were met. Own parameter of this server.',
    ),
    ...endpointParameters,
    output(
      'return',
      'Any',
      'One parameter per define, named like it; `evaluation error` with an OperationOutcome for one that fails.',
      '0..*',
    ),
    output(
      'explanation',
      'Parameters',
      'With explain=true, and always last: `reason` (`expression`, and an `evidence` as `$evaluate` has it) for each Boolean define, and `condition` (`expression`, `source`, `line`, `column`, `lastLine`, `lastColumn`, and how often it was `true`, `false` or `null`) for each condition of the text, in its order; `incomplete` where not all could be told.',
    ),
  ],
  async handle(call, context) {
    const { library, untrusted } = await readLibraryParameter(call, context)
    const expressions = textParameters(call.parameters, 'expression')
    const explain = booleanParameter(call.parameters, 'explain') === true
    const { results, ignored, told } = await context.rules.encodeLibrary({
      library,
      untrusted,
      explain,
      ...(call.acceptLanguage ? { language: call.acceptLanguage } : {}),
      ...(expressions.length > 0 ? { expressions } : {}),
      ...readRunParameters(call.parameters),
      clock: textParameter(call.parameters, 'evaluationDateTime') ?? context.now().toISOString(),
      client: call.client,
      isGone: call.isGone,
    })
    const reply = encodedReply(results, ignored)
    // It stands last, so that a define of the same name is not taken for it.
    if (explain) reply.parameter?.push({ name: 'explanation', resource: explanationParameters(told) })
    return { resource: reply }
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
