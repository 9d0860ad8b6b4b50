/** Which rule sets a kit is made of. */
import { alpha3FromAlpha2 } from '../../base/iso-3166.ts'
import type { PlanDefinition } from '../../fhir/types.ts'
import { readPlan } from '../../rules/rules.ts'

const alpha3 = (code: string): string => alpha3FromAlpha2(code.toUpperCase()) ?? code.toUpperCase()

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
  return countries.some((each) => alpha3(each) === alpha3(jurisdiction))
}
