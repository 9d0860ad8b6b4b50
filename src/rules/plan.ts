import { keepPerObject } from '../base/keep.ts'
import { formatCanonical } from '../fhir/canonical.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Issue, PlanDefinition } from '../fhir/types.ts'
import { explainGroup } from './explain/explain.ts'
import { actionFaults, planFaults } from './plan-faults.ts'
import { everyAction, type PlanAction, readPlan } from './read-plan.ts'
import { type Answer, causeOf, type RuleResult, ruleFailure, undeterminedMessage } from './rule-result.ts'
import type { ExpressionRunner, RuleExpression, RuleScope } from './run-expression.ts'
import { and, countTrue, or, type Ternary } from './three-valued.ts'
import { type Translation, translated, translationOf } from './translation.ts'

type Condition = NonNullable<PlanAction['condition']>[number]

/** What the rules of a plan are run with. */
export interface PlanEnvironment {
  runner: ExpressionRunner
  /** `url|version` of what a canonical stands for; the canonical itself when nothing does. */
  pin(library: string): Promise<string>
  /** A language tag or an Accept-Language value. */
  language: string | undefined
}

interface PlanRun extends PlanEnvironment {
  plan: PlanDefinition
  canonical: string
  scope: RuleScope
}

/** Outcome of an action and everything below it. */
interface ActionOutcome {
  /** Of the action as a whole, for the group it stands in. */
  result: Ternary
  /** What is reported. */
  rules: RuleResult[]
}

/**
 * Runs the actions of a PlanDefinition as rules. There is at least one result: a plan that is
 * not understood is a failed rule, and so is each rule that cannot be run, whatever it throws.
 * @throws FhirError with a status from 500 on, when the server cannot answer now
 */
export function runPlan(plan: PlanDefinition, environment: PlanEnvironment): RuleResult[] | Promise<RuleResult[]> {
  const [first, ...others] = planFaults(plan)
  if (first) {
    const text = [first, ...others].map((each) => each.details?.text).join('; ')
    return listPlan(plan, { ...first, details: { text: `the rule set cannot be understood: ${text}` } }, environment)
  }
  const run = planRun(plan, environment)
  const outcomes = inTurn(plan.action ?? [], (action, index) =>
    runAction(action, `${index + 1}`, `PlanDefinition.action[${index}]`, run),
  )
  return outcomes instanceof Promise ? outcomes.then(rulesOf) : rulesOf(outcomes)
}

const rulesOf = (outcomes: ActionOutcome[]) => outcomes.flatMap(({ rules }) => rules)

/** Takes one step after the other; at once where none is waited for, as mostly. */
function inTurn<From, To>(
  all: readonly From[],
  take: (each: From, index: number) => To | Promise<To>,
): To[] | Promise<To[]> {
  const taken: To[] = []
  for (let index = 0; index < all.length; index++) {
    const each = all[index]
    if (each === undefined) continue
    const made = take(each, index)
    if (made instanceof Promise)
      return restInTurn(made, taken, () => inTurn(all.slice(index + 1), (one, at) => take(one, index + 1 + at)))
    taken.push(made)
  }
  return taken
}

/** What was taken already, what is waited for, and then the others. */
async function restInTurn<To>(made: Promise<To>, taken: To[], others: () => To[] | Promise<To[]>): Promise<To[]> {
  const one = await made
  return [...taken, one, ...(await others())]
}

/** The rules of a plan that are not run, each without result and with the reason. At least one. */
export async function listPlan(
  plan: PlanDefinition,
  why: Issue,
  environment: Pick<PlanEnvironment, 'pin' | 'language'>,
): Promise<RuleResult[]> {
  const run = planRun(plan, { ...environment, runner: noRunner })
  const listed: RuleResult[] = []
  const { isShaped } = readPlan(plan)
  for (const { action, path } of isShaped ? everyAction(plan) : []) {
    const position = path
      .replace(/\D+/g, '.')
      .split('.')
      .filter(Boolean)
      .map((each) => Number(each) + 1)
      .join('.')
    for (const condition of action.condition ?? [])
      listed.push(await failedRule(action, { position, run, condition, cause: why }))
  }
  if (listed.length > 0) return listed
  const title = [plan.title, plan.name].find((each) => typeof each === 'string') ?? 'rule set'
  const named = { title, ...(isShaped && title === plan.title && plan._title ? { _title: plan._title } : {}) }
  return [await failedRule(named, { position: '', run, condition: undefined, cause: why })]
}

