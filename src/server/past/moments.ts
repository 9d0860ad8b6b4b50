/** Contexts of the past that are kept ready: few, each made ready once, closed when nobody has asked for a while. */
import { FhirError, issue } from '../../fhir/error.ts'
import { createFairQueue } from '../../workers/fair-queue.ts'

/** Contexts that are there at a time. */
const MOST_CONTEXTS = 3
/** Requests that wait for a moment to be made ready. */
const WAITING = { each: 4, all: 50 }
/** So long one is kept that nobody asks for, in seconds. */
const IDLE_SECONDS = 300

/** One context, and who uses it. */
interface Slot<Made> {
  made: Promise<Made>
  users: number
  /** Whether an answer came of it: what that compiled is there now. */
  isReady: boolean
  usedAt: number
}

/** Who asks for what. */
interface Asked<Made> {
  /** Equal for moments of which the same holds. */
  key: string
  client: string
  open(): Promise<Made>
}

/** Contexts by what holds in them. */
export interface Moments<Made> {
  /**
   * Does work in a context. One that is not ready is made ready by one request at a time: others of all clients wait for their turn.
   * @throws FhirError 429 when too many of a client wait, 503 when too many of all
   */
  use<T>(asked: Asked<Made>, work: (made: Made) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Opens an empty store of contexts. */
export function createMoments<Made extends { close(): Promise<void> }>(parts: {
  afterIdle(work: () => void, seconds: number): unknown
}): Moments<Made> {
  const slots = new Map<string, Slot<Made>>()
  const queue = createFairQueue<() => void>(WAITING)
  let isMaking = false
  let uses = 0
  let freed: (() => void)[] = []
  const closeSlot = async (key: string, { made }: Slot<Made>) => {
    slots.delete(key)
    await made.then(
      (each) => each.close(),
      () => undefined,
    )
  }
  /** Waits until no other is made ready. */
  const turn = (client: string) =>
    new Promise<void>((begin, reject) => {
      if (!isMaking) {
        isMaking = true
        return begin()
      }
      const added = queue.add(client, begin)
      if (added !== 'waiting') reject(tooMany(added))
    })
  const endTurn = () => {
    const next = queue.take(() => true)
    if (next) next()
    else isMaking = false
  }
  /** Makes room: the one that was used longest ago goes, once nobody uses it. */
  const room = async () => {
    while (slots.size >= MOST_CONTEXTS) {
      const idle = [...slots].filter(([, { users }]) => users === 0).sort(([, a], [, b]) => a.usedAt - b.usedAt)
      const [oldest] = idle
      if (oldest) await closeSlot(...oldest)
      else await new Promise<void>((free) => freed.push(free))
    }
  }
  let isLookedAt = false
  /**
   * One timer for all, which holds none of them: those that were closed long ago must not stay in memory for its sake. What nobody has
   * used between two looks is closed, after one to two times as long as is kept.
   */
  const lookLater = () => {
    if (isLookedAt) return
    isLookedAt = true
    const usedBy = uses
    parts.afterIdle(() => {
      isLookedAt = false
      for (const [key, slot] of slots) if (slot.users === 0 && slot.usedAt <= usedBy) void closeSlot(key, slot)
      if (slots.size > 0) lookLater()
    }, IDLE_SECONDS)
  }
  const run = async <T>(slot: Slot<Made>, work: (made: Made) => Promise<T>): Promise<T> => {
    slot.users++
    try {
      const result = await work(await slot.made)
      slot.isReady = true
      return result
    } finally {
      slot.users--
      slot.usedAt = ++uses
      for (const each of freed.splice(0)) each()
      lookLater()
    }
  }
  return {
    async use({ key, client, open }, work) {
      const ready = slots.get(key)
      if (ready?.isReady) return run(ready, work)
      await turn(client)
      try {
        const known = slots.get(key)
        if (known) return await run(known, work)
        await room()
        const made = open()
        const slot: Slot<Made> = { made, users: 0, isReady: false, usedAt: ++uses }
        slots.set(key, slot)
        // What cannot be opened is not kept.
        made.catch(() => slots.get(key) === slot && slots.delete(key))
        return await run(slot, work)
      } finally {
        endTurn()
      }
    },
    async close() {
      freed = []
      await Promise.all([...slots].map(([key, slot]) => closeSlot(key, slot)))
    },
  }
}

function tooMany(which: 'own' | 'all'): FhirError {
  const retryAfter = { 'Retry-After': '5' }
  return which === 'own'
    ? new FhirError(429, issue('throttled', 'Too many questions of one client as of a moment are waiting.'), retryAfter)
    : new FhirError(503, issue('throttled', 'Too many questions as of a moment are waiting.'), retryAfter)
}
