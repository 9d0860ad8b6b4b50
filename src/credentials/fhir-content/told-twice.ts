import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { oneSystem } from '../../fhir/icd-11.ts'
import type { Obstacle } from '../credential-format.ts'
import type { Whose } from './holder.ts'
import { areUnread } from './resource-fields.ts'

/**
 * What makes an event say less than it seems to.
 *
 * What it says twice: two codes of one system for its vaccine, its disease or its test, several protocols or diseases, two forms of one
 * datum (FHIR R4, choice of data types). One of them is read, so that what stands beside it could say no unheard. In a summary a dose of a
 * vaccine against several diseases may have a protocol for each.
 *
 * Numbers of doses that are none: nobody knows what they say of the series.
 */
export function toldTwice(event: JsonObject, whose: Whose): Obstacle[] {
  const protocols = objectsIn(event.protocolApplied)
  const diseases = protocols.flatMap(({ targetDisease }) => objectsIn(targetDisease))
  const faults: [boolean, string][] = [
    [hasTwoCodes(event.vaccineCode), `A vaccine of the ${whose} is coded twice in one system, differently`],
    [hasTwoCodes(event.code), `A test of the ${whose} is coded twice in one system, differently`],
    [diseases.some(hasTwoCodes), `A disease of the ${whose} is coded twice in one system, differently`],
    [
      whose === 'card' ? protocols.length > 1 : haveOneDisease(protocols),
      `A vaccination of the ${whose} has several protocols`,
    ],
    [
      whose === 'card' && diseases.length > protocols.length,
      `A vaccination of the ${whose} is against several diseases`,
    ],
    [hasForms(event, 'occurrence') || hasForms(event, 'effective'), `An event of the ${whose} is dated twice`],
    [
      protocols.some((each) => hasForms(each, 'doseNumber') || hasForms(each, 'seriesDoses')),
      `A vaccination of the ${whose} has two numbers of one kind`,
    ],
    [areUnread(event.protocolApplied), `A number of doses of the ${whose} is not understood`],
  ]
  return faults.flatMap(([is, text]) => (is ? [{ text, blocks: true }] : []))
}

/** Whether an element of several types (`occurrence[x]`) is there in more than one. */
const hasForms = (part: JsonObject, name: string): boolean =>
  Object.keys(part).filter((each) => each.startsWith(name) && /^[A-Z]/.test(each.slice(name.length))).length > 1

/** Whether two protocols of a dose are about one disease, or about none that is told. */
function haveOneDisease(protocols: JsonObject[]): boolean {
  const codes = protocols.map(({ targetDisease }) =>
    objectsIn(targetDisease).flatMap(({ coding }) => objectsIn(coding).map(({ code }) => String(code))),
  )
  const all = codes.flatMap((each) => [...new Set(each)])
  return protocols.length > 1 && (codes.some((each) => each.length === 0) || new Set(all).size < all.length)
}

function hasTwoCodes(concept: Json | undefined): boolean {
  const codes = new Map<string, string>()
  for (const { system, code } of isJsonObject(concept) ? objectsIn(concept.coding) : []) {
    if (typeof code !== 'string') continue
    const name = typeof system === 'string' ? oneSystem(system) : ''
    const known = codes.get(name)
    if (known !== undefined && known !== code) return true
    codes.set(name, code)
  }
  return false
}
