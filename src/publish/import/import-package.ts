/** FHIR packages, folders and files into the store, offline, through the checks that every write passes. */
import { resolve } from 'node:path'
import { parseCanonical } from '../../fhir/canonical.ts'
import { structureFaults } from '../../fhir/check/resource.ts'
import { isResourceId } from '../../fhir/elements.ts'
import { isError, issue } from '../../fhir/error.ts'
import { searchableTypes } from '../../fhir/search/parse-search.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import type { PackageSource } from '../../packages/files.ts'
import type { Manifest } from '../../packages/manifest.ts'
import { type OpenPackage, openFolder, openPackage, packageEntries } from '../../packages/read-package.ts'
import type { ArchiveFile, ArchiveLimits } from '../../packages/tar.ts'
import type { Storage } from '../../storage/storage.ts'
import { parseMap, readR5 } from '../../structure-map/maps.ts'
import { assignIds, derivedId, identityOf } from './assign-ids.ts'
import type { Candidate, Gate } from './candidate.ts'
import { findDefects } from './defects.ts'
import { allOrNone, warnOfValueSets, withStoredTexts } from './eu-rules/all-or-none.ts'
import type { EuRuleSurroundings } from './eu-rules/open-signed.ts'
import { createEuRuleReader } from './eu-rules/read-rules.ts'
import { keepApart } from './import-code-system.ts'
import { type Alone, type Held, notAlone, takenOver } from './in-turn.ts'
import { judge } from './judge.ts'
import { createPauses } from './pauses.ts'
import { libraryTexts, readCqlLibrary, textName } from './read-cql.ts'
import { readEuValueSetFile } from './read-eu-value-set.ts'
import type { ImportEntry, ImportReport } from './report.ts'
import { foretell, storeCandidates } from './store-candidates.ts'

/** What an import needs, and what is wanted of it. */
export interface ImportOptions {
  storage: Pick<Storage, 'read' | 'write' | 'findCanonical' | 'derived'>
  /** What every artefact must pass. */
  gate: Gate
  /** Also the examples of packages. */
  examples?: boolean
  /**
   * Canonical base of what is made of `.cql` files and of value sets in the form of the EU, where the package has none; without it those are
   * skipped.
   */
  canonical?: string
  /** What is known of rules of the EU; without it signed ones are refused. */
  euRules?: EuRuleSurroundings
  /** Judges everything and stores nothing; code systems stay in their resources. */
  dryRun?: boolean
  /** Folder for code systems that are too large for a resource; without it they stay in theirs. */
  indexes?: string
  /** Called for every file read and once when all is stored. */
  onProgress?: (done: number, total: number, name: string) => void
  /** Names of packages whose content the server brings along (`hl7.terminology.r4`). */
  knownPackages?: string[]
  limits?: ArchiveLimits
  /** AuditEvent of what is written, by type; it stands in the same transaction. Without it there is none. */
  audited?(source: string, counts: ReadonlyMap<string, number>): Resource
  /** Does work that only one of the processes over a store does at a time; by default several may. */
  alone?: Alone
}

/**
 * Imports one package (`.tgz`), folder or file in one transaction: what cannot be read is reported and the rest is
 * stored. Doing it again changes nothing.
 * @throws FhirError 404 when there is no such file, 413 when it is too big, 422 when the archive is damaged; then
 * nothing is stored.
 */
export async function importPackage(source: PackageSource, options: ImportOptions): Promise<ImportReport> {
  const opened = await openPackage(source, options.limits)
  return (options.alone ?? notAlone)((isHeld) => importOpen(opened, { ...options, isHeld }))
}

/**
 * Imports a folder at start: packages inside (`.tgz`) each for itself, all other files together. A folder whose
 * content is that of the last import is not read again.
 * @throws FhirError as {@link importPackage}.
 */
