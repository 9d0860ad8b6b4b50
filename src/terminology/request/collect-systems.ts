import { keepPerObject } from '../../base/keep.ts'
import type { ValueSet } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { implicitProvider, implicitSystem } from '../code-system/implicit/implicit-systems.ts'
import { editionOf, systemNames } from './aliases.ts'
import { type ArtefactType, hasContent, providerOf } from './artefacts.ts'
import type { ResourceOf } from './typed.ts'
import { preferredFirst, preferredSystemFirst } from './versions.ts'

/** Look-ups below a scope: stored artefacts in memory, and those the request brought. */
export interface Shelves {
  /** @throws FhirError 503 for a value set or concept map that may still come, Error for what was not loaded before */
  found<Type extends ArtefactType>(type: Type, url: string): ResourceOf<Type>[]
  own<Type extends ArtefactType>(type: Type, url: string): ResourceOf<Type>[]
  /** Edition of SNOMED CT that counts where none is named. */
  snomedEdition?: string | undefined
}

/** Brought by the request, stored, computed, stored in parts: the order in which copies of one version are preferred. */
const BROUGHT = 0
const STORED = 1
const COMPUTED = 2
const PART = 3

/** Every version of a system under all its names, best first; the parts stand behind the wholes. */
export function collectSystems(url: string, { found, own, snomedEdition }: Shelves): CodeSystemProvider[] {
  const listing = (url: string | undefined): ValueSet | undefined =>
    url === undefined ? undefined : found('ValueSet', url).toSorted(preferredFirst)[0]
  const providers: CodeSystemProvider[] = []
  const rank = new Map<CodeSystemProvider, number>()
  const add = (provider: CodeSystemProvider, order: number) => {
    const held = ({ head }: CodeSystemProvider) => head.heldAs ?? head.version
    if (providers.some((each) => held(each) === held(provider) && (rank.get(each) ?? BROUGHT) <= order)) return
    rank.set(provider, order)
    providers.push(provider)
  }
  for (const name of systemNames(url)) {
    for (const each of own('CodeSystem', name)) if (hasContent(each)) add(providerOf(each), BROUGHT)
    for (const each of found('CodeSystem', name)) {
      if (!hasContent(each)) continue
      const provider = storedProvider(providerOf(each))
      add(provider, provider.head.content === 'fragment' ? PART : STORED)
    }
    const implicit = implicitSystem(name)
    if (typeof implicit === 'object') add(implicitProvider(implicit, listing(implicit.listedIn)), COMPUTED)
  }
  const isPart = (each: CodeSystemProvider) => Number(rank.get(each) === PART)
  const preferred = preferredSystemFirst(snomedEdition)
  return providers.sort((a, b) => isPart(a) - isPart(b) || preferred(a.head, b.head))
}

/** A stored system as what it can be: the whole, or a fragment, which keeps no version that its system cannot have. */
const storedProvider = keepPerObject((provider: CodeSystemProvider): CodeSystemProvider => {
  const { version, ...head } = provider.head
  if (head.isRelease) return provider
  const edition = editionOf({ ...provider.head, concepts: provider.all.size() })
  const isInvented = version !== edition.version
  if (!edition.isPart || (head.content === 'fragment' && !isInvented)) return provider
  const versioned = isInvented ? { ...head, ...(version !== undefined && { heldAs: version }) } : provider.head
  return { ...provider, head: { ...versioned, content: 'fragment' } }
})
