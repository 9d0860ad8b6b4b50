import { keep } from '../../base/keep.ts'
import { isCopy } from '../../fhir/artefact.ts'
import { FhirError } from '../../fhir/error.ts'
import { isNotReady } from '../../fhir/not-ready.ts'
import type { CodeSystem, CodeSystemConcept, ConceptMap, Resource } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { indexCodeSystem } from '../code-system/concept-index.ts'
import { whereabouts } from '../names.ts'
import type { StoredEdition } from './aliases.ts'
import { isOf } from './typed.ts'

/** Types of artefact that the engine looks up by canonical url. */
export type ArtefactType = 'CodeSystem' | 'ValueSet' | 'ConceptMap' | 'NamingSystem'

/** Read access to stored artefacts; given by the server over its storage. */
export interface ArtefactSource {
  /** All business versions of a url, newest first. Rejects with 503 when there is none and one may still come. */
  find(type: ArtefactType, url: string): Promise<Resource[]>
  /** Every current artefact of a type; may be big. */
  list(type: 'ConceptMap' | 'CodeSystem' | 'ValueSet'): Promise<Resource[]>
  /** Grows with every committed write. */
  revision(): number
  /**
   * The provider of a stored code system whose concepts are kept outside the resource; undefined for any other. Rejects when
   * they cannot be read: an answer without them would be wrong.
   */
  largeCodeSystem?(resource: CodeSystem): Promise<CodeSystemProvider | undefined>
}

/** A stored code system as directories need it. */
export interface SystemEntry {
  url: string
  version?: string
  valueSet?: string
}

/** Every version of a url that is stored. */
export interface Stored {
  resources: Resource[]
  /** Why what is not here cannot be called unknown yet: it may still come. */
  awaited?: FhirError
}

/** What the source held when it was last asked, kept until its revision grows. */
export interface Artefacts {
  /** Versions of a url if they are in memory. */
  peek(type: ArtefactType, url: string): Stored | undefined
  load(type: ArtefactType, url: string): Promise<Stored>
  conceptMaps(): Promise<ConceptMap[]>
  /** Url, version and implicit value set of every stored code system. */
  codeSystems(): Promise<SystemEntry[]>
  /** The stored code systems that answer questions about codes; others only say that a system exists. */
  answering(): Promise<StoredEdition[]>
  /** Forgets what may be stale; answers the current revision. */
  refresh(): number
  /** Edition of SNOMED CT that counts where a request names none: the URI of an edition or version, or the identifier of its module. */
  readonly snomedEdition?: string | undefined
}

/** Most urls that are remembered, known or not. */
const URLS_KEPT = 20_000

const versionKey = (resource: Resource) =>
  `${resource.id ?? ''}/${resource.meta?.versionId ?? ''}/${resource.meta?.lastUpdated ?? ''}`

/** A cache over a source; an artefact that a new revision left unchanged keeps its object, and what was compiled of it. */
export function createArtefacts(source: ArtefactSource, settings: Pick<Artefacts, 'snomedEdition'> = {}): Artefacts {
  let revision = Number.NaN
  const kept = keep<string, Stored & { revision: number }>(URLS_KEPT)
  // Directories of the whole store, each made once a revision.
  const maps = keep<number, Promise<ConceptMap[]>>(1)
  const systems = keep<number, Promise<SystemEntry[]>>(1)
  const answering = keep<number, Promise<StoredEdition[]>>(1)
  const refresh = () => {
    revision = source.revision()
    return revision
  }
  const read = async (type: ArtefactType, url: string, asked: number): Promise<Stored> => {
    const key = `${type}|${url}`
    const { resources, awaited } = await findStored(source, type, url)
    const found = unchanged(resources, kept.get(key)?.resources ?? [])
    // Before anybody can see them: without its concepts a large system would look empty.
    if (source.largeCodeSystem) await openLarge(found.filter(isOf('CodeSystem')), source.largeCodeSystem)
    const stored = { resources: found, ...(awaited && { awaited }), revision: asked }
    if (asked === refresh()) kept.set(key, stored)
    return stored
  }
  // Who asks for what is just being read waits for it: a value set may name one big system thousands of times.
  const underWay = new Map<string, Promise<Stored>>()
  const load = (type: ArtefactType, url: string): Promise<Stored> => {
    const asked = refresh()
    const key = `${asked}|${type}|${url}`
    const found = underWay.get(key)
    if (found) return found
    const reading = read(type, url, asked).finally(() => underWay.delete(key))
    underWay.set(key, reading)
    return reading
  }
  const listed = async () => (await source.list('CodeSystem')).filter(isOf('CodeSystem'))
  return {
    ...settings,
    refresh,
    load,
    peek: (type, url) => {
      const found = kept.get(`${type}|${url}`)
      return found?.revision === revision ? found : undefined
    },
    codeSystems: () => systems.of(refresh(), () => listed().then(entriesOf)),
    answering: () => answering.of(refresh(), () => listed().then((stored) => answeringOf(stored, load))),
    conceptMaps: () =>
      maps.of(refresh(), () => source.list('ConceptMap').then((found) => found.filter(isOf('ConceptMap')))),
  }
}