const noRunner: ExpressionRunner = {
  evaluate: async () => {
    throw new Error('unreachable: a plan that is listed is not run')
  },
}

function planRun(plan: PlanDefinition, { runner, pin, language }: PlanEnvironment): PlanRun {
  const { canonical, scope } = factsOf(plan)
  return { runner, pin, language, plan, canonical, scope }
}

/** What is the same in every run of a plan, which is read and not changed. */
const factsOf = keepPerObject((plan: PlanDefinition) => {
  const { jurisdictions, kinds } = readPlan(plan)
  return {
    canonical: formatCanonical(textOf(plan.url ?? plan.id), textOf(plan.version)),
    scope: { kinds: kinds.value, country: jurisdictions.value[0] },
    /** The first fault of each action, by its path. */
    faults: new Map<string, Issue | undefined>(),
  }
})

function firstFault(action: PlanAction, path: string, plan: PlanDefinition): Issue | undefined {
  const { faults } = factsOf(plan)
  if (!faults.has(path)) faults.set(path, actionFaults(action, path)[0])
  return faults.get(path)
}

/** A plan that is not shaped as FHIR wants it may hold anything. */
const textOf = (value: string | undefined) => (typeof value === 'string' ? value : undefined)

/** An action that is run, and where it stands. */
interface ActionRun {
  action: PlanAction
  position: string
  path: string
  run: PlanRun
}

function runAction(
  action: PlanAction,
  position: string,
  path: string,
  run: PlanRun,
): ActionOutcome | Promise<ActionOutcome> {
  const fault = firstFault(action, path, run.plan)
  if (fault) {
    const failed = failedRule(action, { position, run, condition: action.condition?.[0], cause: fault })
    return failed.then((rule) => ({ result: null, rules: [rule] }))
  }
  const own = inTurn(action.condition ?? [], (condition) => runCondition(condition, action, { position, run }))
  const at = { action, position, path, run }
  return own instanceof Promise ? own.then((rules) => withNested(rules, at)) : withNested(own, at)
}

/** Nested actions matter only when the parent holds. */
function withNested(
  own: RuleResult[],
  { action, position, path, run }: ActionRun,
): ActionOutcome | Promise<ActionOutcome> {
  const holds = and(own.map((each) => each.result))
  const children = action.action ?? []
  if (children.length === 0 || holds !== true) return { result: holds, rules: own }
  const below = inTurn(children, (child, index) =>
    runAction(child, `${position}.${index + 1}`, `${path}.action[${index}]`, run),
  )
  const together = (outcomes: ActionOutcome[]): ActionOutcome => {
    const choose = selections[action.selectionBehavior ?? 'all'] ?? and
    const result = choose(outcomes.map((each) => each.result))
    if (choose === and) return { result, rules: [...own, ...rulesOf(outcomes)] }
    const group = groupResult(action, outcomes, { result, position, run })
    return { result: group.result, rules: [...own, group] }
  }
  return below instanceof Promise ? below.then(together) : together(below)
}

/** How the results of nested actions make one, by `selectionBehavior`; `any` means that one is enough. */
const selections: Record<string, (results: Ternary[]) => Ternary> = {
  any: or,
  'one-or-more': or,
  all: and,
  'all-or-none': (results) => or([countTrue(results, 0, 0), and(results)]),
  'exactly-one': (results) => countTrue(results, 1, 1),
  'at-most-one': (results) => countTrue(results, 0, 1),
}

/**
 * A group of alternatives is one rule: that one alternative fails to hold must not reject. The alternatives are its evidence. One that
 * could not be run leaves the group undetermined, also when another one holds.
 */
function groupResult(
  action: PlanAction,
  below: ActionOutcome[],
  { result: chosen, position, run }: { result: Ternary; position: string; run: PlanRun },
): RuleResult {
  const parts = below.flatMap((each) => each.rules)
  const failed = parts.find((each) => each.issue)?.issue
  const result = chosen === true && failed ? null : chosen
  const open = parts.flatMap((each) => (each.result === null && each.message ? [each.message] : []))
  const missing = open.map((each) => each.replace(/^not determined: /, ''))
  const remarks = parts.flatMap((each) => each.remarks ?? [])
  const explained = parts.flatMap(({ explanation }) => explanation ?? [])
  const message = messageOf(action, { result, missing, position, run })
  return {
    planDefinition: run.canonical,
    action: titleOf(action, position),
    ...translatedTitle(action, run),
    library: parts[0]?.library ?? '',
    expression: parts.map((each) => each.expression).join(' or '),
    result,
    ...(message === undefined ? {} : { message }),
    evidence: parts.flatMap((each) => [{ name: each.action, value: each.result }, ...each.evidence]),
    ...(result !== true && explained.length > 0 ? { explanation: explainGroup(result, explained, run.language) } : {}),
    ...(result === null && failed ? { issue: failed } : {}),
    ...(remarks.length > 0 ? { remarks } : {}),
  }
}

