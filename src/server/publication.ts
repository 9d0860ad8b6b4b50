/** What becomes of the writes of a request before they are stored. */
import type { HttpHooks } from '../http/context.ts'
import { ownWrites } from '../publish/own/own.ts'
import type { Storage } from '../storage/storage.ts'

/** What publication needs. */
interface PublicationParts {
  storage: Pick<Storage, 'read' | 'readVersion'>
}

/** Judges the writes of a request in their order: whose they are first. */
export function completeWrites({ storage }: PublicationParts): NonNullable<HttpHooks['completeWrites']> {
  return (writes, { principal }) => ownWrites(writes, principal, storage)
}
