import { badRequest } from '../../fhir/error.ts'
import type { Bundle, BundleEntry } from '../../fhir/types.ts'
import { entryRequest, inOrder, maximumEntries, replyEntry } from '../bundle-entry.ts'
import { dispatch } from '../dispatch.ts'
import { errorReply } from '../errors.ts'
import type { FhirReply, FhirRequest } from '../exchange.ts'
import type { Facade } from '../facade.ts'
import type { Interaction } from '../interaction.ts'
import { parseResource } from '../resource-body.ts'
import { transaction } from '../transaction.ts'

/** `POST [base]`: a batch, each entry for itself, or a transaction, all or nothing. */
export const batch: Interaction = async (facade, request) => {
  if (!request.body) throw badRequest('A Bundle of the type batch or transaction is needed.', 'required')
  const bundle = parseResource(request.body)
  if (bundle.resourceType !== 'Bundle' || (bundle.type !== 'batch' && bundle.type !== 'transaction')) {
    const text = 'A Bundle of the type batch or transaction is needed.'
    throw badRequest({ text, expression: 'Bundle.type' })
  }
  const entries = bundle.entry ?? []
  if (!Array.isArray(entries))
    throw badRequest({ text: 'Entries are a list.', expression: 'Bundle.entry' }, 'structure')
  if (entries.length > maximumEntries) throw badRequest(`More than ${maximumEntries} entries.`, 'too-long')
  const done =
    bundle.type === 'batch' ? await runBatch(facade, request, entries) : await transaction(facade, request, entries)
  const reply: Bundle = { resourceType: 'Bundle', type: `${bundle.type}-response`, entry: done }
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, resource: reply }
}

async function runBatch(facade: Facade, outer: FhirRequest, entries: BundleEntry[]): Promise<BundleEntry[]> {
  const done: BundleEntry[] = new Array(entries.length)
  for (const index of inOrder(entries)) {
    done[index] = await replyEntry(await runEntry(facade, outer, entries[index]))
  }
  return done
}

async function runEntry(facade: Facade, outer: FhirRequest, entry: BundleEntry | undefined): Promise<FhirReply> {
  try {
    const request = entryRequest(entry, outer, facade.settings.baseUrl)
    return await dispatch(facade, request)
  } catch (error) {
    return errorReply(error, outer.requestId)
  }
}
