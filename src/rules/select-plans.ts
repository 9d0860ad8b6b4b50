import { compareVersions } from '../fhir/canonical.ts'
import { alpha3FromAlpha2 } from '../fhir/iso-3166.ts'
import type { CodeableConcept, PlanDefinition } from '../fhir/types.ts'

/** What decides which rule sets apply to a credential. */
export interface PlanChoice {
  /** The verifying jurisdiction, ISO 3166-1 alpha-2 or alpha-3. */
  jurisdiction?: string | undefined
  /** Country of the issuer; invalidation rules are chosen by it. */
  issuerCountry?: string | undefined
  /** Certified events: `vaccination`, `test`, `recovery`. */
  kinds: string[]
  clock: Date
}

/**
 * The rule sets that apply: active, of type `eca-rule`, in force at the clock, for the kind and the jurisdiction. Of several versions of
 * one rule set the highest that is in force counts.
 */
export function selectPlans(plans: PlanDefinition[], choice: PlanChoice): PlanDefinition[] {
  const fitting = plans.filter(
    (each) =>
      isActiveRule(each) &&
      inForce(each, choice.clock) &&
      fitsKind(each, choice.kinds) &&
      fitsJurisdiction(each, choice),
  )
  const newest = new Map<string, PlanDefinition>()
  for (const plan of fitting) {
    const key = plan.url ?? plan.identifier?.[0]?.value ?? plan.id ?? ''
    const known = newest.get(key)
    if (!known || compareVersions(known.version ?? '', plan.version ?? '') < 0) newest.set(key, plan)
  }
  return [...newest.values()]
}

function isActiveRule(plan: PlanDefinition): boolean {
  return plan.status === 'active' && (plan.type?.coding ?? []).some((each) => each.code === 'eca-rule')
}

/** Whether the clock lies in `effectivePeriod`; a date counts with its whole day, in UTC. */
export function inForce(plan: { effectivePeriod?: PlanDefinition['effectivePeriod'] }, clock: Date): boolean {
  const { start, end } = plan.effectivePeriod ?? {}
  const at = clock.getTime()
  return (start === undefined || at >= earliest(start)) && (end === undefined || at < latest(end))
}

function earliest(text: string): number {
  const date = /^\d{4}(?:-\d\d(?:-\d\d)?)?$/.test(text)
  return Date.parse(date ? text : withOffset(text))
}

/** First moment after a date or dateTime of any precision. */
function latest(text: string): number {
  const [, year, month, day] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text) ?? []
  if (year === undefined) return Date.parse(withOffset(text)) + 1
  if (month === undefined) return Date.UTC(Number(year) + 1, 0, 1)
  return day === undefined
    ? Date.UTC(Number(year), Number(month), 1)
    : Date.UTC(Number(year), Number(month) - 1, Number(day) + 1)
}

const withOffset = (text: string) => (/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`)

/** Kinds that a rule set is about; empty = every kind. */
export function planKinds(plan: PlanDefinition): string[] {
  return (plan.useContext ?? [])
    .filter((each) => each.code.code === 'focus')
    .flatMap((each) => each.valueCodeableConcept?.coding ?? [])
    .flatMap((each) => each.code ?? [])
}

function fitsKind(plan: PlanDefinition, kinds: string[]): boolean {
  const own = planKinds(plan)
  return own.length === 0 || own.includes('general') || own.some((each) => kinds.includes(each))
}

/** Whether a rule set tells when a certificate is void, which the issuing country decides. */
function isInvalidation(plan: PlanDefinition): boolean {
  const codes = (plan.action ?? []).flatMap((each) => each.code ?? []).flatMap((each) => each.coding ?? [])
  return codes.some((each) => each.code?.toLowerCase() === 'invalidation')
}

function fitsJurisdiction(plan: PlanDefinition, choice: PlanChoice): boolean {
  const country = isInvalidation(plan) ? choice.issuerCountry : choice.jurisdiction
  return coversJurisdiction(plan.jurisdiction ?? [], country)
}

/** Whether jurisdictions cover a country; none, or the world (UN M49 `001`), covers everything. Alpha-2 and alpha-3 are the same. */
function coversJurisdiction(jurisdiction: CodeableConcept[], country: string | undefined): boolean {
  const codes = jurisdiction.flatMap((each) => each.coding ?? []).flatMap((each) => each.code ?? [])
  if (codes.length === 0 || codes.includes('001')) return true
  return country !== undefined && codes.some((each) => sameCountry(each, country))
}

const alpha3 = (code: string) => alpha3FromAlpha2(code.toUpperCase()) ?? code.toUpperCase()
const sameCountry = (a: string, b: string) => alpha3(a) === alpha3(b)
