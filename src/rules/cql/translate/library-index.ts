import { keepPerObject } from '../../../base/keep.ts'
import { isRefused } from '../../../fhir/artefact.ts'
import { compareVersions, parseCanonical } from '../../../fhir/canonical.ts'
import { FhirError, notFound, unprocessable } from '../../../fhir/error.ts'
import type { Library } from '../../../fhir/types.ts'
import { fullName, type LibraryIdentifier } from './cql-source.ts'
import { identityFaults, type LibraryText, readLibrary } from './library-text.ts'

/** Where libraries come from. */
export interface LibraryStore {
  /** All stored Library resources with that url, newest business version first. */
  findLibraries(url: string): Promise<Library[]>
  /** All stored Library resources; asked once per revision, to find an included library by its CQL identifier. */
  listLibraries(): Promise<Library[]>
  revision(): number
}

/** What an include stands in. */
interface Including {
  /** Publication status of the library. */
  status?: string | undefined
  /** Namespace of the library. */
  namespace?: string | undefined
  /** Canonical of the library. */
  canonical?: string | undefined
  /** The participant of whose Library it is a copy. */
  publisher?: string | undefined
}

/** Stored libraries by CQL identity. */
export interface Index {
  /**
   * What a library includes by that name: a generated text before all others, else one that is published under the name it gives
   * itself. An active library includes only what is active or generated.
   * @throws FhirError 422 when several texts may be meant; without a version that is every other text, where the library is active
   */
  find(identifier: LibraryIdentifier, from: Including): Promise<LibraryText | undefined>
  findLoosely(name: string): Promise<LibraryText[]>
}

/** Reads the stored libraries once per revision. */
export function createIndex(store: LibraryStore, generated: LibraryText[]): Index {
  let revision = Number.NaN
  let loading: Promise<LibraryText[]> | undefined
  const load = async () => {
    const texts = (await store.listLibraries())
      .filter((each) => !isRefused(each))
      .flatMap((each) => {
        try {
          return [readLibrary(each)]
        } catch (error) {
          // A stored Library without usable content cannot be included; asked for by name it answers for itself.
          if (error instanceof FhirError) return []
          throw error
        }
      })
    // Stable, active and newest first, so that an include without version takes the newest that is in use.
    return texts.sort(
      (a, b) => standing(a) - standing(b) || compareVersions(b.identifier.version ?? '', a.identifier.version ?? ''),
    )
  }
  const all = () => {
    if (!loading || revision !== store.revision()) loading = load()
    revision = store.revision()
    loading.catch(() => {
      loading = undefined
    })
    return loading
  }
  const allNamed = async (id: string) => namedIn(await all()).get(id) ?? []
  return {
    find: async (identifier, from) => {
      // Every rule leans on what is generated: nothing that is stored takes its place, whatever namespace it is asked for in.
      const made = generated.find((each) => matches(each, identifier))
      if (made) return made
      const isActive = from.status === 'active'
      const named = nearestNeighbours(
        nearestPublisher(
          (await allNamed(identifier.id)).filter((each) => matches(each, identifier)),
          from.publisher,
        ),
        from.canonical,
      )
      const candidates = nearestNamespace(
        named.filter((each) => !isActive || standing(each) === 0),
        identifier.namespace ?? from.namespace,
        identifier.namespace !== undefined,
      )
      const name = fullName(identifier)
      // A later version must not change what a published rule decides.
      if (isActive && candidates.some((each) => contentOf(each) !== contentOf(candidates[0]))) throw ambiguous(name)
      return onlyOne(candidates, name)
    },
    findLoosely: async (name) => {
      const { url, version } = parseCanonical(name)
      // By its url a library is named with the version of the resource, whatever its text calls itself.
      const isNamed = (each: LibraryText) => {
        const own = parseCanonical(each.canonical)
        if (own.url === url) return version === undefined || own.version === version
        if (each.identifier.id !== url || identityFaults(each).length > 0) return false
        return version === undefined || each.identifier.version === version
      }
      return nearestPublisher([...(await all()), ...generated].filter(isNamed), undefined)
    },
  }
}

/**
 * Texts by the name that they give themselves: a text may include thousands. What calls itself otherwise than it is published answers to
 * its url alone: anybody can write any name into a header.
 */
const namedIn = keepPerObject((texts: LibraryText[]) =>
  Map.groupBy(
    texts.filter((each) => identityFaults(each).length === 0),
    ({ identifier }) => identifier.id,
  ),
)

