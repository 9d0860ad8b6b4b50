import { defineMember } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'

/** ASCII without control characters other than tab, line feed and carriage return: nearly every text, and nothing to do. */
export const PLAIN = /^[\t\n\r -~]*$/
/** What a FHIR string may not hold (FHIR R4, string) and XML cannot carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/

/** The remark on a text that was left out. */
export const FORBIDDEN_TEXT = 'a text with characters that FHIR does not allow was left out'

/**
 * A text as everybody after the signature compares and shows it: in Unicode normal form C (HCERT 3.2.7); the signed bytes are
 * never touched. Null for one with control characters or lone surrogates.
 */
export function plainText(text: string): string | null {
  if (PLAIN.test(text)) return text
  return FORBIDDEN.test(text) || !text.isWellFormed() ? null : text.normalize('NFC')
}

/** JSON whose texts are {@link plainText}, the same object when there is nothing to change; the remarks say what was left out. */
export function plainTexts(json: Json): { json: Json; remarks: string[] } {
  const remarks = new Set<string>()
  return { json: plain(json, remarks), remarks: [...remarks] }
}

function plain(json: Json, remarks: Set<string>): Json {
  if (typeof json === 'string') {
    if (PLAIN.test(json)) return json
    const text = plainText(json)
    if (text === null) remarks.add(FORBIDDEN_TEXT)
    return text
  }
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) {
    const items = json.map((each) => plain(each, remarks))
    return items.every((each, at) => each === json[at]) ? json : items
  }
  return plainObject(json, remarks)
}

function plainObject(json: JsonObject, remarks: Set<string>): JsonObject {
  let changed: JsonObject | undefined
  for (const name of Object.keys(json)) {
    const before = json[name] ?? null
    const after = plain(before, remarks)
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
