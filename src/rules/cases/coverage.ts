/** Which conditions of a rule were true, false, null over all cases. */
import { isBooleanStep } from './mutations.ts'
import { type Place, type Reach, type Site, textAt } from './sites.ts'

/** How often a step gave what. */
export interface Given {
  true: number
  false: number
  null: number
}

/** One condition, and what it gave. */
export interface Covered {
  /** Define or function. */
  in: string
  place: Place
  source: string
  given: Given
}

/** Of one library. */
export interface Coverage {
  conditions: Covered[]
  /** Defines and functions that no rule leads to. */
  beyond: string[]
}

/** Gathers what steps give, over any number of runs. */
export function createCounter(): {
  step(step: string, value: unknown): void
  given: ReadonlyMap<string, Given>
  total(): number
} {
  const given = new Map<string, Given>()
  let total = 0
  return {
    given,
    total: () => total,
    step(step, value) {
      total++
      const own = given.get(step) ?? { true: 0, false: 0, null: 0 }
      given.set(step, own)
      if (value === true) own.true++
      else if (value === false) own.false++
      else if (value === null || value === undefined) own.null++
    },
  }
}

/** Conditions that stand for others, or say always the same. */
const plain = new Set([
  'Literal',
  'Null',
  'As',
  'ExpressionRef',
  'FunctionRef',
  'AliasRef',
  'QueryLetRef',
  'OperandRef',
  'ParameterRef',
  'If',
  'Case',
])

/** What every condition of the text gave. Several of one place (a list and its items) are one each. */
export function coverageOf(
  { sites, beyond }: Reach,
  given: ReadonlyMap<string, Given>,
  lines: readonly string[],
): Coverage {
  const conditions = sites.filter(isCondition).flatMap((site) => {
    const { place, node } = site
    const own = given.get(String(node.localId)) ?? { true: 0, false: 0, null: 0 }
    return place ? [{ in: site.in, place, source: textAt(lines, place), given: own }] : []
  })
  const roots = new Set(sites.map((site) => site.in))
  // What a rule says of itself is told when it is asked, and decides nothing.
  const others = beyond.filter((each) => !(each.endsWith(' Reasons') && roots.has(each.slice(0, -' Reasons'.length))))
  return { conditions: conditions.sort((a, b) => order(a.place, b.place)), beyond: others }
}

const isCondition = ({ node, isPlaced }: Site) => isPlaced && isBooleanStep(node) && !plain.has(String(node.type))

const order = (a: Place, b: Place) =>
  a.line - b.line || a.column - b.column || a.lastLine - b.lastLine || a.lastColumn - b.lastColumn

/** What is still to be shown of a condition; undefined when it was true and false. */
export function gapOf({ given }: Covered): string | undefined {
  if (given.true + given.false + given.null === 0) return 'never evaluated'
  const never = (['true', 'false'] as const).filter((each) => given[each] === 0)
  return never.length === 0 ? undefined : `never ${never.join(', never ')}`
}
