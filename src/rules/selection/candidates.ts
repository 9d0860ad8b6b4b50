/**
 * Rule sets that may apply, found once for each kind of question instead of by looking at every one of them: what a question says but its
 * clock is one of few values. The selection itself goes on as over all; what is left out here could not have been selected.
 */
import { keep, keepPerObject } from '../../base/keep.ts'
import { jurisdictionCodes } from '../../base/participant-codes.ts'
import type { PlanDefinition } from '../../fhir/types.ts'
import { isOutOfUse, readPlan } from '../read-plan.ts'
import {
  fitsJurisdiction,
  fitsKind,
  fitsUse,
  type PlanChoice,
  type PlansHere,
  planKey,
  plansHere,
  selectedNow,
} from '../select-plans.ts'
import { kinds as knownKinds, uses as knownUses } from './readings.ts'

/** Most kinds of questions that are remembered for one state of the store: jurisdictions, countries of issuers, kinds, uses. */
const mostQuestions = 2_000

/** The rule sets among which those that apply are, in the order of all. */
export const candidatesIn = keepPerObject((plans: PlanDefinition[]) => {
  const rules = plans.filter((each) => !isOutOfUse(each) && readPlan(each).type !== 'other')
  const countries = new Set<string>()
  const issuers = new Set<string>()
  for (const each of rules) {
    const { jurisdictions, ruleType } = readPlan(each)
    for (const country of jurisdictions.value) {
      for (const code of jurisdictionCodes(country)) {
        if (ruleType.value !== 'invalidation') countries.add(code)
        if (ruleType.value !== 'acceptance') issuers.add(code)
      }
    }
  }
  const known = keep<string, PlanDefinition[]>(mostQuestions)
  // A country that no rule set names is as good as any other of these.
  const named = (all: ReadonlySet<string>, said: (string | undefined)[]) => {
    const own = said.flatMap((each) => (each === undefined ? [] : jurisdictionCodes(each)))
    return [...new Set(own.filter((each) => all.has(each)))].sort()
  }
  return (choice: PlanChoice): PlanDefinition[] => {
    const { jurisdiction, issuerCountry, isIssuerUnknown = false, kinds, uses = [] } = choice
    const question = [
      named(countries, [jurisdiction]),
      named(issuers, [issuerCountry].flat()),
      isIssuerUnknown,
      kinds ? [...kinds].sort() : 'any',
      [...uses].sort(),
    ]
    return known.of(JSON.stringify(question), () => candidates(rules, choice))
  }
})

/**
 * A version for another kind or use takes the place of an older one, so versions of one rule set stay together: they are left out when
 * none of them is for the kind and use.
 */
function candidates(rules: PlanDefinition[], choice: PlanChoice): PlanDefinition[] {
  const here = rules.filter((each) => fitsJurisdiction(each, choice))
  const wanted = new Set(here.filter((each) => fitsKind(each, choice.kinds) && fitsUse(each, choice.uses)).map(planKey))
  return here.filter((each) => wanted.has(planKey(each)))
}

/**
 * The selection itself (`selectPlans`) over all of these; what is the same for a question at every clock is judged once, and is one for all
 * questions that have the same candidates: countries that no rule set names would each hold every rule set that names none.
 */
export const selectionIn = keepPerObject((plans: PlanDefinition[]) => {
  const candidates = candidatesIn(plans)
  const known = keep<string, PlansHere>(mostQuestions)
  const judged = new WeakMap<PlanDefinition[], PlansHere>()
  const judge = (choice: PlanChoice) => {
    const among = candidates(choice)
    const found = judged.get(among) ?? plansHere(among, choice)
    judged.set(among, found)
    return found
  }
  return (choice: PlanChoice): PlanDefinition[] => {
    const question = questionOf(choice)
    return selectedNow(question === undefined ? judge(choice) : known.of(question, () => judge(choice)), choice.clock)
  }
})

/** A question as a key; undefined for one with a text that is no code: it might be anything, and of any length. */
function questionOf({ jurisdiction, issuerCountry, isIssuerUnknown, kinds, uses }: PlanChoice): string | undefined {
  if (jurisdiction !== undefined && !countryCode.test(jurisdiction)) return undefined
  let issuers = ''
  for (const each of typeof issuerCountry === 'string' ? [issuerCountry] : (issuerCountry ?? [])) {
    if (!countryCode.test(each)) return undefined
    issuers += ` ${each}`
  }
  let about = kinds ? '' : 'any'
  for (const each of kinds ?? []) {
    if (!knownKinds.includes(each)) return undefined
    about += ` ${each}`
  }
  let asked = ''
  for (const each of uses ?? []) {
    if (!knownUses.includes(each)) return undefined
    asked += ` ${each}`
  }
  return `${jurisdiction ?? ''}|${issuers}|${isIssuerUnknown === true}|${about}|${asked}`
}

const countryCode = /^[A-Za-z]{2,3}$/
