import type { Json, JsonObject } from '../../fhir/types.ts'
import { defineMember } from './cbor-json.ts'

/** JSON whose texts are as everybody after the signature compares and shows them. */
export interface PlainTexts {
  json: Json
  /** Whether a text that FHIR does not allow was left out. */
  hasLeftOut: boolean
}

/** ASCII without control characters other than tab, line feed and carriage return: nearly every text, and nothing to do. */
const PLAIN = /^[\t\n\r -~]*$/
/** What a FHIR string may not hold (FHIR R4, string) and XML cannot carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/

/**
 * Every text in Unicode normal form C, as HCERT demands for comparison and display (HCERT 3.2.7); the signed bytes are never
 * touched. A text with control characters or lone surrogates becomes null. The same object when there is nothing to change.
 */
export function plainTexts(json: Json): PlainTexts {
  const state = { hasLeftOut: false }
  return { json: plain(json, state), hasLeftOut: state.hasLeftOut }
}

function plain(json: Json, state: { hasLeftOut: boolean }): Json {
  if (typeof json === 'string') return plainText(json, state)
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) {
    const items = json.map((each) => plain(each, state))
    return items.every((each, at) => each === json[at]) ? json : items
  }
  return plainObject(json, state)
}

function plainObject(json: JsonObject, state: { hasLeftOut: boolean }): JsonObject {
  let changed: JsonObject | undefined
  for (const name of Object.keys(json)) {
    const before = json[name] ?? null
    const after = plain(before, state)
    if (after === before) continue
    changed ??= copyOf(json)
    defineMember(changed, name, after)
  }
  return changed ?? json
}

function copyOf(json: JsonObject): JsonObject {
  const copy: JsonObject = {}
  for (const [name, value] of Object.entries(json)) defineMember(copy, name, value)
  return copy
}

function plainText(text: string, state: { hasLeftOut: boolean }): Json {
  if (PLAIN.test(text)) return text
  if (!FORBIDDEN.test(text) && text.isWellFormed()) return text.normalize('NFC')
  state.hasLeftOut = true
  return null
}
