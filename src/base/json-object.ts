import type { JsonObject } from './json-value.ts'

/** Whether a value is a JSON object: no list, not null. What is below it is taken for JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
