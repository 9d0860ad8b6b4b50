import type { Json, JsonObject } from '../../base/json-value.ts'

/** Sets a member whatever its name, `__proto__` included. */
export function defineMember(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  } else object[name] = value
}
