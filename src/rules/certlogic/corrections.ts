import { createRequire } from 'node:module'
import { primitiveFault } from '../../fhir/elements.ts'

// The evaluator does not export these from its entry; it calls them through the module, so that they can be replaced.
const internals: {
  access(data: unknown, path: string): unknown
  isInt(value: unknown): boolean
  dateFromString(text: string): Date
  roundUpPartialDate(text: string): Date | undefined
  plusTime(text: string, amount: number, unit: string): Date
} = createRequire(import.meta.url)('certlogic-js/dist/internals')

const evaluator: { evaluate(expression: unknown, data: unknown): unknown } = createRequire(import.meta.url)(
  'certlogic-js/dist/evaluator',
)

/** A reason why a rule cannot be evaluated; its message holds nothing of the data. */
export class CertLogicFault extends Error {}

let corrected = false

/** A rule that costs more than is spent on one. */
export class CertLogicCost extends CertLogicFault {}

/** Expressions evaluated for one rule; the longest published rules take some hundreds. */
const mostSteps = 100_000

let steps = 0

/**
 * Evaluates a valid expression with the corrections, within its budget; it takes no turns.
 * @throws CertLogicFault, and errors of the evaluator whose texts may quote the data
 */
export function evaluateCorrected(expression: unknown, data: unknown): unknown {
  correctCertLogic()
  steps = 0
  // Not the function that the package exports, which was bound before it was corrected.
  return evaluator.evaluate(expression, data)
}

/** Spends some of it. @throws CertLogicCost */
export function spendSteps(count: number): void {
  steps += count
  if (steps > mostSteps) throw new CertLogicCost(`it takes more than ${mostSteps} steps`)
}

/**
 * Corrects the evaluator where it answers what nobody asked: `var` reads own members alone, never what JavaScript gives every object
 * (`payload.constructor`, `payload.v.length`); a date or time that does not exist is an error, where it would make every
 * comparison false; so are a whole number that JavaScript does not hold exactly, and a comparison of dates, lists or objects by `===`
 * or `in`, which the specification leaves open and implementations answer differently. And it is bounded: a fold of folds
 * multiplies. Once per process.
 */
export function correctCertLogic(): void {
  if (corrected) return
  corrected = true
  internals.access = (data, path) => {
    const found = access(data, path)
    // What follows may look through all of it.
    if (Array.isArray(found)) spendSteps(found.length / 50)
    return found
  }
  internals.isInt = Number.isSafeInteger
  correctEvaluator()
  const { dateFromString, roundUpPartialDate, plusTime } = internals
  internals.dateFromString = (text) => {
    if (!isMoment(text)) throw new CertLogicFault('a date or time does not exist')
    return existing(dateFromString(text))
  }
  internals.roundUpPartialDate = (text) => {
    const date = roundUpPartialDate(text)
    return date && existing(date)
  }
  internals.plusTime = (text, amount, unit) => existing(plusTime(text, amount, unit))
}

function correctEvaluator(): void {
  const { evaluate } = evaluator
  evaluator.evaluate = (expression, data) => {
    spendSteps(1)
    const [operator, operands] = operationOf(expression)
    if (operator !== '===' && operator !== 'in') return evaluate(expression, data)
    if (operands?.length !== 2) throw new Error('an operation must have 2 operands')
    const [left, right] = operands.map((each) => evaluator.evaluate(each, data))
    if (operator === '===') return isEqual(left, right)
    if (!Array.isArray(right)) throw new CertLogicFault('right-hand side of an "in" operation must be an array')
    spendSteps(right.length / 50)
    return isComposed(left) ? right.some((each) => isEqual(left, each)) : right.includes(left)
  }
}

function operationOf(expression: unknown): [operator?: string, operands?: unknown[]] {
  if (typeof expression !== 'object' || expression === null || Array.isArray(expression)) return []
  const [first, ...more] = Object.entries(expression)
  return first && more.length === 0 && Array.isArray(first[1]) ? [first[0], first[1]] : []
}

const isComposed = (value: unknown) => typeof value === 'object' && value !== null

/** Two dates, lists or objects are the same only when it is one and the same that was read twice. */
function isEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (isComposed(left) && isComposed(right))
    throw new CertLogicFault('dates, lists and objects cannot be told apart by === or in')
  return false
}

function existing(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new CertLogicFault('a date or time does not exist')
  return date
}

const moment =
  /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:0?\d|1[0-4])(?::?[0-5]\d)?)?)?$/

function isMoment(text: string): boolean {
  const date = moment.exec(text)?.[1]
  return date !== undefined && primitiveFault('date', date) === undefined
}

/** What stands at a path of member names and positions; null where nothing does. The empty path is all of it. */
export function access(data: unknown, path: string): unknown {
  if (path === '') return data
  let found: unknown = data
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return null
    if (Array.isArray(found) && !/^\d+$/.test(name)) return null
    found = Object.hasOwn(found, name) ? found[name as keyof typeof found] : null
  }
  return found ?? null
}
