/** What came of a case. */
import type { RuleCall, RuleResult, RuleSource } from '../rules.ts'
import type { Expectation } from './read-expectation.ts'

/** The one word about the whole. */
type Decision = NonNullable<Expectation['decision']>

/** One rule source that was run, and over what. */
export interface Asked {
  source: RuleSource
  call: RuleCall
}

/** What a case came to. */
export interface Observed {
  decision: Decision
  /** Why nothing was judged at all: the credential is not verified, or the question is wrong. */
  notJudged?: string
  rules: RuleResult[]
  /** Defines that are no rules of a plan, by their name. */
  defines: Map<string, RuleResult>
}

/** A case that was run once, and how to run its rules again. */
export interface Run extends Observed {
  asked: Asked[]
  /** Rules that were not run, with the reason: they stay as they are. */
  listed: RuleResult[]
  /** The decision that these rules would make of it. */
  decide(rules: RuleResult[]): Decision
}

/** Names by which a case may name a rule: its define, the title of its action, its plan, both. */
export function namesOf({ expression, action, planDefinition }: RuleNames): string[] {
  const url = planDefinition.split('|')[0] ?? ''
  const id = url.slice(url.lastIndexOf('/') + 1)
  const names = [expression, action, id, planDefinition, url, `${id}#${expression}`, `${id}#${action}`]
  return names.filter((each) => each !== '' && each !== '#')
}

/** What names a rule. */
export type RuleNames = Pick<RuleResult, 'expression' | 'action' | 'planDefinition'>
