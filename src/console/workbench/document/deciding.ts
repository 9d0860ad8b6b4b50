/** The defines by which rule sets decide: those that their conditions name. */
import { isMembers } from '../../api/parameters.ts'
import { jsonObject } from './json-text.ts'

/** Their names, each once, in the order of the rule sets; a text that cannot be read names none. */
export function decidingDefines(plans: readonly string[]): string[] {
  return [...new Set(plans.flatMap((text) => definesIn(jsonObject(text)?.action, 0)))]
}

/** Deeper actions are none that anybody writes. */
const deepest = 12

function definesIn(actions: unknown, depth: number): string[] {
  if (!Array.isArray(actions) || depth > deepest) return []
  return actions
    .filter(isMembers)
    .flatMap((action) => [
      ...(Array.isArray(action.condition) ? action.condition.flatMap(defineOf) : []),
      ...definesIn(action.action, depth + 1),
    ])
}

function defineOf(condition: unknown): string[] {
  if (!isMembers(condition) || condition.kind !== 'applicability' || !isMembers(condition.expression)) return []
  const { language, expression } = condition.expression
  if (language !== 'text/cql-identifier' || typeof expression !== 'string') return []
  return [expression.replace(/^"(.*)"$/s, '$1')]
}
