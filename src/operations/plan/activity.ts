/** An ActivityDefinition applied: the resource that it proposes (https://hl7.org/fhir/R4/activitydefinition.html, section 12.17.3). */
import type { JsonObject } from '../../base/json-value.ts'
import { artefactName, brokenSignature } from '../../fhir/artefact.ts'
import { checkResource } from '../../fhir/check/resource.ts'
import { isError, issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { ActivityDefinition, Issue, PlanDefinition } from '../../fhir/types.ts'
import { modifiers, periodRemark, statusRemark } from '../../rules/rules.ts'
import { type ActivityKind, activityKinds, instantiating } from './activity-kinds.ts'
import type { Answers, Asked } from './expressions.ts'
import type { ApplyInputs } from './inputs.ts'
import { setValue } from './set-value.ts'

/** What a definition came to: the resource, or why there is none; and what is to be said. */
export interface Made {
  resource: JsonObject | undefined
  issues: Issue[]
}

/** One dynamic value and the libraries in which its expression stands. */
export interface DynamicValue extends Asked {
  path: string | undefined
}

/** What definitions are applied with. */
export interface Applying {
  answers: Answers
  inputs: ApplyInputs
}

/** The dynamic values of a definition, or of an action. */
export const dynamicValuesOf = (
  list: PlanDefinition['action'] extends (infer A)[] | undefined
    ? A extends { dynamicValue?: infer D }
      ? D
      : never
    : never,
  libraries: readonly string[],
): DynamicValue[] => (list ?? []).map(({ path, expression }) => ({ path, expression, libraries }))

const problem = (text: string, severity: Issue['severity'] = 'error', code: Issue['code'] = 'not-supported') =>
  issue(code, { severity, text })

/**
 * Makes what a definition proposes. Nothing is made of one that cannot be followed to its end: a request without its dose, or with the
 * dose of somebody else, is worse than none.
 * @param more dynamic values of the action that names it, which come after its own
 */
export function makeActivity(definition: ActivityDefinition, more: readonly DynamicValue[], applying: Applying): Made {
  const name = artefactName(definition)
  const kind = definition.kind === undefined ? undefined : activityKinds[definition.kind]
  const faults = faultsOf(definition, kind, applying.inputs)
  if (faults.length > 0 || !kind)
    return { resource: undefined, issues: faults.map((text) => problem(`${name}: ${text}`)) }
  const { inputs } = applying
  const { subject, encounter, practitioner, organization, clock } = inputs
  const requester = practitioner ?? (kind.byPractitioners ? undefined : organization)
  const made = kind.make(definition, { subject, encounter, requester, now: clock })
  const type = String(definition.kind)
  const resource: JsonObject = {
    resourceType: type,
    ...instantiated(type, definition),
    ...profiled(definition),
    ...made,
  }
  const issues: Issue[] = [
    ...statusRemark(name, definition.status),
    ...periodRemark(name, definition, new Date(clock)),
    ...withTiming(resource, definition, kind),
    ...lost(definition, kind).map((element) => problem(`${name}: ${element} has no place in a ${type}`, 'warning')),
  ]
  const values = [...dynamicValuesOf(definition.dynamicValue, definition.library ?? []), ...more]
  const told = setDynamicValues(resource, type, values, applying)
  issues.push(...told.map((each) => ({ ...each, details: { text: `${name}: ${each.details?.text ?? ''}` } })))
  const shape = told.some(isError) ? [] : checkResource(resource).filter(isError)
  const [fault] = shape
  if (fault)
    issues.push(
      problem(`${name}: what came of it is no ${type}: ${fault.details?.text ?? fault.code}`, 'error', 'structure'),
    )
  return { resource: issues.some(isError) ? undefined : resource, issues }
}

function faultsOf(definition: ActivityDefinition, kind: ActivityKind | undefined, { subject }: ApplyInputs): string[] {
  const broken = brokenSignature(definition)
  if (broken !== undefined) return [broken]
  const faults = modifiers(definition).map(({ details }) => details?.text ?? '')
  const { kind: name, intent = '' } = definition
  if (name === undefined) faults.push('its kind is missing, so nobody can say what it proposes')
  else if (!kind) faults.push(`its kind ${name} is not made; made are ${Object.keys(activityKinds).join(', ')}`)
  if (definition.transform !== undefined) faults.push('its transform is not followed')
  if (definition.doNotPerform === true && !kind?.carries.includes('doNotPerform'))
    faults.push(`it says what is not to be done, which a ${name} cannot say`)
  if (kind?.otherIntents?.includes(intent)) faults.push(`its intent ${intent} is none of a ${name}`)
  if (kind?.ofPatients && !/(?:^|\/)Patient\//.test(subject)) faults.push(`a ${name} is about a Patient alone`)
  if (!isAbout(definition, subject)) faults.push('it is about another kind of subject')
  return faults
}

/** Whether a definition is about the type of the subject; one that says nothing is about patients (and groups of them). */
export function isAbout(
  {
    subjectCodeableConcept: concept,
    subjectReference,
  }: Pick<PlanDefinition, 'subjectCodeableConcept' | 'subjectReference'>,
  subject: string,
): boolean {
  if (subjectReference !== undefined) return false
  const codes = (concept?.coding ?? []).map(({ code }) => code)
  return (
    concept === undefined ||
    codes.some((code) => code !== undefined && new RegExp(`(?:^|/)${code.replace(/\W/g, '')}/`).test(subject))
  )
}

const profiled = ({ profile }: ActivityDefinition) => (profile === undefined ? {} : { meta: { profile: [profile] } })

function instantiated(type: string, definition: ActivityDefinition): JsonObject {
  if (definition.url === undefined || !instantiating[type]) return {}
  const canonical = artefactName(definition)
  return { instantiatesCanonical: instantiating[type] === 'list' ? [canonical] : canonical }
}

const timings = [
  'timingTiming',
  'timingDateTime',
  'timingAge',
  'timingPeriod',
  'timingRange',
  'timingDuration',
] as const

/** Sets the timing where the kind has a place for it. */
function withTiming(resource: JsonObject, definition: ActivityDefinition, { timing }: ActivityKind): Issue[] {
  const member = timings.find((each) => definition[each] !== undefined)
  if (member === undefined) return []
  const type = member.slice('timing'.length)
  const value = asJson(definition)[member]
  if (value !== undefined && timing?.types.includes(type)) {
    const isChoice = timing.types.length > 1 || timing.name === 'occurrence'
    resource[isChoice ? `${timing.name}${type}` : timing.name] = value
    return []
  }
  if (
    value !== undefined &&
    resource.resourceType === 'MedicationRequest' &&
    type === 'Timing' &&
    resource.dosageInstruction === undefined
  ) {
    resource.dosageInstruction = [{ timing: value }]
    return []
  }
  return [problem(`${artefactName(definition)}: ${member} has no place in a ${String(resource.resourceType)}`)]
}

/** What a definition says beside what every kind carries. */
const sayings = [
  'intent',
  'priority',
  'location',
  'participant',
  'productReference',
  'productCodeableConcept',
  'quantity',
  'dosage',
  'bodySite',
  'specimenRequirement',
  'observationRequirement',
  'observationResultRequirement',
] as const

const lost = (definition: ActivityDefinition, { carries }: ActivityKind): string[] =>
  sayings.filter((each) => definition[each] !== undefined && !carries.includes(each))

/**
 * Sets values in their order; FHIRPath sees those before. A null takes away what the definition had there, and is told; what fails, or
 * cannot be set, is an error.
 */
export function setDynamicValues(
  target: JsonObject,
  type: string,
  values: readonly DynamicValue[],
  { answers }: Applying,
): Issue[] {
  const issues: Issue[] = []
  for (const value of values) {
    const path = value.path ?? ''
    const answer = answers.of(value, target)
    const text = (why: string) => `the dynamic value at ${path.slice(0, 200) || 'no path'} ${why}`
    if ('issue' in answer) {
      issues.push(
        problem(text(`failed: ${answer.issue.details?.text ?? answer.issue.code}`), 'error', answer.issue.code),
      )
      continue
    }
    const fault = setValue(
      target,
      type,
      path,
      answer.values.filter((each) => each.value !== null),
    )
    if (fault !== undefined) issues.push(problem(text(fault), 'error', 'value'))
    else if (answer.values.length === 0)
      issues.push(problem(text('is null: nothing stands there'), 'warning', 'incomplete'))
  }
  return issues
}