export async function importFolder(path: string, options: ImportOptions): Promise<ImportReport[]> {
  const { name, archives, rest, stamp } = await openFolder(path, options.limits)
  const wanted = `${stamp} ${options.examples === true} ${options.canonical ?? ''}`
  const key = resolve(path)
  const unchanged = async (): Promise<ImportReport[] | undefined> =>
    (await options.storage.derived.get('folder', key)) === wanted
      ? [{ name, entries: [], issues: [], skippedAsUnchanged: true }]
      : undefined
  const known = await unchanged()
  if (known) return known
  return (options.alone ?? notAlone)(async (isHeld) => {
    // Another process may have imported it meanwhile.
    const done = await unchanged()
    if (done) return done
    const inTurn = { ...options, isHeld }
    const reports: ImportReport[] = []
    for (const { bytes, name: file } of archives)
      reports.push(await importOpen(await openPackage({ bytes, name: file }, options.limits), inTurn))
    if (rest) reports.push(await importOpen(rest, inTurn))
    // What failed is told at every start until it is mended.
    const isWhole = reports.every(({ entries }) => entries.every(({ status }) => status !== 'failed'))
    if (isWhole) await options.storage.derived.set('folder', key, wanted)
    return reports
  })
}

type InTurn = ImportOptions & Held

async function importOpen(opened: OpenPackage, options: InTurn): Promise<ImportReport> {
  const { manifest, fault, name, files } = opened
  const report: ImportReport = {
    name,
    ...(manifest?.version !== undefined && { version: manifest.version }),
    ...(manifest?.fhirVersion !== undefined && { fhirVersion: manifest.fhirVersion }),
    entries: [],
    issues: fault ? [fault] : [],
  }
  const readable = await readCandidates(opened, report, options)
  const named = await withStoredTexts(await assignIds(readable, options.storage), options.storage)
  const candidates = allOrNone(await judge(named, options.gate), report)
  if (options.euRules) await warnOfValueSets(candidates, options.euRules.hasValueSet)
  const resources = candidates.map((each) => each.resource)
  report.issues.push(...(await missingPackages(manifest, options)))
  report.issues.push(...(await findDefects(resources, { canonical: manifest?.canonical, storage: options.storage })))
  if (options.dryRun) {
    await foretell(candidates, options)
    return { ...report, isDryRun: true }
  }
  if (!(await options.isHeld())) throw takenOver
  await storeCandidates(candidates, { ...options, source: [name, manifest?.version ?? ''].join(' ').trim() })
  if (manifest?.name) await options.storage.derived.set('package', manifest.name, manifest.version ?? '')
  options.onProgress?.(files.length, files.length, name)
  return report
}

async function readCandidates(opened: OpenPackage, report: ImportReport, options: ImportOptions): Promise<Candidate[]> {
  const made: Candidate[] = []
  const pause = createPauses()
  const newer = new Map<string, number>()
  const { onProgress, examples = false } = options
  const canonical = opened.manifest?.canonical ?? options.canonical
  const readers = {
    examples,
    readMap: readMapText,
    ...(canonical !== undefined && {
      readCql: (text: string) => readCqlLibrary(text, canonical),
      readEuValueSet: (bytes: Uint8Array) => readEuValueSetFile(bytes, canonical),
      euRules: true,
    }),
  }
  const rules = createEuRuleReader({ canonical: canonical ?? '', trust: options.euRules })
  for await (const { file, content } of packageEntries(opened, readers)) {
    onProgress?.(report.entries.length, opened.files.length, file.name)
    await pause()
    if ('euRules' in content) {
      for await (const each of rules.read(file, content.euRules))
        await takeRule(each, { made, report, options, file, pause })
      continue
    }
    const entry: ImportEntry = { file: file.name, status: 'failed' }
    report.entries.push(entry)
    if ('skipped' in content) {
      const { skipped: reason, type, isNewer } = content
      Object.assign(entry, { status: 'skipped', reason, ...(type && { type }) })
      if (isNewer && type) newer.set(type, (newer.get(type) ?? 0) + 1)
    } else if ('failed' in content) entry.reason = content.failed
    else {
      report.issues.push(...content.issues)
      const resource = await readyToStore(content.resource, { entry, file, report, options })
      if (resource) made.push({ entry, resource })
    }
  }
  rules.finish()
  for (const [type, number] of newer) {
    const text = `${number} ${type} of FHIR R5 skipped: this server is R4 and needs none of them.`
    report.issues.push(issue('informational', { severity: 'information', text }))
  }
  return withoutTexts(made)
}

function readMapText(text: string): { resource: Resource; issues: Issue[] } {
  const { map, warnings } = parseMap(text)
  return { resource: map, issues: warnings }
}

