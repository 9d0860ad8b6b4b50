/** Which rule sets a kit is made of. */

import { sameParticipant } from '../../base/participant-codes.ts'
import type { PlanDefinition } from '../../fhir/types.ts'
import { readPlan } from '../../rules/rules.ts'

/**
 * Whether a rule set may apply to some credential in a jurisdiction, at some time, for some use: it is not out of use, and is for the
 * jurisdiction, or for one that is not understood. What invalidates certificates is chosen by who issued them, and so by anybody.
 */
export function isForJurisdiction(plan: PlanDefinition, jurisdiction: string): boolean {
  if (['draft', 'retired', 'unknown'].includes(plan.status)) return false
  const { type, jurisdictions, ruleType } = readPlan(plan)
  if (type === 'other') return false
  const { value: countries, faults } = jurisdictions
  if (faults.length > 0 || countries.length === 0 || ruleType.value !== 'acceptance') return true
  return countries.some((each) => sameParticipant(each, jurisdiction))
}
