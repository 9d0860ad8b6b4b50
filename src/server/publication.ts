/** What becomes of the writes of a request before they are stored. */
import type { HttpHooks } from '../http/context.ts'
import { ownWrites } from '../publish/own/own.ts'
import { hideNotes } from '../publish/own/publicity.ts'
import type { Storage } from '../storage/storage.ts'

/** What publication needs. */
interface PublicationParts {
  storage: Pick<Storage, 'read' | 'readVersion'>
  /** Judges and adds Provenance. */
  complete: NonNullable<HttpHooks['completeWrites']>
}

/**
 * Judges the writes of a request in their order: whose they are first, then what is signed and by whom. What is said of something that is
 * not for everybody is not, either.
 */
export function completeWrites({ storage, complete }: PublicationParts): NonNullable<HttpHooks['completeWrites']> {
  return async (writes, by) => hideNotes(await complete(await ownWrites(writes, by.principal, storage), by), storage)
}
