/** A validation rule (technical specification "EU DCC validation rules", annex 1), before it is given to a gateway. */
import { ruleShapeProblems } from '../../base/eu-rule/shape.ts'
import type { JsonObject } from '../../base/json-value.ts'

/** What is wrong with a rule: one line each. */
export function ruleProblems(rule: JsonObject, country: string): string[] {
  const problems = ruleShapeProblems(rule).map(({ text }) => text)
  if (typeof rule.Country === 'string' && /^[A-Z]{2}$/.test(rule.Country) && rule.Country !== country)
    problems.push(`Country is not ${country}, that of the certificates`)
  return problems
}
