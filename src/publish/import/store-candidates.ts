/** What of an import is stored, once it was judged. */
import { canonicalJson } from '../../base/json.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage, Write } from '../../storage/storage.ts'
import type { Candidate, Gate } from './candidate.ts'
import { createPauses } from './pauses.ts'

/** What would become of each artefact, if it were stored now. */
export async function foretell(
  candidates: Candidate[],
  { storage }: { storage: Pick<Storage, 'read'> },
): Promise<void> {
  const contentOf = (resource: Resource) => canonicalJson({ ...resource, meta: undefined })
  for (const { resource, entry } of candidates) {
    const stored = (await storage.read(resource.resourceType, String(resource.id)))?.resource
    const isSame = stored !== undefined && contentOf(stored) === contentOf(resource)
    entry.status = isSame ? 'unchanged' : stored ? 'updated' : 'loaded'
  }
}

/** What is written, and how. */
interface StoreOptions {
  storage: Pick<Storage, 'write'>
  gate: Pick<Gate, 'write'>
  /** AuditEvent of what is written, by type; it stands in the same transaction. Without it there is none. */
  audited?(source: string, counts: ReadonlyMap<string, number>): Resource
  /** Name of the package or file, with its version. */
  source: string
}

/** Stores what was judged in one transaction, and tells in the entries what became of it. @throws FhirError as `Storage.write` */
export async function storeCandidates(
  candidates: Candidate[],
  { storage, gate, audited, source }: StoreOptions,
): Promise<void> {
  const counts = new Map<string, number>()
  const pause = createPauses()
  const writes: Write[] = []
  for (const { resource } of candidates) {
    await pause()
    writes.push(gate.write({ method: 'PUT', type: resource.resourceType, id: String(resource.id), resource }))
    counts.set(resource.resourceType, (counts.get(resource.resourceType) ?? 0) + 1)
  }
  if (audited && writes.length > 0)
    writes.push({ method: 'POST', type: 'AuditEvent', resource: audited(source, counts) })
  const written = await storage.write(writes)
  for (const [i, { outcome }] of written.entries()) {
    const entry = candidates[i]?.entry
    if (entry) entry.status = outcome === 'created' ? 'loaded' : outcome === 'updated' ? 'updated' : 'unchanged'
  }
}
