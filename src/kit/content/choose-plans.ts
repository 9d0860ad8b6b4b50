/** Which rule sets a kit is made of. */

import type { PlanDefinition } from '../../fhir/types.ts'
import { fitsJurisdiction, isOutOfUse, readPlan } from '../../rules/rules.ts'

/**
 * Whether a rule set may apply to some credential in a jurisdiction, at some time, for some use, as a server would choose it. What
 * invalidates certificates is chosen by who issued them, and so by anybody.
 */
export const isForJurisdiction = (plan: PlanDefinition, jurisdiction: string): boolean =>
  !isOutOfUse(plan) &&
  readPlan(plan).type !== 'other' &&
  fitsJurisdiction(plan, { jurisdiction, isIssuerUnknown: true })
