/** Environment variables that look like a setting and are none: what was meant by them would silently not happen. */
import { editDistance } from '../base/nearest.ts'
import type { Setting } from './setting.ts'
import { settings } from './settings.ts'

/** Shorter names (`PORT`, `HOST`) are too near to those of others. */
const SHORTEST_NAME = 7
/** The same where only a plural is wrong, or what stands before the name. */
const SHORTEST_WORD = 6
/** Most letters that a misspelt name has wrong. */
const MOST_WRONG = 2

const all: readonly Setting[] = settings
const variables = all.map(({ variable }) => variable)
const meant = variables.filter(({ length }) => length >= SHORTEST_NAME)
const known: ReadonlySet<string> = new Set([
  ...variables,
  ...all.filter(({ secret }) => secret).map(({ variable }) => `${variable}_FILE`),
])

/** One line for each variable of the environment that is nearly the name of a setting. */
export function misspeltSettings(environment: Readonly<Record<string, string | undefined>> = process.env): string[] {
  return Object.keys(environment)
    .filter((name) => !known.has(name))
    .sort()
    .flatMap((name) => {
      const ofFile = variables.find((each) => name === `${each}_FILE`)
      if (ofFile !== undefined) return [`${name} is no setting: nothing reads the value of ${ofFile} from a file`]
      const near = bare(name) ?? misspelt(name)
      return near === undefined ? [] : [`${name} is no setting; is ${near} meant?`]
    })
}

/** The setting that a name is but for its case, an `s` at its end, or the name of the program before it. */
function bare(name: string): string | undefined {
  const upper = name.toUpperCase()
  const own = upper.startsWith('VIDIMUS_') ? upper.slice('VIDIMUS_'.length) : undefined
  // Kubernetes sets `VIDIMUS_PORT` where a Service is called vidimus.
  if (own !== undefined && own !== 'PORT' && variables.includes(own)) return own
  return variables.find(
    (each) => each.length >= SHORTEST_WORD && (upper === each || upper === `${each}S` || `${upper}S` === each),
  )
}

function misspelt(name: string): string | undefined {
  if (name.length < SHORTEST_NAME) return undefined
  // So many letters apart in length are as many wrong: nothing to be counted.
  const alike = meant.filter(({ length }) => Math.abs(length - name.length) <= MOST_WRONG)
  return alike.find((each) => editDistance(name, each) <= MOST_WRONG)
}
