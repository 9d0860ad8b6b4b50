/** The bytes that a signature covers: RFC 8785 over what FHIR's canonicalizations of JSON leave (https://hl7.org/fhir/R4/json.html#canonical). */

import { exactNumber } from '../../base/exact-number.ts'
import { canonicalJson, isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { artefactName } from '../../fhir/artefact.ts'
import { unprocessable } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'

const base = 'http://hl7.org/fhir/canonicalization/json'

/** Canonicalizations by their URLs, and the members at the root that each leaves out. */
export const canonicalizations = {
  /** Of an artefact: not what is shown for it, and not what a server says of it. */
  static: `${base}#static`,
  /** Of a Bundle, for its own signature. */
  bundle: base,
  /** Of a Bundle of type document. */
  document: `${base}#document`,
} as const

/** Name of a canonicalization. */
export type Canonicalization = keyof typeof canonicalizations

const leftOut: Record<Canonicalization, readonly string[]> = {
  static: ['text', 'meta'],
  bundle: ['signature'],
  document: ['signature', 'id', 'meta'],
}

/**
 * The canonical bytes of a resource. XML and JSON of the same content have the same bytes, and so have `1.10` and `1.1`.
 * @throws FhirError 422 for what RFC 8785 cannot carry: see {@link uncarried}
 */
export function canonicalBytes(resource: Resource, canonicalization: Canonicalization): Buffer {
  const members = Object.entries(asJson(resource)).filter(([name]) => !leftOut[canonicalization].includes(name))
  const told = Object.fromEntries(members)
  try {
    // Of the resource itself: a copy knows the texts of its numbers no more.
    const fault = uncarried(asJson(resource))
    if (fault !== undefined) throw unprocessable(`${artefactName(resource)} cannot be signed: ${fault}.`)
    return Buffer.from(canonicalJson(told))
  } catch (error) {
    if (error instanceof RangeError) throw unprocessable(`${artefactName(resource)} is too deep to be signed.`)
    if (error instanceof TypeError) throw unprocessable(`${artefactName(resource)} has no canonical form (RFC 8785).`)
    throw error
  }
}

const integer = /^-?\d+$/

/**
 * What of a JSON value RFC 8785 cannot carry, as the rest of a sentence: an integer beyond ±(2^53−1), by its text where that was kept,
 * NaN and infinities, a text with a lone surrogate. Undefined when there is nothing of it. A member that stands twice is found when
 * JSON is read, for afterwards nobody can tell.
 */
export function uncarried(value: Json): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'a text in it is not well-formed Unicode'
  if (typeof value !== 'object' || value === null) return undefined
  if (!Array.isArray(value) && !isJsonObject(value)) return undefined
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) return 'the name of a member is not well-formed Unicode'
    const member = memberOf(value, key)
    const fault = typeof member === 'number' ? uncarriedNumber(value, key, member) : uncarried(member)
    if (fault !== undefined) return fault
  }
  return undefined
}

const memberOf = (holder: JsonObject | Json[], key: string): Json =>
  (Array.isArray(holder) ? holder[Number(key)] : holder[key]) ?? null

function uncarriedNumber(holder: object, key: string, number: number): string | undefined {
  if (!Number.isFinite(number)) return 'a number in it is not finite'
  if (Number.isSafeInteger(number) || !Number.isInteger(number)) return undefined
  const text = exactNumber(holder, key) ?? String(number)
  return integer.test(text)
    ? `the integer ${text.slice(0, 40)} is beyond those that every reader has (2^53−1)`
    : undefined
}
