import { birthDate, count, type Datum, deciding, moment, text } from '../data.ts'
import { coding, type Fields, listOf, mapOf } from '../shape.ts'

/** The forms in which a protocol numbers doses (FHIR R4, Immunization.protocolApplied), and how each is read. */
export const doseNumbers: Readonly<Record<string, Datum>> = {
  doseNumberPositiveInt: count,
  doseNumberString: text,
  seriesDosesPositiveInt: count,
  seriesDosesString: text,
}

const concept = mapOf({ coding: deciding(listOf(coding)), text })

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
    protocolApplied: deciding(listOf(mapOf({ ...doseNumbers, targetDisease: deciding(listOf(concept)) }))),
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
