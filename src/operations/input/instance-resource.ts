import { brokenSignature } from '../../fhir/artefact.ts'
import { badRequest, notFound, unprocessable } from '../../fhir/error.ts'
import { isOfType, type ResourceOf, type ResourceType } from '../../fhir/json.ts'
import type { OperationCall } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'

/**
 * The stored resource that a call at instance level is about, marked where it must not be run; undefined at other levels.
 * @throws FhirError 404 when there is none of that id
 */
export async function instanceOf<T extends ResourceType>(
  { level, id = '' }: OperationCall,
  context: OperationContext,
  type: T,
): Promise<ResourceOf<T> | undefined> {
  if (level !== 'instance') return undefined
  const resource = await currentOf(type, id, context)
  if (isOfType(resource, type)) return resource
  throw notFound(`${type}/${id} is not known to this server`)
}

/** What is kept is what the view of its own store shows; through any other view it is looked for anew. */
async function currentOf(type: ResourceType, id: string, { storage, instances, admit }: OperationContext) {
  if (instances.storage === storage) return instances.find(type, id)
  const resource = (await storage.read(type, id))?.resource
  return resource && (await admit([resource]))[0]
}

/**
 * Parameters of a call at instance level with the stored resource added under `name`; at other levels as they are. A body that
 * was a bare resource (`resource`) is renamed likewise. 404 when there is no such resource, 400 when another one comes with it, 422 when its
 * author's signature holds no more.
 */
export async function withInstance<T extends ResourceType>(
  call: OperationCall,
  context: OperationContext,
  { name, type }: { name: string; type: T },
): Promise<Parameters> {
  const given = (call.parameters.parameter ?? []).map(
    (each): Parameter => (each.name === 'resource' && each.resource ? { ...each, name } : each),
  )
  const resource = await instanceOf(call, context, type)
  if (!resource) return { ...call.parameters, parameter: given }
  const broken = brokenSignature(resource)
  if (broken !== undefined) throw unprocessable(`${type}/${call.id}: ${broken}`, 'business-rule')
  if (given.some((each) => each.name === name && each.resource))
    throw badRequest({ text: `${type}/${call.id} is meant: ${name} cannot be sent beside it`, expression: name })
  return { ...call.parameters, parameter: [{ name, resource }, ...given] }
}
