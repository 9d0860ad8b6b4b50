import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'

/** Whether a datum is said to be absent (FHIR R4, extension data-absent-reason), and is there all the same, at any depth. */
export function contradictsItself(element: JsonObject): boolean {
  return Object.entries(element).some(([name, value]) => {
    // What extensions hold is theirs: one whose value is absent says so in an extension of its own.
    if (name === 'extension' || name === 'modifierExtension') return false
    if (name.startsWith('_')) return isAbsentThere(value, element[name.slice(1)])
    return [value].flat().some((each) => isJsonObject(each) && (isAbsentYetThere(each) || contradictsItself(each)))
  })
}

/** Of a primitive: the extensions stand beside the value, of a list place by place (FHIR R4, JSON representation of primitives). */
function isAbsentThere(extended: Json, value: Json | undefined): boolean {
  if (!Array.isArray(extended)) return isAbsent(extended) && value !== undefined
  const values = Array.isArray(value) ? value : []
  return extended.some((each, at) => isAbsent(each) && (values[at] ?? null) !== null)
}

const isAbsentYetThere = (element: JsonObject): boolean =>
  isAbsent(element) && Object.keys(element).some((name) => name !== 'extension' && name !== 'id')

function isAbsent(value: Json): boolean {
  const extension = isJsonObject(value) ? value.extension : undefined
  const list = Array.isArray(extension) ? extension : []
  return list.some((each) => isJsonObject(each) && String(each.url).endsWith('/data-absent-reason'))
}
