import type { Issue, OperationOutcome } from './types.ts'

/** IssueType codes that this server uses (https://hl7.org/fhir/R4/valueset-issue-type.html). */
export type IssueCode = Issue['code']

/** What {@link issue} takes beside the code: everything a person needs to find the fault. */
export interface IssueDetail {
  severity?: Issue['severity']
  /** What is wrong, for a person. */
  text: string
  /** FHIRPath of the element at fault, e.g. `ValueSet.compose.include[0].filter[1]`. */
  expression?: string | string[]
  /** Technical detail such as `line 3, column 7: …`. */
  diagnostics?: string
  /** Coding for `details`, e.g. of the tx-issue-type system. */
  coding?: { system: string; code: string }
  extension?: Issue['extension']
}

/** Makes one OperationOutcome issue; severity defaults to `error`. */
export function issue(code: IssueCode, detail: string | IssueDetail): Issue {
  const given: IssueDetail = typeof detail === 'string' ? { text: detail } : detail
  const made: Issue = { severity: given.severity ?? 'error', code, details: { text: given.text } }
  if (given.extension) made.extension = given.extension
  if (given.coding) made.details = { coding: [given.coding], text: given.text }
  if (given.diagnostics !== undefined) made.diagnostics = given.diagnostics
  if (given.expression !== undefined) made.expression = [given.expression].flat()
  return made
}

/** Whether an issue is an error, not a remark. */
/** A warning that something is missing that was to be known (issue code `incomplete`). */
export const incomplete = (text: string): Issue => issue('incomplete', { severity: 'warning', text })

export const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal'

/**
 * "This request cannot be served": carries the HTTP status and the issues of the OperationOutcome that
 * answers it. A negative answer (code not in value set, forged credential) is never an exception.
 */
export class FhirError extends Error {
  readonly status: number
  readonly issues: Issue[]
  /** Extra response headers, e.g. `Allow`, `WWW-Authenticate`, `Retry-After`. */
  readonly headers: Record<string, string>

  constructor(status: number, issues: Issue | Issue[], headers: Record<string, string> = {}) {
    const list = [issues].flat()
    super(list.map((each) => each.details?.text ?? each.diagnostics ?? each.code).join('; '))
    this.name = 'FhirError'
    this.status = status
    this.issues = list
    this.headers = headers
  }
}

/** 400, the request is malformed. */
export const badRequest = (detail: string | IssueDetail, code: IssueCode = 'invalid') =>
  new FhirError(400, issue(code, detail))
/** 404, nothing of that name. */
export const notFound = (detail: string | IssueDetail) => new FhirError(404, issue('not-found', detail))
/** 422, understood but cannot be processed. */
export const unprocessable = (detail: string | IssueDetail, code: IssueCode = 'processing') =>
  new FhirError(422, issue(code, detail))

/** The OperationOutcome of a list of issues; an empty list says "all ok". */
export function operationOutcome(issues: Issue[]): OperationOutcome {
  const shown = issues.length > 0 ? issues : [issue('informational', { severity: 'information', text: 'All OK' })]
  return { resourceType: 'OperationOutcome', issue: shown }
}
