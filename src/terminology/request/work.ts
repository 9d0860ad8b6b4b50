import type { OperationBudget } from '../../fhir/operation.ts'
import { finish, type Steps } from '../../workers/budget.ts'
import type { Need, Scope } from './scope.ts'

/**
 * Work that stops where it needs something that is not in memory: it yields what that is, and goes on when it is loaded. Where it
 * yields nothing others may have a turn.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: Steps, which are work without needs, yield void
export type Work<T> = Generator<Need[] | void, T, void>

/** What work came to: its end, or something to load. */
type Stop<T> = { value: T } | { needs: Need[] }

/** Runs work to its end, in slices of the budget, or at once without one; what it needs is loaded on the way, nothing is done twice. */
export async function perform<T>(scope: Scope, work: Work<T>, budget?: OperationBudget): Promise<T> {
  for (;;) {
    const steps = untilNeed(work)
    const stop = budget ? await budget.runSteps(steps) : finish(steps)
    if ('value' in stop) return stop.value
    await scope.load(stop.needs)
  }
}

function* untilNeed<T>(work: Work<T>): Steps<Stop<T>> {
  for (;;) {
    const step = work.next()
    if (step.done) return { value: step.value }
    if (step.value) return { needs: step.value }
    yield
  }
}

/** What work comes to without anything to load, and without a turn of anybody else; undefined where it takes one of them. */
export function atOnce<T>(work: Work<T>): T | undefined {
  const step = work.next()
  return step.done ? step.value : undefined
}

/** Whether anything of that is to be loaded: asked first, for most that is asked for is there, and {@link loaded} is a generator of its own. */
export function isLacking(scope: Scope, needs: readonly Need[]): boolean {
  for (const each of needs) if (!scope.has(each)) return true
  return false
}

/** Stops until all of that is in memory; goes on at once where it is. */
export function* loaded(scope: Scope, needs: readonly Need[]): Work<void> {
  const absent = needs.filter((each) => !scope.has(each))
  if (absent.length > 0) yield absent
}