interface ConditionRun {
  condition: Condition
  action: PlanAction
  position: string
  run: PlanRun
}

function runCondition(
  condition: Condition,
  action: PlanAction,
  { position, run }: { position: string; run: PlanRun },
): RuleResult | Promise<RuleResult> {
  const own: ConditionRun = { condition, action, position, run }
  const failed = async (error: unknown) => failedRule(action, { position, run, condition, cause: causeOf(error) })
  try {
    const answer = run.runner.evaluate(expressionOf(condition, run.plan), run.scope)
    return answer instanceof Promise ? answer.then((found) => ruleOf(found, own), failed) : ruleOf(answer, own)
  } catch (error) {
    return failed(error)
  }
}

function ruleOf(answer: Answer, { condition, action, position, run }: ConditionRun): RuleResult | Promise<RuleResult> {
  const { library, result, evidence, missing, explanation, remarks, issue: cause } = answer
  if (cause)
    return failedRule(action, { position, run, condition, cause }).then((rule) => ({
      ...rule,
      library,
      evidence,
      ...(remarks ? { remarks } : {}),
    }))
  const message = messageOf(action, { result, missing, position, run })
  const rule: RuleResult = {
    planDefinition: run.canonical,
    action: titleOf(action, position),
    library,
    expression: condition.expression?.expression ?? '',
    result,
    evidence,
  }
  const translation = titleTranslation(action, run)
  if (translation) rule.actionTranslation = translation
  if (message !== undefined) rule.message = message
  if (explanation) rule.explanation = explanation
  if (remarks) rule.remarks = remarks
  return rule
}

/** The expression of a condition with its library: the one that it names, else the only one of the plan. */
function expressionOf(condition: Condition, plan: PlanDefinition): RuleExpression {
  const { language = '', expression = '' } = condition.expression ?? {}
  const library = libraryOf(condition, plan)
  if (library !== undefined) return { language, expression, library }
  const count = plan.library?.length ?? 0
  throw new FhirError(
    422,
    issue(
      'required',
      count === 0
        ? 'the PlanDefinition names no library'
        : `the PlanDefinition names ${count} libraries, and the condition none of them`,
    ),
  )
}

function libraryOf(condition: Condition | undefined, plan: PlanDefinition): string | undefined {
  return condition?.expression?.reference ?? (plan.library?.length === 1 ? plan.library[0] : undefined)
}

interface Failure {
  position: string
  run: PlanRun
  condition: Condition | undefined
  cause: Issue
}

async function failedRule(action: PlanAction, { position, run, condition, cause }: Failure): Promise<RuleResult> {
  const library = libraryOf(condition, run.plan)
  const title = titleOf(action, position)
  return {
    planDefinition: run.canonical,
    action: title,
    ...translatedTitle(action, run),
    library: library === undefined ? '' : await run.pin(library),
    expression: condition?.expression?.expression ?? '',
    result: null,
    message: undeterminedMessage({ missing: [], issue: cause }),
    evidence: [],
    issue: ruleFailure(`"${title}" of ${run.canonical}`, cause),
  }
}

const titleOf = (action: PlanAction, position: string) => action.title ?? action.description ?? action.id ?? position

/** {@link titleOf} in the language asked for, where its author has told it. */
function titleTranslation(action: PlanAction, { language }: PlanRun): Translation | undefined {
  if (action.title !== undefined) return translationOf(action.title, action._title, language)
  return translationOf(action.description, action._description, language)
}

function translatedTitle(action: PlanAction, run: PlanRun): Pick<RuleResult, 'actionTranslation'> {
  const actionTranslation = titleTranslation(action, run)
  return actionTranslation ? { actionTranslation } : {}
}

interface Told {
  result: Ternary
  missing: string[]
  position: string
  run: PlanRun
}

/** The rule's own message says that it does not hold, so it is for that alone. */
function messageOf(action: PlanAction, { result, missing, position, run }: Told): string | undefined {
  if (result === true) return undefined
  if (result === null) return undeterminedMessage({ missing })
  const own = translated(action.textEquivalent, action._textEquivalent, run.language)
  return own ?? `${titleOf(action, position)}: not fulfilled`
}
