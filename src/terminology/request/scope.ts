import { setImmediate } from 'node:timers/promises'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { FhirError } from '../../fhir/error.ts'
import type { CodeSystem, ConceptMap, Resource, ValueSet } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { implicitSystem, loadImplicitSystem } from '../code-system/implicit/implicit-systems.ts'
import { implicitValueSet, wholeSystem } from '../code-system/implicit/implicit-value-sets.ts'
import { isLoincSet, LOINC, loincSet } from '../vocabularies/loinc/implicit-sets.ts'
import { publishedValueSet, systemNames } from './aliases.ts'
import type { Artefacts, ArtefactType, Stored, SystemEntry } from './artefacts.ts'
import { collectSystems, type Shelves } from './collect-systems.ts'
import { thereOn } from './day.ts'
import { isOf } from './typed.ts'
import { matchesVersion, preferredFirst } from './versions.ts'

/** An artefact that work asks for by its url; a code system comes with whatever it has under its other names. */
export interface Need {
  type: 'CodeSystem' | 'ValueSet' | 'ConceptMap'
  url: string
}

/**
 * What one request can see: the resources it brought along (`tx-resource`), then stored ones, then implicit ones. All look-ups
 * are synchronous, over what was loaded before; to look for something else is a fault of the caller.
 */
export interface Scope {
  /** Whether everything behind a need is in memory. */
  has(need: Need): boolean
  load(needs: readonly Need[]): Promise<void>
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
  /** Number of urls that were looked up: what is remembered of them is remembered as long as the scope. */
  size(): number
}

/** Everything that was taken from the store for a scope: it stays, whatever is written meanwhile. */
function snapshotOf(artefacts: Artefacts) {
  const taken = new Map<string, Stored>()
  let owners: SystemEntry[] | undefined
  const at = (type: ArtefactType, url: string): Stored | undefined => {
    const key = `${type}|${url}`
    const known = taken.get(key)
    if (known) return known
    const found = artefacts.peek(type, url)
    if (found) taken.set(key, found)
    return found
  }
  return {
    at,
    size: () => taken.size,
    take: async (type: ArtefactType, url: string): Promise<void> => {
      if (!at(type, url)) taken.set(`${type}|${url}`, await artefacts.load(type, url))
    },
    owners: () => owners,
    takeOwners: async (): Promise<void> => {
      owners ??= await artefacts.codeSystems()
    },
  }
}

type Snapshot = ReturnType<typeof snapshotOf>

/** Whether a value set has that very url, or is implied by it. */
const isPresent = ({ at }: Snapshot, brought: Resource[], url: string): boolean =>
  at('ValueSet', url)?.resources.length !== 0 ||
  brought.some((each) => each.resourceType === 'ValueSet' && each.url === url) ||
  implicitValueSet(url) !== undefined ||
  isLoincSet(url)

function hasSystem({ at }: Snapshot, url: string): boolean {
  return systemNames(url).every((name) => {
    const implicit = implicitSystem(name)
    if (implicit === 'load' || !at('CodeSystem', name)) return false
    return !implicit?.listedIn || at('ValueSet', implicit.listedIn) !== undefined
  })
}

async function loadSystem({ take }: Snapshot, url: string): Promise<void> {
  const loadName = async (name: string) => {
    await take('CodeSystem', name)
    if (implicitSystem(name) === 'load') await loadImplicitSystem(name)
    const implicit = implicitSystem(name)
    if (typeof implicit === 'object' && implicit.listedIn) await take('ValueSet', implicit.listedIn)
  }
  await Promise.all(systemNames(url).map(loadName))
}

/** Where no value set has the url: the one of its other name, an implicit one, the set of all codes of a code system. */
function hasSet(snapshot: Snapshot, brought: Resource[], url: string): boolean {
  if (!snapshot.at('ValueSet', url)) return false
  if (isLoincSet(url) && !hasSystem(snapshot, LOINC)) return false
  if (isPresent(snapshot, brought, url)) return true
  const published = publishedValueSet(url)
  return published ? snapshot.at('ValueSet', published) !== undefined : snapshot.owners() !== undefined
}

async function loadSet(snapshot: Snapshot, brought: Resource[], url: string): Promise<void> {
  await snapshot.take('ValueSet', url)
  // Its version is that of the code system.
  if (isLoincSet(url)) await loadSystem(snapshot, LOINC)
  if (isPresent(snapshot, brought, url)) return
  const published = publishedValueSet(url)
  if (published) await snapshot.take('ValueSet', published)
  else await snapshot.takeOwners()
}

/** Artefacts that are read in one turn: reading keeps everybody else waiting, and a request may name a thousand. */
const loadedAtOnce = 16

function loaderOf(snapshot: Snapshot, brought: Resource[]): Pick<Scope, 'has' | 'load'> {
  const load = ({ type, url }: Need): Promise<void> => {
    if (type === 'CodeSystem') return loadSystem(snapshot, url)
    return type === 'ValueSet' ? loadSet(snapshot, brought, url) : snapshot.take(type, url)
  }
  // What is in memory stays there.
  const met = { CodeSystem: new Set<string>(), ValueSet: new Set<string>(), ConceptMap: new Set<string>() }
  const check = ({ type, url }: Need): boolean => {
    if (type === 'CodeSystem') return hasSystem(snapshot, url)
    return type === 'ValueSet' ? hasSet(snapshot, brought, url) : snapshot.at(type, url) !== undefined
  }
  return {
    has: (need) => {
      if (met[need.type].has(need.url)) return true
      const isMet = check(need)
      if (isMet) met[need.type].add(need.url)
      return isMet
    },
    load: async (needs) => {
      for (let from = 0; from < needs.length; from += loadedAtOnce) {
        if (from > 0) await setImmediate()
        await Promise.all(needs.slice(from, from + loadedAtOnce).map(load))
      }
    },
  }
}

