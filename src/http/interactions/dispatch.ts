import { badRequest } from '../../fhir/error.ts'
import type { Facade } from '../context.ts'
import type { Resolved } from '../interaction.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { applyPreconditions } from '../message/precondition.ts'
import { select, selection } from '../message/summary.ts'

/**
 * Answers an entry of a batch by the rules of a request of its own.
 * @throws FhirError
 */
export async function dispatch(facade: Facade, request: FhirRequest): Promise<FhirReply> {
  if (request.path.length === 0) throw badRequest('A Bundle cannot hold another batch.', 'not-supported')
  const resolved = facade.resolve(request.method, request.path)
  if (resolved.guarded) facade.authorize(request.headers)
  return run(resolved, request)
}

async function run(resolved: Resolved, request: FhirRequest): Promise<FhirReply> {
  return conclude(resolved, request, await resolved.run(request))
}

/** What becomes of an interaction's reply by the rules for reads. */
export function conclude(resolved: Resolved, request: FhirRequest, given: FhirReply): FhirReply {
  const reply = applyPreconditions(request, given)
  // Searches and histories cut down their entries themselves.
  if (!reply.resource || !resolved.selects) return reply
  return { ...reply, resource: select(reply.resource, selection(request.query)) }
}
