import type { Issue } from '../fhir/types.ts'
import type { RuleResult } from '../rules/rules.ts'

/** The one word of the reply (evaluate.md, `decision`). */
export type Decision = 'accepted' | 'rejected' | 'undetermined' | 'unverified'

/**
 * Decides: `accepted` only when the credential is verified, at least one rule ran, all ran true and nothing was left that was
 * not understood, not covered or not done (`obstacles`); a false rule rejects, whatever the others say.
 */
export function decide(
  verified: boolean,
  { rules, obstacles }: { rules: Pick<RuleResult, 'result'>[]; obstacles: readonly Issue[] },
): Decision {
  if (!verified) return 'unverified'
  if (rules.some((rule) => rule.result === false)) return 'rejected'
  const isClear = obstacles.length === 0 && rules.length > 0 && rules.every((rule) => rule.result === true)
  return isClear ? 'accepted' : 'undetermined'
}
