import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { Check } from '../verify/report.ts'

/**
 * Values that FHIR would refuse and that the maps left out: the check `payload` warns of each place, and so does an issue.
 * What is left of the content stays, and so does the verdict on the credential.
 */
export function withLeftOut(checks: Check[], leftOut: string[]): { checks: Check[]; issues: Issue[] } {
  if (leftOut.length === 0) return { checks, issues: [] }
  const warned = checks.map((check): Check => {
    if (check.name !== 'payload') return check
    const detail = [...(check.detail ? [check.detail] : []), ...leftOut].join('; ')
    return { ...check, outcome: check.outcome === 'fail' ? 'fail' : 'warn', detail }
  })
  return {
    checks: warned,
    issues: leftOut.map((text) => issue('value', { severity: 'warning', text: `payload: ${text}` })),
  }
}
