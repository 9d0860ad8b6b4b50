const codes: Record<string, string> = {
  year: 'a',
  month: 'mo',
  week: 'wk',
  day: 'd',
  hour: 'h',
  minute: 'min',
  second: 's',
  millisecond: 'ms',
}

/** UCUM code of a calendar word of FHIRPath and CQL, singular or plural (`years` → `a`); undefined for any other unit. */
export function calendarUnitCode(unit: string): string | undefined {
  return codes[unit.replace(/s$/, '')]
}

/** Milliseconds of the units of definite length, by their calendar word in the singular; years and months have none. */
export const millisecondsOf: Record<string, number> = {
  week: 604_800_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
}
