/** Refinements: attributes, groups, cardinalities, reversed attributes (ECL 2.2, 6.2 and 6.3). */
import type { Steps } from '../../../../../workers/budget.ts'
import { commonOrdinals } from '../../../../code-system/ordinals.ts'
import type { SnomedAttributes } from '../../content.ts'
import type { EclSubject, EclSubjectRow } from '../subject.ts'
import type { EclCardinality } from '../syntax/syntax.ts'
import { every, some, unionOf } from './algebra-plan.ts'
import { BitSet } from './bit-set.ts'
import type { ValueTest } from './comparison.ts'
import { type EclContext, type EclPlan, holds, passing, remembered, told } from './plan.ts'

/** What a refinement asks of the rows of a concept, or of some of them. */
export interface RefinementPlan {
  readonly price: number
  /** Whether the rows from one to before another satisfy it. */
  test(concept: number, from: number, to: number): boolean
  /** The same of the rows of something that is no concept. */
  subject(subject: EclSubject, rows: readonly EclSubjectRow[]): boolean | undefined
  /** Concepts among which are all that satisfy it; none where that would be everything. */
  candidates?: Candidates
}

interface Candidates {
  readonly atMost: number
  /** Each of them satisfies it. */
  readonly isExact: boolean
  /** Each of them has a group of attributes that satisfies it. */
  readonly isExactInGroup: boolean
  all(): Steps<Int32Array>
}

const once: EclCardinality = { min: 1, max: Number.POSITIVE_INFINITY }

/** An attribute as it is tested. */
export interface AttributeTest {
  cardinality: EclCardinality | undefined
  /** Whether a type is meant. */
  type: (type: number) => boolean
  value: ValueTest
}

/** `name = value`: how many rows of those types have such a value. */
export function attributePlan(context: EclContext, { cardinality, type, value }: AttributeTest): RefinementPlan {
  const { attributes } = context.content
  const { min, max } = cardinality ?? once
  const passes = rowTest(attributes, type, value)
  return {
    price: 3 + (value.price ?? 0),
    test(_, from, to) {
      let count = 0
      for (let row = from; row < to; row++) {
        if (!passes(row)) continue
        count++
        // As many as are asked for, and no more can be too many; or one too many.
        if (count >= min && max === Number.POSITIVE_INFINITY) return true
        if (count > max) return false
      }
      return count >= min
    },
    subject(_, rows) {
      const found = rows.map((row) => type(row.type) && valueHolds(row, value))
      return within({ min, max }, found)
    },
    ...(min > 0 && { candidates: sourcesOf(context, { type, value }, min === 1 && max === Number.POSITIVE_INFINITY) }),
  }
}

function rowTest(attributes: SnomedAttributes, type: (type: number) => boolean, value: ValueTest) {
  return (row: number): boolean => {
    if (!type(attributes.type[row] ?? -1)) return false
    const target = attributes.target[row] ?? 0
    return target >= 0 ? value.concept(target) : value.concrete(attributes.value(-1 - target))
  }
}

function valueHolds({ value }: EclSubjectRow, test: ValueTest): boolean | undefined {
  if (typeof value === 'number') return test.concept(value)
  if (typeof value === 'string') return test.concrete(value)
  return holds({ has: test.concept, matches: test.subject }, value)
}

/** Whether as many hold as may; undefined where those that cannot be told decide. */
function within({ min, max }: EclCardinality, found: readonly (boolean | undefined)[]): boolean | undefined {
  const certain = found.filter((each) => each === true).length
  const possible = certain + found.filter((each) => each === undefined).length
  if (certain > max || possible < min) return false
  return certain >= min && possible <= max ? true : undefined
}

/** How many times more rows than values are worth a look through all rows. */
const rowsPerValue = 10

/** The concepts with a row that passes. */
function sourcesOf(context: EclContext, test: Omit<AttributeTest, 'cardinality'>, isExact: boolean): Candidates {
  const { content, cost } = context
  const { attributes } = content
  const { start, source, type } = attributes.byTarget
  const { among } = test.value
  const rows = attributes.type.length
  const amongAtMost = told(() => among?.atMost ?? rows)
  const isByValue = () => among !== undefined && amongAtMost() * rowsPerValue < rows
  return {
    isExact,
    isExactInGroup: isExact,
    get atMost() {
      return isByValue() ? amongAtMost() * rowsPerValue : content.count
    },
    *all() {
      const found = new BitSet(content.count)
      if (among && isByValue()) {
        for (const value of yield* among.all()) {
          const from = start[value] ?? 0
          const to = start[value + 1] ?? 0
          for (let row = from; row < to; row++) if (test.type(type[row] ?? -1)) found.add(source[row] ?? 0)
          if (cost.took(1 + to - from)) yield
        }
        return found.list()
      }
      const value = among ? { ...test.value, concept: yield* bitTest(among, content.count) } : test.value
      const passes = rowTest(attributes, test.type, value)
      for (let concept = 0; concept < content.count; concept++) {
        const to = attributes.start[concept + 1] ?? 0
        let steps = 0
        for (let row = attributes.start[concept] ?? 0; row < to; row++) {
          if (passes(row)) found.add(concept)
          // Only concrete values cost more than a look.
          steps += 1 + ((attributes.target[row] ?? 0) < 0 ? (value.price ?? 0) : 0)
        }
        if (cost.took(steps)) yield
      }
      return found.list()
    },
  }
}

