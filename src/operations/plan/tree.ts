/** The definitions that a plan leads to: its actions with what each of them names, read before anything is evaluated. */
import { artefactName, brokenSignature } from '../../fhir/artefact.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import type { ActivityDefinition, Issue, PlanDefinition } from '../../fhir/types.ts'
import { modifiers } from '../../rules/rules.ts'
import { findRunnable } from '../../storage/find-artefacts.ts'
import type { OperationContext } from '../context.ts'
import { dynamicValuesOf } from './activity.ts'
import type { Asked } from './expressions.ts'

/** One action of a plan. */
export type PlanAction = NonNullable<PlanDefinition['action']>[number]

/** A plan with what it leads to. */
export interface PlanNode {
  plan: PlanDefinition
  actions: ActionNode[]
}

/** An action, what its definition is, and those below it. */
export interface ActionNode {
  action: PlanAction
  /** FHIRPath, for people. */
  path: string
  definition: PlanNode | ActivityDefinition | undefined
  /** Why its definition cannot be followed. */
  fault: Issue | undefined
  children: ActionNode[]
}

/** Actions in all, those of plans that are named counted each time. */
const mostActions = 5000
/** Plans that name one another. */
const mostPlans = 8
/** Actions within actions. */
const mostLevels = 32

interface Reading {
  context: Pick<OperationContext, 'storage' | 'admit'>
  /** Names of the plans that lead here. */
  trail: readonly string[]
  count: { actions: number }
  known: Map<string, Promise<ActivityDefinition | PlanDefinition | undefined>>
}

/**
 * Reads a plan and everything that it leads to.
 * @throws FhirError 422 for a plan that must not be followed, and for more actions or levels than are worked on
 */
export async function readTree(plan: PlanDefinition, context: Reading['context']): Promise<PlanNode> {
  const fault = planFault(plan)
  if (fault !== undefined) throw unprocessable(`${artefactName(plan)}: ${fault}`, 'not-supported')
  return planNode(plan, { context, trail: [], count: { actions: 0 }, known: new Map() })
}

/** Why a plan must not be followed. */
function planFault(plan: PlanDefinition): string | undefined {
  return brokenSignature(plan) ?? modifiers(plan)[0]?.details?.text
}

async function planNode(plan: PlanDefinition, reading: Reading): Promise<PlanNode> {
  const inner = { ...reading, trail: [...reading.trail, nameOf(plan)] }
  return { plan, actions: await actionNodes(plan.action ?? [], 'PlanDefinition', { plan, reading: inner, level: 1 }) }
}

const nameOf = (plan: PlanDefinition) => `${artefactName(plan)} ${plan.url === undefined ? (plan.id ?? '') : ''}`

interface Place {
  plan: PlanDefinition
  reading: Reading
  level: number
}

async function actionNodes(actions: PlanAction[], parent: string, place: Place): Promise<ActionNode[]> {
  const { reading, level } = place
  reading.count.actions += actions.length
  if (reading.count.actions > mostActions || level > mostLevels) {
    const text = `A plan may lead to ${mostActions} actions on ${mostLevels} levels at most`
    throw unprocessable({ text, expression: parent }, 'too-costly')
  }
  const nodes: ActionNode[] = []
  for (const [index, action] of actions.entries()) {
    const path = `${parent}.action[${index}]`
    const found = await definitionOf(action, place)
    const children = await actionNodes(action.action ?? [], path, { ...place, level: level + 1 })
    nodes.push({ action, path, definition: found.definition, fault: found.fault, children })
  }
  return nodes
}

interface Found {
  definition: ActionNode['definition']
  fault: Issue | undefined
}

const fault = (text: string, code: Issue['code'] = 'not-supported'): Found => ({
  definition: undefined,
  fault: issue(code, text),
})

async function definitionOf({ definitionCanonical: canonical }: PlanAction, { plan, reading }: Place): Promise<Found> {
  if (canonical === undefined) return { definition: undefined, fault: undefined }
  const found = canonical.startsWith('#') ? containedIn(plan, canonical) : await stored(canonical, reading)
  if (found === undefined || 'fault' in found)
    return found ?? fault(`its definition ${canonical} is not known to this server`, 'not-found')
  if (found.resourceType === 'ActivityDefinition') return { definition: found, fault: undefined }
  if (reading.trail.includes(nameOf(found)))
    return fault(`its definition ${canonical} leads back to where it stands`, 'business-rule')
  if (reading.trail.length >= mostPlans) return fault(`more than ${mostPlans} plans name one another`, 'too-costly')
  const why = planFault(found)
  return why === undefined
    ? { definition: await planNode(found, reading), fault: undefined }
    : fault(`its definition ${canonical}: ${why}`)
}

function containedIn(plan: PlanDefinition, canonical: string): ActivityDefinition | PlanDefinition | undefined {
  const found = (plan.contained ?? []).find(({ id }) => `#${id}` === canonical)
  return isDefinition(found) ? found : undefined
}

const isDefinition = (resource: unknown): resource is ActivityDefinition | PlanDefinition =>
  isOfType(resource, 'ActivityDefinition') || isOfType(resource, 'PlanDefinition')

async function stored(
  canonical: string,
  reading: Reading,
): Promise<ActivityDefinition | PlanDefinition | Found | undefined> {
  const known = reading.known.get(canonical) ?? find(canonical, reading)
  reading.known.set(canonical, known)
  try {
    return await known
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    return fault(error.message, 'not-found')
  }
}

async function find(canonical: string, { context }: Reading): Promise<ActivityDefinition | PlanDefinition | undefined> {
  const { storage, admit } = context
  const [activity] = await admit(await findRunnable(storage, 'ActivityDefinition', canonical))
  if (activity) return activity
  return (await admit(await findRunnable(storage, 'PlanDefinition', canonical)))[0]
}

/** Whether a definition is a plan. */
export const isPlan = (definition: ActionNode['definition']): definition is PlanNode =>
  definition !== undefined && 'actions' in definition

/** Every expression in a plan and in what it leads to. */
export function expressionsIn({ plan, actions }: PlanNode): Asked[] {
  const libraries = plan.library ?? []
  const visit = ({ action, definition, children }: ActionNode): Asked[] => [
    ...(action.condition ?? [])
      .filter(({ kind }) => kind === 'applicability')
      .map(({ expression }) => ({ expression, libraries })),
    ...dynamicValuesOf(action.dynamicValue, libraries),
    ...(isPlan(definition) ? expressionsIn(definition) : activityExpressions(definition)),
    ...children.flatMap(visit),
  ]
  return actions.flatMap(visit)
}

/** Every expression in an ActivityDefinition. */
export const activityExpressions = (definition: ActivityDefinition | undefined): Asked[] =>
  definition ? dynamicValuesOf(definition.dynamicValue, definition.library ?? []) : []
