import type { Use } from '../../workers/serving/protocol.ts'

/** What clients have used lately, for a worker that begins: it must not forget what others know. */
export interface UseBook {
  add(uses: readonly Use[]): void
  /** Of this minute. */
  lately(): Use[]
}

const minute = 60_000
/** As many accounts as a worker remembers of each kind. */
const most = 65_536

/** An empty book, by a clock of milliseconds that only moves forward. */
export function createUseBook(elapsed: () => number): UseBook {
  let since = elapsed()
  let used = new Map<string, Use>()
  const renew = () => {
    if (elapsed() - since < minute && used.size < most) return
    since = elapsed()
    used = new Map()
  }
  return {
    add(uses) {
      renew()
      for (const [kind, name, more] of uses) {
        const key = `${kind} ${name}`
        const found = used.get(key)
        if (found) found[2] += more
        else used.set(key, [kind, name, more])
      }
    },
    lately() {
      renew()
      return [...used.values()]
    },
  }
}
