import { FhirError, type IssueCode, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'

/** An error about one element. */
export const fault = (expression: string, text: string, code: IssueCode = 'invalid'): Issue =>
  issue(code, { text: `${expression} ${text}`, expression })

/** A warning about one element. */
export const remark = (expression: string, text: string, code: IssueCode = 'not-found'): Issue =>
  issue(code, { severity: 'warning', text: `${expression} ${text}`, expression })

/** Issues of an error as warnings. */
export const asWarnings = (issues: Issue[]): Issue[] => issues.map((each) => ({ ...each, severity: 'warning' }))

/** Runs `work`; what it refuses comes back as an error value. @throws what is no FhirError, and FhirErrors of 5xx */
export async function refusalOf(work: () => Promise<unknown>): Promise<FhirError | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) return error
    throw error
  }
}

/** Names of a list in a text, the first ones of many. */
export function listed(names: string[]): string {
  const shown = names.slice(0, 5).map((each) => `'${each}'`)
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ')
}
