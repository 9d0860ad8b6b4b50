/** Durations of the calendar and of UCUM (CQL 1.5, Quantity, and Date and Time Arithmetic). */
import { millisecondsOf } from '../../../base/calendar-units.ts'

/** Whether a unit is a word of the calendar, and no code of UCUM. */
export const isCalendarWord = (unit: unknown): boolean =>
  /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/.test(String(unit ?? ''))

/** `year` or `month` of a calendar unit, singular or plural: the units whose length varies. */
export const calendarUnit = (unit: unknown): string | undefined => /^(year|month)s?$/.exec(String(unit ?? ''))?.[1]

/**
 * Whether one of two units is a year or month of the calendar and the other is not: their lengths vary, so they are compared and counted
 * with each other alone, neither with units of UCUM nor with days (CQL 1.5, Equal, Quantity).
 */
export const mixesCalendar = (a: unknown, b: unknown): boolean =>
  (calendarUnit(a) === undefined) !== (calendarUnit(b) === undefined)

/** Months of a duration of years or months of the calendar; undefined for any other. */
export function monthsOf({ value, unit }: { value: number; unit?: unknown }): number | undefined {
  const word = calendarUnit(unit)
  return word === undefined ? undefined : value * (word === 'year' ? 12 : 1)
}

const ucumWords: Record<string, string> = {
  wk: 'week',
  d: 'day',
  h: 'hour',
  min: 'minute',
  s: 'second',
  ms: 'millisecond',
}

/** Calendar word, in the singular, of a unit of time; undefined for any other unit. UCUM has no units of varying length. */
export function timeWord(unit: unknown): string | undefined {
  const text = String(unit ?? '')
  const word = ucumWords[text] ?? text.replace(/s$/, '')
  return word in millisecondsOf ? word : calendarUnit(text)
}

/** Whether a unit measures time; UCUM has years and months of several lengths. */
export const isTimeUnit = (unit: unknown): boolean =>
  timeWord(unit) !== undefined || /^(?:a|mo)(?:_[a-z])?$/.test(String(unit ?? ''))

/** Fields of a moment from the coarsest to the finest. */
export const fields = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond'] as const

/** A field of a moment. */
export type Field = (typeof fields)[number]
