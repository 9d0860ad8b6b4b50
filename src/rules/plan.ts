import { formatCanonical } from '../fhir/canonical.ts'
import { FhirError, issue } from '../fhir/error.ts'
import { isNotReady } from '../fhir/not-ready.ts'
import type { Issue, Json, PlanDefinition } from '../fhir/types.ts'
import { and, countTrue, or, type Ternary } from './three-valued.ts'
import { translated } from './translation.ts'

/** What one rule made of the data (evaluate.md, `rule`). */
export interface RuleResult {
  /** `url|version` */
  planDefinition: string
  /** Title of the action. */
  action: string
  /** `url|version` */
  library: string
  expression: string
  /** True passes, false fails, null is undetermined. */
  result: boolean | null
  /** For a person, in the language asked for, when the rule did not pass. */
  message?: string
  evidence: { name: string; value: Json }[]
  issue?: Issue
}

type Action = NonNullable<PlanDefinition['action']>[number]
type Condition = NonNullable<Action['condition']>[number]

/** Answer of one expression. */
export interface ConditionResult {
  library: string
  value: unknown
  evidence: { name: string; value: Json }[]
  issue?: Issue
}

/** Runs the expressions of one plan; a language is chosen by the expression. */
export interface ConditionEvaluator {
  /** @throws FhirError when the expression cannot be run at all */
  evaluate(expression: { language: string; expression: string; reference?: string }): Promise<ConditionResult>
}

interface PlanRun {
  plan: PlanDefinition
  canonical: string
  evaluator: ConditionEvaluator
  language: string | undefined
}

/** Outcome of an action and everything below it. */
interface ActionOutcome {
  /** Of the action as a whole, for the group it stands in. */
  result: Ternary
  /** What is reported. */
  rules: RuleResult[]
}

/** Runs the actions of a PlanDefinition as rules (cql.md, Business rules as PlanDefinition). A rule that cannot be run is undetermined. */
export async function runPlan(
  plan: PlanDefinition,
  evaluator: ConditionEvaluator,
  language?: string,
): Promise<RuleResult[]> {
  const run: PlanRun = { plan, canonical: formatCanonical(plan.url ?? plan.id, plan.version), evaluator, language }
  const outcomes: ActionOutcome[] = []
  for (const [index, action] of (plan.action ?? []).entries())
    outcomes.push(await runAction(action, `${index + 1}`, run))
  return outcomes.flatMap((each) => each.rules)
}

async function runAction(action: Action, position: string, run: PlanRun): Promise<ActionOutcome> {
  const own: RuleResult[] = []
  for (const condition of action.condition ?? []) {
    if (condition.kind === 'applicability') own.push(await runCondition(condition, action, { position, run }))
  }
  const holds = and(own.map((each) => each.result))
  const children = action.action ?? []
  // Nested actions matter only when the parent holds.
  if (children.length === 0 || holds !== true) return { result: holds, rules: own }
  const below: ActionOutcome[] = []
  for (const [index, child] of children.entries()) below.push(await runAction(child, `${position}.${index + 1}`, run))
  const choose = selections[action.selectionBehavior ?? 'all'] ?? and
  const result = choose(below.map((each) => each.result))
  if (choose === and) return { result, rules: [...own, ...below.flatMap((each) => each.rules)] }
  return { result, rules: [...own, groupResult(action, below, { result, position, run })] }
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

/** A group of alternatives is one rule: that one alternative fails must not reject. The alternatives are its evidence. */
function groupResult(
  action: Action,
  below: ActionOutcome[],
  { result, position, run }: { result: Ternary; position: string; run: PlanRun },
): RuleResult {
  const parts = below.flatMap((each) => each.rules)
  const failed = parts.find((each) => each.issue)?.issue
  return {
    planDefinition: run.canonical,
    action: titleOf(action, position),
    library: parts[0]?.library ?? '',
    expression: parts.map((each) => each.expression).join(' or '),
    result,
    ...messageOf(action, result, run),
    evidence: parts.flatMap((each) => [{ name: each.action, value: each.result }, ...each.evidence]),
    ...(result === null && failed ? { issue: failed } : {}),
  }
}

async function runCondition(
  condition: Condition,
  action: Action,
  { position, run }: { position: string; run: PlanRun },
): Promise<RuleResult> {
  const { language = '', expression = '', reference } = condition.expression ?? {}
  const base = { planDefinition: run.canonical, action: titleOf(action, position), expression }
  try {
    const answer = await run.evaluator.evaluate({ language, expression, ...(reference ? { reference } : {}) })
    const { library, value, evidence } = answer
    const wrong =
      value !== null && typeof value !== 'boolean' ? issue('value', `"${expression}" is not Boolean`) : undefined
    const problem = answer.issue ?? wrong
    const result = typeof value === 'boolean' ? value : null
    return {
      ...base,
      library,
      result,
      ...messageOf(action, result, run),
      evidence,
      ...(problem ? { issue: problem } : {}),
    }
  } catch (error) {
    // That the server cannot tell now is no result of a rule.
    if (!(error instanceof FhirError) || isNotReady(error)) throw error
    const library = reference ?? run.plan.library?.[0] ?? ''
    const [first] = error.issues
    const problem = issue(first?.code ?? 'processing', {
      text: `rule "${base.action}" of ${run.canonical} could not be run: ${error.message}`,
      ...(first?.diagnostics ? { diagnostics: first.diagnostics } : {}),
    })
    return { ...base, library, result: null, ...messageOf(action, null, run), evidence: [], issue: problem }
  }
}

const titleOf = (action: Action, position: string) => action.title ?? action.description ?? action.id ?? position

function messageOf(action: Action, result: Ternary, run: PlanRun): { message?: string } {
  if (result === true) return {}
  const message = translated(action.textEquivalent, action._textEquivalent, run.language)
  return message === undefined ? {} : { message }
}
