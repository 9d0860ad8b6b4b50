/**
 * What a PlanDefinition says of when it applies, read strictly: what is not understood is a fault, never an absence. A rule set
 * that was misspelt must not be one that does not exist.
 */

import { isJurisdictionCode } from '../base/iso-3166.ts'
import { isJsonObject } from '../base/json.ts'
import { keepPerObject } from '../base/keep.ts'
import { shapeIssues } from '../fhir/check/input-resource.ts'
import { primitiveFault } from '../fhir/elements.ts'
import { unprocessable } from '../fhir/error.ts'
import { asJson } from '../fhir/json.ts'
import type { Coding, Issue, PlanDefinition, UsageContext } from '../fhir/types.ts'
import { readType } from './selection/plan-type.ts'
import {
  codingsOf,
  fault,
  kindSystem,
  kinds,
  type PlanAction,
  type Reading,
  ruleTypeSystem,
  ruleTypes,
  useSystem,
  uses,
} from './selection/readings.ts'

export { everyAction, fault, type PlanAction, type Reading } from './selection/readings.ts'

const contextTypeSystem = 'http://terminology.hl7.org/CodeSystem/usage-context-type'
/** The use whose rules inform and never decide. */
const informing = 'care'

/** Whether a plan says that it is not in use. A status that FHIR does not have says nothing, so the plan counts. */
export const isOutOfUse = ({ status }: PlanDefinition): boolean => ['draft', 'retired', 'unknown'].includes(status)

/** Everything that decides when a plan applies. */
export interface PlanReading {
  /** Texts, lists and objects stand where FHIR has them; without it nothing else can be read. */
  isShaped: boolean
  type: 'rule' | 'other' | 'unknown'
  kinds: Reading<string[]>
  /** Uses of a verdict of which one must be asked for (CodeSystem verdict-use); empty = whatever it is for. */
  uses: Reading<string[]>
  /** Its rules inform, and never decide. */
  informs: boolean
  jurisdictions: Reading<string[]>
  period: Reading<Period>
  ruleType: Reading<'acceptance' | 'invalidation' | 'unknown'>
}

/** Reads a plan; the result is kept with the plan, which is not changed. Never throws, whatever was stored. */
export const readPlan = keepPerObject((plan: PlanDefinition): PlanReading => {
  if (shapeIssues(plan).length > 0) return unread
  const uses = readUses(plan)
  return {
    isShaped: true,
    type: readType(plan),
    kinds: readKinds(plan),
    uses,
    informs: uses.faults.length === 0 && uses.value.includes(informing),
    jurisdictions: readJurisdictions(plan),
    period: readPeriod(plan),
    ruleType: readRuleType(plan),
  }
})

/** A plan of which nothing can be told: it may be a rule for anything, anywhere, at any time. */
const unread: PlanReading = {
  isShaped: false,
  type: 'unknown',
  kinds: { value: [], faults: [] },
  uses: { value: [], faults: [] },
  informs: false,
  jurisdictions: { value: [], faults: [] },
  period: { value: { from: undefined, until: undefined }, faults: [] },
  ruleType: { value: 'unknown', faults: [] },
}

/** Kinds of certificates that a rule set is about (CodeSystem certificate-kind); empty = every kind. */
function readKinds(plan: PlanDefinition): Reading<string[]> {
  const found: string[] = []
  const faults: Issue[] = []
  for (const [index, { code, valueCodeableConcept }] of (plan.useContext ?? []).entries()) {
    const expression = `PlanDefinition.useContext[${index}]`
    if (isOfContextType(code, 'task')) continue
    const codes = codingsOf(valueCodeableConcept, kindSystem)
    if (!isOfContextType(code, 'focus'))
      faults.push(fault('its useContext has a code other than focus and task', `${expression}.code`))
    else if (codes.length === 0 || codes.some((each) => !kinds.includes(each)))
      faults.push(
        fault(`its useContext names no certificate kind; known are ${kinds.join(', ')}`, `${expression}.value`),
      )
    else found.push(...codes)
  }
  if (found.includes(onRequest) && found.some((each) => each !== onRequest))
    faults.push(fault(`its useContext names ${onRequest}, which is never chosen, beside another kind`, useContexts))
  return { value: found, faults }
}

