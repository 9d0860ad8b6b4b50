/** Most that may wait. */
export interface QueueLimits {
  /** Of one client. */
  each: number
  /** Of all. */
  all: number
}

/** What waits, by client; clients have their turns one after the other, however much each has waiting. */
export interface FairQueue<T> {
  /** `own`: that client has too much waiting already; `all`: everybody together has. */
  add(client: string, item: T): 'waiting' | 'own' | 'all'
  /** The next item of the next client who `may` have a turn. */
  take(may: (client: string) => boolean): T | undefined
  /** Empties the queue. */
  drain(): T[]
  size(): number
}

/** A queue with a lane per client. */
export function createFairQueue<T>(limits: QueueLimits): FairQueue<T> {
  // A Map keeps the order of insertion: who had a turn goes to the end.
  const lanes = new Map<string, T[]>()
  let size = 0
  return {
    add(client, item) {
      const lane = lanes.get(client) ?? []
      if (lane.length >= limits.each) return 'own'
      if (size >= limits.all) return 'all'
      lane.push(item)
      lanes.set(client, lane)
      size++
      return 'waiting'
    },
    take(may) {
      for (const [client, lane] of lanes) {
        if (!may(client)) continue
        const item = lane.shift()
        lanes.delete(client)
        if (lane.length > 0) lanes.set(client, lane)
        size--
        return item
      }
      return undefined
    },
    drain() {
      const all = [...lanes.values()].flat()
      lanes.clear()
      size = 0
      return all
    },
    size: () => size,
  }
}
