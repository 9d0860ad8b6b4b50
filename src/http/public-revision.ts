import type { Storage } from '../storage/storage.ts'
import { isProtectedType, supportedTypes } from './search-table.ts'

/** The revision of what is public, as the cache of replies compares it. */
export interface PublicRevision {
  /** Grows with every write of what is public. */
  current(): number
  /** To be called when something was written here: the next question goes to the store. */
  forget(): void
}

/** How long a write of another process may go unseen. */
const longestBlindMs = 2

/**
 * A number that grows with every write of what is public: AuditEvents of reads must not empty the cache that makes
 * reads quick. A look into the store would be the dearest part of a reply that is kept, so that it is taken once in a
 * while; the types are gone through only when anything was written.
 * @param milliseconds a clock that only moves forward
 */
export function publicRevision(
  storage: Pick<Storage, 'revision'>,
  milliseconds: () => number = () => performance.now(),
): PublicRevision {
  const types = supportedTypes.filter((type) => !isProtectedType(type))
  let seen = Number.NaN
  let current = 0
  let validUntil = Number.NEGATIVE_INFINITY
  return {
    current() {
      const now = milliseconds()
      if (now < validUntil) return current
      const all = storage.revision()
      if (all !== seen) {
        current = storage.revision(types)
        seen = all
      }
      validUntil = now + longestBlindMs
      return current
    },
    forget() {
      validUntil = Number.NEGATIVE_INFINITY
    },
  }
}
