import type { Storage } from '../../storage/storage.ts'
import { isProtectedType, supportedTypes } from '../describe/stored-types.ts'

const publicTypes = supportedTypes.filter((type) => !isProtectedType(type))

/**
 * A number that grows with every write of what is public: AuditEvents of reads must not empty the cache that makes
 * reads quick.
 */
export function publicRevision(storage: Pick<Storage, 'revision'>): () => number {
  return () => storage.revision(publicTypes)
}
