import { isCountryCode } from '../base/iso-3166.ts'
import type { Json } from '../base/json-value.ts'
import { compareVersions } from '../fhir/canonical.ts'

/** One datum as it goes on; without `value` it was left out. The remark says what is unusual and never quotes it. */
interface DatumReading {
  value?: Json
  remark?: string
  /** What was given, or a part of it that decides, is not in the value. */
  isLost?: true
}
/** How a member of a certificate is read: reasonable conversions are made (HCERT 3.2.7), what FHIR would refuse is left out. */
export type Datum = ((value: Json) => DatumReading) & {
  /** Without it a certificate would say something else: one that could not be read must not be as good as absent. */
  decides?: true
}

/** The same datum where it decides what a certificate says. */
export const deciding = (datum: Datum): Datum =>
  Object.assign((value: Json): DatumReading => datum(value), { decides: true as const })

const leftOut = (why: string): DatumReading => ({ remark: `${why} and was left out`, isLost: true })
const BREAKS = 'breaks the schema'

/** A text. */
export const text: Datum = (value) => (typeof value === 'string' ? { value } : leftOut('is not a text'))

/** A text of at most 80 characters. */
export const shortText: Datum = (value) => {
  if (typeof value !== 'string') return leftOut('is not a text')
  return value.length <= 80 ? { value } : { value, remark: 'is longer than 80 characters' }
}

/** A name in the letters of ICAO 9303. */
export const machineText: Datum = (value) => {
  if (typeof value !== 'string') return leftOut('is not a text')
  return /^[A-Z<]{0,80}$/.test(value) ? { value } : { value, remark: 'is not a name in ICAO 9303 letters' }
}

/** A code as FHIR has it (FHIR R4, code); the empty text stands for an absent one. */
export const code: Datum = (value) => {
  if (typeof value !== 'string') return leftOut('is not a code')
  return value === '' || /^\S+( \S+)*$/.test(value) ? { value } : leftOut('is not a code')
}

/** Used in the country fields beside ISO 3166: the Union, the UN, the Union's own codes of two members. */
const OTHER_COUNTRIES = ['EU', 'UN', 'EL', 'UK']
/** Codes that ISO 3166 leaves to users; test participants have them. */
const USER_ASSIGNED = /^X[A-Z]$/

/** The code of a country. */
export const country: Datum = (value) => {
  const read = code(value)
  const isKnown =
    typeof value === 'string' && (isCountryCode(value) || OTHER_COUNTRIES.includes(value) || USER_ASSIGNED.test(value))
  return read.value === undefined || isKnown ? read : { ...read, remark: BREAKS }
}

/** A number of doses, from 1; a text of digits is read as the number that it says. */
export const count: Datum = (value) => {
  if (typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value))
    return { value: Number(value), remark: 'was read as a number' }
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 2 ** 31 - 1)
    return leftOut('is not a count')
  return { value }
}

const TIME = /^T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?$/

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** A full date that the calendar has. */
function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false
  const year = Number(value.slice(0, 4))
  const month = Number(value.slice(5, 7))
  const day = Number(value.slice(8))
  const last = month === 2 && isLeap(year) ? 29 : (DAYS[month - 1] ?? 0)
  return year > 0 && day > 0 && day <= last
}

/** A FHIR date-time with the offset that a time must have; written `+02` or `+0200` it is completed. Undefined for anything else. */
function fhirDateTime(value: string): string | undefined {
  const match = /^(.{10})(T[^Z+-]+)(Z|[+-]\d{2}(?::?\d{2})?)$/i.exec(value)
  if (!match) return undefined
  const [, day = '', time = '', offset = ''] = match
  if (!isDate(day) || !TIME.test(time.toUpperCase())) return undefined
  const zone = /^z$/i.test(offset) ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`
  return zone === 'Z' || /^[+-](0\d:[0-5]\d|1[0-3]:[0-5]\d|14:00)$/.test(zone)
    ? `${day}${time.toUpperCase()}${zone}`
    : undefined
}

const isPartialDate = (value: string) => /^\d{4}(-(0[1-9]|1[0-2]))?$/.test(value) && !value.startsWith('0000')

/** A date; of a date-time the day counts. */
export const date: Datum = (value) => {
  if (typeof value !== 'string') return leftOut('is not a date')
  if (isDate(value)) return { value }
  if (isPartialDate(value)) return { value, remark: BREAKS }
  if (isDate(value.slice(0, 10)) && (fhirDateTime(value) !== undefined || TIME.test(value.slice(10))))
    return { value: value.slice(0, 10), remark: 'is a date with a time, of which the date was read' }
  return value === '' ? { remark: 'is missing' } : leftOut('is not a date')
}

/** A date of birth; year, or year and month, or nothing became possible with version 1.2.1. */
export const birthDate =
  (version: string | undefined): Datum =>
  (value) => {
    if (typeof value === 'string' && isDate(value)) return { value }
    const mayBePartial = version !== undefined && compareVersions(version, '1.2.1') >= 0
    if (mayBePartial && value === '') return {}
    return mayBePartial && typeof value === 'string' && isPartialDate(value) ? { value } : date(value)
  }

/** A date with a time. */
export const dateTime: Datum = (value) => {
  if (typeof value !== 'string') return leftOut('is not a date with a time')
  const read = fhirDateTime(value)
  if (read !== undefined) return read === value ? { value } : { value: read, remark: 'was read as a FHIR date-time' }
  if (isDate(value) || isPartialDate(value)) return { value, remark: BREAKS }
  return value === '' ? { remark: 'is missing' } : leftOut('is not a date with a time')
}

/** A date, or a date with a time. */
export const moment: Datum = (value) => {
  const read = dateTime(value)
  if (read.value === value) return { value }
  return read.value === undefined && value !== '' ? leftOut('is neither a date nor a date with a time') : read
}

/** One text or one number, as the kinds have doses that they name (`secondDose`) or count. */
export const textOrCount: Datum = (value) => {
  if (typeof value === 'string') return { value }
  return typeof value === 'number' ? count(value) : leftOut('is neither a text nor a count')
}
