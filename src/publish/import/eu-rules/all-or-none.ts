/** Rules of the EU are taken all or none: of a country's rules a part is more lenient than the whole. */
import { canonicalJson } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { artefactCanonical } from '../../../fhir/artefact.ts'
import { FhirError, issue } from '../../../fhir/error.ts'
import type { Library, Resource } from '../../../fhir/types.ts'
import { isCertLogic, pathsOf, readCertLogic } from '../../../rules/certlogic/certlogic.ts'
import { valueSetIds } from '../../../rules/certlogic/external.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { Candidate } from '../candidate.ts'
import type { ImportEntry, ImportReport } from '../report.ts'

/** Whether an entry came of a rule of the EU. */
const isRule = ({ place }: ImportEntry) => place !== undefined

/**
 * What of an import with rules of the EU is stored: all that is to be, or nothing when any entry of it failed or a rule is not fit to be
 * active. The entries say so. An import without such rules is stored as it is.
 */
export function allOrNone(candidates: Candidate[], report: Pick<ImportReport, 'entries'>): Candidate[] {
  if (!report.entries.some(isRule)) return candidates
  const open = new Set(candidates.map(({ entry }) => entry))
  for (const entry of report.entries)
    if (isRule(entry) && entry.isDraft) {
      delete entry.isDraft
      Object.assign(entry, { status: 'failed', reason: entry.reason?.replace(/^stored as draft, /, '') })
      open.delete(entry)
    }
  const failures = report.entries.filter((each) => each.status === 'failed' && !open.has(each)).length
  if (failures === 0) return candidates
  for (const entry of open) {
    delete entry.isDraft
    const reason = `not stored: ${failures} other ${failures === 1 ? 'entry' : 'entries'} failed, and rules of the EU are taken all or none`
    Object.assign(entry, { status: 'skipped', reason })
  }
  return []
}

/**
 * Warns of value sets that rules look into, and that neither the server nor the import has: until they are here, these rules fail.
 * @param has whether the server has the value set of an id of the EU's
 */
export async function warnOfValueSets(candidates: Candidate[], has: (id: string) => Promise<boolean>): Promise<void> {
  const beside = new Set(
    candidates.flatMap(({ resource }) =>
      resource.resourceType === 'ValueSet'
        ? [...(resource.identifier ?? []).map(({ value }) => value), resource.id]
        : [],
    ),
  )
  const known = new Map<string, boolean>()
  for (const { resource, entry } of candidates) {
    if (!isRule(entry) || resource.resourceType !== 'Library') continue
    for (const id of valueSetIds(pathsOf(readCertLogic(resource).logic))) {
      const isHere = known.get(id) ?? (beside.has(id) || (await has(id)))
      known.set(id, isHere)
      if (isHere) continue
      const text = `the value set ${id.slice(0, 60)} is not here: until it is, the rule fails`
      entry.issues = [
        ...(entry.issues ?? []),
        issue('not-found', { severity: 'warning', text, expression: 'Rule.Logic' }),
      ]
    }
  }
}

/**
 * Rules that are stored already with other white space or another order of members: the same rules, whose stored text stays, for
 * others know it by its hash.
 */
export async function withStoredTexts(
  candidates: Candidate[],
  storage: Pick<Storage, 'findCanonical'>,
): Promise<Candidate[]> {
  const made: Candidate[] = []
  for (const candidate of candidates) {
    const { resource, entry } = candidate
    const isLibrary = isRule(entry) && resource.resourceType === 'Library'
    const text = isLibrary ? await storedText(resource, storage) : undefined
    made.push(text === undefined ? candidate : { ...candidate, resource: { ...resource, content: text } as Library })
  }
  return made
}

async function storedText(
  library: Library,
  storage: Pick<Storage, 'findCanonical'>,
): Promise<Library['content'] | undefined> {
  const { url = '', version } = artefactCanonical(library) ?? {}
  const rule = ruleIn(library)
  const stored = (await storage.findCanonical('Library', url)).find(
    (each) => artefactCanonical(each)?.version === version,
  )
  const other = stored && ruleIn(stored)
  if (stored?.resourceType !== 'Library' || !rule || !other || canonicalJson(rule) !== canonicalJson(other))
    return undefined
  return stored.content
}

function ruleIn(resource: Resource): JsonObject | undefined {
  if (resource.resourceType !== 'Library' || !isCertLogic(resource)) return undefined
  try {
    return readCertLogic(resource).rule
  } catch (error) {
    // What cannot be read is another content, and told as such.
    if (error instanceof FhirError) return undefined
    throw error
  }
}
