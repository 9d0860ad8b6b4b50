/** FHIR packages, folders and files into the storage, offline. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Json, JsonObject } from '../base/json-value.ts'
import { formatCanonical, parseCanonical } from '../fhir/canonical.ts'
import { FhirError, isError, issue, unprocessable } from '../fhir/error.ts'
import { parseJson } from '../fhir/read-json.ts'
import type { Issue, Resource } from '../fhir/types.ts'
import type { Storage, Write } from '../storage/storage.ts'
import { type Candidate, type Gate, judge } from './admission.ts'
import { type DefectContext, findDefects } from './defects.ts'
import { isArchive, type PackageSource, readSource, type SourceFiles } from './files.ts'
import { type EntryOptions, readEntry } from './read-entry.ts'
import type { ImportEntry, ImportReport } from './report.ts'
import type { ArchiveFile, ArchiveLimits } from './tar.ts'

export type { PackageSource } from './files.ts'

/** What an import needs, and what is wanted of it. */
export interface ImportOptions extends EntryOptions {
  storage: Pick<Storage, 'read' | 'write' | 'findCanonical' | 'derived'>
  /** Further checks of a resource; one with errors is not stored. */
  validate?: (resource: Resource) => Issue[]
  /** What every artefact must pass; without it everything is stored as it comes. */
  gate?: Gate
  /** Keeps a resource apart from the store: answers what to store instead, undefined to store the resource itself. */
  keepApart?: (resource: Resource, file: ArchiveFile) => Promise<{ resource: Resource; issues: Issue[] } | undefined>
  /** Called for every file read and once when all is stored. */
  onProgress?: (done: number, total: number, name: string) => void | Promise<void>
  /** Where the server finds what a canonical names, beside its own url. */
  whereabouts?: DefectContext['whereabouts']
  /** Names of packages whose content the server brings along (`hl7.terminology.r4`). */
  knownPackages?: string[]
  limits?: ArchiveLimits
}

/** Files read between two pauses in which other requests are served. */
const filesPerTurn = 25

/** To be raised when the same files would be imported in another way: stamps of folders then count no more. */
const importerVersion = 1

interface Manifest {
  name?: string
  version?: string
  fhirVersion?: string
  canonical?: string
  dependencies: [name: string, version: string][]
}

/**
 * Imports one package (`.tgz`), folder or file in one transaction: what cannot be read is reported and the rest is
 * stored. Doing it again changes nothing.
 * @throws FhirError 404 when there is no such file, 413 when it is too big, 422 when the archive is damaged; then
 * nothing is stored.
 */
export async function loadPackage(source: PackageSource, options: ImportOptions): Promise<ImportReport> {
  return loadFiles(await readSource(source, options.limits), options)
}

/**
 * Imports a folder at start: packages inside (`.tgz`) each for itself, all other files together. A folder whose
 * content is that of the last import is not read again.
 * @throws FhirError as {@link loadPackage}.
 */
export async function loadFolder(path: string, options: ImportOptions): Promise<ImportReport[]> {
  const source = await readSource({ path }, options.limits)
  const stamp = stampOf(source.files, options)
  const key = resolve(path)
  if ((await options.storage.derived.get('folder', key)) === stamp) {
    return [{ name: source.name, entries: [], issues: [], skippedAsUnchanged: true }]
  }
  const reports: ImportReport[] = []
  for (const file of source.files.filter((each) => isArchive(each.name))) {
    reports.push(await loadPackage({ bytes: file.bytes, name: file.name }, options))
  }
  const files = source.files.filter((each) => !isArchive(each.name))
  if (files.length > 0 || reports.length === 0) reports.push(await loadFiles({ ...source, files }, options))
  // What failed is told at every start until it is mended.
  const isWhole = reports.every(({ entries }) => entries.every(({ status }) => status !== 'failed'))
  if (isWhole) await options.storage.derived.set('folder', key, stamp)
  return reports
}

