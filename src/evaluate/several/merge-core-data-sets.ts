import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { compareText, relate } from './events.ts'

/**
 * The core data sets of several credentials with every event once, as {@link mergeContents} has their resources: a dose that two
 * certificates tell is one dose, whatever language a rule is written in. What only one of them says of it stands beside the rest.
 */
export function mergeCoreDataSets(credentials: readonly (readonly JsonObject[])[]): JsonObject[] {
  const groups: { of: number; data: JsonObject }[][] = []
  for (const [of, coreDataSets] of credentials.entries())
    for (const data of coreDataSets) {
      const event = eventOf(data)
      const group = event && groups.find((each) => isOneEvent(each, { of, event }))
      if (group) group.push({ of, data })
      else groups.push([{ of, data }])
    }
  return groups.map((group) => united(group.map(({ data }) => data)))
}

/** Within one credential its issuer says whether they are one or two. */
const isOneEvent = (group: { of: number; data: JsonObject }[], { of, event }: { of: number; event: JsonObject }) =>
  group.every((each) => {
    const other = eventOf(each.data)
    return each.of !== of && other !== undefined && relate(other, event) === 'same'
  })

/** What happened, as events are compared: of FHIR the elements that tell one from another. */
function eventOf({ vaccination, test, recovery, certificate }: JsonObject): JsonObject | undefined {
  const number = isJsonObject(certificate) && isJsonObject(certificate.hcid) ? [certificate.hcid] : []
  if (isJsonObject(vaccination)) {
    const { vaccine, brand, date, dose, totalDoses, disease, lot } = vaccination
    return told({
      resourceType: 'Immunization',
      identifier: number,
      vaccineCode: concept(vaccine, brand),
      occurrenceDateTime: date,
      lotNumber: lot,
      protocolApplied: [
        told({ targetDisease: [concept(disease)], doseNumberPositiveInt: dose, seriesDosesPositiveInt: totalDoses }),
      ],
    })
  }
  if (isJsonObject(test)) {
    const { type, typeAsIssued, pathogen, date, result } = test
    const code = concept(typeAsIssued, type, pathogen)
    return told({ resourceType: 'Observation', code, effectiveDateTime: date, valueCodeableConcept: concept(result) })
  }
  if (!isJsonObject(recovery)) return undefined
  return told({ resourceType: 'Condition', code: concept(recovery.disease), onsetDateTime: recovery.date })
}

const concept = (...codings: (Json | undefined)[]): JsonObject => ({ coding: codings.filter(isJsonObject) })

/** Without what is not told. */
const told = (members: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** The fullest, with what only another says, in whatever order they come. */
function united(tellings: JsonObject[]): JsonObject {
  const fullness = (telling: JsonObject) => JSON.stringify(telling).length
  const [fullest = {}, ...others] = tellings.toSorted((a, b) => fullness(b) - fullness(a) || compareText(a, b))
  return others.reduce(filled, fullest)
}

function filled(into: JsonObject, from: JsonObject): JsonObject {
  const whole = { ...into }
  for (const [name, value] of Object.entries(from)) {
    const own = whole[name]
    if (own === undefined) whole[name] = value
    // A coding is told by one of them: its system goes with no code of another.
    else if (isJsonObject(own) && isJsonObject(value) && isEvent(name)) whole[name] = filled(own, value)
  }
  return whole
}

const isEvent = (name: string) => ['vaccination', 'test', 'recovery', 'certificate'].includes(name)
