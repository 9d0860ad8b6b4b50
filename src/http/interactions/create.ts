import { FhirError, issue } from '../../fhir/error.ts'
import type { Interaction } from '../interaction.ts'
import type { FhirReply } from '../message/exchange.ts'
import { versionHeaders } from '../message/precondition.ts'
import { preferences } from '../message/prefer.ts'
import { parseQuery } from '../message/query.ts'
import { receiveResource } from '../message/resource-body.ts'
import { matchesOf } from './single-match.ts'
import { checkBeforeWrite, checkCanonicalIsNew, writeOf, writeReply } from './writing.ts'

/** `POST [base]/[type]`, with `If-None-Exist` conditional (https://hl7.org/fhir/R4/http.html#create). */
export const create: Interaction = async (facade, request, { type }): Promise<FhirReply> => {
  const { resource, warnings } = receiveResource(request, type, facade.hooks)
  const found = await checkBeforeWrite(facade, resource)
  const condition = request.headers['if-none-exist']
  return facade.inTurn(async () => {
    if (condition !== undefined) {
      const matches = await matchesOf(facade, type, parseQuery(condition.replace(/^.*\?/, '')))
      const [match] = matches
      if (matches.length > 1)
        throw new FhirError(412, issue('multiple-matches', 'If-None-Exist fits several resources.'))
      if (match) {
        const reply: FhirReply = { status: 200, headers: versionHeaders(match) }
        reply.headers['Content-Location'] = `${facade.settings.baseUrl}/${type}/${match.id}/_history/${match.versionId}`
        if (preferences(request.headers.prefer).return !== 'minimal' && match.resource) reply.resource = match.resource
        return reply
      }
    }
    await checkCanonicalIsNew(facade, resource)
    const id = facade.uuid()
    const [written] = await facade.storage.write([writeOf(facade, { method: 'POST', type, id }, resource)])
    if (!written) throw new Error('The storage did not say what it wrote.')
    return writeReply(facade, request, written, [...warnings, ...found])
  })
}
