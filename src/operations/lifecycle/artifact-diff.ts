/** `$artifact-diff`: what makes one version of an artefact of another (http://hl7.org/fhir/uv/crmi/, operations). */
import { artefactName, isNamedBy } from '../../fhir/artefact.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, notFound, unprocessable } from '../../fhir/error.ts'
import { booleanParameter, defineOperation, type OperationCall, textParameter } from '../../fhir/operation.ts'
import type { Resource } from '../../fhir/types.ts'
import { finish } from '../../workers/budget.ts'
import type { OperationContext } from '../context.ts'
import { storedAs } from './artefact.ts'
import { computable, differenceSteps, executable } from './difference.ts'

/** `$artifact-diff`. */
export const artifactDiff = defineOperation<OperationContext>({
  name: 'artifact-diff',
  title: 'Artifact difference',
  description:
    'Answers the operations of a FHIRPath Patch that make the target of the source: two artefacts of one type, by canonical. Id, meta and narrative are left out.',
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-artifact-diff',
  system: true,
  get: true,
  costly: true,
  strict: true,
  parameters: [
    input('source', 'canonical', 'The artefact that is compared, url|version', '1..1'),
    input('target', 'canonical', 'The artefact that it is compared with, url|version', '1..1'),
    input('compareComputable', 'boolean', 'Compare definitions, such as ValueSet.compose (default true)'),
    input('compareExecutable', 'boolean', 'Compare what is made of them, such as ValueSet.expansion (default true)'),
    output('return', 'Parameters', 'The operations, in order', '1..1'),
  ],
  handle: async (call, { storage }) => {
    const budget = call.budget?.()
    const read = (name: string) => compared(call, name, storage)
    const source = await (budget ? budget.runAsync(() => read('source')) : read('source'))
    const target = await (budget ? budget.runAsync(() => read('target')) : read('target'))
    const type = source.resourceType
    if (target.resourceType !== type) {
      const text = `${artefactName(source)} is a ${type} and ${artefactName(target)} a ${target.resourceType}: two of one type are compared.`
      throw unprocessable({ text, expression: at('target') }, 'invalid')
    }
    const { parameters } = call
    const without = [
      ...(booleanParameter(parameters, 'compareComputable') === false ? (computable[type] ?? []) : []),
      ...(booleanParameter(parameters, 'compareExecutable') === false ? (executable[type] ?? []) : []),
    ]
    const steps = differenceSteps(source, target, without)
    return { resource: budget ? await budget.runSteps(steps) : finish(steps) }
  },
})

const at = (name: string) => `Parameters.parameter.where(name='${name}')`

async function compared(call: OperationCall, name: string, storage: OperationContext['storage']): Promise<Resource> {
  const canonical = textParameter(call.parameters, name)
  if (canonical === undefined) throw badRequest({ text: `${name} is required.`, expression: at(name) }, 'required')
  const found = (await storedAs(canonical, storage)).map((each) => each.resource)
  const [first] = found.filter((each) => isNamedBy(canonical, each))
  if (first) return first
  const [other] = found
  const hint = other ? `; name ${artefactName(other)} for what is not active` : ''
  throw notFound({ text: `${canonical.slice(0, 250)} is not known to this server${hint}`, expression: at(name) })
}
