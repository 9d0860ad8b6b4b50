import { FhirError, issue } from '../../fhir/error.ts'

/** Most that may be under way at a time. */
export interface BodyLimits {
  bodies: number
  bodiesOfOne: number
  /** Of all together. */
  bytes: number
}

/** A body that is being read. */
export interface UnfinishedBody {
  /** @throws FhirError 503 when all bodies together are too much for the server */
  add(bytes: number): void
  /** Read to its end, or given up. */
  end(): void
}

/** Counts the bodies that are being read: each holds memory for as long as its sender likes. */
export interface UnfinishedBodies {
  /** @throws FhirError 429 too many of one client, 503 too many of all; both with Retry-After */
  begin(client: string): UnfinishedBody
}

const retryAfter = { 'Retry-After': '2', Connection: 'close' }

/** Counters that begin at nothing. */
export function createUnfinishedBodies(limits: BodyLimits): UnfinishedBodies {
  const ofClient = new Map<string, number>()
  let bodies = 0
  let bytes = 0
  return {
    begin(client) {
      const own = ofClient.get(client) ?? 0
      if (own >= limits.bodiesOfOne)
        throw new FhirError(429, issue('throttled', 'Too many unfinished requests of one client.'), retryAfter)
      if (bodies >= limits.bodies || bytes >= limits.bytes) throw overloaded()
      ofClient.set(client, own + 1)
      bodies++
      let held = 0
      let ended = false
      return {
        add(more) {
          held += more
          bytes += more
          if (bytes > limits.bytes) throw overloaded()
        },
        end() {
          if (ended) return
          ended = true
          bodies--
          bytes -= held
          const left = (ofClient.get(client) ?? 1) - 1
          if (left > 0) ofClient.set(client, left)
          else ofClient.delete(client)
        },
      }
    },
  }
}

const overloaded = () =>
  new FhirError(503, issue('throttled', 'The server has too many unfinished requests.'), retryAfter)
