import { sameJurisdiction } from '../base/participant-codes.ts'
import { compareVersions } from '../fhir/canonical.ts'
import { issue } from '../fhir/error.ts'
import type { Issue, PlanDefinition } from '../fhir/types.ts'
import { isOutOfUse, type Reading, readPeriod, readPlan } from './read-plan.ts'

/** What decides which rule sets apply to a credential. */
export interface PlanChoice {
  /** The verifying jurisdiction, ISO 3166-1 alpha-2 or alpha-3. */
  jurisdiction?: string | undefined
  /** Country of the issuer, in every spelling that is known; invalidation rules are chosen by it. */
  issuerCountry?: string | string[] | undefined
  /** Nobody knows the issuer's country: it may be any. */
  isIssuerUnknown?: boolean
  /** Certified events: `vaccination`, `test`, `recovery`; undefined when nobody knows them: they may be any. */
  kinds: string[] | undefined
  /** What the verdict is for; a rule set that names uses applies for these alone. */
  uses?: ReadonlySet<string>
  clock: Date
}

/**
 * The rule sets that apply: active, of type `eca-rule`, in force at the clock, for the kind and the jurisdiction. Of the versions of one
 * rule set that a country has the highest counts: one for fewer countries hides the older one in these alone, one for another kind
 * or use takes its place. What a rule set says in words that are not understood counts as fitting: it is selected, and fails when it is run.
 */
export const selectPlans = (plans: PlanDefinition[], choice: PlanChoice): PlanDefinition[] =>
  selectedNow(plansHere(plans, choice), choice.clock)

/** What is selected at one moment or another: all that a question says is judged but its clock. */
export interface PlansHere {
  /** For the jurisdiction. */
  plans: PlanDefinition[]
  /** Those of them that are for the kind and the use. */
  fitting: ReadonlySet<PlanDefinition>
  /** Where a period of one of them begins or is over, in milliseconds, in order. */
  turns: readonly number[]
  /** What was selected last, and after how many of these moments: mostly it is asked for now, and one is enough. */
  last: { past: number; selected: readonly PlanDefinition[] }
}

/** Judges rule sets by everything but the clock. */
export function plansHere(plans: PlanDefinition[], choice: Omit<PlanChoice, 'clock'>): PlansHere {
  const here = plans.filter(
    (each) => !isOutOfUse(each) && readPlan(each).type !== 'other' && fitsJurisdiction(each, choice),
  )
  const bounds = here.map((each) => readPlan(each).period.value).flatMap(({ from, until }) => [from ?? [], until ?? []])
  return {
    plans: here,
    fitting: new Set(here.filter((each) => fitsKind(each, choice.kinds) && fitsUse(each, choice.uses))),
    turns: [...new Set(bounds.flat())].sort((a, b) => a - b),
    last: { past: Number.NaN, selected: [] },
  }
}

/** Those that apply at a clock: they are the same from one moment at which a period begins or is over to the next. */
export function selectedNow(here: PlansHere, clock: Date): PlanDefinition[] {
  const { plans, fitting, last } = here
  const past = countPast(here.turns, clock.getTime())
  if (past === last.past) return [...last.selected]
  const now = plans.filter((each) => isNow(readPlan(each).period, clock))
  const selected = newestOfEach(now).filter((each) => fitting.has(each))
  here.last = { past, selected }
  return [...selected]
}

/** How many of the moments are past; NaN, which is like nothing, for a clock that is none. */
function countPast(turns: readonly number[], at: number): number {
  if (Number.isNaN(at)) return at
  let past = 0
  for (const each of turns) if (each <= at) past++
  return past
}

/** What the versions of one rule set have in common: its url, else its first identifier with the system, else its id. */
export function planKey({ url, identifier, id }: PlanDefinition): string {
  if (url != null) return `url ${url}`
  const { system, value } = identifier?.[0] ?? {}
  return value == null ? `id ${id}` : `identifier ${JSON.stringify([system, value])}`
}

/** The highest version of every rule set; two of the same version both. */
function newestOfEach(plans: PlanDefinition[]): PlanDefinition[] {
  const newest = new Map<string, PlanDefinition[]>()
  for (const plan of plans) {
    const key = planKey(plan)
    const known = newest.get(key) ?? []
    const order = known[0] ? compareVersions(versionOf(known[0]), versionOf(plan)) : -1
    if (order <= 0) newest.set(key, order < 0 ? [plan] : [...known, plan])
  }
  return [...newest.values()].flat()
}

const versionOf = ({ version }: PlanDefinition) => (typeof version === 'string' ? version : '')

/**
 * What a canonical without version means among the plans that have it: active ones in force at the clock before active ones before
 * others, the highest version first. Several only when they share version and standing.
 */
export function preferredPlans(plans: PlanDefinition[], clock: Date): PlanDefinition[] {
  const standing = (plan: PlanDefinition) => (plan.status !== 'active' ? 2 : inForce(plan, clock) ? 0 : 1)
  const best = Math.min(...plans.map(standing))
  return newestOfEach(plans.filter((each) => standing(each) === best))
}

/** A remark on a definition that is used although it is not in force. */
export function periodRemark(
  name: string,
  definition: { effectivePeriod?: PlanDefinition['effectivePeriod'] },
  clock: Date,
): Issue[] {
  if (inForce(definition, clock)) return []
  return [issue('informational', { severity: 'warning', text: `${name} is not in force at the evaluation clock` })]
}

/** Whether the clock lies in `effectivePeriod`; one that cannot be read holds always. */
export function inForce(plan: { effectivePeriod?: PlanDefinition['effectivePeriod'] }, clock: Date): boolean {
  return isNow(readPeriod(plan), clock)
}

function isNow({ value, faults }: ReturnType<typeof readPeriod>, clock: Date): boolean {
  const at = clock.getTime()
  return faults.length > 0 || ((value.from ?? at) <= at && at < (value.until ?? Number.POSITIVE_INFINITY))
}

/** Whether a rule set is for one of these kinds of certificates; one whose kinds are not understood may be for any. */
export function fitsKind(plan: PlanDefinition, kinds: string[] | undefined): boolean {
  const own = readPlan(plan).kinds
  if (!isUnderstood(own)) return true
  if (own.value.includes('on-request')) return false
  if (own.value.length === 0 || own.value.includes('general')) return true
  return kinds === undefined || own.value.some((each) => kinds.includes(each))
}

/** Whether a rule set is for what the verdict is for; one whose uses are not understood may be for anything. */
export function fitsUse(plan: PlanDefinition, asked: ReadonlySet<string> = new Set()): boolean {
  const own = readPlan(plan).uses
  return !isUnderstood(own) || own.value.length === 0 || own.value.some((each) => asked.has(each))
}

/** Whether a rule set is for the verifying or issuing country; one whose countries are not understood may be for any. */
export function fitsJurisdiction(
  plan: PlanDefinition,
  choice: Pick<PlanChoice, 'jurisdiction' | 'issuerCountry' | 'isIssuerUnknown'>,
): boolean {
  const { jurisdictions: countries, ruleType } = readPlan(plan)
  const type = ruleType.value
  if (!isUnderstood(countries) || countries.value.length === 0) return true
  if (type !== 'acceptance' && choice.isIssuerUnknown) return true
  const chosenBy = [
    ...(type === 'invalidation' ? [] : [choice.jurisdiction]),
    ...(type === 'acceptance' ? [] : [choice.issuerCountry].flat()),
  ]
  return chosenBy.some((by) => by !== undefined && countries.value.some((each) => sameJurisdiction(each, by)))
}

const isUnderstood = ({ faults }: Reading<unknown>) => faults.length === 0