function stampOf(files: ArchiveFile[], options: ImportOptions): string {
  const readers = [options.examples === true, options.parseXml !== undefined, options.parseMap !== undefined]
  const hash = createHash('sha256').update(JSON.stringify([importerVersion, readers]))
  for (const { name, bytes } of files) hash.update(`${name}\n${bytes.length}\n`).update(bytes)
  return hash.digest('hex')
}

async function loadFiles(source: SourceFiles, options: ImportOptions): Promise<ImportReport> {
  const read = readManifest(source)
  const manifest = read.manifest
  const report: ImportReport = { name: manifest?.name ?? source.name, entries: [], issues: [] }
  if (read.fault) report.issues.push(read.fault)
  if (manifest?.version) report.version = manifest.version
  if (manifest?.fhirVersion) report.fhirVersion = manifest.fhirVersion
  if (source.kind === 'archive' && source.files.length === 0) throw unprocessable('The package is empty.', 'structure')
  const readable = await readCandidates(source, manifest, report, options)
  const identified = await assignIds(readable, options.storage)
  const candidates = options.gate ? await judge(identified, options.gate) : identified
  const resources = candidates.map((each) => each.resource)
  report.issues.push(...(await missingPackages(manifest, options)))
  report.issues.push(
    ...(await findDefects(resources, {
      canonical: manifest?.canonical,
      storage: options.storage,
      ...(options.whereabouts && { whereabouts: options.whereabouts }),
    })),
  )
  await store(candidates, options)
  if (manifest?.name) {
    await options.storage.derived.set('package', manifest.name, manifest.version ?? '')
  }
  await options.onProgress?.(source.files.length, source.files.length, report.name)
  return report
}

/** The manifest where there is one; one that cannot be read is an issue, and the files around it count all the same. */
function readManifest(source: SourceFiles): { manifest?: Manifest; fault?: Issue } {
  const file = source.files.find((each) => each.name === 'package/package.json' || each.name === 'package.json')
  if (!file) return {}
  const unreadable = (why: string) => ({
    manifest: { dependencies: [] },
    fault: issue('structure', { severity: 'warning', text: `${file.name} cannot be read: ${why}` }),
  })
  let content: Json
  try {
    content = parseJson(file.bytes)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return unreadable(error.message)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return unreadable('it is no JSON object')
  return { manifest: manifestOf(content) }
}

function manifestOf(content: JsonObject): Manifest {
  const word = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)
  const dependencies = content.dependencies
  const made: Manifest = { dependencies: [] }
  if (typeof dependencies === 'object' && dependencies !== null && !Array.isArray(dependencies)) {
    made.dependencies = Object.entries(dependencies).map(([name, version]) => [name, word(version) ?? ''])
  }
  // FHIR packages of before 2020 write it with a dash
  const versions = content.fhirVersions ?? content['fhir-version-list']
  const fhirVersion = Array.isArray(versions) ? word(versions[0]) : undefined
  const parts = {
    name: word(content.name),
    version: word(content.version),
    canonical: word(content.canonical),
    fhirVersion,
  }
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) Object.assign(made, { [name]: value })
  return made
}

async function readCandidates(
  source: SourceFiles,
  manifest: Manifest | undefined,
  report: ImportReport,
  options: ImportOptions,
): Promise<Candidate[]> {
  const made: Candidate[] = []
  const newer = new Map<string, number>()
  const isR5 = /^[56]/.test(manifest?.fhirVersion ?? '')
  for (const [done, file] of source.files.entries()) {
    if (done % filesPerTurn === 0) await nextTurn()
    await options.onProgress?.(done, source.files.length, file.name)
    const content = readEntry(file, manifest !== undefined, isR5, options)
    const entry: ImportEntry = { file: file.name, status: 'failed' }
    report.entries.push(entry)
    if ('skipped' in content) {
      Object.assign(entry, { status: 'skipped', reason: content.skipped, ...(content.type && { type: content.type }) })
      if (content.isNewer && content.type) newer.set(content.type, (newer.get(content.type) ?? 0) + 1)
    } else if ('failed' in content) entry.reason = content.failed
    else {
      report.issues.push(...content.issues)
      const resource = checked(content.resource, entry, options)
      const apart = resource && (await options.keepApart?.(resource, file))
      if (apart) report.issues.push(...apart.issues)
      if (resource) made.push({ entry, resource: apart?.resource ?? resource })
    }
  }
  for (const [type, number] of newer) {
    const text = `${number} ${type} of FHIR R5 skipped: this server is R4 and needs none of them.`
    report.issues.push(issue('informational', { severity: 'information', text }))
  }
  return made
}

