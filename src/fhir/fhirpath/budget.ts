/**
 * What an evaluation of FHIRPath may use up. The engine cannot be interrupted, but it tells of every node of the expression
 * that it has evaluated, the nodes of criteria once for each item: there the work is counted. What a function or operator
 * would do in one go (compare every item with every other, walk through whole resources) is counted before it does it: the
 * engine visits the name of a function before it calls it, and the operands of an operator before it combines them.
 */
import { unprocessable } from '../error.ts'
import type { SyntaxNode } from './rewrite.ts'

/** Whoever pays for an evaluation; `spend` throws when too much has been used. A step is a fraction of a microsecond. */
export interface FhirPathBudget {
  spend(steps: number): void
}

/** A budget of so many steps; FhirError 422 `too-costly` when they are spent. */
export function stepBudget(limit: number): FhirPathBudget {
  let spent = 0
  return {
    spend(steps) {
      spent += steps
      if (spent > limit) throw unprocessable(`FHIRPath: more than ${limit} steps`, 'too-costly')
    },
  }
}

/** Key under which the budget travels in the engine's environment. */
export const BUDGET = Symbol('budget')

/** Who pays for the evaluation that an environment belongs to. */
export function budgetOf(environment: Record<string | symbol, unknown>): FhirPathBudget | undefined {
  const found = environment[BUDGET]
  return isBudget(found) ? found : undefined
}

const isBudget = (value: unknown): value is FhirPathBudget =>
  typeof value === 'object' && value !== null && 'spend' in value

/** A node of the engine's own syntax tree, and what is handed to the observer beside it. */
export type Observer = (
  context: { vars: Record<string | symbol, unknown> },
  input: unknown[],
  result: unknown,
  node: SyntaxNode,
) => void

/** How much work the items of a collection will be, by what happens to it. */
type Use = 'compared' | 'paired'

const COMPARING = new Set(['=', '!=', '~', '!~', 'in', 'contains'])
/** Functions that compare every item with every other, of their input and of their argument. */
const PAIRING = new Set(['distinct', 'isDistinct', 'union', 'intersect'])
/** Functions that compare every item of their input with every item of their argument. */
const CROSSING = new Set(['exclude', 'subsetOf', 'supersetOf'])
const WALKING = new Set(['children', 'descendants', 'htmlChecks', 'htmlchecks'])
/** Nodes that hand on what the node below them gave, which has been counted there. */
const WRAPPERS = new Set([
  'TermExpression',
  'InvocationTerm',
  'InvocationExpression',
  'ParenthesizedTerm',
  'LiteralTerm',
])
/** A list has a price of its own for every item, a single value has not. */
const STEPS_PER_ITEM = 8
const STEPS_PER_NODE = 2
/** Comparisons of two values that are one step. */
const COMPARISONS_PER_STEP = 4
const LONGEST_INTEGER = 2n ** 63n

/** What the observer keeps on the nodes of the engine's tree, which are visited over and over. */
const ROLE = Symbol('role')
interface Visited extends SyntaxNode {
  [ROLE]?: Role
}
type Role = Use | 'plain' | 'wrapper' | Repetition | Crossing
/** A criterion of repeat(): each item that it gives is compared with all that it gave before, in the same run. */
interface Repetition {
  budget: FhirPathBudget | undefined
  items: number
}

/** An argument each of whose items is compared with so many others. */
interface Crossing {
  others: number
}

/** Makes the observer of one expression, given its tree as the engine parses it. */
export function createObserver(tree: SyntaxNode): Observer {
  const operands = operandUses(tree)
  return (context, input, result, node: Visited) => {
    const budget = budgetOf(context.vars)
    if (!budget) return
    if (node.type === 'Functn') {
      budget.spend(STEPS_PER_NODE + textSteps(input))
      beforeCall(node, input, budget)
      return
    }
    if (!Array.isArray(result)) return
    let role = node[ROLE]
    if (role === undefined) {
      role = operands.get(placeOf(node)) ?? (WRAPPERS.has(node.type) ? 'wrapper' : 'plain')
      node[ROLE] = role
    }
    if (role === 'plain') countResult(result, budget)
    else if (role !== 'wrapper') countUse(result, role, budget)
  }
}

