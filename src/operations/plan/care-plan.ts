/** What a plan came to as one resource: a CarePlan with all of it contained (R4), or a Bundle (`$r5.apply`). */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { artefactName } from '../../fhir/artefact.ts'
import { operationOutcome } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Issue, PlanDefinition } from '../../fhir/types.ts'
import type { Applied } from './actions.ts'
import { present } from './activity-kinds.ts'
import type { ApplyInputs } from './inputs.ts'

/** Messages of CRMI: where the OperationOutcome of an answer stands. */
const messages = 'http://hl7.org/fhir/uv/crmi/StructureDefinition/crmi-messages'

type PlanGoal = NonNullable<PlanDefinition['goal']>[number]

/** The goals of a plan as resources. */
export function goalsOf({ goal = [] }: PlanDefinition, subject: string): JsonObject[] {
  return goal.map((each, index) => goalOf(each, { subject, id: `goal-${index + 1}` }))
}

function goalOf(
  { category, description, priority, start, target = [] }: PlanGoal,
  { subject, id }: { subject: string; id: string },
): JsonObject {
  return present({
    resourceType: 'Goal',
    id,
    lifecycleStatus: 'proposed',
    category: category ? [category] : undefined,
    priority,
    description,
    subject: { reference: subject },
    startCodeableConcept: start,
    // A detail without what is measured cannot be judged (gol-1).
    target: target
      .filter(({ measure }) => measure !== undefined)
      .map(({ measure, detailQuantity, detailRange, detailCodeableConcept, due }) =>
        present({ measure, detailQuantity, detailRange, detailCodeableConcept, dueDuration: due }),
      ),
  })
}

const outcomeId = 'outcome'

/** What is to be said, as a contained OperationOutcome. */
export function outcomeOf(issues: Issue[]): JsonObject[] {
  return issues.length > 0 ? [{ ...asJson(operationOutcome(issues)), id: outcomeId }] : []
}

/** Where what is to be said stands: CRMI's messages. */
export const messageExtension = (issues: Issue[]): JsonObject =>
  issues.length > 0 ? { extension: [{ url: messages, valueReference: { reference: `#${outcomeId}` } }] } : {}

/** The CarePlan of R4: one activity, which is the RequestGroup of the plan. */
export function carePlanOf(
  plan: PlanDefinition,
  { groups, activities, goals, issues }: Applied,
  inputs: ApplyInputs,
): JsonObject {
  const [group] = groups
  const author = inputs.practitioner ?? inputs.organization
  return present({
    resourceType: 'CarePlan',
    contained: [...groups, ...activities, ...goals, ...outcomeOf(issues)],
    ...messageExtension(issues),
    instantiatesCanonical: plan.url === undefined ? undefined : [artefactName(plan)],
    status: 'draft',
    intent: 'proposal',
    title: plan.title,
    description: plan.description,
    subject: { reference: inputs.subject },
    encounter: inputs.encounter === undefined ? undefined : { reference: inputs.encounter },
    created: inputs.clock,
    author: author === undefined ? undefined : { reference: author },
    goal: goals.map(({ id }) => ({ reference: `#${String(id)}` })),
    activity: group ? [{ reference: { reference: `#${String(group.id)}` } }] : undefined,
  })
}

/** The Bundle of `$r5.apply`: the RequestGroup first, each resource for itself, and what is to be said contained in the first. */
export function bundleOf({ groups, activities, goals, issues }: Applied, uuid: () => string): JsonObject {
  const [first, ...others] = [...groups, ...activities, ...goals]
  const told = first
    ? [{ ...first, ...messageExtension(issues), ...(issues.length > 0 ? { contained: outcomeOf(issues) } : {}) }]
    : outcomeOf(issues)
  const all = [...told, ...others]
  const urls = new Map(all.map(({ id }) => [`#${String(id)}`, `urn:uuid:${uuid()}`]))
  return {
    resourceType: 'Bundle',
    type: 'collection',
    entry: all.map((resource) => {
      const { id, ...rest } = resource
      const renamed = withReferences(rest, urls)
      return { fullUrl: urls.get(`#${String(id)}`) ?? null, resource: isJsonObject(renamed) ? renamed : {} }
    }),
  }
}

/** References to resources beside it become those of their entries. */
function withReferences(value: Json, urls: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return value.map((each) => withReferences(each, urls))
  if (!isJsonObject(value)) return value
  const members = Object.entries(value).map(([name, each]): [string, Json] => {
    const url = name === 'reference' && typeof each === 'string' ? urls.get(each) : undefined
    return [name, url ?? withReferences(each, urls)]
  })
  return Object.fromEntries(members)
}
