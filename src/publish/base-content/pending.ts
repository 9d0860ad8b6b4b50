/**
 * While the base content is loaded for the first time, what is not found may be among what is still to come: such an answer is
 * "not ready", never "no". The loader writes down first what it is going to load, so that only this is waited for.
 */
import { artefactCanonical } from '../../fhir/artefact.ts'
import { notReady } from '../../fhir/not-ready.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'

/** Types that the base content has. */
const baseTypes = ['CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem']

/** What is to be loaded: names by type, canonical urls and ids in one list each. */
interface Catalogue {
  urls: Record<string, string[]>
  ids: Record<string, string[]>
}

const KIND = 'base-content'
/** One for each content, so that what was to come of another version is not waited for. */
const keyOf = (stamp: string) => `catalogue ${stamp}`

/** Whether it is written down what the content of that stamp has. */
export async function hasCatalogue(derived: Pick<Storage['derived'], 'get'>, stamp: string): Promise<boolean> {
  return (await derived.get(KIND, keyOf(stamp))) !== undefined
}

/** Writes down what is going to be loaded. */
export async function writeCatalogue(
  derived: Storage['derived'],
  stamp: string,
  resources: AsyncIterable<Resource>,
): Promise<void> {
  const catalogue: Catalogue = { urls: {}, ids: {} }
  const add = (names: Record<string, string[]>, type: string, name: string | undefined) => {
    if (name === undefined) return
    names[type] = names[type] ?? []
    names[type].push(name)
  }
  for await (const resource of resources) {
    add(catalogue.ids, resource.resourceType, resource.id)
    add(catalogue.urls, resource.resourceType, artefactCanonical(resource)?.url)
    // The set of all its codes, which a code system names, can be asked for too.
    if (resource.resourceType === 'CodeSystem') add(catalogue.urls, 'ValueSet', resource.valueSet)
    if (resource.resourceType === 'NamingSystem')
      for (const { value } of resource.uniqueId ?? []) add(catalogue.urls, 'NamingSystem', value)
  }
  await derived.set(KIND, keyOf(stamp), JSON.stringify(catalogue))
}

/** Where the base content stands. */
type PendingState =
  /** Nobody loads any: what is not here is not found. */
  | { status: 'none'; detail?: string }
  | { status: 'loaded'; detail?: string }
  /** Content of that stamp, for the first time: what is not here may come. */
  | { status: 'loading'; stamp: string; detail?: string }
  /** The first loading failed, and will be tried again. */
  | { status: 'failed'; stamp: string; detail: string }

/** What is asked for: any of the urls or ids; without either anything of the type. */
interface Wanted {
  urls?: string[]
  ids?: string[]
}

/** Knows whether an artefact that is not here may still come. */
export interface PendingContent {
  state(): PendingState
  /** The loader tells how it goes. */
  set(state: PendingState): void
  /** Grows with every change of the state: what was not found before may be waited for now, and the other way round. */
  epoch(): number
  isPending(type: string, wanted: Wanted): Promise<boolean>
  /** @throws FhirError 503 when it may still come */
  refuse(type: string, wanted: Wanted): Promise<void>
}

/** Nothing is pending until the loader says so. */
export function createPendingContent(derived: Pick<Storage['derived'], 'get'>): PendingContent {
  let state: PendingState = { status: 'none' }
  let epoch = 0
  let names: Map<string, Set<string>> | undefined
  const known = async (stamp: string) => {
    const text = names ? undefined : await derived.get(KIND, keyOf(stamp))
    if (text !== undefined) names = namesOf(JSON.parse(text) as Catalogue)
    return names
  }
  const isPending = async (type: string, { urls, ids }: Wanted): Promise<boolean> => {
    if ((state.status !== 'loading' && state.status !== 'failed') || !baseTypes.includes(type)) return false
    const catalogue = await known(state.stamp)
    // As long as nobody knows what comes, it may be anything.
    if (!catalogue || (!urls && !ids)) return true
    const some = (kind: string, wanted: string[] | undefined) =>
      wanted?.some((name) => catalogue.get(`${kind} ${type}`)?.has(name)) === true
    return some('url', urls) || some('id', ids)
  }
  return {
    state: () => state,
    set: (next) => {
      state = next
      names = undefined
      epoch++
    },
    epoch: () => epoch,
    isPending,
    async refuse(type, wanted) {
      if (!(await isPending(type, wanted))) return
      const [name = ''] = [...(wanted.urls ?? []), ...(wanted.ids ?? [])]
      throw notReady(`The base content of FHIR R4 and HL7 Terminology (here: ${type} ${name.slice(0, 200)})`)
    },
  }
}

function namesOf({ urls, ids }: Catalogue): Map<string, Set<string>> {
  const of = (kind: string, names: Record<string, string[]>) =>
    Object.entries(names).map(([type, list]): [string, Set<string>] => [`${kind} ${type}`, new Set(list)])
  return new Map([...of('url', urls), ...of('id', ids)])
}
