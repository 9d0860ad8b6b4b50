import type { ListChecker } from '../lists/check-list.ts'
import { createListProcess } from '../lists/list-process.ts'

/** One process that checks the lists of all sources, one at a time, while anybody uses it. */
export interface SharedChecker {
  check: ListChecker
  /** Keeps the process until what is returned is called. */
  use(): () => void
}

/** Makes a checker; its process is started with the first list. */
export function sharedChecker(): SharedChecker {
  const lists = createListProcess()
  let users = 0
  let last: Promise<unknown> = Promise.resolve()
  return {
    check(bytes, keys) {
      const checked = last.then(() => lists.check(bytes, keys))
      last = checked.catch(() => undefined)
      return checked
    },
    use() {
      users++
      return () => {
        users--
        if (users === 0) lists.close()
      }
    },
  }
}
