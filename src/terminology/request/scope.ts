import { parseCanonical } from '../../fhir/canonical.ts'
import type { OperationBudget } from '../../fhir/operation.ts'
import type { CodeSystem, ConceptMap, Resource, ValueSet } from '../../fhir/types.ts'
import { finish, type Steps } from '../../workers/budget.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { implicitProvider, implicitSystem, loadImplicitSystem } from '../code-system/implicit/implicit-systems.ts'
import { implicitValueSet, wholeSystem } from '../code-system/implicit/implicit-value-sets.ts'
import { editionOf, publishedValueSet, systemNames } from './aliases.ts'
import { type Artefacts, type ArtefactType, hasContent, providerOf } from './artefacts.ts'
import { matchesVersion, preferredFirst } from './versions.ts'

/**
 * What one request can see: the resources it brought along (`tx-resource`), then stored ones, then implicit ones. All look-ups
 * are synchronous; what is not in memory yet is noted and loaded by {@link settle}, which then tries again.
 */
export interface Scope {
  /**
   * Every version of a code system that has content, best first. Supplements are no code systems. Throws 503 when there is none
   * and one may still come.
   */
  systems(url: string): CodeSystemProvider[]
  /** The same for who can do without: none is an answer, even if one may still come. */
  systemsHere(url: string): CodeSystemProvider[]
  /** Supplement of that url. */
  supplement(url: string, version?: string): CodeSystem | undefined
  /** The version asked for (wildcards allowed), else the newest active one, else the newest. */
  valueSet(url: string, version?: string): ValueSet | undefined
  /** Whether a value set of that url was brought along or is stored. */
  isValueSet(url: string): boolean
  conceptMaps(url: string): ConceptMap[]
  /** Resources that came with the request. */
  readonly brought: Resource[]
  /** What was derived from definitions seen here, for as long as the scope lives. */
  readonly compiled: Map<unknown, unknown>
  /** Runs work whose look-ups note in `missed` what is not in memory; several runs in slices may share a scope. */
  noting<T>(missed: Missed, work: () => T): T
  /** Loads what was missed. */
  load(missed: Missed): Promise<void>
  /** Whether the work at hand missed anything. */
  missing(): boolean
}

/** What one run looked up and did not find in memory, by name. */
type Missed = Map<string, () => Promise<unknown>>

/**
 * Runs synchronous work until every artefact it looks up is in memory; steps are run in slices of the budget, or at once without one.
 */
export async function settle<T>(scope: Scope, work: () => T | Steps<T>, budget?: OperationBudget): Promise<T> {
  for (;;) {
    const missed: Missed = new Map()
    try {
      const result = budget
        ? await budget.runSteps(notingSteps(scope, missed, work))
        : scope.noting(missed, () => atOnce(work))
      if (missed.size === 0) return result
    } catch (error) {
      // A failure before everything is loaded says nothing.
      if (missed.size === 0) throw error
    }
    await scope.load(missed)
  }
}

const isSteps = <T>(made: T | Steps<T>): made is Steps<T> =>
  typeof made === 'object' && made !== null && 'next' in made && typeof made.next === 'function'

function atOnce<T>(work: () => T | Steps<T>): T {
  const made = work()
  return isSteps(made) ? finish(made) : made
}

function* notingSteps<T>(scope: Scope, missed: Missed, work: () => T | Steps<T>): Steps<T> {
  const made = scope.noting(missed, work)
  if (!isSteps(made)) return made
  for (;;) {
    const step = scope.noting(missed, () => made.next())
    if (step.done) return step.value
    // Whatever it comes to, it will be worked out again with what is missing.
    if (missed.size > 0) throw new Error('something is to be loaded first')
    yield
  }
}

/** Look-ups below the scope: stored artefacts in memory, and those the request brought. */
interface Shelves {
  found(type: ArtefactType, url: string): Resource[]
  own<T extends Resource>(type: T['resourceType'], url: string): T[]
  /** What is to be loaded, as far as the work at hand noted it. */
  wanted: { current: Missed }
}

function shelvesOf(artefacts: Artefacts, resources: Resource[]): Shelves {
  const wanted: Shelves['wanted'] = { current: new Map() }
  return {
    wanted,
    found: (type, url) => {
      const known = artefacts.peek(type, url)
      if (!known) wanted.current.set(`${type}|${url}`, () => artefacts.load(type, url))
      return known ?? []
    },
    own: <T extends Resource>(type: T['resourceType'], url: string): T[] =>
      resources.filter((each): each is T => each.resourceType === type && 'url' in each && each.url === url),
  }
}

/** Every version of a system under all its names, best first: brought, stored, computed, stored in parts. */
function collectSystems(url: string, { found, own, wanted }: Shelves): CodeSystemProvider[] {
  const listing = (url: string | undefined) =>
    url === undefined ? undefined : (found('ValueSet', url) as ValueSet[]).toSorted(preferredFirst)[0]
  const providers: CodeSystemProvider[] = []
  const rank = new Map<CodeSystemProvider, number>()
  const add = (provider: CodeSystemProvider, order: number) => {
    const held = ({ head }: CodeSystemProvider) => head.heldAs ?? head.version
    if (providers.some((each) => held(each) === held(provider) && (rank.get(each) ?? 0) <= order)) return
    rank.set(provider, order)
    providers.push(provider)
  }
  for (const name of systemNames(url)) {
    for (const each of own<CodeSystem>('CodeSystem', name)) if (hasContent(each)) add(providerOf(each), 0)
    for (const each of found('CodeSystem', name) as CodeSystem[]) {
      if (!hasContent(each)) continue
      const provider = storedProvider(each)
      add(provider, provider.head.content === 'fragment' ? 3 : 1)
    }
    const implicit = implicitSystem(name)
    if (implicit === 'load') wanted.current.set(`implicit|${name}`, () => loadImplicitSystem(name))
    else if (implicit) add(implicitProvider(implicit, listing(implicit.listedIn)), 2)
  }
  const first = (each: CodeSystemProvider) => ((rank.get(each) ?? 0) === 3 ? 1 : 0)
  return providers.sort((a, b) => first(a) - first(b) || preferredFirst(a.head, b.head))
}