/** The kind of rule sets that are run when they are named, and never by themselves. */
const onRequest = 'on-request'

const isOfContextType = (code: Coding | undefined, type: string) =>
  code?.code === type && (code.system === undefined || code.system === contextTypeSystem)

/** The uses that a rule set names (`task`); one that decides and informs at once is a fault, for a verdict rests on it or does not. */
function readUses(plan: PlanDefinition): Reading<string[]> {
  const found: string[] = []
  const faults: Issue[] = []
  for (const [index, context] of (plan.useContext ?? []).entries()) {
    if (!isOfContextType(context.code, 'task')) continue
    const use = useOf(context)
    if (use === undefined)
      faults.push(
        fault(`its useContext names no use of a verdict; ${knownUses}`, `PlanDefinition.useContext[${index}].value`),
      )
    else found.push(use)
  }
  if (found.includes(informing) && found.some((each) => each !== informing))
    faults.push(fault(`its useContext names ${informing}, which informs, beside a use that decides`, useContexts))
  return { value: found, faults }
}

const useContexts = 'PlanDefinition.useContext'
const knownUses = `known are ${uses.join(', ')}, of the CodeSystem verdict-use`

/** The one use that a context names by a code of the CodeSystem, beside which codes of other systems may stand. */
function useOf({ valueCodeableConcept }: UsageContext): string | undefined {
  const own = (valueCodeableConcept?.coding ?? []).filter(({ system }) => system?.endsWith(useSystem))
  const [use, ...others] = [...new Set(own.map(({ code = '' }) => code))]
  return use !== undefined && others.length === 0 && uses.includes(use) ? use : undefined
}

/**
 * The uses that a question asks for (`useContext` of `$evaluate`), each once.
 * @throws FhirError 422 for a context that names none: left out, it would be a question that nobody answered
 */
export function readAskedUses(contexts: readonly UsageContext[]): ReadonlySet<string> {
  return new Set(
    contexts.map((context) => {
      const expression = "Parameters.parameter.where(name='useContext').value"
      const use = useOf(context)
      if (!isOfContextType(context.code, 'task') || context.code.system === undefined) {
        const text = `useContext has the code task of ${contextTypeSystem}; this one has another, which chooses no rules`
        throw unprocessable({ text, expression: `${expression}.code` }, 'code-invalid')
      }
      if (use !== undefined) return use
      const text = `useContext names no use of a verdict as valueCodeableConcept; ${knownUses}`
      throw unprocessable({ text, expression }, 'code-invalid')
    }),
  )
}

const subdivision = /^([A-Za-z]{2})-[A-Za-z0-9]{1,3}$/

/** ISO 3166-1 codes that a rule set is for; empty = everywhere. A subdivision stands for its country. */
function readJurisdictions(plan: PlanDefinition): Reading<string[]> {
  const found: string[] = []
  const faults: Issue[] = []
  for (const [index, concept] of (plan.jurisdiction ?? []).entries()) {
    const read = (concept.coding ?? []).map(countryOf)
    found.push(...read.filter((each) => each !== undefined))
    // Also one beside others that are read: it may be the country that is asked for.
    if (read.length === 0 || read.includes(undefined))
      faults.push(fault('its jurisdiction is no code of ISO 3166', `PlanDefinition.jurisdiction[${index}]`))
  }
  return { value: found.includes(world) ? [] : found, faults }
}

function countryOf({ system, code = '' }: Coding): string | undefined {
  if (system !== undefined && !countrySystem.test(system)) return undefined
  const written = code.toUpperCase()
  const country = subdivision.exec(written)?.[1] ?? written
  return country === world || isJurisdictionCode(country) ? country : undefined
}

