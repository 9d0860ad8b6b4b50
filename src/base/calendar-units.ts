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
