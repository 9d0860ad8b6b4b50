/** Settings of what maps and rules are compiled to. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const compiledSettings = [
  {
    variable: 'MAP_CODE',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description:
      'Whether published maps that run often are turned into JavaScript, which answers the same in less time. Where Node.js is started with `--disallow-code-generation-from-strings`, it is as if it were `off`.',
  },
  {
    variable: 'COMPILED_RULES',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description:
      'Whether CQL libraries that are stored here run as functions made of their ELM, where all that they reach can be, which answer the same in less time; `off`: by the CQL executor alone.',
  },
  {
    variable: 'RULE_CODE',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description:
      'Whether defines and functions of published CQL libraries that run often are turned into JavaScript, where `COMPILED_RULES` is on. Where Node.js is started with `--disallow-code-generation-from-strings`, it is as if it were `off`.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface CompiledConfig {
  /** Whether code is generated for published maps. */
  mapCode: boolean
  /** Whether stored libraries are compiled. */
  compiledRules: boolean
  /** Whether code is generated for what of them runs often. */
  ruleCode: boolean
}

/** Reads them. */
export const readCompiledSettings = (texts: ReadonlyMap<string, string>): CompiledConfig => ({
  mapCode: texts.get('MAP_CODE') === 'on',
  compiledRules: texts.get('COMPILED_RULES') === 'on',
  ruleCode: texts.get('RULE_CODE') === 'on',
})
