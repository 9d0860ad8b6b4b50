import { jsonSize } from '../../base/json-size.ts'
import { badRequest, FhirError, issue } from '../../fhir/error.ts'
import type { Bundle, BundleEntry } from '../../fhir/types.ts'
import type { HttpContext, Interaction } from '../context.ts'
import { takesWrites } from '../describe/stored-types.ts'
import { readResource } from '../message/body.ts'
import { errorReply } from '../message/errors.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { replyTo, replyTooLarge } from '../message/reply.ts'
import { entryInteraction, entryRequest, inOrder, replyEntry } from './bundle-entry.ts'
import { transaction } from './transaction.ts'

/** `POST [base]`: a batch, each entry for itself, or a transaction, all or nothing. */
export const batch: Interaction = async (context, request) => {
  if (!request.body) throw badRequest('A Bundle of the type batch or transaction is needed.', 'required')
  const bundle = await readResource(request.body, request.requester)
  if (bundle.resourceType !== 'Bundle' || (bundle.type !== 'batch' && bundle.type !== 'transaction')) {
    const text = 'A Bundle of the type batch or transaction is needed.'
    throw badRequest({ text, expression: 'Bundle.type' })
  }
  if (bundle.type === 'transaction' && !takesWrites(context)) {
    const text = 'Transactions are switched off on this server by its operator, as writes are (ROUTES_OFF=writes).'
    throw new FhirError(403, issue('forbidden', text))
  }
  const entries = bundle.entry ?? []
  if (!Array.isArray(entries))
    throw badRequest({ text: 'Entries are a list.', expression: 'Bundle.entry' }, 'structure')
  checkCount(context, request, entries.length)
  request.countMore?.(entries.length - 1)
  await request.requester.enter(context.gate)
  const done =
    bundle.type === 'batch' ? await runBatch(context, request, entries) : await transaction(context, request, entries)
  const reply: Bundle = { resourceType: 'Bundle', type: `${bundle.type}-response`, entry: done }
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, resource: reply }
}

/** Everybody may send a few, who may write many. */
function checkCount({ limits }: HttpContext, { requester }: FhirRequest, count: number): void {
  if (count <= limits.batchEntries) return
  const most = requester.isAuthorized() ? limits.writingEntries : limits.batchEntries
  if (count <= most) return
  const hint = requester.isAuthorized() ? '' : ' without a token'
  throw badRequest({ text: `More than ${most} entries${hint}.`, expression: 'Bundle.entry' }, 'too-costly')
}

/** The entries share the budget of the request, and its reply is no larger than any. */
async function runBatch(context: HttpContext, outer: FhirRequest, entries: BundleEntry[]): Promise<BundleEntry[]> {
  const done: BundleEntry[] = new Array(entries.length)
  const budget = outer.requester.budget()
  let left = context.limits.replyBytes
  let jobs = outer.requester.isAuthorized() ? Number.POSITIVE_INFINITY : mostJobs
  for (const index of inOrder(entries)) {
    if (outer.requester.isGone()) throw new FhirError(503, issue('transient', 'The client has gone.'), retryAfter)
    if (startsJob(entries[index]) && --jobs < 0) {
      done[index] = await replyEntry(refused(tooManyJobs(), outer))
      continue
    }
    const made = await budget
      .runAsync(() => runEntry(context, outer, entries[index]))
      .catch((error: unknown) => refused(error, outer))
    const entry = await replyEntry(made)
    const size = jsonSize(entry, left)
    if (size <= left) {
      done[index] = entry
      left -= size
    } else done[index] = await replyEntry(refused(replyTooLarge(context.limits.replyBytes), outer))
  }
  return done
}

/** Entries of one batch that run what they bring, each within the limits of a request of its own. */
const mostJobs = 5
const retryAfter = { 'Retry-After': '5' }
const tooManyJobs = () =>
  new FhirError(422, issue('too-costly', `A batch runs at most ${mostJobs} entries that bring programs along.`))

/** Operations that run maps, CQL or libraries which come with the request. */
const startsJob = (entry: BundleEntry | undefined): boolean =>
  entry?.request?.method === 'POST' &&
  /\$(?:cql|transform|convert|evaluate)\b/.test(entry.request.url) &&
  !/^\/?\$evaluate/.test(entry.request.url)

/** Never rejects: a fault of one entry is the answer to that one. */
async function runEntry(context: HttpContext, outer: FhirRequest, entry: BundleEntry | undefined): Promise<FhirReply> {
  try {
    const request = entryRequest(entry, outer, context.settings.baseUrl)
    return await replyTo(entryInteraction(context, request), request)
  } catch (error) {
    return refused(error, outer)
  }
}

const refused = (error: unknown, outer: FhirRequest): FhirReply => errorReply(error, outer.requestId)
