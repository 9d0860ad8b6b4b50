/**
 * What lists of concepts take together that were worked out of code systems: members of filters and of expression constraints, walks
 * through value sets. They are kept with what they were worked out of, so that a client who pages through them has them made once; whoever
 * asks for ever new sets would fill the memory with them.
 */
import { FhirError, issue } from '../../fhir/error.ts'

/** Limits, in bytes. */
export interface ListLimits {
  /** Beyond it whatever keeps lists forgets them. Those of requests that are worked on stay, for these hold them. */
  forget: number
  /** Beyond it no list is made: requests that are worked on hold so much. */
  refuse: number
}

/** Counts lists by their owners, and has them forgotten when there are too many. */
export interface ListMemory {
  /** An account of what one owner holds; what is on it counts until the owner is not there any more. */
  account(owner: object): ListAccount
  /** Has something done whenever there is too much, as long as its owner is there: `forget` lets go what it keeps. */
  whenFull(owner: object, forget: () => void): void
  /** What is held, as far as it is known: what nobody has any more counts until it was collected. */
  readonly bytes: number
}

/** What one owner of lists holds. */
interface ListAccount {
  /** Counts so many bytes more, or fewer. @throws FhirError 503 when there is no room for more; nothing is counted then */
  add(bytes: number): void
}

/** An account with less is not worth its counting. */
const leastBytes = 16_384

/** Counts for as long as it is there. */
export function createListMemory(limits: ListLimits): ListMemory {
  let bytes = 0
  let forgetAt = limits.forget
  const owners = new Set<WeakRef<object>>()
  const doneFor = new WeakMap<object, (() => void)[]>()
  const collected = new FinalizationRegistry<{ bytes: number }>((held) => {
    bytes -= held.bytes
    if (bytes < limits.forget) forgetAt = limits.forget
  })
  const forgetAll = (asked: number) => {
    for (const each of owners) {
      const owner = each.deref()
      if (!owner) owners.delete(each)
      else for (const forget of doneFor.get(owner) ?? []) forget()
    }
    // What was let go is collected later: until then it is not let go again and again.
    forgetAt = bytes + asked + limits.forget / 4
  }
  return {
    get bytes() {
      return bytes
    },
    whenFull(owner, forget) {
      const known = doneFor.get(owner)
      if (known) known.push(forget)
      else {
        doneFor.set(owner, [forget])
        owners.add(new WeakRef(owner))
      }
    },
    account(owner) {
      const held = { bytes: 0 }
      let isRegistered = false
      return {
        add(more) {
          const least = isRegistered ? 0 : leastBytes
          if (held.bytes + more <= least) {
            if (isRegistered) bytes += more
            held.bytes += more
            return
          }
          const counted = isRegistered ? more : held.bytes + more
          if (more > 0 && bytes + counted > forgetAt) forgetAll(counted)
          if (more > 0 && bytes + counted > limits.refuse) throw tooManyLists()
          if (!isRegistered) collected.register(owner, held)
          isRegistered = true
          held.bytes += more
          bytes += counted
        },
      }
    },
  }
}

const tooManyLists = () =>
  new FhirError(
    503,
    issue('throttled', 'The server works on too many large sets of concepts: ask again in 2 seconds.'),
    {
      'Retry-After': '2',
    },
  )

/** Lists of this process. */
export const listMemory = createListMemory({ forget: 96 << 20, refuse: 256 << 20 })