/** The resource with an id that can be stored; undefined, with the reason in the entry, when it must not be. */
function checked(resource: Resource, entry: ImportEntry, options: ImportOptions): Resource | undefined {
  entry.type = resource.resourceType
  const identity = identityOf(resource)
  if (identity) entry.canonical = identity
  const faults = (options.validate?.(resource) ?? []).filter(isError)
  if (faults.length > 0) {
    const [first] = faults
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
    entry.reason = `${first?.details?.text ?? first?.diagnostics ?? first?.code}${more}`
      .replace(/\s+/g, ' ')
      .slice(0, 400)
    return undefined
  }
  if (typeof resource.id === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(resource.id)) return resource
  if (!identity) {
    entry.reason =
      resource.id === undefined ? 'no id and no url' : `"${String(resource.id).slice(0, 70)}" is not a FHIR id`
    return undefined
  }
  const tail = parseCanonical(identity).url.split(/[/:]/).pop() ?? ''
  return { ...resource, id: derivedId(tail, identity) }
}

/** `url|version` of a canonical resource; undefined for others. */
function identityOf(resource: Resource): string | undefined {
  if (!('url' in resource) || typeof resource.url !== 'string') return undefined
  const { url, version } = parseCanonical(resource.url)
  const business = 'version' in resource && typeof resource.version === 'string' ? resource.version : version
  return formatCanonical(url, business)
}

/** The same id for the same canonical every time: what was before, cut, and a hash of `url|version`. */
function derivedId(base: string, identity: string): string {
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12)
  return `${base.replace(/[^A-Za-z0-9\-.]/g, '-').slice(0, 51)}-${hash}`
}

/**
 * Keeps ids as published; where another canonical has the id already, in the store or in the package, one is derived.
 * A second resource of the same canonical and id is a duplicate and skipped.
 */
async function assignIds(candidates: Candidate[], storage: ImportOptions['storage']): Promise<Candidate[]> {
  const taken = new Map<string, string | undefined>()
  const made: Candidate[] = []
  for (const { entry, resource } of candidates) {
    const type = resource.resourceType
    const identity = identityOf(resource)
    let id = String(resource.id)
    const isFree = async (name: string): Promise<boolean> => {
      if (taken.has(name)) return false
      const stored = (await storage.read(type, id))?.resource
      return stored === undefined || identityOf(stored) === identity
    }
    if (identity && !(await isFree(`${type}/${id}`)) && taken.get(`${type}/${id}`) !== identity) {
      entry.reason = `the id ${id} belongs to another artefact`
      id = derivedId(id, identity)
    }
    if (taken.has(`${type}/${id}`)) {
      Object.assign(entry, { status: 'skipped', reason: `duplicate of ${type}/${id} in the same package` })
      continue
    }
    taken.set(`${type}/${id}`, identity)
    entry.id = id
    made.push({ entry, resource: id === resource.id ? resource : ({ ...resource, id } as Resource) })
  }
  return made
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

async function store(candidates: Candidate[], { storage, gate }: ImportOptions): Promise<void> {
  const writes = candidates.map(({ resource }): Write => {
    const write: Write = { method: 'PUT', type: resource.resourceType, id: String(resource.id), resource }
    return gate?.write(write) ?? write
  })
  const written = await storage.write(writes)
  for (const [i, { outcome }] of written.entries()) {
    const entry = candidates[i]?.entry
    if (entry) entry.status = outcome === 'created' ? 'loaded' : outcome === 'updated' ? 'updated' : 'unchanged'
  }
}
