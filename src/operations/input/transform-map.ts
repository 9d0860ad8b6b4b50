import { badRequest } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import { allParameters, type OperationCall, textParameter } from '../../fhir/operation.ts'
import type { Parameter, StructureMap } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'
import { instanceOf } from './instance-resource.ts'

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

/** @throws FhirError 400 when no map is named, several are, or what is none stands in its place; 404 for an unknown instance */
export async function chooseMap(call: OperationCall, context: OperationContext): Promise<ChosenMap> {
  const { parameters } = call
  const supporting = allParameters(parameters, 'supportingMap').map((each) => asMap(each, 'supportingMap'))
  const given = ['source', 'sourceMap', 'map'].flatMap((name) => allParameters(parameters, name))
  const stored = await instanceOf(call, context, 'StructureMap')
  const [first, second] = [...(stored ? [{ name: `StructureMap/${call.id}` }] : []), ...given]
  if (second)
    throw badRequest({
      text: `One map at a time: there are ${first?.name} and ${second.name}`,
      expression: second.name,
    })
  if (stored) return { stored, supporting }
  const [named] = given
  if (named?.resource) return { brought: asMap(named, named.name), supporting }
  const canonical = named && textParameter(parameters, named.name)
  if (canonical) return { canonical, supporting }
  const text = 'Which map? Give source (its canonical) or sourceMap (the map itself)'
  throw badRequest({ text, expression: 'Parameters.parameter' }, 'required')
}

function asMap(parameter: Parameter, name: string): StructureMap {
  if (isOfType(parameter.resource, 'StructureMap')) return parameter.resource
  throw badRequest({ text: `The parameter ${name} takes a StructureMap`, expression: 'Parameters.parameter' }, 'value')
}