/** Membership as a bit, for many questions. */
function* bitTest(plan: EclPlan, count: number): Steps<(concept: number) => boolean> {
  const bits = new BitSet(count)
  for (const each of yield* plan.all()) bits.add(each)
  return (concept) => bits.has(concept)
}

/** `R name = value`: how many concepts of the value have the concept as that attribute. */
export function reversedPlan(
  context: EclContext,
  { cardinality, type }: Omit<AttributeTest, 'value'>,
  { operator, sources }: { operator: '=' | '!='; sources: { plan: EclPlan; isAny: boolean } },
): RefinementPlan {
  const { content, cost } = context
  const { byTarget } = content.attributes
  const { min, max } = cardinality ?? once
  const isSource = (concept: number) => (sources.isAny || sources.plan.has(concept)) === (operator === '=')
  const test = (concept: number) => {
    const found = new Set<number>()
    const from = byTarget.start[concept] ?? 0
    const to = byTarget.start[concept + 1] ?? 0
    cost.spend(to - from)
    for (let row = from; row < to; row++) {
      const source = byTarget.source[row] ?? -1
      if (type(byTarget.type[row] ?? -1) && !found.has(source) && isSource(source)) found.add(source)
    }
    return found.size >= min && found.size <= max
  }
  return {
    price: 20 * sources.plan.price,
    test,
    // No concept has it as a value, an expression may: how many there are, nobody can tell.
    subject: () => (min === 0 && max === Number.POSITIVE_INFINITY ? true : undefined),
    ...(min > 0 && {
      candidates: {
        atMost: content.count,
        isExact: min === 1 && max === Number.POSITIVE_INFINITY,
        // Whose value it is says nothing of its own groups.
        isExactInGroup: false,
        *all() {
          const found = new BitSet(content.count)
          const isMeant = yield* sourceTest(sources, operator, content.count)
          for (let value = 0; value < content.count; value++) {
            const from = byTarget.start[value] ?? 0
            const to = byTarget.start[value + 1] ?? 0
            for (let row = from; row < to; row++) {
              if (!type(byTarget.type[row] ?? -1) || !isMeant(byTarget.source[row] ?? -1)) continue
              found.add(value)
              break
            }
            if (cost.took(to - from)) yield
          }
          return found.list()
        },
      },
    }),
  }
}

function* sourceTest(
  { plan, isAny }: { plan: EclPlan; isAny: boolean },
  operator: '=' | '!=',
  count: number,
): Steps<(concept: number) => boolean> {
  if (isAny) return () => operator === '='
  const isIn = yield* bitTest(plan, count)
  return (concept) => isIn(concept) === (operator === '=')
}

/** `{ … }`: how many groups satisfy what stands in it. What is of no group is a group of its own. */
export function groupPlan(
  context: EclContext,
  cardinality: EclCardinality | undefined,
  inner: RefinementPlan,
): RefinementPlan {
  const { group } = context.content.attributes
  const { min, max } = cardinality ?? once
  const isOnce = min === 1 && max === Number.POSITIVE_INFINITY
  return {
    price: 2 * inner.price,
    test(concept, from, to) {
      let count = 0
      for (let row = from; row < to; ) {
        const number = group[row] ?? 0
        let end = row + 1
        if (number !== 0) while (end < to && group[end] === number) end++
        if (inner.test(concept, row, end)) count++
        if (count > max) return false
        row = end
      }
      return count >= min
    },
    subject(subject, rows) {
      const groups = groupsOf(rows).map((each) => inner.subject(subject, each))
      return within({ min, max }, groups)
    },
    ...(min > 0 && inner.candidates && { candidates: narrowed(inner.candidates, isOnce) }),
  }
}

/** The same candidates, which are exact only if they were and still are. */
const narrowed = (candidates: Candidates, isExact: boolean): Candidates => ({
  isExact: isExact && candidates.isExactInGroup,
  isExactInGroup: false,
  get atMost() {
    return candidates.atMost
  },
  all: () => candidates.all(),
})

function groupsOf(rows: readonly EclSubjectRow[]): EclSubjectRow[][] {
  const groups = new Map<number, EclSubjectRow[]>()
  const alone: EclSubjectRow[][] = []
  for (const row of rows) {
    const found = groups.get(row.group)
    if (row.group === 0) alone.push([row])
    else if (found) found.push(row)
    else groups.set(row.group, [row])
  }
  return [...alone, ...groups.values()]
}

