import type { Json, JsonObject } from '../../base/json-value.ts'
import { isAbsent } from '../certificate-input.ts'

interface Shape {
  /** The vaccinations as they were signed. */
  given: JsonObject[]
  /** Where they stand. */
  place: 'v' | 'vx'
  /** Members that the form has, and those that a vaccination of it has. */
  members: string[]
  doseMembers: string[]
}

/** What every version of WHO's model demands and is not there, and what none of them has. */
export function departures(claim: JsonObject, { given, place, members, doseMembers }: Shape): string[] {
  const remarks: string[] = []
  const tell = (isSo: boolean, remark: string) => void (isSo && remarks.push(remark))
  const someIs = (test: (dose: JsonObject) => boolean) => given.some(test)
  tell(typeof claim.n !== 'string', 'n (name) is not a text')
  tell(isAbsent(claim.dob), 'dob (date of birth) is missing')
  tell(
    someIs(({ dt, dv }) => typeof dt !== 'string' && typeof dv !== 'string'),
    `${place}.dt is not a text`,
  )
  tell(
    someIs(({ vp }) => typeof vp !== 'string'),
    `${place}.vp is not a text`,
  )
  tell(
    someIs(({ bo }) => isAbsent(bo)),
    `${place}.bo (batch) is missing`,
  )
  tell(
    someIs((dose) => isAbsent(dose.is) && isAbsent(dose.cn)),
    `${place} names neither the issuing authority (is) nor a clinician (cn)`,
  )
  tell(!Object.keys(claim).every((name) => members.includes(name)), 'members that claim -6 does not have')
  tell(
    someIs((dose) => !Object.keys(dose).every((name) => doseMembers.includes(name))),
    `${place} has members that a vaccination of claim -6 does not have`,
  )
  return remarks
}

interface Vaccinations {
  given: JsonObject[]
  /** As they go on: what could not be read is not in them. */
  kept: JsonObject[]
  /** Whether a member that was given may not be missing. */
  isWanted(name: string, value: Json | undefined): boolean
}

/** What cannot be true together, or could not be read and would change the verdict. */
export function contradictions(claim: JsonObject, { given, kept, isWanted }: Vaccinations): string[] {
  const found: string[] = []
  const lost = given.flatMap((each, at) =>
    Object.keys(each).filter(
      (name) => !isAbsent(each[name]) && kept[at]?.[name] === undefined && isWanted(name, each[name]),
    ),
  )
  for (const name of new Set(lost)) found.push(`${name} of a vaccination could not be read`)
  for (const each of kept) found.push(...ofVaccination(each, claim))
  const spelt = kept.map((each) => JSON.stringify(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))))
  if (new Set(spelt).size < spelt.length) found.push('one vaccination stands in it twice')
  return [...new Set(found)]
}

function ofVaccination(dose: JsonObject, { dob, d }: JsonObject): string[] {
  const given = dose.dv ?? dose.dt
  const found: string[] = []
  if (isBefore(given, dob)) found.push('a vaccination was given before the birth')
  if (isBefore(d, given)) found.push('a vaccination was given after the day of issue')
  if (isBefore(dose.vle, dose.vls)) found.push('a vaccination ceases to count before it begins to')
  if (isBefore(dose.vle, given)) found.push('a vaccination ceases to count before it was given')
  if (!isDisease(dose.tg, productDisease(dose.vp)))
    found.push('the vaccine is not one against the disease that is named')
  return found
}

/** Whether every day that the one date can mean lies before every day that the other can. */
function isBefore(one: Json | undefined, other: Json | undefined): boolean {
  if (typeof one !== 'string' || typeof other !== 'string' || one === '' || other === '') return false
  const length = Math.min(one.length, other.length)
  return one.slice(0, length) < other.slice(0, length)
}

type Disease = '1D47' | '1C81'
/** ICD-11 codes of the vaccines of WHO's ICVPVaccineCodes: against one disease alone, and those with a component against polio. */
const yellowFever = /^(?:YellowFever|XM0N24$|XM3418$)/
const polio = /^(?:Polio|XM(?:0N50|5V19|79H3|0VX8|0KZ1)$)/

/** The only disease that a product is against; undefined where it is not known or there are several. */
function productDisease(vp: Json | undefined): Disease | undefined {
  if (typeof vp !== 'string') return undefined
  return yellowFever.test(vp) ? '1D47' : polio.test(vp) ? '1C81' : undefined
}

/** Whether the disease that is named may be that one: nothing is named, or it in ICD-11 or SNOMED CT. */
function isDisease(tg: Json | undefined, disease: Disease | undefined): boolean {
  const snomed = disease === '1D47' ? '16541001' : '398102009'
  return isAbsent(tg) || disease === undefined || tg === snomed || String(tg).split('.')[0] === disease
}