/** UN M49. */
const world = '001'
/** ISO 3166 in its parts, and UN M49, of which the world alone is understood. */
const countrySystem = /^(?:urn:iso:std:iso:3166(?::.*)?|https?:\/\/unstats\.un\.org\/.*m49.*)$/

/** First moment and first moment after, in milliseconds; undefined where the period is open. */
interface Period {
  from: number | undefined
  until: number | undefined
}

/** When a rule set is in force (`effectivePeriod`); a date counts with its whole day, in UTC. */
export function readPeriod(plan: { effectivePeriod?: PlanDefinition['effectivePeriod'] }): Reading<Period> {
  const period = asJson(plan).effectivePeriod
  if (period === undefined) return { value: { from: undefined, until: undefined }, faults: [] }
  const expression = 'PlanDefinition.effectivePeriod'
  const unread = {
    value: { from: undefined, until: undefined },
    faults: [fault('its effectivePeriod cannot be read', expression)],
  }
  if (!isJsonObject(period)) return unread
  const { start, end } = period
  if ([start, end].some((each) => each !== undefined && primitiveFault('dateTime', each) !== undefined)) return unread
  if (start === undefined && end === undefined) return unread
  const from = typeof start === 'string' ? earliest(start) : undefined
  const until = typeof end === 'string' ? latest(end) : undefined
  if (Number.isNaN(from ?? 0) || Number.isNaN(until ?? 0)) return unread
  if (from !== undefined && until !== undefined && from >= until)
    return { value: { from, until }, faults: [fault('its effectivePeriod ends before it starts', expression)] }
  return { value: { from, until }, faults: [] }
}

const earliest = (text: string) => Date.parse(text)

/** First moment after a date or dateTime, which counts with the whole of its last part (FHIR R4, Period.end), to the millisecond. */
function latest(text: string): number {
  const [, year, month, day] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text) ?? []
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? []
  if (year === undefined) return Date.parse(text) + Math.max(1, 10 ** (3 - fraction.length))
  if (month === undefined) return Date.UTC(Number(year) + 1, 0, 1)
  return day === undefined
    ? Date.UTC(Number(year), Number(month), 1)
    : Date.UTC(Number(year), Number(month) - 1, Number(day) + 1)
}

/**
 * Whether the rules of a plan are demands of the verifying country (`acceptance`, also when nothing is said) or of the issuing one
 * (`invalidation`); both is a fault, for a rule set is chosen as a whole. What a group says holds for the rules in it that say nothing.
 */
function readRuleType(plan: PlanDefinition): Reading<'acceptance' | 'invalidation' | 'unknown'> {
  const found = new Set<string>()
  const faults: Issue[] = []
  const visit = (actions: readonly PlanAction[], parent: string, said: boolean): void => {
    for (const [index, action] of actions.entries()) {
      const path = `${parent}.action[${index}]`
      const codes = ruleCodes(action, path, faults)
      for (const code of codes) found.add(code)
      const isSaid = said || codes.length > 0
      const isRule = !action.action?.length || (action.condition ?? []).length > 0
      if (isRule && !isSaid) found.add('acceptance')
      visit(action.action ?? [], path, isSaid)
    }
  }
  visit(plan.action ?? [], 'PlanDefinition', false)
  if (faults.length === 0 && found.size > 1)
    faults.push(
      fault(
        'it has acceptance and invalidation rules, which are chosen by different countries',
        'PlanDefinition.action',
      ),
    )
  if (faults.length > 0) return { value: 'unknown', faults }
  return { value: found.has('invalidation') ? 'invalidation' : 'acceptance', faults }
}

/** The codes of one action; those that are no rule types are told as faults. */
function ruleCodes(action: PlanAction, path: string, faults: Issue[]): string[] {
  return (action.code ?? []).flatMap((concept, index) => {
    const codes = codingsOf(concept, ruleTypeSystem).map((each) => each.toLowerCase())
    if (codes.length === 0 || codes.some((each) => !ruleTypes.includes(each)))
      faults.push(fault('its action has a code other than acceptance or invalidation', `${path}.code[${index}]`))
    return codes
  })
}
