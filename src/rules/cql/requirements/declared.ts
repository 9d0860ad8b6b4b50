/** What references of ELM (https://cql.hl7.org/elm.html) name: definitions of their own library, or of one that it includes. */
import type { JsonObject } from '../../../base/json-value.ts'
import { definitions } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'

/** A definition that is named: a value set, a code, a code system, a parameter. */
export interface ReachedName {
  library: CompiledLibrary
  definition: JsonObject
}

/** The definition that a reference of a section names. */
export function declared(
  node: JsonObject,
  section: string,
  scope: { library: CompiledLibrary },
): ReachedName | undefined {
  const library = libraryOf(node, scope)
  const definition = library && definitions(library.elm, section).find(({ name }) => name === node.name)
  return library && definition ? { library, definition } : undefined
}

/** The library that a reference leads to: its own, or one that it includes under that name. */
export function libraryOf(
  { libraryName }: JsonObject,
  { library }: { library: CompiledLibrary },
): CompiledLibrary | undefined {
  if (libraryName === undefined) return library
  const include = definitions(library.elm, 'includes').find(({ localIdentifier }) => localIdentifier === libraryName)
  const path = String(include?.path ?? '')
  const id = path.slice(path.lastIndexOf('/') + 1)
  return library.includes.find(
    ({ identifier }) =>
      identifier.id === id && (include?.version === undefined || identifier.version === include.version),
  )
}
