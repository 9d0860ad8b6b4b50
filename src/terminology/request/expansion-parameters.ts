import { allParameters, parameterValue } from '../../fhir/operation.ts'
import type { Parameters, ValueSet } from '../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'
import type { Languages } from './languages.ts'
import { matchesVersion, SYSTEM_RULES, versionRules } from './versions.ts'

/** One `expansion.parameter`. */
export type ExpansionParameter = NonNullable<NonNullable<ValueSet['expansion']>['parameter']>[number]

const BOOLEANS = [
  'activeOnly',
  'excludeNested',
  'excludeNotForUI',
  'excludePostCoordinated',
  'includeDefinition',
  'includeDesignations',
]
const INTEGERS = ['count', 'offset']
const STRINGS = ['designation', 'filter']
const URIS = ['exclude-system', 'force-system-version']

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
  const values = (name: string) => allParameters(parameters, name).map(parameterValue)
  for (const name of BOOLEANS) {
    for (const value of values(name)) echoed.push({ name, valueBoolean: value === true || value === 'true' })
  }
  for (const name of INTEGERS) for (const value of values(name)) echoed.push({ name, valueInteger: Number(value) })
  if (used.languages) echoed.push({ name: 'displayLanguage', valueCode: used.languages.given })
  for (const name of STRINGS) for (const value of values(name)) echoed.push({ name, valueString: String(value) })
  for (const name of URIS) for (const value of values(name)) echoed.push({ name, valueUri: String(value) })
  echoed.push(...versionChoices(parameters, used.heads, used.set))
  for (const [valueUri, name] of used.decisive) echoed.push({ name, valueUri })
  if (used.set.versionsMatch || used.set.excludesAcross) echoed.push({ name: 'versionsMatch', valueBoolean: true })
  return echoed
}

/** `system-version` and `check-system-version`, where they chose the version of a system that the set leaves open. */
function versionChoices(parameters: Parameters, heads: CodeSystemHead[], set: CompiledSet): ExpansionParameter[] {
  const rules = versionRules(parameters, SYSTEM_RULES)
  const open = new Set(
    contentOf(set)
      .clauses.filter(({ version }) => version === '')
      .map(({ system }) => system),
  )
  return [...rules].flatMap(([url, rule]) => {
    if (rule.force !== undefined || !open.has(url)) return []
    const [name, pattern] =
      rule.default !== undefined ? ['system-version', rule.default] : ['check-system-version', rule.check]
    const chosen = heads.some(
      (each) => each.url === url && pattern !== undefined && matchesVersion(pattern, each.version),
    )
    return chosen ? [{ name: String(name), valueUri: `${url}|${pattern}` }] : []
  })
}
