/** Texts with places for what is particular: `{name}`. */

/** Puts values into a text's places; a place without a value stays, so that it is seen. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** One text for each way in which a language counts (Unicode plural categories); `other` is always there. */
export interface Counted {
  zero?: string
  one?: string
  two?: string
  few?: string
  many?: string
  other: string
}

/** The text for a number, with `{n}` put in as the language writes it. */
export function counted(texts: Counted, count: number, language: string): string {
  const category = new Intl.PluralRules(language).select(count)
  return fill(texts[category] ?? texts.other, { n: new Intl.NumberFormat(language).format(count) })
}

/** A date or time of FHIR (any precision) as the language writes it; a text that is no date stays as it is. */
export function shownDate(text: string, language: string): string {
  const [, year = '', month, day, time] = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(T.+)?)?)?$/.exec(text) ?? []
  if (year === '') return text
  const moment = new Date(time ? text : `${year}-${month ?? '01'}-${day ?? '01'}T00:00:00Z`)
  if (Number.isNaN(moment.getTime()) || !isDay(year, month, day)) return text
  const zone = time ? {} : { timeZone: 'UTC' }
  const parts: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    ...(month && { month: 'long' }),
    ...(day && { day: 'numeric' }),
    ...(time && { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }),
    ...zone,
  }
  return new Intl.DateTimeFormat(language, parts).format(moment)
}

/** Whether there is such a day; without a month or day, whatever they are. */
function isDay(year: string, month = '01', day = '01'): boolean {
  const wanted = `${year}-${month}-${day}`
  const found = new Date(`${wanted}T00:00:00Z`)
  return !Number.isNaN(found.getTime()) && found.toISOString().startsWith(wanted)
}