function shelvesOf(
  snapshot: Snapshot,
  brought: Resource[],
  { day, snomedEdition }: { day: string | undefined; snomedEdition: string | undefined },
): Shelves {
  return {
    snomedEdition,
    found: (type, url) => {
      const stored = snapshot.at(type, url)
      if (!stored) throw new Error(`${type} ${url} is looked up before it is loaded`)
      // A list of its codes can do without a code system; of anything else "none" is no answer while it may still come.
      if (stored.awaited && type !== 'CodeSystem') throw stored.awaited
      return thereOn(day, stored.resources.filter(isOf(type)))
    },
    own: (type, url) => brought.filter((each) => 'url' in each && each.url === url).filter(isOf(type)),
  }
}

/** Code systems by url, each collected once. */
function systemsIn(snapshot: Snapshot, shelves: Shelves): Pick<Scope, 'systems' | 'systemsHere'> {
  const byUrl = new Map<string, CodeSystemProvider[]>()
  const systemsHere = (url: string) => {
    const known = byUrl.get(url)
    if (known) return known
    const found = collectSystems(url, shelves)
    byUrl.set(url, found)
    return found
  }
  const awaited = (url: string): FhirError | undefined =>
    systemNames(url)
      .map((name) => snapshot.at('CodeSystem', name)?.awaited)
      .find((each) => each !== undefined)
  return {
    systemsHere,
    systems: (url) => {
      const found = systemsHere(url)
      const reason = found.length === 0 ? awaited(url) : undefined
      if (reason) throw reason
      return found
    },
  }
}

/** Value sets by url: brought, stored, implicit, or the set of all codes that a code system names as its `valueSet`. */
function valueSetsIn(
  snapshot: Snapshot,
  { found, own }: Shelves,
  { brought, systemsHere }: Pick<Scope, 'brought' | 'systemsHere'>,
): Scope['valueSet'] {
  const setOfSystem = (url: string): ValueSet | undefined => {
    const here = brought.filter(isOf('CodeSystem')).find((each) => each.valueSet === url)
    const owner = here ?? snapshot.owners()?.find((each) => each.valueSet === url)
    return owner?.url ? wholeSystem(url, owner.url, owner.version) : undefined
  }
  const versionsOf = (asked: string): ValueSet[] => {
    const ownSets = own('ValueSet', asked)
    const stored = found('ValueSet', asked).filter((each) => !ownSets.some((other) => other.version === each.version))
    const all = [...ownSets, ...stored]
    const published = all.length > 0 || implicitValueSet(asked) ? undefined : publishedValueSet(asked)
    return published ? [...own('ValueSet', published), ...found('ValueSet', published)] : all
  }
  const find = (asked: string, version: string | undefined): ValueSet | undefined => {
    const versions = versionsOf(asked)
    const fitting = versions.filter((each) => version === undefined || matchesVersion(version, each.version))
    const [best] = fitting.sort(preferredFirst)
    if (!best && isLoincSet(asked)) return loincSet(asked, version, systemsHere(LOINC)[0]?.head.version)
    if (best || version !== undefined) return best ?? implicitValueSet(asked, version)
    return implicitValueSet(asked) ?? setOfSystem(asked)
  }
  const byUrl = new Map<string, ValueSet | undefined>()
  return (asked, version) => {
    if (version !== undefined) return find(asked, version)
    const known = byUrl.get(asked) ?? find(asked, undefined)
    byUrl.set(asked, known)
    return known
  }
}

/** The view of one request; `day`: of the versions that were there on it. */
export function createScope(artefacts: Artefacts, brought: Resource[], day?: string): Scope {
  const snapshot = snapshotOf(artefacts)
  const shelves = shelvesOf(snapshot, brought, { day, snomedEdition: artefacts.snomedEdition })
  const { found, own } = shelves
  const systems = systemsIn(snapshot, shelves)
  const mapsByUrl = new Map<string, ConceptMap[]>()
  return {
    ...loaderOf(snapshot, brought),
    ...systems,
    brought,
    size: snapshot.size,
    supplement: (url, version) => {
      const candidates = [...own('CodeSystem', url), ...found('CodeSystem', url)]
        .filter((each) => each.content === 'supplement')
        .filter((each) => version === undefined || matchesVersion(version, each.version))
      return candidates.sort(preferredFirst)[0]
    },
    valueSet: valueSetsIn(snapshot, shelves, { brought, systemsHere: systems.systemsHere }),
    isValueSet: (url) => own('ValueSet', url).length > 0 || found('ValueSet', url).length > 0,
    conceptMaps: (url) => {
      const known = mapsByUrl.get(url)
      if (known) return known
      const maps = [...own('ConceptMap', url), ...found('ConceptMap', url)].sort(preferredFirst)
      mapsByUrl.set(url, maps)
      return maps
    },
  }
}

/** Splits `url|version` and looks the value set up. */
export function valueSetOf(scope: Scope, canonical: string): ValueSet | undefined {
  const { url, version } = parseCanonical(canonical)
  return scope.valueSet(url, version)
}
