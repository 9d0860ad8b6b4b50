import { badRequest, notFound } from '../../fhir/error.ts'
import type { OperationCall } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'

/**
 * Parameters of a call at instance level with the stored resource added under `name`; at other levels as they are. A body that
 * was a bare resource (`resource`) is renamed likewise. 404 when there is no such resource, 400 when another one comes with it.
 */
export async function withInstance(call: OperationCall, context: OperationContext, name: string): Promise<Parameters> {
  const given = (call.parameters.parameter ?? []).map(
    (each): Parameter => (each.name === 'resource' && each.resource ? { ...each, name } : each),
  )
  if (call.level !== 'instance' || !call.resourceType || !call.id) return { ...call.parameters, parameter: given }
  const stored = await context.storage.read(call.resourceType, call.id)
  if (given.some((each) => each.name === name && each.resource))
    throw badRequest({
      text: `${call.resourceType}/${call.id} is meant: ${name} cannot be sent beside it`,
      expression: name,
    })
  if (!stored?.resource) throw notFound(`${call.resourceType}/${call.id} is not known`)
  return { ...call.parameters, parameter: [{ name, resource: stored.resource }, ...given] }
}
