import type { Storage } from '../storage/storage.ts'
import { isProtectedType, supportedTypes } from './search-table.ts'

/**
 * A number that grows with every write of what is public: AuditEvents of reads must not empty the cache that makes
 * reads quick. It is asked with every request, so the types are gone through only when anything was written.
 */
export function publicRevision(storage: Pick<Storage, 'revision'>): () => number {
  const types = supportedTypes.filter((type) => !isProtectedType(type))
  let seen = Number.NaN
  let current = 0
  return () => {
    const all = storage.revision()
    if (all !== seen) {
      current = storage.revision(types)
      seen = all
    }
    return current
  }
}
