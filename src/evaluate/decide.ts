import type { RuleResult } from '../rules/rules.ts'

/** The one word of the reply (evaluate.md, `decision`). */
export type Decision = 'accepted' | 'rejected' | 'undetermined' | 'unverified'

/**
 * Decides: `accepted` only when the credential is verified, at least one rule ran and all ran true; a false
 * rule rejects, whatever the others say.
 */
export function decide(verified: boolean, rules: Pick<RuleResult, 'result'>[]): Decision {
  if (!verified) return 'unverified'
  if (rules.some((rule) => rule.result === false)) return 'rejected'
  return rules.length > 0 && rules.every((rule) => rule.result === true) ? 'accepted' : 'undetermined'
}
