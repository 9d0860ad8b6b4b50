import { FhirError } from '../../fhir/error.ts'
import { isNotReady } from '../../fhir/not-ready.ts'
import type { CodeSystem, CodeSystemConcept, ConceptMap, Resource } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { indexCodeSystem } from '../code-system/concept-index.ts'
import type { StoredEdition } from './aliases.ts'

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
interface SystemEntry {
  url: string
  version?: string
  valueSet?: string
}

/** What the source held when it was last asked, kept until its revision grows. */
export interface Artefacts {
  /** Versions of a url if they are in memory. */
  peek(type: ArtefactType, url: string): Resource[] | undefined
  load(type: ArtefactType, url: string): Promise<Resource[]>
  /** Why a code system that is not here cannot be called unknown yet: it may still come. A list of its codes can do without it. */
  awaited(url: string): FhirError | undefined
  conceptMaps(): Promise<ConceptMap[]>
  /** Url, version and implicit value set of every stored code system. */
  codeSystems(): Promise<SystemEntry[]>
  /** The stored code systems that answer questions about codes; others only say that a system exists. */
  answering(): Promise<StoredEdition[]>
  /** The code system whose `valueSet` is that url; `unknown` until {@link codeSystems} has been asked. */
  ownerOf(valueSet: string): SystemEntry | undefined | 'unknown'
  /** Forgets what may be stale; answers the current revision. */
  refresh(): number
}

const versionKey = (resource: Resource) =>
  `${resource.id ?? ''}/${resource.meta?.versionId ?? ''}/${resource.meta?.lastUpdated ?? ''}`

/** A cache over a source; an artefact that a new revision left unchanged keeps its object, and what was compiled of it. */
export function createArtefacts(source: ArtefactSource): Artefacts {
  let revision = -1
  let fresh = new Map<string, Resource[]>()
  let stale = new Map<string, Resource[]>()
  const coming = new Map<string, FhirError>()
  let maps: Promise<ConceptMap[]> | undefined
  let systems: SystemEntry[] | undefined
  /** The objects known from before where nothing changed, so that what was compiled of them stays. */
  const unchanged = (key: string, found: Resource[]) => {
    const before = stale.get(key) ?? []
    return found.map((each) => {
      if (!each.meta?.versionId && !each.meta?.lastUpdated) return each
      return before.find((old) => versionKey(old) === versionKey(each)) ?? each
    })
  }
  const refresh = () => {
    const current = source.revision()
    if (current !== revision) {
      revision = current
      stale = new Map([...stale, ...fresh])
      fresh = new Map()
      coming.clear()
      maps = undefined
      systems = undefined
    }
    return current
  }
  const codeSystems = async () => {
    const asked = refresh()
    if (systems) return systems
    const listed = entriesOf((await source.list('CodeSystem')) as CodeSystem[])
    if (asked === refresh()) systems = listed
    return listed
  }
  const findSystems = async (url: string) => {
    try {
      return await source.find('CodeSystem', url)
    } catch (error) {
      if (!(error instanceof FhirError) || !isNotReady(error)) throw error
      coming.set(url, error)
      return []
    }
  }
  const load = async (type: ArtefactType, url: string) => {
    const asked = refresh()
    const key = `${type}|${url}`
    const found = unchanged(key, await (type === 'CodeSystem' ? findSystems(url) : source.find(type, url)))
    // Before anybody can see them: without its concepts a large system would look empty.
    if (type === 'CodeSystem' && source.largeCodeSystem) await openLarge(found as CodeSystem[], source.largeCodeSystem)
    if (asked === refresh()) fresh.set(key, found)
    return found
  }
  return {
    refresh,
    codeSystems,
    awaited: (url) => coming.get(url),
    answering: async () => {
      refresh()
      const stored = (await source.list('CodeSystem')) as CodeSystem[]
      // What has its concepts elsewhere is asked by its url, which opens it; what cannot be opened does not answer.
      const isApart = ({ concept, count }: CodeSystem) => !concept && Boolean(count)
      const apart = new Set(stored.filter(isApart).flatMap(({ url }) => url ?? []))
      const opened = await Promise.allSettled([...apart].map((url) => load('CodeSystem', url)))
      const found = opened.flatMap((each) => (each.status === 'fulfilled' ? (each.value as CodeSystem[]) : []))
      return [...stored.filter((each) => !isApart(each)), ...found].flatMap(editionsOf)
    },
    ownerOf: (valueSet) => (systems ? systems.find((each) => each.valueSet === valueSet) : 'unknown'),
    conceptMaps: () => {
      refresh()
      maps ??= source.list('ConceptMap') as Promise<ConceptMap[]>
      return maps
    },
    peek: (type, url) => fresh.get(`${type}|${url}`),
    load,
  }
}

function entriesOf(systems: CodeSystem[]): SystemEntry[] {
  return systems.flatMap(({ url, version, valueSet, content }) =>
    url && content !== 'supplement' ? { url, ...(version && { version }), ...(valueSet && { valueSet }) } : [],
  )
}

function editionsOf(system: CodeSystem): StoredEdition[] {
  const { url, version, content, concept, count } = system
  if (!url || !hasContent(system)) return []
  return [{ url, version, content, concepts: concept ? conceptCount(concept) : (count ?? 0) }]
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

/** A summary, or the resource of a large system apart from its index, says how many concepts it has and has none: no content. */
export const hasContent = (each: CodeSystem): boolean =>
  (each.content === 'complete' || each.content === 'fragment') &&
  (each.concept !== undefined || !each.count || providers.has(each))

/** The compiled form of a CodeSystem resource, made once per object. */
export function providerOf(resource: CodeSystem): CodeSystemProvider {
  const known = providers.get(resource)
  if (known) return known
  const made = indexCodeSystem(resource)
  providers.set(resource, made)
  return made
}
