import type { JsonObject } from '../base/json-value.ts'
import type { Bundle, Issue } from '../fhir/types.ts'
import type { RuleResult } from '../rules/rules.ts'
import type { Check } from './verify/report.ts'
import type { Verification } from './verify/verification.ts'

/** The one word of the reply (docs/evaluate.md, `decision`). */
export type Decision = 'accepted' | 'rejected' | 'undetermined' | 'unverified'

/** What an evaluation found; names as in the reply (docs/evaluate.md). */
export interface Evaluation extends Pick<Verification, 'status' | 'checks'> {
  decision: Decision
  format: Verification['format'] | undefined
  issuer: Verification['issuer'] | undefined
  /** Whom the credential is about, to compare with an identity document; the date of birth may be partial. */
  subject: { name?: string; birthDate?: string; identifier?: string } | undefined
  coreDataSets: JsonObject[]
  content: Bundle | undefined
  rules: RuleResult[]
  issues: Issue[]
  /** Those of the issues that make `accepted` impossible. */
  obstacles: Issue[]
  /** Canonicals with version of the StructureMaps that ran. */
  structureMaps: string[]
  /** Canonicals with version of the value sets that the rules asked. */
  valueSets: string[]
  /** The content of all these and of the rules: by it a later reader knows whether it was the same. */
  artefacts?: { type: string; canonical: string; hash: string }[]
  clockText: string
  /** The files behind a health link: what each says when it is itself a credential, and its resources when it is a Bundle. */
  linked: { contentType: string; evaluation?: Evaluation; content?: Bundle }[]
  /** One for each credential, when there were several. */
  evaluations: Evaluation[]
  /** How the person agrees with the identity document; absent when none was given, or nobody can say. */
  identity?: 'match' | 'close' | 'differs'
}

/**
 * Decides: `accepted` only when the credential is verified, at least one rule ran, all ran true and nothing was left that was
 * not understood, not covered or not done (`obstacles`); a false rule rejects, whatever the others say. Rules that inform do none of it.
 */
export function decide(
  verified: boolean,
  { rules: all, obstacles }: { rules: Pick<RuleResult, 'result' | 'informative'>[]; obstacles: readonly Issue[] },
): Decision {
  if (!verified) return 'unverified'
  const rules = all.filter(({ informative }) => informative !== true)
  if (rules.some((rule) => rule.result === false)) return 'rejected'
  const isClear = obstacles.length === 0 && rules.length > 0 && rules.every((rule) => rule.result === true)
  return isClear ? 'accepted' : 'undetermined'
}

/** The least favourable first (docs/evaluate.md, `evaluation`). */
const byFavour: readonly Decision[] = ['unverified', 'rejected', 'undetermined', 'accepted']

/** The one whose decision is the least favourable, the first of several; undefined of none. */
export function leastFavourable<T extends { decision: Decision }>(all: readonly T[]): T | undefined {
  return [...all].sort((a, b) => byFavour.indexOf(a.decision) - byFavour.indexOf(b.decision))[0]
}

/** Checks of which one passed with remarks after all. */
export function withRemarks(checks: Check[], name: Check['name'], remarks: string[]): Check[] {
  if (remarks.length === 0) return checks
  return checks.map((check): Check => {
    if (check.name !== name) return check
    const detail = [...(check.detail ? [check.detail] : []), ...remarks].join('; ')
    return { name, outcome: check.outcome === 'fail' ? 'fail' : 'warn', detail }
  })
}
