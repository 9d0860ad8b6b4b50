/** Conjunction, disjunction and exclusion of sets (ECL 2.2, 6.4 and 6.5). */
import type { Steps } from '../../../../../workers/budget.ts'
import { commonOrdinals } from '../../../../code-system/ordinals.ts'
import { BitSet } from './bit-set.ts'
import { type EclContext, type EclPlan, isIn, passing, remembered } from './plan.ts'

/** A list that is so much longer is not made: its members are asked for one by one. */
const muchLonger = 8

/** Concepts of all of them. */
export function andPlan({ cost }: EclContext, operands: readonly EclPlan[]): EclPlan {
  const cheapFirst = operands.toSorted((a, b) => a.price - b.price)
  return remembered(cost, {
    get atMost() {
      return Math.min(...operands.map((each) => each.atMost))
    },
    price: sum(operands),
    get whole() {
      return wholeOf(operands)
    },
    has: (concept) => cheapFirst.every((each) => each.has(concept)),
    matches: (subject) => every(operands.map((each) => each.matches(subject))),
    *all() {
      const [first, ...others] = operands.toSorted((a, b) => a.atMost - b.atMost || a.price - b.price)
      let kept = first ? yield* first.all() : new Int32Array(0)
      for (const other of others.sort((a, b) => a.price - b.price)) {
        if (kept.length === 0) break
        if (kept.length * muchLonger * other.price < other.atMost)
          kept = yield* passing(kept, (concept) => other.has(concept), { cost, price: other.price })
        else {
          const list = yield* other.all()
          kept = commonOrdinals(kept, list)
          if (cost.took(1 + Math.ceil(list.length / listedPerStep))) yield
        }
      }
      return kept
    },
  })
}

/** Concepts of any of them. */
export function orPlan({ content, cost }: EclContext, operands: readonly EclPlan[]): EclPlan {
  const cheapFirst = operands.toSorted((a, b) => a.price - b.price)
  return remembered(cost, {
    get atMost() {
      return Math.min(
        content.count,
        operands.reduce((total, each) => total + each.atMost, 0),
      )
    },
    price: sum(operands),
    get whole() {
      return wholeOf(operands)
    },
    has: (concept) => cheapFirst.some((each) => each.has(concept)),
    matches: (subject) => some(operands.map((each) => each.matches(subject))),
    *all() {
      return yield* unionOf({ content, cost }, operands)
    },
  })
}

/** Concepts of the first that are not of the second. */
export function minusPlan({ cost }: EclContext, from: EclPlan, taken: EclPlan): EclPlan {
  return remembered(cost, {
    get atMost() {
      return from.atMost
    },
    price: from.price + taken.price,
    get whole() {
      return wholeOf([from, taken])
    },
    has: (concept) => from.has(concept) && !taken.has(concept),
    matches: (subject) => every([from.matches(subject), not(taken.matches(subject))]),
    *all() {
      const members = yield* from.all()
      if (members.length * muchLonger * taken.price < taken.atMost)
        return yield* passing(members, (concept) => !taken.has(concept), { cost, price: taken.price })
      const away = yield* taken.all()
      return yield* passing(members, (concept) => !isIn(away, concept), { cost, price: 1 })
    },
  })
}

/** Ordinals of a list that are gone through in the time of one step. */
const listedPerStep = 8

/** Members of any of several sets: one list at a time, so that there is never more than one beside the answer. */
export function* unionOf(
  { content, cost }: Pick<EclContext, 'content' | 'cost'>,
  sets: readonly Pick<EclPlan, 'all'>[],
): Steps<Int32Array> {
  const found = new BitSet(content.count)
  let only: Int32Array | undefined
  for (const each of sets) {
    const list = yield* each.all()
    if (sets.length === 1) only = list
    else for (let i = 0; i < list.length; i++) found.add(list[i] ?? 0)
    if (cost.took(1 + list.length)) yield
  }
  return only ?? found.list()
}

const wholeOf = (operands: readonly EclPlan[]) => operands.reduce((total, each) => total + each.whole + each.atMost, 0)

const sum = (operands: readonly EclPlan[]) => operands.reduce((total, each) => total + each.price, 0)

/** Of three values: one that does not hold decides, else one that cannot be told. */
export function every(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false
  return values.includes(undefined) ? undefined : true
}

/** Of three values: one that holds decides, else one that cannot be told. */
export function some(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(true)) return true
  return values.includes(undefined) ? undefined : false
}

export const not = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value)
