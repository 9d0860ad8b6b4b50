import { isJurisdictionCode } from '../../base/iso-3166.ts'
import type { Json } from '../../base/json-value.ts'
import { code, type Datum, date } from '../data.ts'

const UNKNOWN = 'is none of the codes that are known'

/** Sex: the codes of FHIR's administrative gender, the letters of ICAO 9303 and their words. */
export const sex: Datum = (value) => {
  const read = code(value)
  if (typeof read.value !== 'string' || read.value === '') return read
  return /^(?:m|f|o|u|x|male|female|other|unknown)$/i.test(read.value) ? read : { ...read, remark: UNKNOWN }
}

/** ICAO 9303-3, 5: stateless persons, refugees, those of unspecified nationality, and specimens (Utopia). */
const withoutCountry = /^(?:XX[A-CX]|UTO)$/

/** Nationality: ISO 3166-1, or what ICAO 9303 has for those without one. */
export const nationality: Datum = (value) => {
  const read = code(value)
  if (typeof read.value !== 'string' || read.value === '') return read
  const isKnown = isJurisdictionCode(read.value) || withoutCountry.test(read.value)
  return isKnown ? read : { ...read, remark: UNKNOWN }
}

/** What stands for a last day where a vaccination counts for life (International Health Regulations, annexes 6 and 7). */
const FOR_LIFE = /^(?:life of (?:the )?person vaccinated|vie enti[eè]re du sujet vaccin[eé])$/i

/** Whether a text in place of a last day says that there is none. */
export const isForLife = (value: Json | undefined): boolean =>
  typeof value === 'string' && FOR_LIFE.test(value.trim().normalize('NFC'))

/** The last day on which a vaccination counts; for life there is none. */
export const lastDay: Datum = (value) => (isForLife(value) ? {} : date(value))
