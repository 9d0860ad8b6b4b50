import type { Storage, Write } from '../../storage/storage.ts'
import type { Facade } from '../context.ts'
import { resolveRoute } from '../routes.ts'
import { type AuditSource, type WriteAction, writeEvent } from './audit-event.ts'

/**
 * The facade for one request that writes: every write is stored in one transaction with its AuditEvent, so that none
 * is ever there without the other.
 */
export function auditedFacade(facade: Facade, source: AuditSource): Facade {
  const audited: Facade = {
    ...facade,
    storage: auditedStorage(facade.storage, source),
    resolve: (method, path) => resolveRoute(audited, method, path),
  }
  return audited
}

function auditedStorage(storage: Storage, source: AuditSource): Storage {
  return {
    read: (type, id) => storage.read(type, id),
    readVersion: (type, id, versionId) => storage.readVersion(type, id, versionId),
    history: (query) => storage.history(query),
    search: (query) => storage.search(query),
    findCanonical: (type, url) => storage.findCanonical(type, url),
    published: (type, canonical) => storage.published(type, canonical),
    count: () => storage.count(),
    revision: (types) => storage.revision(types),
    derived: storage.derived,
    close: () => storage.close(),
    async write(writes) {
      const events: Write[] = []
      for (const write of writes) {
        const resource = writeEvent(source, await actionOf(storage, write), write)
        events.push({ method: 'POST', type: 'AuditEvent', resource })
      }
      const written = await storage.write([...writes, ...events])
      return written.slice(0, writes.length)
    },
  }
}

/** PUT of an id that is new or was deleted creates. */
async function actionOf(storage: Storage, { method, type, id }: Write): Promise<WriteAction> {
  if (method === 'DELETE') return 'delete'
  if (method === 'POST' || id === undefined) return 'create'
  return (await storage.read(type, id))?.resource ? 'update' : 'create'
}
