/** How long ago a moment was, as the language says it. */

const steps: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** A moment (ISO 8601) from another, e.g. `3 hours ago`, `in 2 days`; a text that is no moment stays as it is. */
export function fromNow(moment: string, now: Date, language: string): string {
  const seconds = (Date.parse(moment) - now.getTime()) / 1_000
  if (Number.isNaN(seconds)) return moment
  const [unit, size] = steps.find((step) => Math.abs(seconds) >= step[1]) ?? (['second', 1] as const)
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit)
}
