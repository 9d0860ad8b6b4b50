import type { Json, JsonObject } from './json-value.ts'

/** Whether a value is a JSON object: no list, not null. What is below it is taken for JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sets a member whatever its name, `__proto__` included. */
export function defineMember(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  } else object[name] = value
}
