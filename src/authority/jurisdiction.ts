/** Which jurisdictions an artefact may state, by a list of codes. */
import { alpha3FromAlpha2, isJurisdictionCode } from '../base/iso-3166.ts'
import { ANY } from './canonical-prefix.ts'

/** Systems of country codes, and of their subdivisions. */
const COUNTRIES = ['urn:iso:std:iso:3166', 'urn:iso:std:iso:3166:-1']
const SUBDIVISIONS = 'urn:iso:std:iso:3166:-2'
const SYSTEM_AND_CODE = /^[a-z][a-z0-9+.-]*:[^\s|]+\|[^\s|]+$/

/** One coding of a jurisdiction. */
interface Coding {
  system?: string | undefined
  code?: string | undefined
}

/** Why a text is no jurisdiction; undefined when it is one: a country code, `system|code`, or `*`. */
export function jurisdictionFault(text: string): string | undefined {
  if (text === ANY || isJurisdictionCode(text) || SYSTEM_AND_CODE.test(text)) return undefined
  return 'a country code of ISO 3166-1 in capitals (AT, AUT), system|code of another coding, or * is wanted'
}

/** The jurisdiction as it is compared: countries by three letters. */
export const readJurisdiction = (text: string): string => alpha3FromAlpha2(text) ?? text

/**
 * Whether a coding is of a listed jurisdiction: a country by its code in two or three letters, a subdivision (ISO 3166-2) by its
 * country, anything by its very system and code. What is not understood is of none.
 * @param list as {@link readJurisdiction} gives them
 */
export function isOfJurisdiction({ system, code }: Coding, list: readonly string[]): boolean {
  if (list.includes(ANY)) return true
  if (typeof system !== 'string' || typeof code !== 'string') return false
  if (list.includes(`${system}|${code}`)) return true
  if (COUNTRIES.includes(system)) return isJurisdictionCode(code) && list.includes(readJurisdiction(code))
  const country = system === SUBDIVISIONS ? /^([A-Z]{2})-[A-Z0-9]{1,3}$/.exec(code)?.[1] : undefined
  return country !== undefined && list.includes(readJurisdiction(country))
}

/** What is of a jurisdiction of both lists. */
export function commonJurisdictions(a: readonly string[], b: readonly string[]): string[] {
  if (a.includes(ANY)) return [...b]
  return b.includes(ANY) ? [...a] : a.filter((each) => b.includes(each))
}