/** Most value sets a scope keeps by url. */
const SETS_KEPT = 5_000

/** Code systems by url, each collected once. */
function systemsIn(artefacts: Artefacts, shelves: Shelves): Pick<Scope, 'systems' | 'systemsHere'> {
  const byUrl = new Map<string, CodeSystemProvider[]>()
  const systemsHere = (url: string) => {
    const known = byUrl.get(url)
    if (known) return known
    const collected = collectSystems(url, shelves)
    if (shelves.wanted.current.size === 0) byUrl.set(url, collected)
    return collected
  }
  return {
    systemsHere,
    systems: (url) => {
      const found = systemsHere(url)
      const awaited =
        found.length === 0 &&
        systemNames(url)
          .map(artefacts.awaited)
          .find((each) => each !== undefined)
      if (awaited) throw awaited
      return found
    },
  }
}

/** The view of one request. */
export function createScope(artefacts: Artefacts, resources: Resource[]): Scope {
  const shelves = shelvesOf(artefacts, resources)
  const { found, own, wanted } = shelves
  /** The set of all codes that a code system names as its `valueSet`. */
  const setOfSystem = (url: string): ValueSet | undefined => {
    const brought = resources.find(
      (each): each is CodeSystem => each.resourceType === 'CodeSystem' && each.valueSet === url,
    )
    const owner = brought ?? artefacts.ownerOf(url)
    if (owner === 'unknown') wanted.current.set('owners', () => artefacts.codeSystems())
    if (typeof owner !== 'object' || !owner.url) return undefined
    return wholeSystem(url, owner.url, owner.version)
  }
  const setsByUrl = new Map<string, ValueSet>()
  const mapsByUrl = new Map<string, ConceptMap[]>()
  const findSet = (asked: string, version: string | undefined): ValueSet | undefined => {
    for (const url of [asked, publishedValueSet(asked)]) {
      if (url === undefined) continue
      const brought = own<ValueSet>('ValueSet', url)
      const stored = found('ValueSet', url) as ValueSet[]
      const versions = [...brought, ...stored.filter((each) => !brought.some((b) => b.version === each.version))]
      const fitting = versions.filter((each) => version === undefined || matchesVersion(version, each.version))
      const best = fitting.sort(preferredFirst)[0]
      if (best) return best
    }
    return version === undefined ? (implicitValueSet(asked) ?? setOfSystem(asked)) : undefined
  }
  const scope: Scope = {
    brought: resources,
    compiled: new Map(),
    missing: () => wanted.current.size > 0,
    noting(missed, work) {
      const outer = wanted.current
      wanted.current = missed
      try {
        return work()
      } finally {
        wanted.current = outer
      }
    },
    load: async (missed) => {
      await Promise.all([...missed.values()].map((each) => each()))
    },
    ...systemsIn(artefacts, shelves),
    supplement: (url, version) => {
      const candidates = [...own<CodeSystem>('CodeSystem', url), ...(found('CodeSystem', url) as CodeSystem[])]
        .filter((each) => each.content === 'supplement')
        .filter((each) => version === undefined || matchesVersion(version, each.version))
      return candidates.sort(preferredFirst)[0]
    },
    valueSet: (asked, version) => {
      const known = version === undefined ? setsByUrl.get(asked) : undefined
      if (known) return known
      const set = findSet(asked, version)
      if (set && version === undefined && wanted.current.size === 0) {
        // Urls of implicit sets come from outside, any number of them.
        if (setsByUrl.size >= SETS_KEPT) setsByUrl.clear()
        setsByUrl.set(asked, set)
      }
      return set
    },
    isValueSet: (url) => own('ValueSet', url).length > 0 || found('ValueSet', url).length > 0,
    conceptMaps: (url) => {
      const known = mapsByUrl.get(url)
      if (known) return known
      const brought = own<ConceptMap>('ConceptMap', url)
      const stored = found('ConceptMap', url) as ConceptMap[]
      const maps = [...brought, ...stored].sort(preferredFirst)
      if (maps.length > 0 && wanted.current.size === 0) mapsByUrl.set(url, maps)
      return maps
    },
  }
  return scope
}

/** Splits `url|version` and looks the value set up. */
export function valueSetOf(scope: Scope, canonical: string): ValueSet | undefined {
  const { url, version } = parseCanonical(canonical)
  return scope.valueSet(url, version)
}

const partial = new WeakMap<CodeSystemProvider, CodeSystemProvider>()

/** A stored system, as what it can be: the whole, or a fragment, which keeps no version that its system cannot have. */
function storedProvider(resource: CodeSystem): CodeSystemProvider {
  const provider = providerOf(resource)
  const { version, ...head } = provider.head
  const edition = editionOf({ ...provider.head, concepts: provider.all.size() })
  const isInvented = version !== edition.version
  if (!edition.isPart || (head.content === 'fragment' && !isInvented)) return provider
  const known = partial.get(provider)
  if (known) return known
  const versioned = isInvented ? { ...head, ...(version !== undefined && { heldAs: version }) } : provider.head
  const made: CodeSystemProvider = { ...provider, head: { ...versioned, content: 'fragment' } }
  partial.set(provider, made)
  return made
}
