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
  /** Beyond it no list is made: what is just being worked out holds so much. */
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
  /** What is held of it by what is just being worked out. */
  readonly working: number
}

/** What one owner of lists holds. */
interface ListAccount {
  /** Counts so many bytes more, or fewer. */
  add(bytes: number): void
  /** The same of what is just being worked out, until {@link done}. @throws FhirError 503 when there is no room for more */
  work(bytes: number): void
  /** What was worked out is there. To be called also where that failed; who never does counts until he was collected. */
  done(): void
}

/** An account with less is not worth its counting. */
const leastBytes = 16_384

/** What is known of an owner when he is not there any more. */
interface Held {
  bytes: number
  /** Of them what is just being worked out. */
  working: number
}

/** Counts for as long as it is there. */
export function createListMemory(limits: ListLimits): ListMemory {
  const all: Held = { bytes: 0, working: 0 }
  let forgetAt = limits.forget
  const owners = new Set<WeakRef<object>>()
  const doneFor = new WeakMap<object, (() => void)[]>()
  const collected = new FinalizationRegistry<Held>((held) => {
    all.bytes -= held.bytes
    all.working -= held.working
    if (all.bytes < limits.forget) forgetAt = limits.forget
  })
  const makeRoom = (asked: number) => {
    if (all.bytes + asked <= forgetAt) return
    for (const each of owners) {
      const owner = each.deref()
      if (!owner) owners.delete(each)
      else for (const forget of doneFor.get(owner) ?? []) forget()
    }
    // What was let go is collected later: until then it is not let go again and again.
    forgetAt = all.bytes + asked + limits.forget / 4
  }
  return {
    get bytes() {
      return all.bytes
    },
    get working() {
      return all.working
    },
    whenFull(owner, forget) {
      const known = doneFor.get(owner)
      if (known) known.push(forget)
      else {
        doneFor.set(owner, [forget])
        owners.add(new WeakRef(owner))
      }
    },
    account: (owner) => accountIn(owner, { all, makeRoom, collected, refuse: limits.refuse }),
  }
}

interface Books {
  all: Held
  makeRoom(asked: number): void
  collected: FinalizationRegistry<Held>
  refuse: number
}

function accountIn(owner: object, { all, makeRoom, collected, refuse }: Books): ListAccount {
  const held: Held = { bytes: 0, working: 0 }
  let isCounted = false
  const add = (bytes: number) => {
    if (!isCounted && held.bytes + bytes <= leastBytes) {
      held.bytes += bytes
      return
    }
    const more = isCounted ? bytes : held.bytes + bytes
    if (more > 0) makeRoom(more)
    if (!isCounted) collected.register(owner, held)
    isCounted = true
    held.bytes += bytes
    all.bytes += more
  }
  return {
    add,
    work(bytes) {
      if (bytes > 0 && all.working + bytes > refuse) throw tooManyLists()
      add(bytes)
      if (!isCounted) return
      held.working += bytes
      all.working += bytes
    },
    done() {
      all.working -= held.working
      held.working = 0
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
