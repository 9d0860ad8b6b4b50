/** A product catalogue into the store: all of it, or nothing. */
import { basename } from 'node:path'
import { artefactName } from '../../../fhir/artefact.ts'
import { FhirError, issue } from '../../../fhir/error.ts'
import type { Issue, Resource } from '../../../fhir/types.ts'
import { collectFindings } from '../../../packages/product-catalogue/faults.ts'
import { type Product, productKinds, type ReadCatalogue } from '../../../packages/product-catalogue/product.ts'
import { readCatalogueFile } from '../../../packages/product-catalogue/read-catalogue.ts'
import type { Storage } from '../../../storage/storage.ts'
import { assignIds } from '../assign-ids.ts'
import type { Candidate, Gate } from '../candidate.ts'
import { type Alone, type Held, notAlone, takenOver } from '../in-turn.ts'
import { judge } from '../judge.ts'
import type { ImportEntry, ImportReport } from '../report.ts'
import { foretell, storeCandidates } from '../store-candidates.ts'
import { artefactsOf, organizationsOf, type ShelfContent, typesOf } from './artefacts.ts'
import { mergeShelf } from './concepts.ts'
import { importedVersion, type Shelf, shelves } from './shelves.ts'
import { storedShelf } from './stored-shelf.ts'

/** What an import of a catalogue needs. */
export interface CatalogueOptions {
  storage: Pick<Storage, 'read' | 'write' | 'findCanonical'>
  /** What every artefact must pass. */
  gate: Gate
  /** The day of a catalogue that tells none. */
  now: Date
  /** Judges everything and stores nothing. */
  dryRun?: boolean
  /** AuditEvent of what is written, by type, in the same transaction. Without it there is none. */
  audited?(source: string, counts: ReadonlyMap<string, number>): Resource
  /** Does work that only one of the processes over a store does at a time; by default several may. */
  alone?: Alone
}

/**
 * Imports a catalogue: WHO's prequalification database (JSON, CSV), or a list of test devices of the EU. Doing it again changes nothing;
 * other content gets a higher version. A product that the file lists no more stays, and is inactive.
 * @throws FhirError 413 and 422 with the places of what is wrong with the file, 422 with what is wrong with an artefact; then nothing is
 * stored
 */
export async function importCatalogue(path: string, options: CatalogueOptions): Promise<ImportReport> {
  const read = await readCatalogueFile(path)
  return (options.alone ?? notAlone)((isHeld) => importRead(basename(path), read, { ...options, isHeld }))
}

/** The next version is that of what is stored: nobody else may store one meanwhile. */
async function importRead(name: string, read: ReadCatalogue, options: CatalogueOptions & Held): Promise<ImportReport> {
  const issues = [...read.remarks]
  const resources: Resource[] = []
  for (const kind of productKinds) {
    const products = read.products.filter((each) => each.kind === kind)
    if (products.length === 0) continue
    const made = await shelfOf(products, { read, shelf: shelves[kind], options })
    resources.push(...made.resources)
    issues.push(...made.issues)
  }
  const candidates = resources.map((resource): Candidate => {
    const entry: ImportEntry = {
      file: `${name}: ${resource.id}`,
      type: resource.resourceType,
      canonical: artefactName(resource),
      status: 'failed',
    }
    return { entry, resource }
  })
  const entries = candidates.map((each) => each.entry)
  const judged = await judge(await assignIds(candidates, options.storage), options.gate)
  refuseUnlessWhole(entries)
  if (options.dryRun) {
    await foretell(judged, options)
    return { name, entries, issues, isDryRun: true }
  }
  if (!(await options.isHeld())) throw takenOver
  await storeCandidates(judged, { ...options, source: name })
  return { name, entries, issues }
}

interface ShelfCall {
  read: ReadCatalogue
  shelf: Shelf
  options: CatalogueOptions
}

/** The artefacts of a shelf in the version that they are stored in, or, where they differ from that, in the next. */
async function shelfOf(
  products: Product[],
  { read, shelf, options }: ShelfCall,
): Promise<{ resources: Resource[]; issues: Issue[] }> {
  const stored = await storedShelf(options.storage, shelf)
  const findings = collectFindings()
  const merged = mergeShelf(products, { stored: stored.concepts, shelf, fault: findings.fault })
  findings.refuse()
  const content: ShelfContent = {
    shelf,
    concepts: merged.concepts,
    organizations: organizationsOf(products, stored.organizations),
    types: typesOf(merged.concepts, stored.types),
    kept: stored.kept,
    euProducts: stored.euProducts,
    others: stored.others,
  }
  const resources = await inVersion(content, {
    stored: stored.version,
    day: dayOf(products, read, options),
    gate: options.gate,
  })
  return { resources, issues: tellGone(merged.gone) }
}

/** The day of the newest entry; else the one that the file tells; else today. */
function dayOf(products: Product[], { date }: ReadCatalogue, { now }: CatalogueOptions): string {
  const published = products.flatMap((each) => each.published ?? []).sort((a, b) => Date.parse(a) - Date.parse(b))
  return (published.at(-1) ?? date ?? now.toISOString()).slice(0, 10)
}

/** Most versions of one day. */
const mostOfDay = 10_000

async function inVersion(
  content: ShelfContent,
  { stored, day, gate }: { stored: string | undefined; day: string; gate: Gate },
): Promise<Resource[]> {
  const isFree = async (resources: Resource[]) => {
    for (const each of resources) if ((await gate.compare(each)).kind === 'other') return false
    return true
  }
  for (const version of versions(stored, day)) {
    const resources = artefactsOf(content, version)
    if (await isFree(resources)) return resources
  }
  throw new FhirError(422, issue('conflict', `There are ${mostOfDay} versions of ${content.shelf.system} of one day.`))
}

/** The stored version, then those that may follow it, never one that is lower. */
function* versions(stored: string | undefined, day: string): Generator<string> {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  const given = `${year}.${month}.${date}`
  if (stored === undefined) {
    for (let n = 1; n <= mostOfDay; n++) yield `${given}-${n}`
    return
  }
  yield stored
  const [, y = '', m = '', d = '', last = ''] = importedVersion.exec(stored) ?? []
  const isLater = Date.UTC(year, month - 1, date) > Date.UTC(Number(y), Number(m) - 1, Number(d))
  const [core, first] = isLater ? [given, 1] : [`${y}.${m}.${d}`, Number(last) + 1]
  for (let n = first; n < first + mostOfDay; n++) yield `${core}-${n}`
}

const mostNamed = 20

function tellGone(codes: string[]): Issue[] {
  if (codes.length === 0) return []
  const shown = codes.slice(0, mostNamed).join(', ')
  const more = codes.length > mostNamed ? ` and ${codes.length - mostNamed} more` : ''
  const text = `no longer listed, and inactive from now on: ${shown}${more}`
  return [issue('informational', { severity: 'warning', text })]
}

/** A catalogue of which a part is refused would say half of what it means. */
function refuseUnlessWhole(entries: ImportEntry[]): void {
  const bad = entries.filter(
    ({ status, isDraft, isConflict, reason }) =>
      isDraft || isConflict || (status === 'skipped' && reason !== undefined),
  )
  if (bad.length === 0) return
  throw new FhirError(
    422,
    bad
      .slice(0, mostNamed)
      .map(({ canonical, reason }) => issue('business-rule', `${canonical}: ${reason ?? ''}. Nothing was stored.`)),
  )
}
