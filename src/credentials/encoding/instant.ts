const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ]((?:[01]\d|2[0-3]):\d{2}(?::\d{2}(?:\.\d{1,9})?)?)([Zz]|[+-]\d{2}:?\d{2})?)?$/

/**
 * Seconds since 1970 of an RFC 3339 date-time, seconds optional; a date alone is its first moment, and what names no offset is UTC, so that
 * the answer is the same wherever the process runs. Undefined for any other text.
 */
export function instantSeconds(text: string): number | undefined {
  const match = INSTANT.exec(text)
  if (!match) return undefined
  const [, date = '', time = '00:00:00', offset = 'Z'] = match
  const zone = offset.toUpperCase().replace(/^(...)(\d\d)$/, '$1:$2')
  const milliseconds = Date.parse(`${date}T${time}${zone}`)
  // JavaScript reads the 30th of February as a day of March.
  if (!Number.isNaN(Date.parse(date)) && !new Date(date).toISOString().startsWith(date)) return undefined
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000
}
