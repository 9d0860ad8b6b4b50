/** How the reader writes dates and numbers. */
import { language } from '../../app/session.ts'

const steps: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** How long ago something was, in the largest unit of which there is a whole one: `3 hours ago`. */
export function shownAge(then: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000)
  const [unit, length] = steps.find((each) => seconds >= each[1]) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-Math.floor(seconds / length), unit)
}

/** The language of the page in the form of the reader's own region, where his browser says one: `en-GB`. */
export const locale = (): string =>
  navigator.languages.find((each) => each.toLowerCase().split('-')[0] === language.value) ?? language.value
