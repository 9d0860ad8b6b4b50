import { FhirError, issue } from '../../fhir/error.ts'
import { createFairQueue } from '../../workers/fair-queue.ts'

/** Bounds of a {@link Gate}. */
export interface GateLimits {
  /** Most inside at a time, of all clients and of one. */
  inside: number
  insideOfOne: number
  /** Most waiting, of one client and of all. */
  waitingOfOne: number
  waiting: number
}

/** A place inside, until it is left. */
export interface Place {
  leave(): void
}

/** Lets in so many requests at a time, clients in turns: what each of them builds stands in memory until it is sent. */
export interface Gate {
  /** @throws FhirError 429 too many of one client wait, 503 too many of all; both with Retry-After */
  enter(client: string): Promise<Place>
}

/** Batches and long pages build replies of up to 20 MB out of several times as much. */
export const defaultGate: GateLimits = { inside: 3, insideOfOne: 1, waitingOfOne: 20, waiting: 100 }

/** A body with a picture stands in memory four times, as it came, as text, and as bytes here and on the way to another process. */
export const attachmentGate: GateLimits = { inside: 3, insideOfOne: 2, waitingOfOne: 2, waiting: 6 }

/** A gate with nobody inside. */
export function createGate(limits: GateLimits): Gate {
  const queue = createFairQueue<(place: Place) => void>({ each: limits.waitingOfOne, all: limits.waiting })
  const inside = new Map<string, number>()
  let all = 0
  const count = (client: string, more: number) => {
    const now = (inside.get(client) ?? 0) + more
    if (now > 0) inside.set(client, now)
    else inside.delete(client)
    all += more
  }
  const placeOf = (client: string): Place => {
    let isLeft = false
    return {
      leave() {
        if (isLeft) return
        isLeft = true
        count(client, -1)
        letIn()
      },
    }
  }
  const letIn = () => {
    while (all < limits.inside) {
      let next = ''
      const admit = queue.take((client) => {
        if ((inside.get(client) ?? 0) >= limits.insideOfOne) return false
        next = client
        return true
      })
      if (!admit) return
      count(next, 1)
      admit(placeOf(next))
    }
  }
  return {
    enter: (client) =>
      new Promise((resolve, reject) => {
        const outcome = queue.add(client, resolve)
        if (outcome === 'own')
          return reject(throttled(429, 'Too many batches, long pages or pictures of one client are waiting.'))
        if (outcome === 'all') return reject(throttled(503, 'Too many batches, long pages or pictures are waiting.'))
        letIn()
      }),
  }
}

const throttled = (status: number, text: string) =>
  new FhirError(status, issue('throttled', text), { 'Retry-After': '5' })
