import type { Storage } from '../storage/storage.ts'
import { isProtectedType, supportedTypes } from './search-table.ts'

/**
 * A number that grows with every write of what is public: AuditEvents of reads must not empty the cache that makes
 * reads quick. It is asked with every request, so the store is asked once for all requests that arrive together, and
 * the types are gone through only when anything was written. A request that is sent after a write was acknowledged
 * arrives in a later turn of the event loop, and sees it.
 */
export function publicRevision(storage: Pick<Storage, 'revision'>): () => number {
  const types = supportedTypes.filter((type) => !isProtectedType(type))
  let seen = Number.NaN
  let current = 0
  let isKnown = false
  const forget = () => {
    isKnown = false
  }
  return () => {
    if (isKnown) return current
    isKnown = true
    setImmediate(forget)
    const all = storage.revision()
    if (all !== seen) {
      current = storage.revision(types)
      seen = all
    }
    return current
  }
}
