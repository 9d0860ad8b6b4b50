import { input, output } from '../../fhir/declare-parameter.ts'
import { defineOperation, firstParameter, textParameters } from '../../fhir/operation.ts'
import type { Issue } from '../../fhir/types.ts'
import { canonicalTypes } from '../../publish/package/find.ts'
import { requirementsOf } from '../../publish/package/requirements.ts'
import type { OperationContext } from '../context.ts'
import { resourceParameter } from '../input/cql-parameters.ts'
import { bindingsOf, rootOf, rootParameters, versionParameters } from './common-parameters.ts'
import { treeEnvironment } from './environment.ts'

/** `$data-requirements` of CRMI: what an artefact needs to be used, told and not sent along. */
export const dataRequirements = defineOperation<OperationContext>({
  name: 'data-requirements',
  title: 'Data Requirements',
  description:
    'Answers a Library of the type module-definition: the data that the CQL of an artefact retrieves and the elements it looks at, the parameters that go in and what comes out, and the artefacts it depends on, each in its version.',
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-data-requirements',
  type: [...canonicalTypes],
  instance: [...canonicalTypes],
  get: true,
  strict: true,
  costly: true,
  notSupported: ['artifactEndpointConfiguration', 'terminologyEndpoint', 'include', 'packageOnly'],
  parameters: [
    ...rootParameters,
    input('expression', 'string', 'Defines to analyse alone; default all that the artefact uses.', '0..*'),
    input('parameters', 'Parameters', 'Values of CQL parameters, by name: periods of filters are told by them.'),
    ...versionParameters,
    output('return', 'Library', 'The requirements', '1..1'),
  ],
  async handle(call, context) {
    const root = await rootOf(call, context)
    const bindings = await bindingsOf(call, context)
    const faults: Issue[] = []
    const environment = treeEnvironment(call, context, { root, bindings, faults })
    const request = {
      root,
      expressions: textParameters(call.parameters, 'expression'),
      parameters: resourceParameter(firstParameter(call.parameters, 'parameters'), 'Parameters'),
    }
    return { resource: await requirementsOf(request, { ...environment, rules: context.rules }) }
  },
})
