/** `$apply`: what a definition proposes for a subject. Nothing is stored; what comes of it is a proposal, to be acted upon or not. */
import { jsonSize } from '../../base/json-size.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { brokenSignature } from '../../fhir/artefact.ts'
import { checkResource } from '../../fhir/check/resource.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, FhirError, isError, issue, notFound, unprocessable } from '../../fhir/error.ts'
import { asResource, isOfType, type ResourceOf } from '../../fhir/json.ts'
import {
  defineOperation,
  firstParameter,
  type OperationCall,
  type ParameterDeclaration,
  parameterValue,
  textParameter,
} from '../../fhir/operation.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import { periodRemark, statusRemark } from '../../rules/rules.ts'
import { findRunnable } from '../../storage/find-artefacts.ts'
import { finish, type Steps } from '../../workers/budget.ts'
import type { OperationContext } from '../context.ts'
import { instanceOf } from '../input/instance-resource.ts'
import { type Applied, applyPlan as steps } from './actions.ts'
import { type Applying, makeActivity } from './activity.ts'
import { bundleOf, carePlanOf, goalsOf, messageExtension, outcomeOf } from './care-plan.ts'
import { evaluateExpressions } from './expressions.ts'
import { type ApplyInputs, applyInputs, readApplyInputs } from './inputs.ts'
import { activityExpressions, expressionsIn, readTree } from './tree.ts'

type Definition = 'PlanDefinition' | 'ActivityDefinition'

/** At type level one of these names the definition. */
const definitionParameters = (type: Definition, name: string): ParameterDeclaration[] => [
  input(name, type, `The ${type} itself, not stored.`, { scope: ['type'] }),
  input('canonical', 'canonical', `Canonical of the ${type}.`, { scope: ['type'] }),
  input('url', 'canonical', 'The same.', { scope: ['type'] }),
]

/** Where a definition is applied, and how its request is treated. */
const appliedTo = (type: Definition) => ({
  type: [type],
  instance: [type],
  personal: true as const,
  strict: true as const,
  costly: true as const,
})

/** `PlanDefinition/$apply` of R4: a CarePlan with the RequestGroup of the actions that apply. */
export const applyPlan = defineOperation<OperationContext>({
  name: 'apply',
  title: 'Apply',
  description:
    'Evaluates the conditions of a plan for a subject and answers a CarePlan that contains the RequestGroup of the actions that apply, with the resources that they propose. An action whose condition is null or fails is left out, and the OperationOutcome among the contained says so.',
  base: 'http://hl7.org/fhir/OperationDefinition/PlanDefinition-apply',
  ...appliedTo('PlanDefinition'),
  parameters: [
    ...definitionParameters('PlanDefinition', 'planDefinition'),
    ...applyInputs,
    output('return', 'CarePlan', 'What is proposed.', '1..1'),
  ],
  async handle(call, context) {
    const { plan, applied, inputs } = await apply(call, context)
    return { resource: checked(carePlanOf(plan, applied, inputs), context) }
  },
})

/** `PlanDefinition/$r5.apply`: the same as a Bundle, as the operation of R5 answers. */
export const applyPlanAsBundle = defineOperation<OperationContext>({
  name: 'r5.apply',
  title: 'Apply, as R5 does',
  description:
    'As $apply; answers a Bundle of the RequestGroup and of every resource that is proposed, each for itself.',
  ...appliedTo('PlanDefinition'),
  parameters: [
    ...definitionParameters('PlanDefinition', 'planDefinition'),
    ...applyInputs,
    output('return', 'Bundle', 'What is proposed.', '1..1'),
  ],
  async handle(call, context) {
    const { applied } = await apply(call, context)
    return { resource: checked(bundleOf(applied, context.uuid), context) }
  },
})

/** `ActivityDefinition/$apply`: the resource that a definition proposes. */
export const applyActivity = defineOperation<OperationContext>({
  name: 'apply',
  title: 'Apply',
  description:
    'Makes the resource that a definition proposes for a subject, by its kind, with its dynamic values. A definition that cannot be followed to its end is refused, with every reason.',
  base: 'http://hl7.org/fhir/OperationDefinition/ActivityDefinition-apply',
  ...appliedTo('ActivityDefinition'),
  parameters: [
    ...definitionParameters('ActivityDefinition', 'activityDefinition'),
    ...applyInputs.filter(({ name }) => name !== 'prefetchData'),
    output('return', 'Any', 'What is proposed.', '1..1'),
  ],
  async handle(call, context) {
    const inputs = readApplyInputs(call, context.now())
    const definition = await definitionOf(call, context, {
      type: 'ActivityDefinition',
      parameter: 'activityDefinition',
    })
    const answers = await evaluateExpressions(activityExpressions(definition), { call, context, inputs })
    const { resource, issues } = await worked(call, activitySteps(definition, { answers, inputs }))
    if (!resource) throw new FhirError(422, issues)
    const all = [...issues, ...remarks(inputs)]
    return { resource: checked(withOutcome(resource, all), context) }
  },
})

