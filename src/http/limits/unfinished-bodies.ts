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
  /** @throws FhirError 503 when all bodies together are too much for the server, and no other client holds more of it */
  add(bytes: number): void
  /** Read to its end, or given up. */
  end(): void
}

/**
 * Counts the bodies that are being read: each holds memory for as long as its sender likes. Where there is no room, who holds most
 * makes it: few clients that never finish cannot keep all others out.
 */
export interface UnfinishedBodies {
  /**
   * @param giveUp told why, when the body must make room for another client's
   * @throws FhirError 429 too many of one client, 503 too many of all; both with Retry-After
   */
  begin(client: string, giveUp: (reason: FhirError) => void): UnfinishedBody
}

interface Held {
  client: string
  bytes: number
  giveUp(reason: FhirError): void
}

const retryAfter = { 'Retry-After': '2', Connection: 'close' }

/** Counters that begin at nothing. */
export function createUnfinishedBodies(limits: BodyLimits): UnfinishedBodies {
  /** The oldest first. */
  const all = new Set<Held>()
  let bytes = 0
  const end = (held: Held) => {
    if (all.delete(held)) bytes -= held.bytes
  }
  /** Has a body of another client go that holds more than this one's would. */
  const makeRoom = (client: string, sizeOf: (held: Held) => number, own: number) => {
    const [greediest, most] = greediestOf(all, sizeOf)
    if (greediest === undefined || greediest === client || most <= own) throw overloaded()
    for (const held of all) {
      if (held.client !== greediest || sizeOf(held) === 0) continue
      end(held)
      held.giveUp(overloaded())
      return
    }
  }
  return {
    begin(client, giveUp) {
      const own = [...all].filter((each) => each.client === client).length
      if (own >= limits.bodiesOfOne)
        throw new FhirError(429, issue('throttled', 'Too many unfinished requests of one client.'), retryAfter)
      if (all.size >= limits.bodies) makeRoom(client, () => 1, own + 1)
      const held: Held = { client, bytes: 0, giveUp }
      all.add(held)
      return {
        add(more) {
          // What had to make room holds nothing any more.
          if (!all.has(held)) return
          held.bytes += more
          bytes += more
          while (bytes > limits.bytes) makeRoom(client, sizeInBytes, bytesOf(all, client))
        },
        end: () => end(held),
      }
    },
  }
}

const sizeInBytes = (held: Held): number => held.bytes
const bytesOf = (all: Set<Held>, client: string): number =>
  [...all].reduce((sum, each) => sum + (each.client === client ? each.bytes : 0), 0)

/** The client whose bodies are most together, and how much that is. */
function greediestOf(all: Set<Held>, sizeOf: (held: Held) => number): [client: string | undefined, size: number] {
  const sizes = new Map<string, number>()
  for (const each of all) sizes.set(each.client, (sizes.get(each.client) ?? 0) + sizeOf(each))
  let greediest: [client: string | undefined, size: number] = [undefined, 0]
  for (const [client, size] of sizes) if (size > greediest[1]) greediest = [client, size]
  return greediest
}

const overloaded = () =>
  new FhirError(503, issue('throttled', 'The server has too many unfinished requests.'), retryAfter)
