/** Empty lists, which tools write and FHIR forbids (ele-1, JSON representation): they say nothing, and are left out. */

import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { issue } from '../fhir/error.ts'
import { asJson } from '../fhir/json.ts'
import type { Issue, Resource } from '../fhir/types.ts'

/** Takes empty lists out of a resource that was just read; answers a warning that names them. */
export function dropEmptyLists(resource: Resource): Issue[] {
  const found: string[] = []
  // In place: an object that is made anew would lose the text of its decimals.
  const visit = (value: Json, path: string): void => {
    if (Array.isArray(value)) for (const [index, each] of value.entries()) visit(each, `${path}[${index}]`)
    if (!isJsonObject(value)) return
    for (const [name, member] of Object.entries(value)) {
      if (Array.isArray(member) && member.length === 0) {
        delete value[name]
        found.push(`${path}.${name}`)
      } else visit(member, `${path}.${name}`)
    }
  }
  visit(asJson(resource), resource.resourceType)
  if (found.length === 0) return []
  const shown = found.length > 5 ? `${found.slice(0, 5).join(', ')} and ${found.length - 5} more` : found.join(', ')
  const text = `${resource.resourceType}/${resource.id ?? ''}: left out empty lists, which FHIR does not allow: ${shown}.`
  return [issue('structure', { severity: 'warning', text, expression: found.slice(0, 5) })]
}