async function findStored(source: ArtefactSource, type: ArtefactType, url: string): Promise<Stored> {
  try {
    const resources = await source.find(type, url)
    return { resources: resources.some(isCopy) ? await withoutUsurpers(resources, { source, type, url }) : resources }
  } catch (error) {
    if (!(error instanceof FhirError) || !isNotReady(error)) throw error
    return { resources: [], awaited: error }
  }
}

/**
 * Without copies of what other participants publish where the thing is computed, or is our own under another of its names: nobody
 * takes a name from us by the one that we do not use.
 */
async function withoutUsurpers(
  resources: Resource[],
  { source, type, url }: { source: ArtefactSource; type: ArtefactType; url: string },
): Promise<Resource[]> {
  const { urls, isBuiltIn } = whereabouts(type, url)
  const others = isBuiltIn
    ? []
    : await Promise.all(urls.filter((each) => each !== url).map((each) => source.find(type, each)))
  const isTaken = isBuiltIn || others.flat().some((each) => !isCopy(each))
  return isTaken ? resources.filter((each) => !isCopy(each)) : resources
}

/** The objects known from before where nothing changed, so that what was compiled of them stays. */
function unchanged(found: Resource[], before: Resource[]): Resource[] {
  return found.map((each) => {
    if (!each.meta?.versionId && !each.meta?.lastUpdated) return each
    return before.find((old) => versionKey(old) === versionKey(each)) ?? each
  })
}

/** The same version of a resource where it is in use; the resource itself where it is not, or nothing of its url can be used now. */
export async function knownVersion(resource: Resource, artefacts: Artefacts): Promise<Resource> {
  const isKept = isOf('CodeSystem')(resource) || isOf('ValueSet')(resource) || isOf('ConceptMap')(resource)
  if (!isKept || !resource.url || !resource.meta?.versionId) return resource
  const { resourceType: type, url } = resource
  artefacts.refresh()
  try {
    const { resources } = artefacts.peek(type, url) ?? (await artefacts.load(type, url))
    return resources.find((each) => versionKey(each) === versionKey(resource)) ?? resource
  } catch (error) {
    // That another version of its url must not be used says nothing of this one, which is judged for itself.
    if (error instanceof FhirError) return resource
    throw error
  }
}

/** What has its concepts elsewhere is asked by its url, which opens it; what cannot be opened does not answer. */
async function answeringOf(stored: CodeSystem[], load: Artefacts['load']): Promise<StoredEdition[]> {
  const isApart = ({ concept, count }: CodeSystem) => !concept && Boolean(count)
  const apart = new Set(stored.filter(isApart).flatMap(({ url }) => url ?? []))
  const opened = await Promise.allSettled([...apart].map((url) => load('CodeSystem', url)))
  const found = opened.flatMap((each) => (each.status === 'fulfilled' ? each.value.resources : []))
  return [...stored.filter((each) => !isApart(each)), ...found.filter(isOf('CodeSystem'))].flatMap(editionsOf)
}

function entriesOf(systems: CodeSystem[]): SystemEntry[] {
  return systems.flatMap(({ url, version, valueSet, content }) =>
    url && content !== 'supplement' ? { url, ...(version && { version }), ...(valueSet && { valueSet }) } : [],
  )
}

function editionsOf(system: CodeSystem): StoredEdition[] {
  const { url, version, content, concept, count } = system
  if (!url || !hasContent(system)) return []
  const head = providers.get(system)?.head
  const concepts = concept ? conceptCount(concept) : (count ?? 0)
  return [{ url, version, content: head?.content ?? content, concepts, ...(head && { head }) }]
}

const conceptCount = (concepts: CodeSystemConcept[]): number =>
  concepts.reduce((sum, each) => sum + 1 + conceptCount(each.concept ?? []), 0)

const providers = new WeakMap<CodeSystem, CodeSystemProvider>()

async function openLarge(systems: CodeSystem[], open: NonNullable<ArtefactSource['largeCodeSystem']>): Promise<void> {
  for (const each of systems) {
    const provider = providers.has(each) ? undefined : await open(each)
    if (provider) providers.set(each, provider)
  }
}

/**
 * A summary, or the resource of a large system apart from its index, says how many concepts it has and has none: no content. What was
 * opened is whatever its provider says.
 */
export const hasContent = (each: CodeSystem): boolean => {
  const content = providers.get(each)?.head.content ?? each.content
  return (
    (content === 'complete' || content === 'fragment') &&
    (each.concept !== undefined || !each.count || providers.has(each))
  )
}

/** The compiled form of a CodeSystem resource, made once per object. */
export function providerOf(resource: CodeSystem): CodeSystemProvider {
  const known = providers.get(resource)
  if (known) return known
  const made = indexCodeSystem(resource)
  providers.set(resource, made)
  return made
}