const matches = (text: LibraryText, { id, version }: LibraryIdentifier) =>
  text.identifier.id === id && (version === undefined || text.identifier.version === version)

/**
 * Of libraries of one name those of whoever publishes what asks for it, else our own: nobody takes a name from us by a higher version,
 * or from a draft.
 */
function nearestPublisher(texts: LibraryText[], publisher: string | undefined): LibraryText[] {
  for (const nearest of [publisher, undefined]) {
    const found = texts.filter((each) => each.publisher === nearest)
    if (found.length > 0) return found
  }
  return texts
}

/**
 * Of libraries of one name those that stand beside what includes them, in whatever status: what is retired there is not replaced by what
 * somebody else calls by its name.
 */
function nearestNeighbours(texts: LibraryText[], canonical: string | undefined): LibraryText[] {
  const place = canonical === undefined ? undefined : placeOf(canonical)
  const beside = place === undefined ? [] : texts.filter((each) => placeOf(each.canonical) === place)
  return beside.length > 0 ? beside : texts
}

/** A canonical without its last part; undefined for what is no address. */
function placeOf(canonical: string): string | undefined {
  const { url } = parseCanonical(canonical)
  const end = url.lastIndexOf('/')
  return /^https?:\/\/[^/]+\//.test(url) ? url.slice(0, end) : undefined
}

/**
 * Of libraries of one name those that an include means (CQL 1.5, namespaces): of its own namespace, else those that name none, as
 * packages publish them; of another namespace only where the include names none.
 */
function nearestNamespace(texts: LibraryText[], namespace: string | undefined, isNamed: boolean): LibraryText[] {
  const own = texts.filter(({ identifier }) => identifier.namespace === namespace)
  const plain = texts.filter(({ identifier }) => identifier.namespace === undefined)
  const near = own.length > 0 ? own : plain
  return near.length > 0 || isNamed ? near : texts
}

/** Active libraries before others. */
const standing = ({ status }: { status?: string | undefined }) => (status === 'active' ? 0 : 1)

const contentOf = (text: LibraryText | undefined) => text?.cql ?? JSON.stringify(text?.elm)

/**
 * The first of several texts, which are sorted by preference.
 * @throws FhirError 422 when another one has the same standing and version and says something else
 */
function onlyOne(texts: LibraryText[], name: string): LibraryText | undefined {
  const [first, ...others] = texts
  const isRival = (each: LibraryText) =>
    first !== undefined &&
    standing(each) === standing(first) &&
    (each.identifier.version ?? '') === (first.identifier.version ?? '') &&
    contentOf(each) !== contentOf(first)
  if (others.some(isRival)) throw ambiguous(name)
  return first
}

const ambiguous = (name: string) =>
  unprocessable(`Library ${name} is stored more than once, with different content`, 'multiple-matches')

/**
 * The stored Library that a canonical means: of that version; without one the newest that is active, else the newest.
 * @throws FhirError 422 when several mean the same and say different things
 */
export async function findLibrary(canonical: string, store: LibraryStore): Promise<Library | undefined> {
  const { url, version } = parseCanonical(canonical)
  const named = (await store.findLibraries(url)).filter((each) => version === undefined || each.version === version)
  const [first, ...others] = named.toSorted(
    (a, b) => standing(a) - standing(b) || compareVersions(b.version ?? '', a.version ?? ''),
  )
  const content = (each: Library | undefined) => JSON.stringify(each?.content ?? [])
  const isRival = (each: Library) =>
    standing(each) === standing(first ?? {}) &&
    (each.version ?? '') === (first?.version ?? '') &&
    content(each) !== content(first)
  if (others.some(isRival)) throw ambiguous(canonical)
  return first
}

/**
 * The text that a canonical means, the url of a library or its CQL identifier.
 * @throws FhirError 404 unknown, 422 ambiguous or without content
 */
export async function findByCanonical(canonical: string, store: LibraryStore, stored: Index): Promise<LibraryText> {
  const found = await findLibrary(canonical, store)
  if (found) return readLibrary(found)
  // WHO publishes urls with the version inside, and rules name libraries by their CQL identifier.
  const loose = onlyOne(await stored.findLoosely(canonical), canonical)
  if (loose) return loose
  throw notFound(`Library ${canonical} is not known to this server`)
}
