import { isOfType } from '../../fhir/as-resource.ts'
import { badRequest, notFound } from '../../fhir/error.ts'
import { allParameters, firstParameter, type OperationCall, textParameter } from '../../fhir/operation.ts'
import type { Parameter, StructureMap } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'

/** The map of a `$transform`: one that came along, a stored one, or the canonical of one; and those that came along with it. */
export type ChosenMap = { supporting: StructureMap[] } & (
  | { brought: StructureMap }
  | { stored: StructureMap }
  | { canonical: string }
)

/** Parameters that hold a map, which the client may bring along. */
const mapParameters = ['sourceMap', 'map', 'supportingMap']

/** Whether a call brings a map along. */
export const bringsMap = ({ parameters }: OperationCall): boolean =>
  mapParameters.some((name) => allParameters(parameters, name).some((each) => each.resource !== undefined))

/** @throws FhirError 400 when no map is named, or what is none stands in its place; 404 for an unknown instance */
export async function chooseMap(call: OperationCall, context: OperationContext): Promise<ChosenMap> {
  const { parameters } = call
  const supporting = allParameters(parameters, 'supportingMap').map((each) => asMap(each, 'supportingMap'))
  for (const name of ['sourceMap', 'map']) {
    const given = firstParameter(parameters, name)
    if (given?.resource) return { brought: asMap(given, name), supporting }
  }
  if (call.level === 'instance' && call.id) {
    const stored = (await context.storage.read('StructureMap', call.id))?.resource
    if (stored?.resourceType !== 'StructureMap') throw notFound(`StructureMap/${call.id} is not known`)
    return { stored, supporting }
  }
  const canonical =
    textParameter(parameters, 'source') ?? textParameter(parameters, 'map') ?? textParameter(parameters, 'sourceMap')
  if (canonical) return { canonical, supporting }
  throw badRequest(
    {
      text: 'Which map? Give source (its canonical) or sourceMap (the map itself)',
      expression: 'Parameters.parameter',
    },
    'required',
  )
}

function asMap(parameter: Parameter, name: string): StructureMap {
  if (isOfType(parameter.resource, 'StructureMap')) return parameter.resource
  throw badRequest({ text: `The parameter ${name} takes a StructureMap`, expression: 'Parameters.parameter' }, 'value')
}