/** One activity is one step. */
function* activitySteps(
  definition: ResourceOf<'ActivityDefinition'>,
  applying: Applying,
): Steps<ReturnType<typeof makeActivity>> {
  yield
  return makeActivity(definition, [], applying)
}

/** The resource with what is to be said of it contained, as CRMI's messages. */
function withOutcome(resource: JsonObject, issues: Issue[]): JsonObject {
  if (issues.length === 0) return resource
  const { resourceType = '', ...rest } = resource
  return { resourceType, contained: outcomeOf(issues), ...messageExtension(issues), ...rest }
}

async function apply(
  call: OperationCall,
  context: OperationContext,
): Promise<{ plan: ResourceOf<'PlanDefinition'>; applied: Applied; inputs: ApplyInputs }> {
  const inputs = readApplyInputs(call, context.now())
  const plan = await definitionOf(call, context, { type: 'PlanDefinition', parameter: 'planDefinition' })
  const budget = call.budget?.()
  const tree = await (budget ? budget.runAsync(() => readTree(plan, context)) : readTree(plan, context))
  const answers = await evaluateExpressions(expressionsIn(tree), { call, context, inputs })
  const applied = await worked(call, steps(tree, { answers, inputs }))
  applied.goals.push(...goalsOf(plan, inputs.subject))
  const name = `PlanDefinition ${plan.url ?? plan.id ?? ''}`
  const clock = new Date(inputs.clock)
  applied.issues.push(...statusRemark(name, plan.status), ...periodRemark(name, plan, clock), ...remarks(inputs))
  return { plan, applied, inputs }
}

async function worked<T>({ budget }: OperationCall, work: Steps<T>): Promise<T> {
  return budget ? budget().runSteps(work) : finish(work)
}

/** What is to be said of the question. */
function remarks({ wantsServerData, hasSubject, data }: ApplyInputs): Issue[] {
  const told = (text: string) => issue('informational', { severity: 'information', text })
  return [
    ...(wantsServerData
      ? [told('useServerData: this server stores no patients; expressions saw data and prefetchData alone')]
      : []),
    ...(data && !hasSubject ? [told('The resource of the subject is not among the data')] : []),
  ]
}

interface Wanted<T extends Definition> {
  type: T
  parameter: string
}

/**
 * The definition that a call is about.
 * @throws FhirError 400 when none or several are named, 404 when there is none, 422 when its author's signature holds no more
 */
async function definitionOf<T extends Definition>(
  call: OperationCall,
  context: OperationContext,
  { type, parameter }: Wanted<T>,
): Promise<ResourceOf<T>> {
  const found = (await instanceOf(call, context, type)) ?? (await namedIn(call, context, { type, parameter }))
  const broken = brokenSignature(found)
  if (broken !== undefined) throw unprocessable(`${type}: ${broken}`, 'business-rule')
  return found
}

async function namedIn<T extends Definition>(
  { parameters }: OperationCall,
  { storage, admit }: OperationContext,
  { type, parameter }: Wanted<T>,
): Promise<ResourceOf<T>> {
  const inline = parameterValue(firstParameter(parameters, parameter))
  const names = ['canonical', 'url'].flatMap((name) => textParameter(parameters, name) ?? [])
  const [canonical] = names
  if ((inline === undefined ? 0 : 1) + names.length !== 1) {
    const text = `Name the ${type} by one of ${parameter}, canonical and url`
    throw badRequest(
      { text, expression: 'Parameters.parameter' },
      names.length === 0 && inline === undefined ? 'required' : 'invalid',
    )
  }
  if (canonical === undefined) {
    if (isOfType(inline, type)) return inline
    throw badRequest({ text: `${parameter} must be a ${type} resource`, expression: 'Parameters.parameter' })
  }
  const [found] = await admit(await findRunnable(storage, type, canonical))
  if (found) return found
  throw notFound({
    text: `${type} ${canonical.slice(0, 250)} is not known to this server`,
    expression: 'Parameters.parameter',
  })
}

/** @throws FhirError 422 for an answer that is larger than one may be, and for one that is no FHIR, whatever the definition says */
function checked(answer: JsonObject, { limits }: OperationContext): Resource {
  if (jsonSize(answer, limits.replyBytes) > limits.replyBytes)
    throw unprocessable('What the plan proposes is more than one reply may hold', 'too-costly')
  const faults = checkResource(answer).filter(isError)
  if (faults.length > 0)
    throw new FhirError(422, [issue('structure', 'What the definition proposes is no FHIR'), ...faults])
  return asResource(answer)
}
