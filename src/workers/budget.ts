import { type FhirError, unprocessable } from '../fhir/error.ts'

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
  /** Runs work in slices. @throws FhirError 422 too-costly when nothing is left */
  run<T>(steps: Steps<T>): Promise<T>
  /** For loops inside such work: whether it should yield. @throws FhirError 422 too-costly when nothing is left */
  tick(): boolean
  /** Lets others have a turn. @throws FhirError 422 too-costly when nothing is left */
  pause(): Promise<void>
  /** A budget for one part, which is taken from this one as well. */
  part(cpuMilliseconds: number): Budget
}

const threadMilliseconds = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A fresh budget. `clock` gives the milliseconds of CPU that the thread has used. */
export function createBudget(limits: BudgetLimits = requestLimits, clock: () => number = threadMilliseconds): Budget {
  return accountOf(limits, clock, undefined).budget
}

interface Account {
  budget: Budget
  charge(milliseconds: number): void
  isSpent(): boolean
}

function accountOf(limits: BudgetLimits, clock: () => number, whole: Account | undefined): Account {
  let left = limits.cpuMilliseconds
  /** When the slice that is running began, and when it was last looked at. */
  let begun: number | undefined
  let seen = 0
  const charge = (milliseconds: number) => {
    left -= milliseconds
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
  const spend = <T>(work: () => T): T => {
    if (begun !== undefined) return work()
    check()
    begun = seen = clock()
    try {
      return work()
    } finally {
      look()
      begun = undefined
    }
  }
  const budget: Budget = {
    spend,
    async run(steps) {
      for (;;) {
        const { done, value } = spend(() => nextSlice(steps, budget))
        if (done) return value
        await turn()
      }
    },
    tick() {
      if (begun === undefined) return false
      look()
      check()
      return seen - begun >= limits.sliceMilliseconds
    },
    async pause() {
      await turn()
      check()
    },
    part: (cpuMilliseconds) => accountOf({ ...limits, cpuMilliseconds }, clock, account).budget,
  }
  const account: Account = { budget, charge, isSpent }
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
