/** Entries of CLIENTS and PARTICIPANTS, read strictly: what is not understood stops the start. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { nearestName, unknownMember } from '../../base/nearest.ts'
import { errorText } from '../../base/system-error.ts'
import { resourceTypes } from '../../fhir/elements.ts'
import { parseJson } from '../../fhir/json.ts'
import { prefixFault, readPrefix } from '../canonical-prefix.ts'
import { jurisdictionFault, readJurisdiction } from '../jurisdiction.ts'
import { readScope, type Scope } from '../scopes.ts'
import type { Grant } from './authority-settings.ts'

/** Takes what is wrong. */
export type Problem = (text: string) => void

/** Reads a file beside the one that is read. */
export type ReadFile = (path: string) => string

/**
 * The entries of a setting: a JSON array, or the path of a file that holds one.
 * @param place name of the setting, before each problem
 */
export function readEntries(
  text: string,
  {
    place,
    members,
    readFile,
    problem,
  }: { place: string; members: readonly string[]; readFile: ReadFile; problem: Problem },
): { entry: JsonObject; problem: Problem }[] {
  let json: Json
  try {
    json = parseJson(/^\s*[[{]/.test(text) ? text : readFile(text))
  } catch (error) {
    problem(`${place}: ${errorText(error)}`)
    return []
  }
  if (!Array.isArray(json)) {
    problem(`${place}: a JSON array is wanted`)
    return []
  }
  return json.flatMap((entry, at) => {
    const own: Problem = (each) => problem(`${place}, entry ${at + 1}: ${each}`)
    if (!isJsonObject(entry)) {
      own('an object is wanted')
      return []
    }
    for (const name of Object.keys(entry)) if (!members.includes(name)) own(unknownMember(name, members))
    return [{ entry, problem: own }]
  })
}

/** Members of what an entry grants. */
export const grantMembers = ['scopes', 'canonicalPrefixes', 'jurisdictions'] as const

/** What an entry grants. */
export function readGrant(entry: JsonObject, problem: Problem, fallback: readonly Scope[] = []): Grant {
  const given = entry.scopes
  const listed = typeof given === 'string' ? given.split(' ').filter((each) => each !== '') : given
  return {
    scopes:
      given === undefined
        ? fallback
        : readList(listed, 'scopes', { fault: scopeFault, problem }).flatMap((each) => readScope(each) ?? []),
    canonicalPrefixes: readList(entry.canonicalPrefixes, 'canonicalPrefixes', { fault: prefixFault, problem }).map(
      readPrefix,
    ),
    jurisdictions: readList(entry.jurisdictions, 'jurisdictions', { fault: jurisdictionFault, problem }).map(
      readJurisdiction,
    ),
  }
}

function scopeFault(text: string): string | undefined {
  const scope = readScope(text)
  if (!scope) return 'a scope such as system/ValueSet.cruds or system/*.write is wanted'
  const types = resourceTypes()
  if (scope.type === '*' || types.includes(scope.type)) return undefined
  return `${scope.type} is no resource type of FHIR R4; is ${nearestName(scope.type, types)} meant?`
}

/** A list of texts, each judged; an absent one is empty. */
export function readList(
  value: Json | undefined,
  name: string,
  { fault, problem }: { fault: (text: string) => string | undefined; problem: Problem },
): string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    problem(`${name} must be a list of texts`)
    return []
  }
  return value.flatMap((each, at) => {
    if (typeof each !== 'string') {
      problem(`${name}[${at}] must be a text`)
      return []
    }
    const wrong = fault(each)
    if (wrong !== undefined) problem(`${name}[${at}] ${JSON.stringify(each.slice(0, 200))}: ${wrong}`)
    return wrong === undefined ? [each] : []
  })
}

/** A text; a missing or empty one is a problem unless there is another to take. */
export function readText(entry: JsonObject, name: string, problem: Problem, fallback?: string): string {
  const value = entry[name]
  if (typeof value === 'string' && value !== '' && value.length <= 200) return value
  if (value !== undefined || fallback === undefined) problem(`${name} must be a text of at most 200 characters`)
  return fallback ?? ''
}
