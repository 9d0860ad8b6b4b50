import { FhirError, issue, operationOutcome } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { FhirReply } from './exchange.ts'

/** 404 for a path that means nothing here. */
export const unknownPath = () =>
  new FhirError(
    404,
    issue('not-found', 'There is nothing at this address. The FHIR base of this server ends with /fhir.'),
  )

/** 405 with `Allow`; `hint` says where to go instead. */
export function methodNotAllowed(method: string, allowed: string[], hint = ''): FhirError {
  const text = `${printable(method)} is not possible here. Allowed: ${allowed.join(', ')}.${hint}`
  return new FhirError(405, issue('not-supported', text), { Allow: allowed.join(', ') })
}

/** 410 for a resource that was deleted. */
export function gone(type: string, id: string, versionId: string): FhirError {
  const headers = { ETag: `W/"${versionId}"` }
  return new FhirError(410, issue('deleted', `${type}/${id} was deleted.`), headers)
}

/**
 * The reply to anything thrown. A {@link FhirError} says its own status; everything else is a bug or a fault of the
 * machine: 500 with the id of the request, and nothing of its text, which could hold anything.
 */
export function errorReply(error: unknown, requestId: string): FhirReply {
  const known = error instanceof FhirError ? error : internalError(requestId)
  return {
    status: known.status,
    headers: { 'Cache-Control': 'no-store', ...known.headers },
    resource: operationOutcome(withRequestId(known.issues, requestId)),
  }
}

/**
 * The id by which the log tells of the request, in the first issue that has no diagnostics of its own. Tools compare issues of
 * the terminology ecosystem literally: beside those the id has an issue to itself.
 */
function withRequestId(issues: Issue[], requestId: string): Issue[] {
  const isLiteral = issues.some(({ details, extension }) => details?.coding !== undefined || extension !== undefined)
  const at = isLiteral ? -1 : issues.findIndex(({ diagnostics }) => diagnostics === undefined)
  if (at < 0) {
    if (issues.some(({ diagnostics }) => diagnostics?.includes(requestId))) return issues
    return [...issues, { severity: 'information', code: 'informational', diagnostics: requestIdText(requestId) }]
  }
  return issues.map((each, index) => (index === at ? { ...each, diagnostics: requestIdText(requestId) } : each))
}

const requestIdText = (requestId: string): string => `X-Request-Id: ${requestId}`

/** Whether it is one of ours; the others are to be logged with their stack. A server that says "later" is not at fault either. */
export function isExpected(error: unknown): boolean {
  return error instanceof FhirError && (error.status < 500 || error.headers['Retry-After'] !== undefined)
}

/** Cuts text of a stranger down to what may stand in a message. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)
}

function internalError(requestId: string): FhirError {
  const text = 'The server failed to answer this request. The fault is logged under the id of the request.'
  return new FhirError(500, issue('exception', { text, diagnostics: requestIdText(requestId) }))
}
