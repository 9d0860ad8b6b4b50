/** `Prefer: respond-async` (RFC 7240, 4.1): what takes longer than a client should wait is answered with an address to ask at. */
import type { HttpContext, Interaction } from '../context.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import type { JobCall, RunningJob } from './job.ts'

/** Where its status is asked. */
export const statusPath = '/_jobs/:id'

/** Whether the client would rather come back than wait. */
const prefersAsync = ({ headers }: FhirRequest): boolean =>
  /(?:^|[,;])\s*respond-async\s*(?:$|[,;])/i.test(headers.prefer ?? '')

/** `GET [base]/_jobs/[id]`: how far it is, or what came of it; for who asked alone. */
export const jobStatus: Interaction = (context, { requester }, { id }) => context.jobs.status(id, requester.client())

/** `DELETE [base]/_jobs/[id]`: it is ended, or its result forgotten. */
export const cancelJob: Interaction = (context, { requester }, { id }) => context.jobs.cancel(id, requester.client())

/**
 * Does the work of a request; a client that prefers so gets 202 and `Content-Location` when it takes longer than it should wait.
 * @param work gets the request as it is to be worked off: nobody waits for it at a connection any more
 */
export async function respond(
  context: HttpContext,
  request: FhirRequest,
  work: (request: FhirRequest) => Promise<FhirReply>,
): Promise<FhirReply> {
  if (!prefersAsync(request)) return work(request)
  const { requester } = request
  const job = await context.jobs.start({
    owner: requester.client(),
    requestId: request.requestId,
    work: ({ signal }) => work(detached(request, signal)),
  })
  const isDone = await Promise.race([job.settled.then(() => true), patience(context.limits.asyncMilliseconds)])
  return isDone ? job.take() : accepted(context, job)
}

/** Starts work that is never waited for. @throws FhirError 429, 503 */
export async function respondLater(
  context: HttpContext,
  request: FhirRequest,
  work: (request: FhirRequest, call: JobCall) => Promise<FhirReply>,
): Promise<FhirReply> {
  const job = await context.jobs.start({
    owner: request.requester.client(),
    requestId: request.requestId,
    exclusive: true,
    work: (call) => work(detached(request, call.signal), call),
  })
  return accepted(context, job)
}

function detached(request: FhirRequest, signal: AbortSignal): FhirRequest {
  return { ...request, requester: { ...request.requester, isGone: () => signal.aborted } }
}

function patience(milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds).unref()
  })
}

const accepted = ({ settings }: HttpContext, { id }: RunningJob): FhirReply => ({
  status: 202,
  headers: { 'Cache-Control': 'no-store', 'Content-Location': `${settings.baseUrl}${statusPath.replace(':id', id)}` },
})
