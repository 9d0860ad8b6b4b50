/** Environment variables that look like a setting and are none: what was meant by them would silently not happen. */
import { editDistance } from '../base/nearest.ts'
import { settings } from './settings.ts'

/** Shorter names (`PORT`, `HOST`) are too near to those of others. */
const SHORTEST_NAME = 7
/** Most letters that a misspelt name has wrong. */
const MOST_WRONG = 2

const known: ReadonlySet<string> = new Set(settings.flatMap(({ variable }) => [variable, `${variable}_FILE`]))

/** One line for each variable of the environment that is nearly the name of a setting. */
export function misspeltSettings(environment: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const meant = settings.map(({ variable }) => variable).filter(({ length }) => length >= SHORTEST_NAME)
  return Object.keys(environment)
    .filter((name) => name.length >= SHORTEST_NAME && !known.has(name))
    .sort()
    .flatMap((name) => {
      // So many letters apart in length are as many wrong: nothing to be counted.
      const alike = meant.filter(({ length }) => Math.abs(length - name.length) <= MOST_WRONG)
      const near = alike.find((each) => editDistance(name, each) <= MOST_WRONG)
      return near === undefined ? [] : [`${name} is no setting; is ${near} meant?`]
    })
}
