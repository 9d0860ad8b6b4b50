import { defineMember, isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { eventsOf, isAbsent, member } from '../certificate-input.ts'

/** The vaccinations of a claim -6, under whichever name they stand. */
export function vaccinationsOf(claim: Json): JsonObject[] {
  const vx = member(claim, 'vx')
  return eventsOf(vx ?? member(claim, 'v')).filter(isJsonObject)
}

/** Members that were renamed, the newer name by the older; `dt` of a vaccination became the type of the identity document's name. */
const renamed: [older: string, newer: string][] = [
  ['ntl', 'nt'],
  ['nid', 'id'],
  ['ndt', 'dt'],
]

/** What stands under both of its names, and differs: nobody can say which one is meant. */
export function spellingsDiffer(claim: JsonObject): string[] {
  const differ = (holder: JsonObject, older: string, newer: string) =>
    !isAbsent(holder[older]) && !isAbsent(holder[newer]) && holder[older] !== holder[newer]
  const twice = renamed.filter(([older, newer]) => differ(claim, older, newer))
  const isDateTwice = vaccinationsOf(claim).some((each) => differ(each, 'dt', 'dv'))
  return [
    ...twice.map(([older, newer]) => `${older} and ${newer} differ`),
    ...(isDateTwice ? ['dt and dv of a vaccination differ'] : []),
  ]
}

/** The claim as WHO smart-icvp 0.3.0 spells it, for maps that were written for that; one that is spelt so is handed on as it is. */
export function olderSpelling(claim: Json): Json {
  if (!isJsonObject(claim) || isAbsent(claim.vx)) return claim
  const older: JsonObject = {}
  for (const [name, value] of Object.entries(claim)) {
    const known = renamed.find(([, newer]) => newer === name)?.[0]
    if (name === 'v' || name === 'vx') continue
    defineMember(older, known ?? name, value)
  }
  const vaccinations = vaccinationsOf(claim).map(
    ({ dv, ...rest }): Json => ({ ...(isAbsent(dv) ? {} : { dt: dv }), ...rest }),
  )
  return { ...older, v: vaccinations }
}
