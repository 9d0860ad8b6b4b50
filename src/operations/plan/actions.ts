/**
 * The actions of a plan that apply, as the actions of a RequestGroup (https://hl7.org/fhir/R4/plandefinition.html, section 12.18.3.3).
 * An action whose condition is not true is left out; when nobody can say whether it holds, that is told, and never passes for a yes.
 */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { artefactName } from '../../fhir/artefact.ts'
import { isError, issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Issue, PlanDefinition } from '../../fhir/types.ts'
import type { Steps } from '../../workers/budget.ts'
import { type Applying, dynamicValuesOf, isAbout, makeActivity, setDynamicValues } from './activity.ts'
import { present } from './activity-kinds.ts'
import { truthOf } from './expressions.ts'
import { type ActionNode, isPlan, type PlanAction, type PlanNode } from './tree.ts'

/** Everything that a plan came to. References among them are `#id`. */
export interface Applied {
  /** The RequestGroup of the plan first, those of plans that it names after it. */
  groups: JsonObject[]
  activities: JsonObject[]
  goals: JsonObject[]
  issues: Issue[]
}

interface Work extends Applying {
  applied: Applied
  /** Names the rule sets of a verdict: their actions are checks, and no proposals. */
  plan: PlanDefinition
}

/** What became of an action: it stands in the result, does not apply, or nobody can say whether it does. */
type Fate = { action: JsonObject } | 'not-applicable' | 'undetermined'

/** Applies a plan, in steps. */
export function* applyPlan(node: PlanNode, applying: Applying): Steps<Applied> {
  const applied: Applied = { groups: [], activities: [], goals: [], issues: [] }
  const { plan } = node
  if (!isAbout(plan, applying.inputs.subject))
    applied.issues.push(
      told('its subject is of another kind than the plan is about', { path: 'PlanDefinition', plan }, 'business-rule'),
    )
  else yield* groupOf(node, { ...applying, applied, plan })
  return withoutLoose(applied)
}

/** Without what was made for an action that was left out after all. */
function withoutLoose(applied: Applied): Applied {
  const all = new Map([...applied.groups, ...applied.activities].map((each) => [`#${String(each.id)}`, each]))
  const kept = new Set(applied.groups.slice(0, 1))
  for (const each of kept) {
    for (const reference of referencesIn(each.action ?? null)) {
      const found = all.get(reference)
      if (found) kept.add(found)
    }
  }
  const isKept = (each: JsonObject) => kept.has(each)
  return { ...applied, groups: applied.groups.filter(isKept), activities: applied.activities.filter(isKept) }
}

/** References of actions, at every depth. */
function referencesIn(actions: Json): string[] {
  return objectsIn(actions).flatMap(({ resource, action }) => [
    ...(isJsonObject(resource) && typeof resource.reference === 'string' ? [resource.reference] : []),
    ...referencesIn(action ?? null),
  ])
}

/** Makes the RequestGroup of a plan and all below it; returns its id, and undefined when nothing of it applies. */
function* groupOf({ plan, actions }: PlanNode, work: Work): Steps<string | undefined> {
  const { applied, inputs } = work
  const id = applied.groups.length === 0 ? 'request-group' : `request-group-${applied.groups.length + 1}`
  const isAuthored = inputs.practitioner !== undefined
  const group: JsonObject = present({
    resourceType: 'RequestGroup',
    id,
    instantiatesCanonical: plan.url === undefined ? undefined : [artefactName(plan)],
    status: 'draft',
    intent: 'proposal',
    subject: { reference: inputs.subject },
    encounter: inputs.encounter === undefined ? undefined : { reference: inputs.encounter },
    authoredOn: inputs.clock,
    author: isAuthored ? { reference: inputs.practitioner } : undefined,
  })
  const isRoot = applied.groups.push(group) === 1
  const made: JsonObject[] = []
  const before = applied.issues.length
  for (const each of actions) {
    const fate = yield* actionOf(each, { ...work, plan })
    if (typeof fate !== 'string') made.push(fate.action)
  }
  dropLooseRelations(made, { path: 'PlanDefinition', plan }, applied.issues)
  if (made.length > 0) group.action = made
  const notes = applied.issues.slice(before).filter(({ severity }) => severity !== 'information')
  if (notes.length > 0)
    group.note = notes.slice(0, mostNotes).map((each) => ({ text: each.details?.text ?? each.code }))
  return isRoot || made.length > 0 ? id : undefined
}

/** A person reads no more; all of them stand in the OperationOutcome. */
const mostNotes = 20

function told(
  text: string,
  { path, plan }: { path: string; plan: PlanDefinition },
  code: Issue['code'] = 'not-supported',
  severity: Issue['severity'] = 'error',
): Issue {
  return issue(code, { severity, text: `${artefactName(plan)}, ${path}: ${text}`, expression: path })
}

