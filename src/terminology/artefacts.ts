import type { CodeSystem, Resource } from '../fhir/types.ts'
import type { CodeSystemProvider } from './code-system.ts'
import { indexCodeSystem } from './concept-index.ts'

/** Types of artefact that the engine looks up by canonical url. */
export type ArtefactType = 'CodeSystem' | 'ValueSet' | 'ConceptMap' | 'NamingSystem'

/** Read access to stored artefacts; given by the server over its storage. */
export interface ArtefactSource {
  /** All business versions of a url, newest first. */
  find(type: ArtefactType, url: string): Promise<Resource[]>
  /** Every current artefact of a type; may be big. */
  list(type: 'ConceptMap' | 'CodeSystem' | 'ValueSet'): Promise<Resource[]>
  /** Grows with every committed write. */
  revision(): number
}

/** What the source held when it was last asked, kept until its revision grows. */
export interface Artefacts {
  /** Versions of a url if they are in memory. */
  peek(type: ArtefactType, url: string): Resource[] | undefined
  load(type: ArtefactType, url: string): Promise<Resource[]>
  list(type: 'ConceptMap' | 'CodeSystem' | 'ValueSet'): Promise<Resource[]>
  /** The code system whose `valueSet` is that url; `unknown` until {@link loadOwners} has run. */
  ownerOf(valueSet: string): CodeSystem | undefined | 'unknown'
  loadOwners(): Promise<void>
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
  let lists = new Map<string, Promise<Resource[]>>()
  let owners: Map<string, CodeSystem> | undefined
  const keep = (key: string, found: Resource[]) => {
    const before = stale.get(key) ?? []
    const kept = found.map((each) => {
      if (!each.meta?.versionId && !each.meta?.lastUpdated) return each
      return before.find((old) => versionKey(old) === versionKey(each)) ?? each
    })
    fresh.set(key, kept)
    return kept
  }
  const refresh = () => {
    const current = source.revision()
    if (current !== revision) {
      revision = current
      stale = new Map([...stale, ...fresh])
      fresh = new Map()
      lists = new Map()
      owners = undefined
    }
    return current
  }
  const list: Artefacts['list'] = (type) => {
    refresh()
    const listed = lists.get(type) ?? source.list(type)
    lists.set(type, listed)
    return listed
  }
  return {
    refresh,
    list,
    ownerOf: (valueSet) => (owners ? owners.get(valueSet) : 'unknown'),
    loadOwners: async () => {
      const made = new Map<string, CodeSystem>()
      for (const each of (await list('CodeSystem')) as CodeSystem[]) if (each.valueSet) made.set(each.valueSet, each)
      owners = made
    },
    peek: (type, url) => fresh.get(`${type}|${url}`),
    load: async (type, url) => {
      const asked = refresh()
      const key = `${type}|${url}`
      const found = await source.find(type, url)
      return asked === refresh() ? keep(key, found) : found
    },
  }
}

const providers = new WeakMap<CodeSystem, CodeSystemProvider>()

/** The compiled form of a CodeSystem resource, made once per object. */
export function providerOf(resource: CodeSystem): CodeSystemProvider {
  const known = providers.get(resource)
  if (known) return known
  const made = indexCodeSystem(resource)
  providers.set(resource, made)
  return made
}
