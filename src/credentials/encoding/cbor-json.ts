import type { Json, JsonObject } from '../../fhir/types.ts'
import type { CborMap, CborValue } from './cbor.ts'

/**
 * The JSON form of a CBOR item: keys become text, tags fall away (tag 1 becomes a date-time text), byte strings become
 * base64, what JSON cannot say (NaN, undefined) becomes null. Members are defined, not assigned, so `__proto__` is an
 * ordinary key.
 */
export function cborToJson(value: CborValue): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(cborToJson)
  if (value instanceof Map) return mapToJson(value)
  if ('simple' in value) return null
  return taggedToJson(value.tag, cborToJson(value.value))
}

function mapToJson(map: CborMap): JsonObject {
  const object: JsonObject = {}
  for (const [key, item] of map) {
    // 1 and "1" are two keys in CBOR and one in JSON: the decoder went by the number, so the number's value stands.
    if (typeof key === 'string' && map.has(Number(key)) && String(Number(key)) === key) continue
    defineMember(object, keyText(key), cborToJson(item))
  }
  return object
}

function keyText(key: CborValue): string {
  return typeof key === 'string' ? key : typeof key === 'number' ? String(key) : JSON.stringify(cborToJson(key))
}

function taggedToJson(tag: number | bigint, value: Json): Json {
  if (tag !== 1 || typeof value !== 'number') return value
  const date = new Date(value * 1000)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** Sets a member whatever its name, `__proto__` included. */
export function defineMember(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  } else object[name] = value
}
