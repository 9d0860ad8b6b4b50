import { type FhirError, unprocessable } from '../fhir/error.ts'
import { createTurns, type Turns } from './turns.ts'

/** What one request may use of the server's own thread. */
export interface BudgetLimits {
  /** CPU time in all, without what is waited for. */
  cpuMilliseconds: number
  /** CPU time after which others have a turn. */
  sliceMilliseconds: number
}

/** The contract of a request that anybody may send: 1 s of CPU, in slices that leave room within 50 ms. */
export const requestLimits: BudgetLimits = { cpuMilliseconds: 1000, sliceMilliseconds: 20 }

/** Work in steps: whoever runs it may let others have a turn wherever it yields. */
export type Steps<T> = Generator<void, T, void>

/**
 * The CPU time of one request on the server's thread, counted while it is spent; entries of a batch and lines of one body share one.
 * What is counted is the time of the thread between two turns of the event loop, so a busy machine takes nothing away.
 */
export interface Budget {
  /** Runs work at once and counts it. @throws FhirError 422 too-costly when nothing is left */
  spend<T>(work: () => T): T
  /** Runs work when its turn has come: at once, unless others wait. @throws FhirError 422 too-costly when nothing is left */
  run<T>(work: () => T): Promise<T>
  /**
   * Runs work that waits for things meanwhile, when its turn has come. Its computing is counted as long as nothing else could run in
   * between; what it does after that counts itself. @throws FhirError 422 too-costly when nothing is left
   */
  runAsync<T>(work: () => Promise<T>): Promise<T>
  /** Runs work in slices. @throws FhirError 422 too-costly when nothing is left */
  runSteps<T>(steps: Steps<T>): Promise<T>
  /** For loops inside such work: whether it should yield. @throws FhirError 422 too-costly when nothing is left */
  tick(): boolean
  /** A budget for one part, which is taken from this one as well. */
  part(cpuMilliseconds: number): Budget
}

/** What {@link createBudget} is given. */
export interface BudgetOptions {
  /** Whose request it is. */
  client: string
  limits?: BudgetLimits
  /** Milliseconds of CPU that the thread has used. */
  clock?: () => number
  turns?: Turns
}

/** Milliseconds of CPU that the server's thread has used. */
export const threadMilliseconds = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** There is one thread, whoever shares it. */
const threadTurns = createTurns()

/** A fresh budget. */
export function createBudget({ client, limits, clock, turns }: BudgetOptions): Budget {
  const given = { client, limits: limits ?? requestLimits, clock: clock ?? threadMilliseconds }
  return accountOf({ ...given, turns: turns ?? threadTurns }, undefined).budget
}

interface Account {
  budget: Budget
  /** What {@link Budget.runAsync} used since others last had a turn; of the whole and all its parts. */
  use: { sinceTurn: number }
  charge(milliseconds: number): void
  isSpent(): boolean
}

function accountOf(options: Required<BudgetOptions>, whole: Account | undefined): Account {
  const { client, limits, clock, turns } = options
  let left = limits.cpuMilliseconds
  /** When the slice that is running began, and when it was last looked at. */
  let begun: number | undefined
  let seen = 0
  let charged = 0
  const use = whole?.use ?? { sinceTurn: 0 }
  const charge = (milliseconds: number) => {
    left -= milliseconds
    charged += milliseconds
    whole?.charge(milliseconds)
  }
  const isSpent = () => left < 0 || whole?.isSpent() === true
  const check = () => {
    if (isSpent()) throw tooCostly(limits)
  }
  const look = () => {
    const now = clock()
    charge(now - seen)
    seen = now
  }
  const budget: Budget = {
    spend(work) {
      if (begun !== undefined) return work()
      check()
      begun = seen = clock()
      try {
        return work()
      } finally {
        look()
        begun = undefined
      }
    },
    async run(work) {
      if (turns.areWanted()) await turns.wait(client)
      return budget.spend(work)
    },
    async runAsync(work) {
      check()
      // Each lets the event loop go round when it has used a slice since it last did.
      if (turns.areWanted() || use.sinceTurn >= limits.sliceMilliseconds) {
        await turns.wait(client)
        use.sinceTurn = 0
      }
      let turned = false
      const mark = setImmediate(() => {
        turned = true
      })
      const before = clock()
      const chargedBefore = charged
      try {
        return await work()
      } finally {
        clearImmediate(mark)
        const used = clock() - before
        if (!turned) {
          use.sinceTurn += used
          charge(Math.max(0, used - (charged - chargedBefore)))
        }
      }
    },
    async runSteps(steps) {
      if (turns.areWanted()) await turns.wait(client)
      for (;;) {
        const { done, value } = budget.spend(() => nextSlice(steps, budget))
        if (done) return value
        await turns.wait(client)
      }
    },
    tick() {
      if (begun === undefined) return false
      look()
      check()
      return seen - begun >= limits.sliceMilliseconds
    },
    part: (cpuMilliseconds) => accountOf({ ...options, limits: { ...limits, cpuMilliseconds } }, account).budget,
  }
  const account: Account = { budget, use, charge, isSpent }
  return account
}

function nextSlice<T>(steps: Steps<T>, budget: Budget): { done: false; value: undefined } | { done: true; value: T } {
  for (;;) {
    const step = steps.next()
    if (step.done) return { done: true, value: step.value }
    if (budget.tick()) return { done: false, value: undefined }
  }
}

const tooCostly = ({ cpuMilliseconds }: BudgetLimits): FhirError =>
  unprocessable(`the request is too costly: it takes more than ${cpuMilliseconds} ms of computing`, 'too-costly')

/** Runs steps to the end at once: for callers whose work is their own. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