/** All of the parts, or any of them. */
export function joinedPlan(
  context: EclContext,
  kind: 'and' | 'or',
  operands: readonly RefinementPlan[],
): RefinementPlan {
  const cheapFirst = operands.toSorted((a, b) => a.price - b.price)
  const isAnd = kind === 'and'
  const candidates = isAnd ? fewest(operands) : anyOf(context, operands)
  return {
    price: operands.reduce((total, each) => total + each.price, 0),
    test: (concept, from, to) =>
      isAnd
        ? cheapFirst.every((each) => each.test(concept, from, to))
        : cheapFirst.some((each) => each.test(concept, from, to)),
    subject(subject, rows) {
      const values = operands.map((each) => each.subject(subject, rows))
      return isAnd ? every(values) : some(values)
    },
    ...(candidates && { candidates }),
  }
}

/** Those of the part that has the fewest. */
function fewest(operands: readonly RefinementPlan[]): Candidates | undefined {
  const known = operands.flatMap(({ candidates }) => candidates ?? [])
  const [first] = known
  if (!first) return undefined
  const best = () => known.reduce((a, b) => (b.atMost < a.atMost ? b : a))
  const atMost = told(() => best().atMost)
  return {
    isExact: false,
    isExactInGroup: false,
    get atMost() {
      return atMost()
    },
    all: () => best().all(),
  }
}

function anyOf({ content, cost }: EclContext, operands: readonly RefinementPlan[]): Candidates | undefined {
  const known = operands.flatMap(({ candidates }) => candidates ?? [])
  if (known.length < operands.length) return undefined
  const atMost = told(() =>
    Math.min(
      content.count,
      known.reduce((total, each) => total + each.atMost, 0),
    ),
  )
  return {
    isExact: known.every((each) => each.isExact),
    isExactInGroup: known.every((each) => each.isExactInGroup),
    get atMost() {
      return atMost()
    },
    all: () => unionOf({ content, cost }, known),
  }
}

/** `focus : refinement`; concepts with a definition are active. */
export function refinedPlan(context: EclContext, focus: EclPlan, refinement: RefinementPlan): EclPlan {
  const { content, cost } = context
  const { start } = content.attributes
  const passes = (concept: number) =>
    content.isActive(concept) && refinement.test(concept, start[concept] ?? 0, start[concept + 1] ?? 0)
  const { candidates } = refinement
  return remembered(cost, {
    get atMost() {
      return Math.min(focus.atMost, candidates?.atMost ?? focus.atMost)
    },
    price: focus.price + refinement.price,
    get whole() {
      return focus.whole + focus.atMost * refinement.price + content.attributes.type.length
    },
    has: (concept) => focus.has(concept) && passes(concept),
    matches: (subject) => every([focus.matches(subject), refinement.subject(subject, subject.rows)]),
    *all() {
      if (!candidates || focus.atMost * muchFewer < candidates.atMost)
        return yield* passing(yield* focus.all(), passes, { cost, price: refinement.price })
      const found = yield* candidates.all()
      const isFew = found.length * 3 * focus.price < focus.atMost
      const kept = isFew
        ? yield* passing(found, (concept) => focus.has(concept), { cost, price: focus.price })
        : commonOrdinals(found, yield* focus.all())
      return candidates.isExact ? kept : yield* passing(kept, passes, { cost, price: refinement.price })
    },
  })
}

const muchFewer = 8

/** `focus . attribute`: the values of attributes that are concepts. */
export function dottedPlan({ content, cost }: EclContext, focus: EclPlan, type: (type: number) => boolean): EclPlan {
  const { attributes } = content
  return remembered(cost, {
    atMost: content.count,
    price: 20 * focus.price,
    get whole() {
      return focus.whole + attributes.type.length
    },
    has(concept) {
      const { start, source, type: typeOf } = attributes.byTarget
      const from = start[concept] ?? 0
      const to = start[concept + 1] ?? 0
      cost.spend(to - from)
      for (let row = from; row < to; row++) if (type(typeOf[row] ?? -1) && focus.has(source[row] ?? -1)) return true
      return false
    },
    // No concept has it as a value, an expression may.
    matches: () => undefined,
    *all() {
      const found = new BitSet(content.count)
      for (const source of yield* focus.all()) {
        const from = attributes.start[source] ?? 0
        const end = attributes.start[source + 1] ?? 0
        for (let row = from; row < end; row++) {
          const target = attributes.target[row] ?? -1
          if (target >= 0 && type(attributes.type[row] ?? -1)) found.add(target)
        }
        if (cost.took(1 + end - from)) yield
      }
      return found.list()
    },
  })
}
