import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { birthDate, count, type Datum, deciding, moment, text } from '../data.ts'
import { coding, type Fields, listOf, mapOf } from '../shape.ts'

/** The forms in which a protocol numbers doses (FHIR R4, Immunization.protocolApplied), and how each is read. */
const doseNumbers: Readonly<Record<string, Datum>> = {
  doseNumberPositiveInt: count,
  doseNumberString: text,
  seriesDosesPositiveInt: count,
  seriesDosesString: text,
}

const concept = mapOf({ coding: deciding(listOf(coding)), text })

const isOfNumber = (name: string): boolean => /^(?:doseNumber|seriesDoses)/.test(name)

/** Whether a number is given that is not of its form, or in a form that R4 does not have. */
const hasNoNumber = (protocol: JsonObject): boolean =>
  Object.entries(protocol).some(([name, value]) => isOfNumber(name) && doseNumbers[name]?.(value).value === undefined)

/** Whether protocols say something of doses that is not understood: they are no list of them, or a number of one is none. */
export const areUnread = (protocols: Json | undefined): boolean =>
  protocols !== undefined &&
  !(Array.isArray(protocols) && protocols.every((each) => isJsonObject(each) && !hasNoNumber(each)))

/** What stands for numbers of doses that are not understood: a text of which rules know that there was a number, and none that it is. */
const unreadNumber = { doseNumberString: 'not understood' }

const numberedProtocol = mapOf({ ...doseNumbers, targetDisease: deciding(listOf(concept)) })

/**
 * One protocol. Where a number is not understood none of its numbers is read, and that there was one is not left out, as other data are:
 * a dose that nobody has numbered is counted, and too few of those say no.
 */
const protocol: Datum = (value) => {
  const read = numberedProtocol(value)
  if (!isJsonObject(value) || !isJsonObject(read.value)) return { ...read, value: unreadNumber }
  if (!hasNoNumber(value)) return read
  const rest = Object.entries(read.value).filter(([name]) => !isOfNumber(name))
  return { ...read, value: { ...Object.fromEntries(rest), ...unreadNumber } }
}

const protocols: Datum = (value) => {
  const read = listOf(protocol)(value)
  return read.value === undefined ? { ...read, value: [unreadNumber] } : read
}

/**
 * Elements of resources in a credential that decide something, as FHIR R4 has them. What is not of its form (a list where one date belongs)
 * is left out before anybody reads it: one reader would take its first part, another all of it.
 */
export const resourceFields: Record<string, Fields> = {
  Patient: { birthDate: birthDate('1.3.0'), gender: text },
  Immunization: {
    occurrenceDateTime: deciding(moment),
    occurrenceString: text,
    lotNumber: text,
    vaccineCode: deciding(concept),
    protocolApplied: deciding(protocols),
  },
  Condition: {
    onsetDateTime: deciding(moment),
    abatementDateTime: deciding(moment),
    recordedDate: moment,
    code: deciding(concept),
    clinicalStatus: deciding(concept),
    verificationStatus: deciding(concept),
  },
  Observation: {
    effectiveDateTime: deciding(moment),
    code: deciding(concept),
    valueCodeableConcept: deciding(concept),
    valueString: deciding(text),
  },
}
