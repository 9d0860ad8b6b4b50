/** `$revise`, `$retire` and `$withdraw`: single steps of an artefact's life, with all that it owns where it leaves. */
import { artefactName, statusOf } from '../../fhir/artefact.ts'
import { input } from '../../fhir/declare-parameter.ts'
import { badRequest, unprocessable } from '../../fhir/error.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import { defineOperation, firstParameter } from '../../fhir/operation.ts'
import type { Resource } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'
import { carryOut, idParameter, type Planned, returned, written } from './answer.ts'
import { type Held, lifecycleTypes, namedArtefact, stands, withComponents } from './artefact.ts'
import { withMembers } from './content.ts'

const levels = { type: lifecycleTypes, instance: lifecycleTypes, affectsState: true, strict: true }

/** `$retire`. */
export const retire = defineOperation<OperationContext>({
  name: 'retire',
  title: 'Retire',
  description:
    'Takes an active artefact out of force, and the active ones that it owns: status and date change, nothing else.',
  ...levels,
  parameters: [idParameter, returned],
  handle: async (call, { storage, now }) => {
    const root = await namedArtefact(call, storage)
    refuseUnless(root, 'active', 'retired')
    const tree = await withComponents(root, storage, ofStatus('active'))
    const day = now().toISOString().slice(0, 10)
    const plan = tree
      .filter((each) => stands(each, 'active'))
      .map((held) => planned(held, withMembers(held.resource, { status: 'retired', date: day })))
    return carryOut(call, plan, { day })
  },
})

/** `$withdraw`. */
export const withdraw = defineOperation<OperationContext>({
  name: 'withdraw',
  title: 'Withdraw',
  description: 'Deletes a draft, and the drafts that it owns.',
  ...levels,
  parameters: [idParameter, returned],
  handle: async (call, { storage }) => {
    const root = await namedArtefact(call, storage)
    refuseUnless(root, 'draft', 'withdrawn')
    const tree = await withComponents(root, storage, ofStatus('draft'))
    const changes = tree
      .filter((each) => stands(each, 'draft'))
      .map(({ resource: { resourceType: type, id = '' }, versionId }) => ({
        method: 'DELETE' as const,
        type,
        id,
        ifMatch: [versionId],
      }))
    if (!call.commit) throw new Error('The operation has no way to write.')
    return { resource: written(await call.commit(changes), []) }
  },
})

/** `$revise`. */
export const revise = defineOperation<OperationContext>({
  name: 'revise',
  title: 'Revise',
  description: 'Puts another content in the place of that of a draft, which stays one.',
  ...levels,
  type: lifecycleTypes,
  parameters: [
    idParameter,
    input('resource', 'Any', 'The draft as it is to be; its id is that of the draft', '1..1'),
    returned,
  ],
  handle: async (call, { storage, now }) => {
    const given = firstParameter(call.parameters, 'resource')?.resource
    const expression = "Parameters.parameter.where(name='resource')"
    const type = call.resourceType ?? ''
    if (!given || given.resourceType !== type)
      throw badRequest({ text: `resource is required: the ${type} as it is to be.`, expression }, 'required')
    const root = await namedArtefact(call, storage)
    refuseUnless(root, 'draft', 'revised')
    if (given.id !== undefined && given.id !== root.resource.id)
      throw badRequest({ text: `The id of the resource is that of the draft, ${root.resource.id}.`, expression })
    const resource = withMembers(asResource(asJson(given)), { id: String(root.resource.id) })
    if (statusOf(resource) !== 'draft')
      throw unprocessable({ text: 'A revised draft is a draft: $release publishes it.', expression }, 'business-rule')
    return carryOut(call, [planned(root, resource)], { day: now().toISOString().slice(0, 10) })
  },
})

function refuseUnless({ resource }: Held, status: string, done: string): void {
  if (statusOf(resource) === status) return
  const text = `${artefactName(resource)} is ${statusOf(resource)}: only what is ${status} is ${done}.`
  throw unprocessable({ text, expression: `${resource.resourceType}.status` }, 'business-rule')
}

/** Of what a component may mean the one of that status; else the first, which is left as it is. */
const ofStatus =
  (status: string) =>
  (candidates: Held[], { canonical, path }: { canonical: string; path: string }): Held => {
    const found = candidates.find((each) => stands(each, status)) ?? candidates[0]
    if (found) return found
    throw unprocessable({ text: `${canonical} is not stored here.`, expression: path }, 'not-found')
  }

const planned = ({ resource: { resourceType: type, id = '' }, versionId }: Held, resource: Resource): Planned => ({
  method: 'PUT',
  type,
  id,
  resource,
  ifMatch: [versionId],
})
