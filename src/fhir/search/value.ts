/** How texts of search parameters and of elements become comparable values (https://hl7.org/fhir/R4/search.html#prefix). */

/** Closed range of milliseconds since 1970 UTC, or of numbers. */
export interface Range {
  low: number
  high: number
}

/** Ends of open ranges; dates beyond them do not exist in ECMAScript. */
export const minimumTime = -8.64e15
export const maximumTime = 8.64e15

/** Case, accents and composition removed: what string search compares. */
export function foldText(text: string): string {
  // ASCII is nearly everything there is, and normalize() costs more than the rest together
  if (isAscii(text)) return text.toLowerCase()
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 126) return false
  return true
}

const datePattern =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/

/**
 * The instants that a date, dateTime or instant of any precision covers, both ends included; a time without zone
 * is UTC. Undefined when it is no date of the calendar.
 */
export function dateRange(text: string): Range | undefined {
  const match = datePattern.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const part = (value: string | undefined, otherwise: number) => (value === undefined ? otherwise : Number(value))
  const [m, d, h, min, s] = [part(month, 1), part(day, 1), part(hour, 0), part(minute, 0), part(second, 0)]
  if (m < 1 || m > 12 || d < 1 || h > 23 || min > 59 || s > 60) return undefined
  if (d > daysOfMonth(Number(year), m)) return undefined
  const milliseconds = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000)
  const low = utc(Number(year), m - 1, d) + ((h * 60 + min) * 60 + s) * 1000 + milliseconds - offset(zone)
  let length = 1
  if (month === undefined) length = utc(Number(year) + 1, 0, 1) - low
  else if (day === undefined) length = daysOfMonth(Number(year), m) * 86_400_000
  else if (hour === undefined) length = 86_400_000
  else if (second === undefined) length = 60_000
  else if (fraction === undefined) length = 1000
  return { low, high: low + length - 1 }
}

function utc(year: number, month: number, day: number): number {
  // Date.UTC takes years below 100 for 1900 and later
  return new Date(0).setUTCFullYear(year, month, day)
}

function daysOfMonth(year: number, month: number): number {
  return new Date(utc(year, month, 0)).getUTCDate()
}

function offset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

/** A decimal with the tolerance that its precision implies: `5.4` is 5.35 to 5.45, `1e2` is 95 to 105. */
export function numberRange(text: string): (Range & { value: number }) | undefined {
  const match = /^[+-]?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text)
  if (!match) return undefined
  const value = Number(text)
  const [, whole = '', fraction = '', power] = match
  // the standard's example: 1e2 is 95 to 105, though it has one significant digit
  const exponent = power === undefined ? 0 : Number(power) - 1
  const half = 0.5 * 10 ** (exponent - fraction.length)
  if (!Number.isFinite(value) || !Number.isFinite(half) || whole.length > 30) return undefined
  return { value, low: value - half, high: value + half }
}

/** Splits at a separator that is not escaped by a backslash; escapes stay as they are. */
export function splitEscaped(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === separator) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** Removes the escapes `\,` `\|` `\$` `\\`; any other backslash is itself. */
export function unescapeValue(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text
}

/** Makes a literal text safe for use as search value. */
export function escapeValue(text: string): string {
  return text.replace(/[,|$\\]/g, '\\$&')
}

/** Splits `url|version` at the first bar; the version is empty when there is none. */
export function splitVersion(text: string): [url: string, version: string] {
  const bar = text.indexOf('|')
  return bar < 0 ? [text, ''] : [text.slice(0, bar), text.slice(bar + 1)]
}

/** A literal reference in parts: `value` without history part, `id` when it ends as `Type/id`, `version` of history or canonical. */
export function splitReference(text: string): { value: string; version: string; id: string; type: string } {
  const history = /^(.*)\/_history\/([A-Za-z0-9\-.]{1,64})$/.exec(text)
  const [value, version] = history ? [history[1] ?? '', history[2] ?? ''] : splitVersion(text)
  const literal = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(value)
  return { value, version, id: literal?.[2] ?? '', type: literal?.[1] ?? '' }
}

/** How the index writes the type of an identifier, for `:of-type`. */
export const identifierType = (system: string, code: string): string => JSON.stringify([system, code])
