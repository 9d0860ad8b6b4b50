/** Runs tasks one after the other, in the order they came. */
export type OneAtATime = <T>(task: () => Promise<T>) => Promise<T>

/** A queue of its own; a task that fails does not hold up the next. */
export function createQueue(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task)
    last = result.catch(() => undefined)
    return result
  }
}
