import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'

const SNOMED = 'http://snomed.info/sct'
const LOINC = 'http://loinc.org'
const ICD_11 = ['http://id.who.int/icd11/mms', 'http://id.who.int/icd/release/11/mms']
const INTERPRETATIONS = [
  'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
  'http://terminology.hl7.org/CodeSystem/v2-0078',
]

/** Codes that say that something was found (true) or not (false), by `system|code`. */
const FOUND = new Map<string, boolean>([
  ...codes(SNOMED, true, ['260373001', '10828004']),
  ...codes(SNOMED, false, ['260415000', '260385009']),
  ...codes(LOINC, true, ['LA11882-0', 'LA6576-8']),
  ...codes(LOINC, false, ['LA11883-8', 'LA6577-6']),
  ...ICD_11.flatMap((system) => [...codes(system, true, ['RA01.0']), ...codes(system, false, ['QA02', 'RA01.1'])]),
  // Of a test for a virus what is normal is that it was not found.
  ...INTERPRETATIONS.flatMap((system) => [
    ...codes(system, true, ['POS', 'DET', 'A']),
    ...codes(system, false, ['NEG', 'ND', 'N']),
  ]),
])

function codes(system: string, found: boolean, list: string[]): [string, boolean][] {
  return list.map((code) => [`${system}|${code}`, found])
}

/**
 * Why the result of an Observation is not one result: two values, codings of one system that differ, codings (and
 * interpretation) of which one says found and another not found, or an interpretation that is not understood. Undefined when it is one.
 */
export function resultFault(observation: JsonObject): string | undefined {
  const values = Object.keys(observation).filter((name) => /^_?value[A-Z]/.test(name))
  if (values.length > 1) return 'A test result of the card has several values'
  const value = codingsOf(observation.valueCodeableConcept)
  if (haveTwoCodes(value)) return 'A test result of the card is coded twice in one system, differently'
  const interpretations = [observation.interpretation ?? []].flat()
  const all = [...value, ...interpretations.flatMap(codingsOf)]
  const said = new Set(all.map(found))
  if (said.has(true) && said.has(false)) return 'The codings of a test result of the card contradict each other'
  const isRead = interpretations.every((each) => codingsOf(each).some((coding) => found(coding) !== undefined))
  return isRead ? undefined : 'A test result of the card has an interpretation that is not understood'
}

function codingsOf(concept: Json | undefined): JsonObject[] {
  const coding = isJsonObject(concept) ? concept.coding : undefined
  return objectsIn(coding)
}

/** Different codes of one system that are not known to say the same. */
function haveTwoCodes(codings: JsonObject[]): boolean {
  const bySystem = new Map<Json | undefined, JsonObject>()
  for (const coding of codings) {
    const known = bySystem.get(coding.system)
    if (known && known.code !== coding.code && (found(known) === undefined || found(known) !== found(coding)))
      return true
    bySystem.set(coding.system, coding)
  }
  return false
}

const found = ({ system, code }: JsonObject): boolean | undefined => FOUND.get(`${String(system)}|${String(code)}`)