function* actionOf(node: ActionNode, work: Work): Steps<Fate> {
  yield
  const { action, path, children } = node
  const { applied, plan } = work
  const place = { path, plan }
  const holds = applicability(node, work)
  if (holds !== true) return holds === false ? 'not-applicable' : 'undetermined'
  const made = carried(action, work, place)
  const resource = yield* resourceOf(node, work)
  if (resource === 'failed') return 'undetermined'
  if (resource === 'nothing') return 'not-applicable'
  const below: JsonObject[] = []
  let isOpen = false
  for (const child of children) {
    const fate = yield* actionOf(child, work)
    if (typeof fate !== 'string') below.push(fate.action)
    else if (fate === 'undetermined') isOpen = true
  }
  if (isOpen && action.selectionBehavior === 'all-or-none') {
    applied.issues.push(
      told(
        'left out as a whole: all or none of it is to be chosen, and a part of it is not there',
        place,
        'incomplete',
      ),
    )
    return 'undetermined'
  }
  if (children.length > 0 && below.length === 0 && resource === undefined)
    return isOpen ? 'undetermined' : 'not-applicable'
  return finish({ made, resource, below }, node, work)
}

/** The action with what it leads to: a resource or further actions, and never both (RequestGroup, rqg-1). */
function finish(
  { made, resource, below }: { made: JsonObject; resource: string | undefined; below: JsonObject[] },
  { action, path }: ActionNode,
  work: Work,
): Fate {
  const { applied, plan } = work
  const own = dynamicValuesOf(action.dynamicValue, plan.library ?? []).filter(isOfAction)
  const values = own.map((each) => ({ ...each, path: each.path?.replace(ofAction, '') }))
  const issues = setDynamicValues(made, 'RequestGroup.action', values, work).map((each) => ({
    ...each,
    details: { text: `${artefactName(plan)}, ${path}: ${each.details?.text ?? ''}` },
  }))
  applied.issues.push(...issues)
  if (issues.some(isError)) return 'undetermined'
  if (resource !== undefined && below.length > 0)
    made.action = [{ ...titled(made), resource: { reference: resource } }, ...below]
  else if (below.length > 0) made.action = below
  else if (resource !== undefined) made.resource = { reference: resource }
  return { action: made }
}

const titled = ({ title }: JsonObject): JsonObject => (title === undefined ? {} : { title })

/** Dynamic values of the action itself, and not of what it leads to. */
const ofAction = /^%?action\./
const isOfAction = ({ path = '' }: { path: string | undefined }) => ofAction.test(path)

/** Whether an action applies: every condition of applicability is true. */
function applicability({ action, path, fault }: ActionNode, { answers, applied, plan, inputs }: Work): boolean | null {
  const place = { path, plan }
  const conditions = action.condition ?? []
  const open: Issue[] = []
  for (const [index, condition] of conditions.entries()) {
    if (condition.kind === 'start' || condition.kind === 'stop') continue
    const at = { path: `${path}.condition[${index}]`, plan }
    const truth =
      condition.kind === 'applicability'
        ? truthOf(answers.of({ expression: condition.expression, libraries: plan.library ?? [] }))
        : { issue: issue('not-supported', `its kind ${String(condition.kind)} is not known`) }
    if (truth === false) return false
    if (truth === null)
      open.push(
        told(
          'left out: the condition is null, so nobody can say whether the action applies',
          at,
          'incomplete',
          severityOf(action),
        ),
      )
    else if (truth !== true)
      open.push(
        told(
          `left out: the condition could not be evaluated: ${truth.issue.details?.text ?? truth.issue.code}`,
          at,
          truth.issue.code,
        ),
      )
  }
  if (open.length === 0 && fault) open.push(told(`left out: ${fault.details?.text ?? fault.code}`, place, fault.code))
  if (open.length === 0 && action.transform !== undefined)
    open.push(told('left out: its transform is not followed', place))
  const isOther =
    action.subjectReference !== undefined || (action.subjectCodeableConcept && !isAbout(action, inputs.subject))
  if (open.length === 0 && isOther) open.push(told('left out: it is about another subject', place))
  applied.issues.push(...open)
  return open.length === 0 ? true : null
}

/** What must be done and is left out is worse than what may be. */
const severityOf = ({ requiredBehavior }: PlanAction): Issue['severity'] =>
  requiredBehavior === 'must' ? 'error' : 'warning'

/** Members of an action that stand in a RequestGroup as they are. */
const same = [
  'id',
  'prefix',
  'title',
  'description',
  'textEquivalent',
  'priority',
  'code',
  'documentation',
  'relatedAction',
  'timingDateTime',
  'timingAge',
  'timingPeriod',
  'timingDuration',
  'timingRange',
  'timingTiming',
  'type',
  'groupingBehavior',
  'selectionBehavior',
  'requiredBehavior',
  'precheckBehavior',
  'cardinalityBehavior',
] as const

/** Members that a RequestGroup has no place for. */
const lost = ['reason', 'goalId', 'trigger', 'input', 'output'] as const

