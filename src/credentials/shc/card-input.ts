import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { day, eventsOf, mapsFrom, member, withoutEmptyTexts } from '../certificate-input.ts'
import type { CertificateInput } from '../credential-format.ts'

const maps = mapsFrom('ShcToCoreDataSet')

/** What maps get of a card: its claims with times as decimals, and with times of day precision and resources that have an id. */
export function cardInput(content: Json): CertificateInput {
  const claims = withoutEmptyTexts(content)
  const bundle = member(member(member(claims, 'vc'), 'credentialSubject'), 'fhirBundle')
  const types = eventsOf(member(bundle, 'entry')).map((entry) => member(member(entry, 'resource'), 'resourceType'))
  const events = types.filter((type) => type === 'Immunization' || type === 'Observation').length
  const composed = () => (isJsonObject(claims) ? composition(claims) : claims)
  return { maps, claims, composition: composed, events: Math.max(1, events) }
}

function composition(claims: JsonObject): Json {
  const shape: JsonObject = { ...claims }
  for (const name of ['nbf', 'exp']) {
    const value = day(claims[name])
    if (value !== undefined) shape[name] = value
  }
  const { vc } = claims
  const subject = isJsonObject(vc) ? vc.credentialSubject : undefined
  const bundle = isJsonObject(subject) ? subject.fhirBundle : undefined
  if (!isJsonObject(vc) || !isJsonObject(subject) || !isJsonObject(bundle) || !Array.isArray(bundle.entry)) return shape
  const entry = bundle.entry.map(entryWithId)
  return { ...shape, vc: { ...vc, credentialSubject: { ...subject, fhirBundle: { ...bundle, entry } } } }
}

/** Every resource gets the id by which the others refer to it. */
function entryWithId(entry: Json): Json {
  if (!isJsonObject(entry) || !isJsonObject(entry.resource) || typeof entry.fullUrl !== 'string') return entry
  return { ...entry, resource: { ...entry.resource, id: entry.fullUrl } }
}
