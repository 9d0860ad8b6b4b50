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

/** Share of a slice after which work that is about to begin waits for the next one: it may not be possible to cut it. */
const startShare = 0.5

interface Account {
  budget: Budget
  /** What was used since others last had a turn; by the whole and all its parts. */
  use: { sinceTurn: number }
  charge(milliseconds: number): void
  isSpent(): boolean
}

function accountOf(options: Required<BudgetOptions>, whole: Account | undefined): Account {
  const { client, limits, clock, turns } = options
  let left = limits.cpuMilliseconds
  /** Whether something is being counted, and when it was last looked at. */
  let isRunning = false
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
    use.sinceTurn += now - seen
    seen = now
  }
  /** Work that follows upon other work of the same request belongs to the same slice. */
  const mustWait = () => turns.areWanted() || use.sinceTurn >= startShare * limits.sliceMilliseconds
  const waitForTurn = async () => {
    await turns.wait(client)
    use.sinceTurn = 0
  }
  const budget: Budget = {
    spend(work) {
      if (isRunning) return work()
      check()
      seen = clock()
      isRunning = true
      try {
        return work()
      } finally {
        look()
        isRunning = false
      }
    },
    async run(work) {
      if (mustWait()) await waitForTurn()
      return budget.spend(work)
    },
    async runAsync(work) {
      check()
      if (mustWait()) await waitForTurn()
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
          const uncounted = Math.max(0, used - (charged - chargedBefore))
          use.sinceTurn += uncounted
          charge(uncounted)
        }
      }
    },
    async runSteps(steps) {
      if (mustWait()) await waitForTurn()
      for (;;) {
        const { done, value } = budget.spend(() => nextSlice(steps, budget))
        if (done) return value
        await waitForTurn()
      }
    },
    tick() {
      if (!isRunning) return false
      look()
      check()
      return use.sinceTurn >= limits.sliceMilliseconds
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
