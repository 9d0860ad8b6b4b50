import { notFound } from '../../fhir/error.ts'
import type { Interaction } from '../context.ts'
import { generatedOperationDefinition } from '../describe/operation-definitions.ts'
import { gone } from '../message/errors.ts'
import type { FhirReply } from '../message/exchange.ts'
import { versionHeaders } from '../message/head.ts'
import { refusePending } from './pending.ts'

/** `GET [base]/[type]/[id]` (https://hl7.org/fhir/R4/http.html#read). */
export const read: Interaction = async (context, request, { type, id }): Promise<FhirReply> => {
  const version = await context.storage.read(type, id)
  if (version?.resource) {
    return {
      status: 200,
      headers: { ...versionHeaders(version), 'Cache-Control': 'no-cache' },
      resource: version.resource,
    }
  }
  // Every operation has its definition at the address that the CapabilityStatement gives.
  const generated = type === 'OperationDefinition' && !version ? generatedOperationDefinition(context, id) : undefined
  if (generated) return { status: 200, headers: { 'Cache-Control': 'no-cache' }, resource: generated }
  if (version) throw gone(type, id, version.versionId)
  await refusePending(context, type, { ids: [id] })
  // The same whether or not there is one: who is not known cannot tell.
  const hint = request.requester.principal ? '' : ' Drafts are shown to those alone who may read or write them.'
  throw notFound(`There is no ${type} with the id ${id}.${hint}`)
}
