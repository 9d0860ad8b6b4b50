import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { eventsOf, mapsFrom, member, withoutEmptyTexts } from '../certificate-input.ts'
import type { CertificateInput } from '../credential-format.ts'

const maps = mapsFrom('DivocToCoreDataSet')

/**
 * What maps get of a DIVOC certificate: its document with `context` for `@context`. Maps that compose resources at once get the age as a
 * quantity in years and the postal code as a text.
 */
export function divocInput(content: Json): CertificateInput {
  const claims = withoutEmptyTexts(content)
  const events = eventsOf(member(claims, 'evidence')).length
  return { maps, claims, composition: () => composition(claims), events: Math.max(1, events) }
}

function composition(content: Json): Json {
  if (!isJsonObject(content)) return content
  const { credentialSubject: subject, evidence } = content
  const shape: JsonObject = { ...content }
  if (isJsonObject(subject)) shape.credentialSubject = withTextCodes(withQuantity(subject))
  if (Array.isArray(evidence)) shape.evidence = evidence.map(withTextCodes)
  return shape
}

/** Years (UCUM `a`); an age that is no number stays away. */
function withQuantity({ age, ...person }: JsonObject): JsonObject {
  const text = typeof age === 'number' ? String(age) : age
  const isNumber = typeof text === 'string' && /^\d{1,3}(\.\d+)?$/.test(text)
  if (!isNumber) return person
  return { ...person, age: { value: Number(text), unit: 'years', system: 'http://unitsofmeasure.org', code: 'a' } }
}

/** Postal codes as texts, wherever they stand. */
function withTextCodes(json: Json): Json {
  if (Array.isArray(json)) return json.map(withTextCodes)
  if (!isJsonObject(json)) return json
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      name === 'postalCode' && typeof value === 'number' ? String(value) : withTextCodes(value),
    ]),
  )
}
