/** Settings of business rules. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const ruleSettings = [
  {
    variable: 'COMPILED_RULES',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description:
      'Whether CQL libraries that are stored here run as functions made of their ELM, where all that they reach can be, which answer the same in less time; `off`: by the CQL executor alone. No code is made of texts.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface RuleConfig {
  /** Whether stored libraries are compiled. */
  compiledRules: boolean
}

/** Reads them. */
export const readRuleSettings = (texts: ReadonlyMap<string, string>): RuleConfig => ({
  compiledRules: texts.get('COMPILED_RULES') === 'on',
})
