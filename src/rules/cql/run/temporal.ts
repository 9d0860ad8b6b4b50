import { Date as CqlDate, DateTime } from 'cql-execution'
import type { Json } from '../../../base/json-value.ts'

/**
 * CQL dates and times of FHIR texts. The executor's own readers do the same by way of a date library, which costs as
 * much as a signature check for every value.
 */
const dateTimePattern =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(?:Z|([+-])(\d\d):(\d\d))?)?)?)?$/

/** CQL DateTime of a FHIR dateTime or instant; precision below a millisecond is cut, for CQL has none. */
export function parseDateTime(value: Json | undefined, timezoneOffset: number): DateTime | undefined {
  const fields = readFields(value)
  if (!fields) return undefined
  const { year, month, day, hour, minute, second, millisecond, offset } = fields
  return new DateTime(year, month, day, hour, minute, second, millisecond, offset ?? timezoneOffset)
}

/** CQL Date of a FHIR date of any precision. */
export function parseDate(value: Json | undefined): CqlDate | undefined {
  const fields = readFields(value)
  return fields && fields.hour === null ? new CqlDate(fields.year, fields.month, fields.day) : undefined
}

/** The executor represents a Time as a DateTime of year 0 without offset. */
export function parseTime(value: Json | undefined): DateTime | undefined {
  const fields = typeof value === 'string' ? readFields(`2000-01-01T${value}`) : undefined
  if (!fields || fields.offset !== undefined) return undefined
  const time = new DateTime(0, 1, 1, fields.hour, fields.minute, fields.second, fields.millisecond, 0)
  time.timezoneOffset = null
  return time
}

interface Fields {
  year: number
  month: number | null
  day: number | null
  hour: number | null
  minute: number | null
  second: number | null
  millisecond: number | null
  /** Hours east of UTC; undefined when the text has none. */
  offset: number | undefined
}

function readFields(value: Json | undefined): Fields | undefined {
  if (typeof value !== 'string') return undefined
  return usualFields(value) ?? otherFields(value)
}

/** Fields of a plain day, as most dates of certificates are, and of a moment as JavaScript tells one; undefined for every other text. */
function usualFields(text: string): Fields | undefined {
  const isDay = text.length === 10
  if (!isDay && (text.length !== 24 || !text.endsWith('Z'))) return undefined
  if (text.charCodeAt(4) !== hyphen || text.charCodeAt(7) !== hyphen) return undefined
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  // What is no digit makes a number NaN, which lies nowhere; the days after the 28th are for who knows the months.
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return undefined
  if (isDay) return { year, month, day, hour: null, minute: null, second: null, millisecond: null, offset: undefined }
  if (text[10] !== 'T' || text[13] !== ':' || text[16] !== ':' || text[19] !== '.') return undefined
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  const millisecond = 10 * twoDigits(text, 20) + text.charCodeAt(22) - zero
  if (!(hour <= 23 && minute <= 59 && second <= 59 && millisecond >= 0 && twoDigits(text, 21) >= 0)) return undefined
  return { year, month, day, hour, minute, second, millisecond, offset: 0 }
}

const hyphen = 0x2d
const zero = 0x30

/** The number that two characters are; NaN where one is no digit. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - zero
  const ones = text.charCodeAt(at + 1) - zero
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN
}

function otherFields(value: string): Fields | undefined {
  const match = dateTimePattern.exec(value)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = match
  const fields: Fields = {
    year: Number(year),
    month: number(month),
    day: number(day),
    hour: number(hour),
    minute: number(minute),
    second: number(second),
    millisecond: fraction === undefined ? null : Number(fraction.slice(0, 3).padEnd(3, '0')),
    offset: match[0].endsWith('Z') ? 0 : undefined,
  }
  if (sign !== undefined) {
    const hours = Number(offsetHours) + Number(offsetMinutes) / 60
    fields.offset = sign === '-' ? -hours : hours
  }
  return exists(fields) ? fields : undefined
}

const number = (text: string | undefined) => (text === undefined ? null : Number(text))

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether the calendar and the clock have such a moment. */
function exists({ year, month, day, hour, minute, second, offset }: Fields): boolean {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const last = month === 2 && isLeap ? 29 : (monthDays[(month ?? 1) - 1] ?? 0)
  return (
    within(month, 1, 12) &&
    within(day, 1, last) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 59) &&
    within(offset ?? null, -14, 14)
  )
}

const within = (value: number | null, least: number, most: number) =>
  value === null || (value >= least && value <= most)
