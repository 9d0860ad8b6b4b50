import { issue, operationOutcome } from '../../fhir/error.ts'
import type { Write } from '../../storage/storage.ts'
import type { HttpContext, Interaction } from '../context.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { preferences, writeConditions } from '../message/head.ts'
import { singleMatch } from './single-match.ts'
import { judgedAnew } from './writing.ts'

/** `DELETE [base]/[type]/[id]`; what is gone already, or never was, is as good as deleted. */
export const deleteResource: Interaction = (context, request, { type, id }) =>
  context.inTurn(() => remove(context, request, type, { id }))

/** `DELETE [base]/[type]?…`: at most one resource. */
export const conditionalDelete: Interaction = (context, request, { type }) =>
  judgedAnew(context, [type], async (judgedAt) => {
    const match = await singleMatch(context, request, type, request.query)
    return match
      ? remove(context, request, type, { id: match.id, judgedAt })
      : deleted(request, `Nothing fits the condition.`)
  })

async function remove(
  context: HttpContext,
  request: FhirRequest,
  type: string,
  target: Pick<Write, 'judgedAt'> & { id: string },
): Promise<FhirReply> {
  const { id } = target
  const conditions = writeConditions(request.headers)
  const current = await context.storage.read(type, id)
  if (!current?.resource && !conditions.ifMatch) return deleted(request, `${type}/${id} does not exist.`)
  const [written] = await context.storage.write([{ method: 'DELETE', type, ...target, ...conditions }])
  const reply = deleted(request, `${type}/${id} was deleted.`)
  if (written) reply.headers.ETag = `W/"${written.version.versionId}"`
  return reply
}

function deleted(request: FhirRequest, text: string): FhirReply {
  const headers = { 'Cache-Control': 'no-store' }
  if (preferences(request.headers.prefer).return !== 'OperationOutcome') return { status: 204, headers }
  const resource = operationOutcome([issue('informational', { severity: 'information', text })])
  return { status: 200, headers, resource }
}
