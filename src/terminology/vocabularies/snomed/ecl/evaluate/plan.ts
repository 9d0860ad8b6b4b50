import { finish, type Steps } from '../../../../../workers/budget.ts'
import { listMemory } from '../../../../code-system/list-memory.ts'
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

/** Steps of work between two turns of others. */
const stepsPerTurn = 4096

/** What every part of an expression is evaluated with. */
export interface EclContext {
  readonly content: SnomedContent
  /** The text of the expression, for errors. */
  readonly text: string
  readonly cost: EclCost
}

/** Ordinals that the lists of one expression may have together while they are remembered: 32 MB of them. */
const mostKept = 8_000_000

/** A list that is remembered, and how it is forgotten. */
interface Kept {
  list: Int32Array
  forget(): void
}

/** Units of work that are done at once, for questions about one concept: some tens of milliseconds. */
const mostAtOnce = 500_000

/** Units of work of one evaluation: one is a look at the hierarchy or at a row of attributes. */
export class EclCost {
  #left: number
  #kept = 0
  #lists: Kept[] = []
  #isWorking = false
  #sinceTurn = 0
  #isAtOnce = false
  readonly #context: { text: string; limit: number }
  readonly #memory = listMemory.account(this)

  constructor(text: string, limit: number) {
    this.#left = limit
    this.#context = { text, limit }
  }

  /** Bytes of the lists that are remembered. */
  get keptBytes(): number {
    return this.#kept * Int32Array.BYTES_PER_ELEMENT
  }

  /** Begins again with all that may be taken. */
  restart(): void {
    this.#left = this.#context.limit
  }

  /** @throws EclError when the evaluation takes more than it may */
  spend(units: number): void {
    this.#left -= units
    if (this.#left >= 0) return
    this.#refuse(
      this.#isAtOnce ? 'for one concept takes too many steps' : `takes more than ${this.#context.limit} steps`,
    )
  }

  /**
   * Counts what a loop did between two places where others may have a turn; true when they should have one now.
   * @throws EclError when the evaluation takes more than it may
   */
  took(units: number): boolean {
    this.spend(units)
    this.#sinceTurn += units
    if (this.#sinceTurn < stepsPerTurn) return false
    this.#sinceTurn = 0
    return true
  }

  /**
   * Counts a list that is remembered, until it is forgotten.
   * @throws EclError when all of them are longer than they may be
   * @throws FhirError 503 when those of all expressions are
   */
  keep(list: Int32Array, forget: () => void): Int32Array {
    if (this.#kept + list.length > mostKept) this.#refuse(`remembers more than ${mostKept} concepts`)
    if (this.#isWorking) this.#memory.work(list.byteLength)
    else this.#memory.add(list.byteLength)
    this.#kept += list.length
    this.#lists.push({ list, forget })
    return list
  }

  /**
   * Looks for members, and remembers none but these: what an expression is made of is not asked when its members are known. What it takes
   * meanwhile counts among what all are working on.
   */
  *working(find: () => Steps<Int32Array>): Steps<Int32Array> {
    this.#isWorking = true
    try {
      const members = yield* find()
      this.forgetAllBut(members)
      return members
    } finally {
      this.#isWorking = false
      this.#memory.done()
    }
  }

  /** Forgets all lists but one. */
  forgetAllBut(members: Int32Array): void {
    const gone = this.#lists.filter(({ list }) => list !== members)
    this.#lists = this.#lists.filter(({ list }) => list === members)
    for (const { list, forget } of gone) {
      forget()
      this.#kept -= list.length
      this.#memory.add(-list.byteLength)
    }
  }

  /** Does work about one concept, in which others have no turn. @throws EclError where that would hold them up */
  atOnce<T>(work: () => T): T {
    if (this.#isAtOnce) return work()
    const left = this.#left
    this.#left = Math.min(left, mostAtOnce)
    this.#isAtOnce = true
    const before = this.#left
    try {
      return work()
    } finally {
      this.#left = left - (before - this.#left)
      this.#isAtOnce = false
    }
  }

  /** The members of a plan without a turn for others. @throws EclError where that would hold them up */
  membersAtOnce(plan: Pick<EclPlan, 'all'>): Int32Array {
    return this.atOnce(() => finish(plan.all()))
  }

  #refuse(what: string): never {
    const reason = `evaluation ${what}: say more of what is looked for`
    throw new EclError('too-costly', reason, { text: this.#context.text, at: 0 })
  }
}

/** An error about a place of an expression. */
export const errorAt = (context: EclContext, kind: EclErrorKind, [reason, at]: readonly [string, number]): EclError =>
  new EclError(kind, reason, { text: context.text, at })

/** More than that a question costs nothing: whoever asks often is answered from the list of all members. */
const highestPrice = 500

/** Questions that cost no more than that are answered without a thought of all members. */
const leastWhole = 20_000

/** A number that is worked out when it is first asked for: plans within plans would ask each other for ever. */
export function told(work: () => number): () => number {
  let known: number | undefined
  return () => {
    known ??= work()
    return known
  }
}

/**
 * A plan that finds its members once. One concept is answered by itself; when such questions have cost as much as all members would,
 * these are found and asked instead, so that sets within sets cost no more than twice what is best.
 */
export function remembered(cost: EclCost, plan: EclPlan): EclPlan {
  let list: Int32Array | undefined
  let spent = 0
  const atMost = told(() => plan.atMost)
  const whole = told(() => plan.whole)
  const forget = () => {
    list = undefined
    spent = 0
  }
  return {
    get atMost() {
      return list?.length ?? atMost()
    },
    get whole() {
      return list ? 0 : whole()
    },
    price: Math.min(plan.price, highestPrice),
    has(concept) {
      if (list) return isIn(list, concept)
      spent += plan.price
      if (spent <= leastWhole || spent <= whole()) return plan.has(concept)
      list = cost.keep(cost.membersAtOnce(plan), forget)
      return isIn(list, concept)
    },
    matches: (subject) => plan.matches(subject),
    *all() {
      list ??= cost.keep(yield* plan.all(), forget)
      return list
    },
  }
}

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
  for (let i = 0; i < list.length; i++) {
    const concept = list[i] ?? 0
    if (test(concept)) kept[count++] = concept
    if (cost.took(price)) yield
  }
  return kept.slice(0, count)
}
