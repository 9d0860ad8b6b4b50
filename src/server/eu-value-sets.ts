/**
 * Value sets by the bare ids of the EU's, e.g. `country-2-codes`: CertLogic rules look into them, and the endpoints for wallets list
 * them, both the same ones.
 */
import { artefactCanonical, isCopy, statusOf } from '../fhir/artefact.ts'
import { compareVersions } from '../fhir/canonical.ts'
import type { Resource, ValueSet } from '../fhir/types.ts'
import { euTextExtension, euValueSetIds } from '../gateway/legacy/eu-value-set.ts'
import { cachedByRevision } from '../storage/by-revision.ts'
import { listAll } from '../storage/find-artefacts.ts'
import type { Storage } from '../storage/storage.ts'

/** Canonicals of the software, which an installation's own come before. */
const shipped = 'http://vidimus.org/fhir/'

/** The EU's ids of a ValueSet. */
const idsOf = (valueSet: ValueSet): string[] =>
  (valueSet.identifier ?? []).flatMap(({ system, value }) => (system === euValueSetIds && value ? [value] : []))

/**
 * The active ValueSets that say by an identifier that they are one of the EU's, by its id: of several the installation's own before the
 * one that is shipped, then the newest version. A mirrored one is another's, and none of them.
 */
async function readEuValueSets(storage: Pick<Storage, 'search'>): Promise<Map<string, ValueSet>> {
  const conditions = [{ parameter: 'identifier', values: [{ value: `${euValueSetIds}|` }] }]
  // However many there are: others may say it of any number of theirs.
  const stored = await listAll(storage, 'ValueSet', conditions)
  const found = new Map<string, ValueSet>()
  for (const each of stored.filter((one) => statusOf(one) === 'active' && !isCopy(one)).sort(preferred))
    for (const id of idsOf(each)) if (!found.has(id)) found.set(id, each)
  return found
}

function preferred(a: ValueSet, b: ValueSet): number {
  const [first, second] = [artefactCanonical(a), artefactCanonical(b)]
  const isShipped = (url = '') => (url.startsWith(shipped) ? 1 : 0)
  return (
    isShipped(first?.url) - isShipped(second?.url) ||
    compareVersions(second?.version ?? '', first?.version ?? '') ||
    (a.id ?? '').localeCompare(b.id ?? '')
  )
}

/** The EU's value sets of a store, read anew when a ValueSet has changed. */
export interface EuValueSets {
  /** See {@link readEuValueSets}. */
  all(): Promise<ReadonlyMap<string, ValueSet>>
  /** The one that an EU rule means by an id: one of `all`, else the ValueSet that is stored under it. */
  find(id: string): Promise<Resource | undefined>
}

/** Opens them. */
export function createEuValueSets(storage: Pick<Storage, 'search' | 'read' | 'revision'>): EuValueSets {
  const types = ['ValueSet']
  const all = cachedByRevision(
    () => storage.revision(types),
    () => readEuValueSets(storage),
  )
  return {
    all,
    find: async (id) => (await all()).get(id) ?? (await storage.read('ValueSet', id))?.resource,
  }
}

/** The text of a value set in the EU's form, as its publisher wrote it, byte for byte; undefined where a ValueSet carries none. */
export function euValueSetText({ extension = [] }: ValueSet): Buffer | undefined {
  const data = extension.find(({ url }) => url === euTextExtension)?.valueAttachment?.data
  return data === undefined ? undefined : Buffer.from(data, 'base64')
}
