/** Whose trusted references are mirrored, and how (setting MIRROR). */

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { unknownMember } from '../../base/nearest.ts'

/** One entry of the allow-list: references of a participant that are mirrored. */
export interface MirrorRule {
  /** A participant's code in any spelling. */
  participant: string
  /** The reference's service, exactly, e.g. `ValueSet`; absent = any. */
  service?: string
  /** Its trust domain, exactly; absent = any. */
  domain?: string
  /** Id of the gateway that lists it; absent = any. */
  gateway?: string
  /** Also references without signature, for which the gateway's thumbprint alone stands. */
  unsigned: boolean
  /** Whether mirrored rules of the participant may decide verdicts here. */
  runRules: boolean
}

/** The setting, read. */
export interface MirrorSettings {
  allow: MirrorRule[]
  /** Days until what is no longer listed is retired. */
  graceDays: number
  /** Seconds between two looks at the lists. */
  refreshSeconds: number
}

const members = ['participant', 'service', 'domain', 'gateway', 'unsigned', 'runRules']
const outerMembers = ['allow', 'graceDays', 'refreshSeconds']
const defaults = { graceDays: 7, refreshSeconds: 900 }
const wanted =
  'a JSON array of {"participant", "service"?, "domain"?, "gateway"?, "unsigned"?, "runRules"?}, or an object with it as "allow", and "graceDays", "refreshSeconds"'

/**
 * Reads the setting: JSON, or the path of a file that holds it.
 * @throws Error whose message has one problem a line
 */
export function parseMirror(text: string, readFile: (path: string) => string): MirrorSettings {
  const json = parsed(/^\s*[[{]/.test(text) ? text : readFile(text))
  const outer = Array.isArray(json) ? { allow: json } : json
  if (!isJsonObject(outer) || !Array.isArray(outer.allow)) throw new Error(`${wanted} is wanted`)
  const problems = unknownMembers(outer, outerMembers)
  const number = (name: 'graceDays' | 'refreshSeconds', least: number, most: number) => {
    const value = outer[name] ?? defaults[name]
    if (typeof value === 'number' && value >= least && value <= most) return value
    problems.push(`${name} must be a number from ${least} to ${most}`)
    return defaults[name]
  }
  const settings = {
    allow: outer.allow.flatMap((entry, at) =>
      readRule(entry, (problem) => problems.push(`entry ${at + 1}: ${problem}`)),
    ),
    graceDays: number('graceDays', 0, 3650),
    refreshSeconds: number('refreshSeconds', 10, 86_400),
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return settings
}

function parsed(text: string): Json {
  try {
    const json: Json = JSON.parse(text)
    return json
  } catch {
    throw new Error(`${wanted} is wanted`)
  }
}

const unknownMembers = (object: JsonObject, known: readonly string[]): string[] =>
  Object.keys(object)
    .filter((name) => !known.includes(name))
    .map((name) => unknownMember(name, known))

function readRule(entry: Json, problem: (text: string) => void): MirrorRule[] {
  if (!isJsonObject(entry)) {
    problem('an object with participant is wanted')
    return []
  }
  unknownMembers(entry, members).forEach(problem)
  const { participant, unsigned = false, runRules = false } = entry
  if (typeof participant !== 'string' || !/^[A-Za-z]{2,3}$/.test(participant))
    problem('participant must be the code of a participant, of two or three letters')
  const texts: Partial<Record<'service' | 'domain' | 'gateway', string>> = {}
  for (const name of ['service', 'domain', 'gateway'] as const) {
    const value = entry[name]
    if (typeof value === 'string' && value !== '') texts[name] = value
    else if (value !== undefined) problem(`${name} must be a text`)
  }
  if (typeof unsigned !== 'boolean') problem('unsigned must be true or false')
  if (typeof runRules !== 'boolean') problem('runRules must be true or false')
  return [{ participant: String(participant), ...texts, unsigned: unsigned === true, runRules: runRules === true }]
}
