/** Expected beside actual. What is not judged here is open, and never good. */

import type { Expectation } from '../../../rules/cases/read-expectation.ts'
import { isMembers } from '../../api/parameters.ts'
import { jsonObject } from '../document/json-text.ts'
import type { RunOutcome } from '../try/results.ts'

/** One thing that a case expects. */
interface Line {
  what: string
  expected: string
  /** Undefined: it is not known here. */
  actual: string | undefined
  state: 'met' | 'unmet' | 'open'
}

/** A case beside what came of it. */
export interface CaseOutcome {
  state: 'met' | 'unmet' | 'open'
  lines: Line[]
}

interface Ran {
  run: RunOutcome
  /** Texts of the rule sets. */
  plans: readonly string[]
}

/** Judges a case: good only where all that it expects is known, and so. */
export function judgeCase(expect: Expectation, ran: Ran): CaseOutcome {
  const lines = [
    ...expect.results.map(({ rule, value }) => lineOf(rule, String(value), resultOf(rule, ran))),
    ...expect.messages.map(({ rule, value }) => {
      const expected = value === null ? 'null' : 'text' in value ? value.text : `… ${value.contains} …`
      return lineOf(`${rule}: message`, expected, undefined)
    }),
    ...expect.missing.map(({ rule, value }) => lineOf(`${rule}: missing`, value.join('; '), missingOf(rule, ran))),
    ...(expect.decision ? [lineOf('decision', expect.decision, decisionOf(ran))] : []),
  ]
  const isUnmet = lines.some(({ state }) => state === 'unmet') || ran.run.failures.length > 0
  const isMet = lines.length > 0 && lines.every(({ state }) => state === 'met')
  return { lines, state: isUnmet ? 'unmet' : isMet ? 'met' : 'open' }
}

function lineOf(what: string, expected: string, actual: string | undefined): Line {
  return { what, expected, actual, state: actual === undefined ? 'open' : actual === expected ? 'met' : 'unmet' }
}

/** The define of that name, or the one to which a rule set's title, id or both lead. */
function resultOf(rule: string, ran: Ran): string | undefined {
  const name = defineOf(rule, ran)
  return ran.run.defines.find((each) => each.name === name)?.truth
}

function missingOf(rule: string, ran: Ran): string | undefined {
  const own = ran.run.defines.find(({ name }) => name === `${defineOf(rule, ran)} Missing`)
  return own?.value.list?.map(({ text = '' }) => text).join('; ')
}

function defineOf(rule: string, { run, plans }: Ran): string {
  if (run.defines.some(({ name }) => name === rule)) return rule
  const named = plans.flatMap(actionsOf).filter(({ names }) => names.includes(rule))
  const expressions = new Set(named.map(({ expression }) => expression))
  const [only] = expressions
  return expressions.size === 1 && only ? only : rule
}

interface Action {
  expression: string
  names: string[]
}

/** Actions of a rule set that are one plain condition each; none where it has any others. */
function actionsOf(text: string): Action[] {
  const plan = jsonObject(text)
  const actions = Array.isArray(plan?.action) ? plan.action : []
  const url = typeof plan?.url === 'string' ? plan.url : ''
  const id = url.slice(url.lastIndexOf('/') + 1)
  const found = actions.map((action): Action | undefined => {
    if (!isMembers(action) || !Object.keys(action).every((each) => plain.has(each))) return undefined
    if (action.code !== undefined && !isAcceptance(action.code)) return undefined
    const [condition, other] = Array.isArray(action.condition) ? action.condition : []
    const expression = isMembers(condition) && isMembers(condition.expression) ? condition.expression : undefined
    if (other !== undefined || expression?.language !== 'text/cql-identifier') return undefined
    if (typeof expression.expression !== 'string') return undefined
    const name = expression.expression.replace(/^"(.*)"$/s, '$1')
    const title = typeof action.title === 'string' ? action.title : ''
    return { expression: name, names: [title, id, `${id}#${name}`, `${id}#${title}`] }
  })
  const all = found.flatMap((each) => each ?? [])
  return all.length === actions.length ? all : []
}

/** Whether an action accepts where its condition holds; one that invalidates is not judged here. */
const isAcceptance = (code: unknown): boolean =>
  Array.isArray(code) &&
  code.every((each) =>
    /^\[\{[^{}]*"code":"acceptance"[^{}]*\}\]$/.test(JSON.stringify(isMembers(each) ? each.coding : '')),
  )

/** Members of an action that change nothing of how it decides. */
const plain = new Set([
  'id',
  'title',
  'code',
  '_title',
  'description',
  '_description',
  'textEquivalent',
  '_textEquivalent',
  'condition',
  'documentation',
  'prefix',
])

/** The word that follows where every rule set is a list of plain conditions; else it is not known here. */
function decisionOf(ran: Ran): string | undefined {
  const actions = ran.plans.map(actionsOf)
  if (actions.length === 0 || actions.some(({ length }) => length === 0)) return undefined
  if (ran.plans.some((text) => JSON.stringify(jsonObject(text)?.useContext ?? '').includes('verdict-use')))
    return undefined
  const truths = actions.flat().map(({ expression }) => ran.run.defines.find(({ name }) => name === expression)?.truth)
  if (truths.some((each) => each === undefined)) return undefined
  if (truths.includes('false')) return 'rejected'
  return truths.includes('null') ? 'undetermined' : 'accepted'
}
