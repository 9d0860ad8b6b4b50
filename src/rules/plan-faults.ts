import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { keepPerObject } from '../base/keep.ts'
import { brokenSignature } from '../fhir/artefact.ts'
import { asJson } from '../fhir/json.ts'
import type { Issue, PlanDefinition, Resource } from '../fhir/types.ts'
import { certLogicType } from './certlogic/certlogic.ts'
import { fault, isOutOfUse, type PlanAction, readPlan } from './read-plan.ts'

/**
 * Why a plan as a whole cannot be run as rules: empty when it can. A plan that is not understood is a failed rule, never one that
 * does not exist. The result is kept with the plan, which is read and not changed.
 */
export const planFaults = keepPerObject((plan: PlanDefinition): Issue[] => {
  const { isShaped, type, kinds, uses, jurisdictions, period, ruleType } = readPlan(plan)
  const broken = brokenSignature(plan)
  if (broken !== undefined) return [fault(broken, 'PlanDefinition')]
  if (!isShaped) return [fault('it is not shaped as FHIR wants it', 'PlanDefinition')]
  return [
    ...modifiers(plan),
    ...(plan.status === 'active' || isOutOfUse(plan)
      ? []
      : [fault('its status is none that FHIR has', 'PlanDefinition.status')]),
    ...(type === 'rule' ? [] : [fault('its type is not eca-rule', 'PlanDefinition.type')]),
    ...[kinds, uses, jurisdictions, period, ruleType].flatMap((each) => each.faults),
    ...(plan.action?.length ? [] : [fault('it has no action', 'PlanDefinition.action')]),
    ...(isAboutPatients(plan) ? [] : [fault('it is about something else than a patient', 'PlanDefinition.subject')]),
  ]
})

function isAboutPatients({ subjectCodeableConcept: concept, subjectReference: reference }: PlanDefinition): boolean {
  return (
    reference === undefined &&
    (concept === undefined || concept.coding?.some(({ code }) => code === 'Patient') === true)
  )
}

/** What FHIR forbids to ignore: modifier extensions anywhere, and rules that the content was made under. */
export function modifiers(plan: Resource): Issue[] {
  const faults: Issue[] = []
  const visit = (value: Json, path: string): void => {
    if (Array.isArray(value)) for (const [index, each] of value.entries()) visit(each, `${path}[${index}]`)
    else if (isJsonObject(value)) {
      for (const [name, each] of Object.entries(value)) {
        if (name === 'modifierExtension' || name === 'implicitRules')
          faults.push(fault(`it has ${name}, which must not be ignored and is not known`, `${path}.${name}`))
        else visit(each, `${path}.${name}`)
      }
    }
  }
  visit(asJson(plan), plan.resourceType)
  return faults
}

type Behaviour =
  | 'groupingBehavior'
  | 'selectionBehavior'
  | 'requiredBehavior'
  | 'precheckBehavior'
  | 'cardinalityBehavior'

/** What each behaviour may be (http://hl7.org/fhir/R4/valueset-action-grouping-behavior.html and its siblings). */
const behaviours: { name: Behaviour; codes: string[] }[] = [
  { name: 'groupingBehavior', codes: ['visual-group', 'logical-group', 'sentence-group'] },
  { name: 'selectionBehavior', codes: ['any', 'all', 'all-or-none', 'exactly-one', 'at-most-one', 'one-or-more'] },
  // A rule that may be left out, or whose failure may be excused, is none that a verdict can rest on.
  { name: 'requiredBehavior', codes: ['must'] },
  { name: 'precheckBehavior', codes: ['yes', 'no'] },
  { name: 'cardinalityBehavior', codes: ['single'] },
]

/**
 * What changes when, in which order or upon which data an action is taken. A check has none of it: it is made when a credential is
 * judged, over what the credential says.
 */
const unknownMembers = [
  'trigger',
  'relatedAction',
  'timingDateTime',
  'timingAge',
  'timingPeriod',
  'timingDuration',
  'timingRange',
  'timingTiming',
  'dynamicValue',
  'transform',
  'input',
  'output',
] as const satisfies readonly (keyof PlanAction)[]

/** Languages of conditions. */
const conditionLanguages = ['text/cql-identifier', 'text/cql', certLogicType]

/** Why an action, the ones below it aside, cannot be run: empty when it can. */
export function actionFaults(action: PlanAction, path: string): Issue[] {
  const faults: Issue[] = []
  for (const { name, codes } of behaviours) {
    const code = action[name]
    if (code !== undefined && !codes.includes(code))
      faults.push(fault(`its ${name} is not one of ${codes.join(', ')}`, `${path}.${name}`))
  }
  for (const name of unknownMembers)
    if (action[name] !== undefined) faults.push(fault(`it has ${name}, which is not followed`, `${path}.${name}`))
  const conditions = action.condition ?? []
  for (const [index, condition] of conditions.entries()) {
    const expression = `${path}.condition[${index}]`
    const { language = '', expression: text } = condition.expression ?? {}
    if (condition.kind !== 'applicability')
      faults.push(fault('its condition is not of the kind applicability', expression))
    else if (!conditionLanguages.includes(language))
      faults.push(
        fault(
          `conditions in ${language || 'no language'} are not supported; supported: ${conditionLanguages.join(', ')}`,
          `${expression}.expression.language`,
        ),
      )
    else if (!text?.trim()) faults.push(fault('its condition has no expression', `${expression}.expression`))
  }
  if (conditions.length === 0 && !action.action?.length)
    faults.push(fault('it has no condition, so it states nothing', `${path}.condition`))
  if (/\/PlanDefinition\//.test(action.definitionCanonical ?? action.definitionUri ?? ''))
    faults.push(fault('it refers to another PlanDefinition, which is not run', `${path}.definition`))
  return faults
}
