import { FhirError, unprocessable } from '../../../fhir/error.ts'
import { formatIdentifier, fullName, includePlace, type LibraryIdentifier, readHeader } from './cql-source.ts'
import { definitions, includeDefinitions } from './elm.ts'
import type { Index } from './library-index.ts'
import { elmIn, type LibraryText } from './library-text.ts'

/** Includes of a library as its own text names them. */
export function includesOf(text: LibraryText): LibraryIdentifier[] {
  if (text.cql !== undefined) return readHeader(text.cql).includes
  return includeDefinitions(elmIn(text)).map(({ path, version }) => {
    const id = path.slice(path.lastIndexOf('/') + 1)
    return version === undefined ? { id } : { id, version }
  })
}

/**
 * Every library that one includes, directly or not; missing ones are left out, for the translator says where they are named.
 * @throws FhirError 422 for a circular include
 */
export async function includeClosure(text: LibraryText, stored: Index): Promise<LibraryText[]> {
  const closure = new Map<string, LibraryText>()
  const walk = async (from: LibraryText, path: string[]): Promise<void> => {
    for (const wanted of includesOf(from)) {
      // What an active library includes stays active, whoever asks for it.
      const { status } = from.status === 'active' ? from : text
      const { canonical, publisher } = from
      const around = { status, namespace: from.identifier.namespace, canonical, publisher }
      // Reads the whole text: not for every one of thousands of includes.
      const place = () => whereIncluded(from, wanted)
      const found =
        wanted.id === text.identifier.id
          ? text
          : await stored.find(wanted, around).catch((error) => placed(error, place()))
      if (!found) continue
      const name = formatIdentifier(found.identifier)
      if (path.includes(name))
        throw unprocessable({ text: `circular include: ${[...path, name].join(' → ')}`, ...place() })
      const known = closure.get(name)
      if (known && known !== found)
        throw unprocessable({
          text: `${fullName(known.identifier)} and ${fullName(found.identifier)} cannot be included together: apart from their namespaces they have the same name and version`,
          ...place(),
        })
      if (known) continue
      closure.set(name, found)
      await walk(found, [...path, name])
    }
  }
  await walk(text, [formatIdentifier(text.identifier)])
  return [...closure.values()]
}

/** The place of an include, as issues tell it. */
function whereIncluded(from: LibraryText, wanted: LibraryIdentifier): { diagnostics: string } {
  const library = `library ${from.identifier.id}`
  if (from.cql !== undefined) {
    const place = includePlace(from.cql, wanted)
    return { diagnostics: place ? `${library}, line ${place.line}, column ${place.column}` : library }
  }
  const found = definitions(elmIn(from), 'includes').find(({ path }) => String(path).split('/').at(-1) === wanted.id)
  const at = /^(\d+):(\d+)/.exec(String(found?.locator ?? ''))
  return { diagnostics: at ? `${library}, line ${at[1]}, column ${at[2]}` : library }
}

/** @throws what is given, with a place where it has none */
function placed(error: unknown, { diagnostics }: { diagnostics: string }): never {
  if (!(error instanceof FhirError)) throw error
  throw new FhirError(
    error.status,
    error.issues.map((each) => (each.diagnostics === undefined ? { ...each, diagnostics } : each)),
  )
}
