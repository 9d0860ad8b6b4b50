import type { Json, JsonObject } from './json-value.ts'

/** Whether a JSON value is an object: no list, not null. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
