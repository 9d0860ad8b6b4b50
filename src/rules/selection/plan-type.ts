/** Whether a PlanDefinition is a rule set: one that says so in words which are not understood is one that fails, and not another plan. */
import type { CodeableConcept, PlanDefinition } from '../../fhir/types.ts'
import { codingsOf, everyAction, kindSystem, kinds, ruleTypeSystem, ruleTypes, useSystem, uses } from './readings.ts'

const planTypeSystem = 'http://terminology.hl7.org/CodeSystem/plan-definition-type'
/** Codes of plan-definition-type that are no rules to be run on a credential. */
const otherTypes = ['order-set', 'clinical-protocol', 'workflow-definition']

/** Whether a plan is a rule set for credentials (`eca-rule`), another plan, or says it in words that are not known. */
export function readType(plan: PlanDefinition): 'rule' | 'other' | 'unknown' {
  const codes = codingsOf(plan.type, planTypeSystem)
  if (codes.includes('eca-rule')) return 'rule'
  if (meansRule(plan.type)) return 'unknown'
  if (codes.some((each) => otherTypes.includes(each))) return 'other'
  // A type of somebody else's, or none: meant for this server when it uses the codes of this server.
  return codes.length > 0 || meansPlanType(plan.type) || usesOwnCodes(plan) ? 'unknown' : 'other'
}

const letters = (text: string | undefined) => text?.toLowerCase().replace(/[^a-z]/g, '') ?? ''

/** Whether a type says `eca-rule` anywhere: under a system that has another name, as text, as a display. */
const meansRule = (type: CodeableConcept | undefined) =>
  [type?.text, ...(type?.coding ?? []).flatMap(({ code, display }) => [code, display])].some((each) =>
    letters(each).includes('ecarule'),
  )

/** Whether a type is of plan-definition-type by a name that is not quite its. */
const meansPlanType = (type: CodeableConcept | undefined) =>
  type?.coding?.some(({ system }) => letters(system).includes('plandefinitiontype')) === true

/** Names of the CodeSystems of this server, and the codes by which they are known where no system is named. */
const ownSystems: { system: string; codes: readonly string[] }[] = [
  { system: kindSystem, codes: kinds },
  { system: useSystem, codes: uses },
  { system: ruleTypeSystem, codes: ruleTypes },
]

function usesOwnCodes(plan: PlanDefinition): boolean {
  const concepts = [
    ...(plan.useContext ?? []).map((each) => each.valueCodeableConcept),
    ...everyAction(plan).flatMap(({ action }) => action.code ?? []),
  ]
  return concepts.some((each) =>
    each?.coding?.some(({ system, code }) =>
      ownSystems.some((own) =>
        system === undefined
          ? code !== undefined && own.codes.includes(code.toLowerCase())
          : letters(system).includes(letters(own.system)),
      ),
    ),
  )
}
