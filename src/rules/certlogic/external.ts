import type { Json, JsonObject, PlanDefinition } from '../../fhir/types.ts'

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

/** Composes `external`; what the caller knows of the envelope (issuerCountryCode, exp, iat) comes in `known` and wins. */
export async function composeExternal(
  plan: PlanDefinition,
  { clock, known }: { clock: string; known?: JsonObject | undefined },
  codes: (valueSetId: string) => Promise<string[]>,
): Promise<External> {
  const valueSets: JsonObject = {}
  for (const id of euValueSetIds) valueSets[id] = await codes(id)
  const country = plan.jurisdiction?.[0]?.coding?.[0]?.code
  return {
    validationClock: /^\d{4}-\d\d-\d\d$/.test(clock) ? `${clock}T00:00:00Z` : clock,
    valueSets,
    ...(country ? { countryCode: country } : {}),
    ...known,
  }
}

const members: Record<string, string> = { vaccination: 'v', test: 't', recovery: 'r' }

/** Whether a certificate has an entry of one of the kinds; `general` and unknown kinds always apply. */
export function hasEntry(payload: Json | undefined, kinds: string[]): boolean {
  const certificate = payload && typeof payload === 'object' && !Array.isArray(payload) ? payload : {}
  if (kinds.length === 0) return true
  return kinds.some((kind) => {
    const member = members[kind]
    const entries = member === undefined ? undefined : certificate[member]
    return member === undefined || (Array.isArray(entries) && entries.length > 0)
  })
}