function countUse(result: unknown[], role: Use | Repetition | Crossing, budget: FhirPathBudget): void {
  if (role === 'paired') budget.spend(pairing(result, budget))
  else if (role === 'compared') budget.spend(weigh(result, budget))
  else if ('others' in role) budget.spend(Math.ceil((role.others * weigh(result, budget)) / COMPARISONS_PER_STEP))
  else {
    role.items = (role.budget === budget ? role.items : 0) + result.length
    role.budget = budget
    budget.spend(Math.ceil((role.items * result.length) / COMPARISONS_PER_STEP))
  }
}

function countResult(result: unknown[], budget: FhirPathBudget): void {
  if (result.length > 1) {
    budget.spend(result.length * STEPS_PER_ITEM)
    return
  }
  const [only] = result
  budget.spend(typeof only === 'string' ? STEPS_PER_NODE + (only.length >> 6) : STEPS_PER_NODE)
  if (typeof only === 'bigint' && (only > LONGEST_INTEGER || only < -LONGEST_INTEGER))
    throw unprocessable('FHIRPath: a long integer has more than 64 bits')
}

/** Functions of a text go through it. */
function textSteps([only]: unknown[]): number {
  const value = isNode(only) ? only.data : only
  return typeof value === 'string' ? value.length >> 6 : 0
}

function beforeCall(node: SyntaxNode, input: unknown[], budget: FhirPathBudget): void {
  const name = node.text ?? ''
  const parameters: Visited[] = node.children?.[1]?.children ?? []
  if (PAIRING.has(name)) {
    budget.spend(pairing(input, budget))
    for (const each of parameters) each[ROLE] = 'paired'
  } else if (CROSSING.has(name)) {
    const others = weigh(input, budget)
    for (const each of parameters) each[ROLE] = { others }
  } else if (WALKING.has(name)) budget.spend(weigh(input, budget) * STEPS_PER_ITEM)
  else if (name === 'sort') budget.spend(input.length * Math.ceil(Math.log2(input.length + 1)))
  else if (name === 'repeat') for (const each of parameters) each[ROLE] = { budget: undefined, items: 0 }
}

/** Comparing every item with every other, or with every one of a list as long. */
function pairing(items: unknown[], budget: FhirPathBudget): number {
  const weight = weigh(items, budget)
  return items.length > 1 ? Math.ceil((items.length * weight) / COMPARISONS_PER_STEP) : weight
}

/** Values that items hold inside; counted, and paid for, on the way. */
function weigh(items: unknown[], budget: FhirPathBudget): number {
  let weight = 0
  for (const item of items) weight += weighValue(item, budget)
  return weight
}

function weighValue(given: unknown, budget: FhirPathBudget): number {
  const value = isNode(given) ? given.data : given
  if (typeof value === 'string') return 1 + (value.length >> 6)
  if (typeof value !== 'object' || value === null) return 1
  // Dates and quantities of the engine know more than their value.
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return 1
  budget.spend(1)
  let weight = 1
  for (const each of Object.values(value)) weight += weighValue(each, budget)
  return weight
}

function isNode(value: unknown): value is { data: unknown } {
  return typeof value === 'object' && value !== null && 'fhirNodeDataType' in value && 'data' in value
}

/** The operands of operators that compare, by their place. */
function operandUses(tree: SyntaxNode): Map<string, Use> {
  const found = new Map<string, Use>()
  const visit = (node: SyntaxNode): void => {
    const use = operatorUse(node)
    for (const child of node.children ?? []) {
      if (use) found.set(placeOf(child), use)
      visit(child)
    }
  }
  visit(tree)
  return found
}

function operatorUse({ type, text = '' }: SyntaxNode): Use | undefined {
  if (type === 'UnionExpression') return 'paired'
  return (type === 'EqualityExpression' || type === 'MembershipExpression') && COMPARING.has(text)
    ? 'compared'
    : undefined
}

/** Tells a node from all others of its expression: where its leftmost part that has a place stands, and how far down. */
function placeOf(node: SyntaxNode): string {
  let at: SyntaxNode | undefined = node
  let depth = 0
  while (at && !at.start) {
    at = at.children?.[0]
    depth++
  }
  return `${node.type} ${depth} ${at?.start?.line}:${at?.start?.column}`
}
