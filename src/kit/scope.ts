/** For whom a kit is made, as somebody asks for it. */
import { alpha3FromAlpha2, isJurisdictionCode } from '../base/iso-3166.ts'
import { jurisdictionCodes } from '../base/participant-codes.ts'
import { badRequest } from '../fhir/error.ts'
import { byName, type KitScope } from './manifest.ts'

/** What is asked for, as it was given. */
export interface GivenScope {
  jurisdiction: string | undefined
  trustDomains: readonly string[]
  planDefinitions: readonly string[]
}

const mostDomains = 20
const mostPlans = 50
const longestCanonical = 1000

/**
 * Reads a scope: one way to write each, so that who asks for the same gets the same.
 * @throws FhirError 400
 */
export function readScope({ jurisdiction, trustDomains, planDefinitions }: GivenScope): KitScope {
  if (jurisdiction === undefined) {
    const text = 'Name the jurisdiction that the kit is for; this server is configured for none (JURISDICTION).'
    throw badRequest({ text, expression: 'jurisdiction' }, 'required')
  }
  const code = readJurisdiction(jurisdiction)
  if (trustDomains.length > mostDomains || trustDomains.some((each) => !/^[A-Za-z][A-Za-z0-9-]{0,31}$/.test(each)))
    throw badRequest({
      text: `trustDomain has at most 32 letters, digits and hyphens, and stands at most ${mostDomains} times.`,
      expression: 'trustDomain',
    })
  if (planDefinitions.length > mostPlans || planDefinitions.some((each) => each.length > longestCanonical))
    throw badRequest({
      text: `At most ${mostPlans} rule sets are named, with at most ${longestCanonical} characters each.`,
      expression: 'planDefinition',
    })
  return {
    jurisdiction: code,
    trustDomains: [...new Set(trustDomains)].sort(byName),
    planDefinitions: [...new Set(planDefinitions)].sort(byName),
  }
}

/**
 * A jurisdiction that somebody names, in the one spelling that a kit has: a country by three letters, any other as rules name it. Two
 * letters that may mean two of them stay, since a kit is then made for both.
 * @throws FhirError 400 for what is none
 */
export function readJurisdiction(text: string): string {
  const code = text.trim().toUpperCase()
  if (!isJurisdictionCode(code))
    throw badRequest({ text: 'jurisdiction must be a code of ISO 3166-1.', expression: 'jurisdiction' })
  return jurisdictionCodes(code).length > 1 ? code : (alpha3FromAlpha2(code) ?? code)
}
