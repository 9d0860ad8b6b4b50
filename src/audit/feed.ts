/**
 * Sends what is recorded on to a sink. The store is the queue: a record says how far a sink has got, so that a restart loses nothing and
 * no request ever waits.
 */
import type { After } from '../base/after.ts'
import type { Resource } from '../fhir/types.ts'

/** An AuditEvent as it is stored. */
interface StoredEvent {
  id: string
  lastUpdated: string
  resource: Resource | undefined
}

/** What a feed needs. */
export interface FeedParts {
  name: string
  /** Sends some, all or an error. `taken` is told how many of them the sink has for good: they are not sent again after an error. */
  send(events: Resource[], taken: (count: number) => void): Promise<void>
  /** Stored AuditEvents from an instant on, the oldest first, at most so many. */
  read(since: string | undefined, most: number): Promise<StoredEvent[]>
  /** How far the sink has got: what was last kept, and keeping it. */
  position: { get(): Promise<string | undefined>; set(from: string | undefined, to: string): Promise<boolean> }
  after: After
  /** Told once when a sink cannot be reached, and when it can again: the failure or undefined. */
  changed(failure: string | undefined): void
  textOf(error: unknown): string
}

/** One sink at work. */
export interface Feed {
  state(): { name: string; sent: number; failures: number; isReached: boolean }
  /** Sends what there is now. @returns how many */
  run(): Promise<number>
  start(): void
  close(): Promise<void>
}

/** How far a sink has got: everything before the instant, and of it these ids. */
interface Position {
  at: string
  ids: string[]
}

const perTurn = 100
const quietMilliseconds = 2_000
const firstWait = 1_000
const longestWait = 300_000

/** A feed that has sent nothing yet. */
export function createFeed({ name, send, read, position, after, changed, textOf }: FeedParts): Feed {
  let sent = 0
  let failures = 0
  let failing: string | undefined
  let inARow = 0
  let isClosing = false
  let stop = () => {}
  let running: Promise<unknown> | undefined
  const turn = async (): Promise<number> => {
    const kept = await position.get()
    const last: Position | undefined = kept === undefined ? undefined : JSON.parse(kept)
    // Those of the same instant come again. Of a long transaction each turn takes as many as were sent before, so that all turns
    // together read it a few times and not a hundred.
    const known = new Set(last?.ids)
    const found = await read(last?.at, known.size + Math.max(perTurn, known.size))
    const fresh = found.filter(({ id, lastUpdated }) => lastUpdated !== last?.at || !known.has(id))
    if (fresh.length === 0) return 0
    const held = fresh.filter(({ resource }) => resource !== undefined)
    let taken = 0
    const advance = async (past: StoredEvent[]) => {
      const at = past.at(-1)?.lastUpdated ?? ''
      const ids = [
        ...(at === last?.at ? last.ids : []),
        ...past.filter((each) => each.lastUpdated === at).map(({ id }) => id),
      ]
      // Another process that feeds the same sink has got further: it has sent these.
      if (await position.set(kept, JSON.stringify({ at, ids } satisfies Position))) sent += past.length
    }
    try {
      await send(
        held.flatMap(({ resource }) => resource ?? []),
        (count) => {
          taken = count
        },
      )
    } catch (error) {
      const next = held[taken]
      if (taken > 0 && next) await advance(fresh.slice(0, fresh.indexOf(next)))
      throw error
    }
    await advance(fresh)
    return fresh.length
  }
  const run = async () => {
    let all = 0
    for (;;) {
      const now = isClosing ? 0 : await turn()
      all += now
      if (now === 0) return all
    }
  }
  const attempt = async (): Promise<number> => {
    try {
      const all = await run()
      inARow = 0
      if (failing !== undefined) changed(undefined)
      failing = undefined
      return all
    } catch (error) {
      failures += 1
      inARow += 1
      const text = textOf(error)
      if (text !== failing) changed(text)
      failing = text
      return 0
    }
  }
  const later = () => {
    const wait = inARow === 0 ? quietMilliseconds : Math.min(longestWait, firstWait * 2 ** Math.min(inARow, 20))
    stop = after(wait, () => {
      running = attempt().finally(() => isClosing || later())
    })
  }
  return {
    state: () => ({ name, sent, failures, isReached: failing === undefined }),
    run: attempt,
    start: later,
    async close() {
      isClosing = true
      stop()
      await running
    },
  }
}
