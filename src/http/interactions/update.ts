import { badRequest } from '../../fhir/error.ts'
import type { HttpContext, Interaction } from '../context.ts'
import { type ReceivedResource, receiveResource } from '../message/body.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { writeConditions } from '../message/head.ts'
import { singleMatch } from './single-match.ts'
import {
  checkBeforeWrite,
  checkCanonicalIsNew,
  checkOwnId,
  type Judged,
  judgedAnew,
  writeOf,
  writeReply,
} from './writing.ts'

/** `PUT [base]/[type]/[id]`; creates when the id is new (https://hl7.org/fhir/R4/http.html#update). */
export const update: Interaction = async (context, request, { type, id }): Promise<FhirReply> => {
  const received = receiveResource(request, type, context.hooks)
  // FML text has no logical id, so the one in the address counts.
  const bodyId = request.body?.mediaType.essence === 'text/fhir-mapping' ? id : received.resource.id
  if (bodyId !== id) {
    throw badRequest({ text: `The id of the body must be that of the address, ${id}.`, expression: `${type}.id` })
  }
  const checked = await check(context, received)
  return context.inTurn(() => put(context, request, { ...checked, type, id }))
}

/** `PUT [base]/[type]?…`: creates when nothing fits, updates the one that fits. */
export const conditionalUpdate: Interaction = async (context, request, { type }): Promise<FhirReply> => {
  const received = await check(context, receiveResource(request, type, context.hooks))
  return judgedAnew(context, [type], async (judgedAt) => {
    const match = await singleMatch(context, request, type, request.query)
    const bodyId = received.resource.id
    await checkOwnId(context, received.resource, match)
    if (!match && bodyId === undefined) await checkCanonicalIsNew(context, received.resource)
    return put(context, request, { ...received, type, id: match?.id ?? bodyId ?? context.uuid(), judgedAt })
  })
}

async function check(context: HttpContext, received: ReceivedResource): Promise<ReceivedResource> {
  const found = await checkBeforeWrite(context, received.resource)
  return { resource: received.resource, warnings: [...received.warnings, ...found] }
}

async function put(
  context: HttpContext,
  request: FhirRequest,
  { resource, warnings, type, id, judgedAt }: ReceivedResource & { type: string; id: string; judgedAt?: Judged },
): Promise<FhirReply> {
  const write = writeOf(context, { method: 'PUT', type, id }, resource)
  const [written] = await context.storage.write([
    { ...write, ...writeConditions(request.headers), ...(judgedAt ? { judgedAt } : {}) },
  ])
  if (!written) throw new Error('The storage did not say what it wrote.')
  return writeReply(context, request, written, warnings)
}
