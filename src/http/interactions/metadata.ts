import { createHash } from 'node:crypto'
import { badRequest, FhirError, issue } from '../../fhir/error.ts'
import type { Interaction } from '../context.ts'
import { capabilityStatement } from '../describe/capability-statement.ts'
import { single } from '../message/paging.ts'

/** `GET [base]/metadata`, with `?mode=terminology` the TerminologyCapabilities. */
export const metadata: Interaction = async (context, request) => {
  const mode = single(request.query, 'mode') ?? 'full'
  if (mode !== 'full' && mode !== 'normative' && mode !== 'terminology') {
    throw badRequest('mode must be full, normative or terminology.', 'value')
  }
  if (mode === 'terminology') {
    const resource = await context.terminologyCapabilities?.()
    if (!resource) throw new FhirError(501, issue('not-supported', 'This server has no terminology.'))
    return { status: 200, headers: cacheHeaders(resource), resource }
  }
  const resource = capabilityStatement(context)
  return { status: 200, headers: cacheHeaders(resource), resource }
}

function cacheHeaders(resource: object): Record<string, string> {
  const hash = createHash('sha256').update(JSON.stringify(resource)).digest('base64url').slice(0, 22)
  return { ETag: `W/"${hash}"`, 'Cache-Control': 'public, max-age=60' }
}
