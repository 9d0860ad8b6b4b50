import { notFound } from '../../fhir/error.ts'
import { gone } from '../errors.ts'
import type { FhirReply } from '../exchange.ts'
import type { Interaction } from '../interaction.ts'
import { generatedOperationDefinition } from '../operation-definitions.ts'
import { refusePending } from '../pending.ts'
import { versionHeaders } from '../precondition.ts'

/** `GET [base]/[type]/[id]` (https://hl7.org/fhir/R4/http.html#read). */
export const read: Interaction = async (facade, _request, { type, id }): Promise<FhirReply> => {
  const version = await facade.storage.read(type, id)
  if (version?.resource) {
    return {
      status: 200,
      headers: { ...versionHeaders(version), 'Cache-Control': 'no-cache' },
      resource: version.resource,
    }
  }
  // Every operation has its definition at the address that the CapabilityStatement gives.
  const generated = type === 'OperationDefinition' && !version ? generatedOperationDefinition(facade, id) : undefined
  if (generated) return { status: 200, headers: { 'Cache-Control': 'no-cache' }, resource: generated }
  if (version) throw gone(type, id, version.versionId)
  await refusePending(facade, type, { ids: [id] })
  throw notFound(`There is no ${type} with the id ${id}.`)
}
