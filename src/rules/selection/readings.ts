/** Reading a PlanDefinition in parts: what was understood of each, and what was not. */
import { issue } from '../../fhir/error.ts'
import type { CodeableConcept, Issue, PlanDefinition } from '../../fhir/types.ts'

/** A part of a plan as far as it was understood, and what was not. */
export interface Reading<T> {
  value: T
  faults: Issue[]
}

/** One action of a plan. */
export type PlanAction = NonNullable<PlanDefinition['action']>[number]

/** CodeSystems of this server by the tails of their urls, for copies under other bases. */
export const kindSystem = '/CodeSystem/certificate-kind'
/** CodeSystem verdict-use. */
export const useSystem = '/CodeSystem/verdict-use'
/** CodeSystem rule-type. */
export const ruleTypeSystem = '/CodeSystem/rule-type'

/** Codes of CodeSystem certificate-kind. */
export const kinds = [
  'vaccination',
  'yellow-fever',
  'poliomyelitis',
  'test',
  'recovery',
  'patient-summary',
  'general',
  'on-request',
]
/** What a verdict may be for (CodeSystem verdict-use). */
export const uses = ['entry', 'transit', 'venue', 'care']
/** Codes of CodeSystem rule-type. */
export const ruleTypes = ['acceptance', 'invalidation']

/** Codes of a concept that are of a system or of none; `system` may be the tail of its url. */
export function codingsOf(concept: CodeableConcept | undefined, system: string): string[] {
  return (concept?.coding ?? []).flatMap((each) =>
    each.code !== undefined && (each.system === undefined || each.system.endsWith(system)) ? [each.code] : [],
  )
}

/** Every action of a plan at any depth, with its FHIRPath. */
export function everyAction(plan: PlanDefinition): { action: PlanAction; path: string }[] {
  const walk = (actions: PlanAction[], parent: string): { action: PlanAction; path: string }[] =>
    actions.flatMap((action, index) => {
      const path = `${parent}.action[${index}]`
      return [{ action, path }, ...walk(action.action ?? [], path)]
    })
  return walk(plan.action ?? [], 'PlanDefinition')
}

/** An issue that says why a plan cannot be understood; the text goes on after the plan's name. */
export const fault = (text: string, expression: string): Issue => issue('not-supported', { text, expression })
