/** `fixed[x]` and `pattern[x]` (https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_). */
import { isJsonObject } from '../../base/json.ts'

/** Whether a value is exactly another one. */
export function isSame(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(value) && value.length === wanted.length && wanted.every((each, at) => isSame(value[at], each))
  if (!isJsonObject(wanted)) return value === wanted
  if (!isJsonObject(value)) return false
  const names = Object.keys(wanted)
  return Object.keys(value).length === names.length && names.every((name) => isSame(value[name], wanted[name]))
}

/** Whether a value has everything that a pattern has; lists may have more, in any order. */
export function fits(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((wanted) => value.some((each) => fits(each, wanted)))
  if (!isJsonObject(pattern)) return value === pattern
  if (!isJsonObject(value)) return false
  return Object.keys(pattern).every((name) => fits(value[name], pattern[name]))
}
