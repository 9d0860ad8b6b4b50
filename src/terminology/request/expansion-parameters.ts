import { parameterValue } from '../../fhir/operation.ts'
import type { Parameters, ValueSet } from '../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'
import type { Languages } from './languages.ts'
import { matchesVersion, SYSTEM_RULES, versionRules } from './versions.ts'

/** One `expansion.parameter`. */
export type ExpansionParameter = NonNullable<NonNullable<ValueSet['expansion']>['parameter']>[number]

type Echo = (name: string, value: unknown) => ExpansionParameter

const asBoolean: Echo = (name, value) => ({ name, valueBoolean: value === true || value === 'true' })
const asInteger: Echo = (name, value) => ({ name, valueInteger: Number(value) })
const asString: Echo = (name, value) => ({ name, valueString: String(value) })
const asUri: Echo = (name, value) => ({ name, valueUri: String(value) })

/** Parameters that are echoed before the language, and those behind it, in this order. */
const BEFORE_LANGUAGE = new Map([
  ['activeOnly', asBoolean],
  ['excludeNested', asBoolean],
  ['excludeNotForUI', asBoolean],
  ['excludePostCoordinated', asBoolean],
  ['includeDefinition', asBoolean],
  ['includeDesignations', asBoolean],
  ['count', asInteger],
  ['offset', asInteger],
])
const BEHIND_LANGUAGE = new Map([
  ['designation', asString],
  ['filter', asString],
  ['exclude-system', asUri],
  ['force-system-version', asUri],
])

/** What an expansion was made of. */
interface UsedInExpansion {
  set: CompiledSet
  languages: Languages | undefined
  heads: CodeSystemHead[]
  /** Rules for versions of value sets that decided something: canonical → name of the parameter. */
  decisive: ReadonlyMap<string, string>
}

/** Parameters of the request that had effect, as they were given. */
export function echoedParameters(parameters: Parameters, used: UsedInExpansion): ExpansionParameter[] {
  const echoed: ExpansionParameter[] = []
  echo(parameters, BEFORE_LANGUAGE, echoed)
  if (used.languages) echoed.push({ name: 'displayLanguage', valueCode: used.languages.given })
  echo(parameters, BEHIND_LANGUAGE, echoed)
  addVersionChoices(parameters, used, echoed)
  for (const [valueUri, name] of used.decisive) echoed.push({ name, valueUri })
  if (used.set.versionsMatch || used.set.excludesAcross) echoed.push({ name: 'versionsMatch', valueBoolean: true })
  return echoed
}

/** Adds parameters of these names, in the order of the names. */
function echo({ parameter = [] }: Parameters, echoes: ReadonlyMap<string, Echo>, echoed: ExpansionParameter[]): void {
  const known = parameter.filter(({ name }) => echoes.has(name))
  if (known.length === 0) return
  for (const [name, asEchoed] of echoes) {
    for (const each of known) if (each.name === name) echoed.push(asEchoed(name, parameterValue(each)))
  }
}

/** `system-version` and `check-system-version`, where they chose the version of a system that the set leaves open. */
function addVersionChoices(
  parameters: Parameters,
  { heads, set }: Pick<UsedInExpansion, 'heads' | 'set'>,
  echoed: ExpansionParameter[],
): void {
  const rules = versionRules(parameters, SYSTEM_RULES)
  if (rules.size === 0) return
  const open = new Set(
    contentOf(set)
      .clauses.filter(({ version }) => version === '')
      .map(({ system }) => system),
  )
  for (const [url, rule] of rules) {
    if (rule.force !== undefined || !open.has(url)) continue
    const [name, pattern] =
      rule.default !== undefined ? ['system-version', rule.default] : ['check-system-version', rule.check]
    const isChosen = heads.some(
      (each) => each.url === url && pattern !== undefined && matchesVersion(pattern, each.version),
    )
    if (isChosen) echoed.push({ name, valueUri: `${url}|${pattern}` })
  }
}