function carried(
  action: PlanAction,
  { applied, inputs }: Work,
  place: { path: string; plan: PlanDefinition },
): JsonObject {
  const json = asJson(action)
  const made: JsonObject = {}
  for (const name of same) {
    for (const each of [name, `_${name}`]) if (json[each] !== undefined) made[each] = structuredClone(json[each])
  }
  // The text of a check is for a person who does not pass it.
  if (isCheck(action)) for (const each of ['textEquivalent', '_textEquivalent']) delete made[each]
  const later = (action.condition ?? []).filter(({ kind }) => kind === 'start' || kind === 'stop')
  if (later.length > 0) made.condition = structuredClone(later.map(asJson))
  const participants = (action.participant ?? []).flatMap(({ type }) =>
    type === 'patient' ? [inputs.subject] : type === 'practitioner' ? (inputs.practitioner ?? []) : [],
  )
  const people = participants.filter((each) => !/(?:^|\/)Group\//.test(each))
  if (people.length > 0) made.participant = people.map((reference) => ({ reference }))
  if (people.length < (action.participant ?? []).length)
    applied.issues.push(told('a participant of it was not named in the request', place, 'incomplete', 'warning'))
  for (const name of lost)
    if (action[name] !== undefined)
      applied.issues.push(told(`its ${name} has no place in a RequestGroup`, place, 'informational', 'information'))
  return made
}

/** Whether an action is a check of a rule set (CodeSystem rule-type). */
const isCheck = ({ code = [] }: PlanAction) =>
  code.some(({ coding = [] }) => coding.some(({ system }) => system?.endsWith('/CodeSystem/rule-type')))

/** The resource that an action leads to, by reference; a leaf without definition is a Task. */
function* resourceOf(node: ActionNode, work: Work): Steps<string | 'failed' | 'nothing' | undefined> {
  const { action, path, definition, children } = node
  const { applied, plan } = work
  const values = dynamicValuesOf(action.dynamicValue, plan.library ?? []).filter((each) => !isOfAction(each))
  if (isPlan(definition)) {
    if (values.length > 0) {
      applied.issues.push(told('left out: dynamic values of a plan that it names are not set', { path, plan }))
      return 'failed'
    }
    const before = applied.issues.length
    const id = yield* groupOf(definition, work)
    if (id !== undefined) return `#${id}`
    return applied.issues.slice(before).some(({ severity }) => severity !== 'information') ? 'failed' : 'nothing'
  }
  if (definition) {
    const { resource, issues } = makeActivity(definition, values, work)
    applied.issues.push(
      ...issues.map((each) => ({
        ...each,
        details: { text: `${artefactName(plan)}, ${path}: ${each.details?.text ?? each.code}` },
        expression: [path],
      })),
    )
    return resource ? contain(resource, applied) : 'failed'
  }
  if (children.length > 0 && values.length === 0) return undefined
  if (children.length > 0) {
    applied.issues.push(told('left out: it has dynamic values, and nothing in which they could stand', { path, plan }))
    return 'failed'
  }
  return taskOf(node, work)
}

function contain(resource: JsonObject, applied: Applied): string {
  const id = `activity-${applied.activities.length + 1}`
  applied.activities.push({ resourceType: resource.resourceType ?? null, id, ...resource })
  return `#${id}`
}

/** An action that names no definition says what is to be done in words. */
function taskOf({ action, path }: ActionNode, work: Work): string | 'failed' {
  const { applied, plan, inputs } = work
  const task = present({
    resourceType: 'Task',
    instantiatesUri: action.definitionUri,
    status: 'draft',
    intent: 'proposal',
    priority: action.priority,
    code: action.code?.[0],
    description: (isCheck(action) ? action.title : action.textEquivalent) ?? action.description ?? action.title,
    for: { reference: inputs.subject },
    encounter: inputs.encounter === undefined ? undefined : { reference: inputs.encounter },
    authoredOn: inputs.clock,
    requester: inputs.practitioner === undefined ? undefined : { reference: inputs.practitioner },
  })
  if (isCheck(action))
    applied.issues.push(
      told(
        'it is a check that holds, and no proposal: $evaluate runs it for a verdict',
        { path, plan },
        'informational',
        'information',
      ),
    )
  const values = dynamicValuesOf(action.dynamicValue, plan.library ?? []).filter((each) => !isOfAction(each))
  const issues = setDynamicValues(task, 'Task', values, work)
  applied.issues.push(
    ...issues.map((each) => ({
      ...each,
      details: { text: `${artefactName(plan)}, ${path}: ${each.details?.text ?? ''}` },
      expression: [path],
    })),
  )
  return issues.some(isError) ? 'failed' : contain(task, applied)
}

/** A relation to an action that is not there would be an order nobody can keep. */
function dropLooseRelations(
  actions: JsonObject[],
  place: { path: string; plan: PlanDefinition },
  issues: Issue[],
): void {
  const ids = new Set<unknown>()
  const visit = (list: JsonObject[], each: (action: JsonObject) => void): void => {
    for (const action of list) {
      each(action)
      visit(objectsIn(action.action), each)
    }
  }
  visit(actions, (action) => ids.add(action.id))
  visit(actions, (action) => {
    const related = objectsIn(action.relatedAction)
    const kept = related.filter(({ actionId }) => ids.has(actionId))
    if (kept.length === related.length) return
    if (kept.length > 0) action.relatedAction = kept
    else delete action.relatedAction
    issues.push(
      told('an action is related to one that is not there; the relation was left out', place, 'incomplete', 'warning'),
    )
  })
}
