import { FhirError, issue } from '../../fhir/error.ts'
import type { Interaction } from '../context.ts'
import { receiveResource } from '../message/body.ts'
import type { FhirReply } from '../message/exchange.ts'
import { parseQuery, preferences, versionHeaders } from '../message/head.ts'
import { matchesOf } from './single-match.ts'
import { checkBeforeWrite, checkCanonicalIsNew, judgedAnew, writeOf, writeReply } from './writing.ts'

/** `POST [base]/[type]`, with `If-None-Exist` conditional (https://hl7.org/fhir/R4/http.html#create). */
export const create: Interaction = async (context, request, { type }): Promise<FhirReply> => {
  const { resource, warnings } = receiveResource(request, type, context.hooks)
  const found = await checkBeforeWrite(context, resource)
  const condition = request.headers['if-none-exist']
  return judgedAnew(context, [type], async (judgedAt) => {
    if (condition !== undefined) {
      const matches = await matchesOf(context, request, type, parseQuery(condition.replace(/^.*\?/, '')))
      const [match] = matches
      if (matches.length > 1)
        throw new FhirError(412, issue('multiple-matches', 'If-None-Exist fits several resources.'))
      if (match) {
        const reply: FhirReply = { status: 200, headers: versionHeaders(match) }
        reply.headers['Content-Location'] =
          `${context.settings.baseUrl}/${type}/${match.id}/_history/${match.versionId}`
        if (preferences(request.headers.prefer).return !== 'minimal' && match.resource) reply.resource = match.resource
        return reply
      }
    }
    await checkCanonicalIsNew(context, resource)
    const id = context.uuid()
    const write = writeOf(context, { method: 'POST', type, id }, resource)
    // Nothing is judged of what has no name: others may write what they like.
    const isJudged = condition !== undefined || 'url' in resource
    const [written] = await context.storage.write([{ ...write, ...(isJudged ? { judgedAt } : {}) }])
    if (!written) throw new Error('The storage did not say what it wrote.')
    return writeReply(context, request, written, [...warnings, ...found])
  })
}
