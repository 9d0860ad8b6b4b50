import { defineMember } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { CborMap, CborValue } from './cbor.ts'
import { instantSeconds } from './instant.ts'
import { FORBIDDEN_TEXT, PLAIN, plainText } from './plain-text.ts'

/** Ends the reading of one item; caught by {@link readCborJson} alone. */
class Fault extends Error {}

/**
 * Reads a signed CBOR item as the one JSON value that everybody after the signature reads; a text says why it cannot be said without
 * ambiguity, and does not quote it. Map keys become
 * text and must still differ as text: of 1, "1", 99(1) and a bignum 1 in one map a reader would take one and another reader the
 * other. Tag 0 and tag 1 become date-time texts, whole floats integers, each with a remark. Other tags, bignums, keys that are
 * neither integer nor text, and byte strings are faults. What JSON cannot say (NaN, undefined, simple
 * values) and texts that FHIR does not allow become null with a remark. Texts are in normal form C. Members are defined, not assigned, so `__proto__` is an ordinary key.
 */
export function readCborJson(value: CborValue): { json: Json; remarks: string[] } | string {
  const remarks = new Set<string>()
  try {
    const json = toJson(value, remarks)
    return { json, remarks: remarks.size === 0 ? [] : [...remarks] }
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
}

function toJson(value: CborValue, remarks: Set<string>): Json {
  if (typeof value === 'string') return PLAIN.test(value) ? value : unusualText(value, remarks)
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map((each) => toJson(each, remarks))
  if (value instanceof Map) return mapToJson(value, remarks)
  if (typeof value === 'bigint') throw new Fault('a number beyond 53 bits, or a bignum')
  if (value instanceof Uint8Array) throw new Fault('a byte string where data belong')
  if (typeof value === 'object' && 'tag' in value) return taggedToJson(value.tag, value.value, remarks)
  if (typeof value === 'object' && 'float' in value) {
    remarks.add('a whole number is written as a floating-point number')
    return value.float
  }
  remarks.add('a value that is no datum (undefined, not a number, or a simple value) was left out')
  return null
}

function unusualText(text: string, remarks: Set<string>): Json {
  const plain = plainText(text)
  if (plain === null) remarks.add(FORBIDDEN_TEXT)
  return plain
}

function mapToJson(map: CborMap, remarks: Set<string>): JsonObject {
  const object: JsonObject = {}
  let hasTexts = false
  let hasNumbers = false
  for (const [key, item] of map) {
    if (typeof key === 'string') hasTexts = true
    else if (typeof key === 'number') hasNumbers = true
    else throw new Fault('a map key that is neither an integer nor a text')
    const name = String(key)
    // Those of one type differ already.
    if (hasTexts && hasNumbers && Object.hasOwn(object, name)) throw new Fault('two map keys that are the same as text')
    defineMember(object, name, toJson(item, remarks))
  }
  return object
}

function taggedToJson(tag: number | bigint, value: CborValue, remarks: Set<string>): Json {
  if (tag !== 0 && tag !== 1) throw new Fault(`data under the CBOR tag ${tag}`)
  remarks.add('a date is written under a CBOR tag')
  const content = typeof value === 'object' && value !== null && 'float' in value ? value.float : value
  // Any other text is data that a tag was put around, and no date.
  if (tag === 0 && typeof content === 'string' && isDateText(content)) return content
  if (tag === 1 && typeof content === 'number') {
    const date = new Date(content * 1000)
    if (!Number.isNaN(date.getTime())) return date.toISOString()
  }
  throw new Fault(`data under the CBOR tag ${tag} that are not what it stands for`)
}

const isDateText = (text: string): boolean => /^\d{4}(?:-\d{2})?$/.test(text) || instantSeconds(text) !== undefined
