import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'

/** Ids of the value sets that EU rules look into (EU DCC value sets). */
const euValueSetIds = [
  'country-2-codes',
  'disease-agent-targeted',
  'covid-19-lab-test-manufacturer-and-name',
  'covid-19-lab-result',
  'covid-19-lab-test-type',
  'vaccines-covid-19-auth-holders',
  'vaccines-covid-19-names',
  'sct-vaccines-covid-19',
]

/** What an EU rule sees beside the certificate; members as the EU validation-rule specification names them. */
export interface External extends JsonObject {
  /** ISO 8601 date-time. */
  validationClock: string
  /** Value set id → codes. */
  valueSets: JsonObject
}

/** A value set of the server as EU rules see it. */
export interface EuValueSet {
  /** `url|version` */
  canonical: string
  codes: string[]
}

/** What {@link composeExternal} makes `external` of. */
export interface ExternalParts {
  /** What the rule reads ({@link pathsOf}): only value sets that it reads are fetched. */
  paths: string[]
  /** FHIR dateTime. */
  clock: string
  /** The rule's own country. */
  country: string | undefined
  /** What the caller knows of the envelope (issuerCountryCode, exp, iat) wins. */
  known: JsonObject | undefined
}

/**
 * Composes `external`. A value set that the rule reads and the server does not have is missing in it, and told in `unknown`: an empty
 * list in its place would be a wrong answer.
 */
export async function composeExternal(
  { paths, clock, country, known }: ExternalParts,
  valueSet: (id: string) => Promise<EuValueSet | undefined>,
): Promise<{ external: External; unknown: string[] }> {
  const valueSets: JsonObject = {}
  const unknown: string[] = []
  for (const id of valueSetIds(paths)) {
    const found = await valueSet(id)
    if (found) valueSets[id] = found.codes
    else unknown.push(id)
  }
  const external = {
    validationClock: firstMoment(clock),
    valueSets,
    ...(country ? { countryCode: country } : {}),
    ...known,
  }
  return { external, unknown }
}

/** Ids of value sets among the paths that a rule reads. */
export function valueSetIds(paths: string[]): string[] {
  const isWhole = paths.some((path) => ['', 'external', 'external.valueSets'].includes(path))
  const named = paths.flatMap((path) => /^external\.valueSets\.([^.]+)/.exec(path)?.[1] ?? [])
  return [...new Set([...(isWhole ? euValueSetIds : []), ...named])]
}

/** Members of `external` among the paths that a rule reads. */
export const externalNames = (paths: string[]): string[] => [
  ...new Set(paths.flatMap((path) => /^external\.([^.]+)/.exec(path)?.[1] ?? [])),
]

/** A partial dateTime means its first moment, UTC; EU rules would take its last day. */
function firstMoment(clock: string): string {
  const [, year, month = '01', day = '01'] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(clock) ?? []
  return year === undefined ? clock : `${year}-${month}-${day}T00:00:00Z`
}

const members: Record<string, string> = { vaccination: 'v', test: 't', recovery: 'r' }

/** Whether a certificate has an entry of one of the kinds; `general` and an empty list fit any certificate. */
export function hasEntry(payload: Json, kinds: string[]): boolean {
  const certificate = isJsonObject(payload) ? payload : {}
  if (kinds.length === 0) return true
  return kinds.some((kind) => {
    const member = members[kind]
    const entries = member === undefined ? undefined : certificate[member]
    return member === undefined || (Array.isArray(entries) && entries.length > 0)
  })
}
