import { finish, type Steps } from '../../../../../workers/budget.ts'
import { firstNotBelow } from '../../../../code-system/ordinals.ts'
import type { SnomedContent } from '../../content.ts'
import type { EclSubject } from '../subject.ts'
import { EclError, type EclErrorKind } from '../syntax/ecl-error.ts'

/** A set of concepts as it is asked: one concept at a time, something that is none, or all of them in the order of their ordinals. */
export interface EclPlan {
  /** No more members than this; told without looking for them. */
  readonly atMost: number
  /** What {@link has} takes, as a multiple of a look at the hierarchy. */
  readonly price: number
  /** What {@link all} takes, in the same measure, more or less. */
  readonly whole: number
  has(concept: number): boolean
  /** Whether a subject that is the same as no concept belongs; undefined when that cannot be told. */
  matches(subject: EclSubject): boolean | undefined
  /** The members, ascending, each once. */
  all(): Steps<Int32Array>
}

/** What every part of an expression is evaluated with. */
export interface EclContext {
  readonly content: SnomedContent
  /** The text of the expression, for errors. */
  readonly text: string
  readonly cost: EclCost
}

/** Units of work of one evaluation: one is a look at the hierarchy or at a row of attributes. */
export class EclCost {
  #left: number
  readonly #context: { text: string; limit: number }

  constructor(text: string, limit: number) {
    this.#left = limit
    this.#context = { text, limit }
  }

  /** Begins again with all that may be taken. */
  restart(): void {
    this.#left = this.#context.limit
  }

  /** @throws EclError when the evaluation takes more than it may */
  spend(units: number): void {
    this.#left -= units
    if (this.#left >= 0) return
    const reason = `evaluation takes more than ${this.#context.limit} steps: say more of what is looked for`
    throw new EclError('too-costly', reason, { text: this.#context.text, at: 0 })
  }
}

/** An error about a place of an expression. */
export const errorAt = (context: EclContext, kind: EclErrorKind, [reason, at]: readonly [string, number]): EclError =>
  new EclError(kind, reason, { text: context.text, at })

/** Steps of work between two places where others may have a turn. */
export const stepsPerTurn = 4096

/** More than that a question costs nothing: whoever asks often is answered from the list of all members. */
const highestPrice = 500

/** Questions that cost no more than that are answered without a thought of all members. */
const leastWhole = 20_000

/**
 * A plan that finds its members once. One concept is answered by itself; when such questions have cost as much as all members would,
 * these are found and asked instead, so that sets within sets cost no more than twice what is best.
 */
export function remembered(plan: EclPlan): EclPlan {
  let list: Int32Array | undefined
  let spent = 0
  return {
    get atMost() {
      return list?.length ?? plan.atMost
    },
    get whole() {
      return list ? 0 : plan.whole
    },
    price: Math.min(plan.price, highestPrice),
    has(concept) {
      if (list) return isIn(list, concept)
      spent += plan.price
      if (spent <= leastWhole || spent <= plan.whole) return plan.has(concept)
      list = finish(plan.all())
      return isIn(list, concept)
    },
    matches: (subject) => plan.matches(subject),
    *all() {
      list ??= yield* plan.all()
      return list
    },
  }
}

/** The members at once: for questions about one concept that cannot do without. */
export const membersOf = (plan: EclPlan): Int32Array => finish(plan.all())

/** Members that are there already. */
export function* ready(list: Int32Array): Steps<Int32Array> {
  yield* []
  return list
}

/** Whether a plan has a subject, whatever the subject is. */
export function holds(plan: Pick<EclPlan, 'has' | 'matches'>, subject: EclSubject): boolean | undefined {
  if (subject.same >= 0) return plan.has(subject.same)
  const found = plan.matches(subject)
  return subject.maySame?.some((each) => plan.has(each) !== found) ? undefined : found
}

/** Whether an ascending list has a number. */
export const isIn = (list: Int32Array, concept: number): boolean => list[firstNotBelow(list, concept)] === concept

/** Those of a list that pass a test, at a price each. */
export function* passing(
  list: Int32Array,
  test: (concept: number) => boolean,
  { cost, price }: { cost: EclCost; price: number },
): Steps<Int32Array> {
  const kept = new Int32Array(list.length)
  let count = 0
  let next = stepsPerTurn
  for (let i = 0; i < list.length; i++) {
    const concept = list[i] ?? 0
    if (test(concept)) kept[count++] = concept
    next -= price
    if (next > 0) continue
    cost.spend(stepsPerTurn - next)
    next = stepsPerTurn
    yield
  }
  cost.spend(stepsPerTurn - next)
  return kept.slice(0, count)
}