/** A library whose text lies beside it, as authors keep them, comes once: as the Library. */
function withoutTexts(candidates: Candidate[]): Candidate[] {
  const isText = ({ entry }: Candidate) => /\.cql$/i.test(entry.file)
  const published = libraryTexts(candidates.filter((each) => !isText(each)).map(({ resource }) => resource))
  return candidates.filter((each) => {
    const { url = '', version = '' } = each.resource.resourceType === 'Library' ? each.resource : {}
    if (!isText(each) || !published.has(textName(url, version))) return true
    Object.assign(each.entry, { status: 'skipped', reason: 'the text of a Library of the same package' })
    return false
  })
}

interface Taking extends Omit<Reading, 'entry'> {
  made: Candidate[]
  pause(): Promise<void>
}

/** One artefact that came of a rule of the EU, or what is wrong with one. */
async function takeRule(each: Candidate | { entry: ImportEntry }, { made, pause, ...reading }: Taking): Promise<void> {
  await pause()
  const { entry } = each
  reading.report.entries.push(entry)
  const resource = 'resource' in each ? await readyToStore(each.resource, { ...reading, entry }) : undefined
  if (resource) made.push({ ...each, entry, resource })
}

interface Reading {
  entry: ImportEntry
  file: ArchiveFile
  report: ImportReport
  options: ImportOptions
}

/** The resource with an id that can be stored; undefined, with the reason in the entry, when it must not be. */
async function readyToStore(given: Resource, { entry, file, report, options }: Reading): Promise<Resource | undefined> {
  const resource = given.resourceType === 'StructureMap' && Array.isArray(given.group) ? readR5(given) : given
  entry.type = resource.resourceType
  const foreign = foreignType(resource.resourceType)
  if (foreign !== undefined) {
    Object.assign(entry, { status: 'skipped', reason: foreign })
    return undefined
  }
  const identity = identityOf(resource)
  if (identity) entry.canonical = identity
  const named = withId(resource, identity, entry)
  if (!named) return undefined
  const faults = structureFaults(named).filter(isError)
  if (faults.length > 0) {
    Object.assign(entry, { issues: faults, reason: reasonOf(faults) })
    return undefined
  }
  if (options.indexes === undefined || options.dryRun) return named
  const apart = await keepApart(named, file, options.indexes)
  if (!apart) return named
  report.issues.push(...apart.issues)
  if (!apart.isComplete) report.isIncomplete = true
  return apart.resource
}

/** Why resources of a type come in by no import: no request could read or delete them, or they tell what happened on this server. */
function foreignType(type: string): string | undefined {
  if (!searchableTypes.includes(type)) return `this server does not hold resources of the type ${type}`
  return type === 'AuditEvent' ? 'what was done is recorded when it is done, and not imported' : undefined
}

function reasonOf(faults: Issue[]): string {
  const [first] = faults
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
  return `${first?.details?.text ?? first?.diagnostics ?? first?.code}${more}`.replace(/\s+/g, ' ').slice(0, 400)
}

function withId(resource: Resource, identity: string | undefined, entry: ImportEntry): Resource | undefined {
  if (typeof resource.id === 'string' && isResourceId(resource.id)) return resource
  if (!identity) {
    entry.reason =
      resource.id === undefined ? 'no id and no url' : `"${String(resource.id).slice(0, 70)}" is not a FHIR id`
    return undefined
  }
  const tail = parseCanonical(identity).url.split(/[/:]/).pop() ?? ''
  return { ...resource, id: derivedId(tail, identity) }
}

async function missingPackages(manifest: Manifest | undefined, options: ImportOptions): Promise<Issue[]> {
  const issues: Issue[] = []
  for (const [name, version] of manifest?.dependencies ?? []) {
    if (/^hl7\.fhir\.r\d[a-z]?\.core$/.test(name) || options.knownPackages?.includes(name)) continue
    const present = await options.storage.derived.get('package', name)
    if (present === version) continue
    const here = present === undefined ? 'is not here' : `is here as ${present}`
    const text = `Depends on the package ${name} ${version}, which ${here}; what needs it may not resolve.`
    issues.push(issue('not-found', { severity: 'warning', text }))
  }
  return issues
}
