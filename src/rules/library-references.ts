/** What the text of a rule library names beside its elements: libraries, value sets, code systems, concept maps. */
import { formatCanonical } from '../fhir/canonical.ts'
import { FhirError } from '../fhir/error.ts'
import type { Issue, Library } from '../fhir/types.ts'
import { isCertLogic, pathsOf, readCertLogic } from './certlogic/certlogic.ts'
import { type EuValueSet, valueSetIds } from './certlogic/external.ts'
import { conceptMapsIn, terminologyLibraryId } from './cql/terminology/functions.ts'
import { formatIdentifier, type LibraryIdentifier, readHeader } from './cql/translate/cql-source.ts'
import { definitions, type Elm, literalTexts, valueSetReferences } from './cql/translate/elm.ts'
import { includesOf } from './cql/translate/include-closure.ts'
import type { CompiledLibrary, Libraries } from './cql/translate/libraries.ts'
import { type LibraryText, readLibrary } from './cql/translate/library-text.ts'
import { ddccModel } from './models/shipped-models.ts'

/** One artefact that a text names. */
export interface NamedArtefact {
  type: 'Library' | 'ValueSet' | 'CodeSystem' | 'ConceptMap' | 'StructureDefinition'
  /** `url|version` where the text, or what is stored, says a version; the CQL name of a library that is not known. */
  canonical: string
  /** Which content of the Library names it. */
  content: number
  /** This server makes it itself, and stores no artefact of that name. */
  isGenerated?: true
  /** Why it leads nowhere, as the end of a sentence. */
  unknown?: string
}

/** All that a text names, each once; `issues` are faults for which it could not be read to its end. */
export interface LibraryReferences {
  names: NamedArtefact[]
  issues: Issue[]
}

/** What is needed to read a library. */
export interface ReferenceEnvironment {
  libraries: Libraries
  generated: LibraryText[]
  euValueSet(id: string): Promise<EuValueSet | undefined>
}

/**
 * Reads a library. Nothing is named by one that holds no rules.
 * @throws FhirError of 5xx alone, when the translator cannot answer now
 */
export async function libraryReferences(
  library: Library,
  environment: ReferenceEnvironment,
): Promise<LibraryReferences> {
  const content = contentOf(library)
  if (content < 0) return { names: [], issues: [] }
  try {
    if (isCertLogic(library)) return { names: await certLogicNames(library, content, environment), issues: [] }
    return await cqlNames(library, content, environment)
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    return { names: [], issues: error.issues }
  }
}

const ruleTypes = ['text/cql', 'application/elm+json', 'application/certlogic+json']

function contentOf({ content = [] }: Library): number {
  const types = content.map(({ contentType }) => contentType?.split(';')[0]?.trim() ?? '')
  // CQL wins over the ELM beside it.
  for (const wanted of ruleTypes) if (types.includes(wanted)) return types.indexOf(wanted)
  return -1
}

async function certLogicNames(
  library: Library,
  content: number,
  { euValueSet }: ReferenceEnvironment,
): Promise<NamedArtefact[]> {
  const names: NamedArtefact[] = []
  for (const id of valueSetIds(pathsOf(readCertLogic(library).logic))) {
    const found = await euValueSet(id)
    const named = { type: 'ValueSet' as const, content }
    if (found) names.push({ ...named, canonical: found.canonical })
    else names.push({ ...named, canonical: id, unknown: 'no value set of this server has that id of the EU' })
  }
  return names
}

async function cqlNames(
  library: Library,
  content: number,
  { libraries, generated }: ReferenceEnvironment,
): Promise<LibraryReferences> {
  const text = readLibrary(library)
  const compiled = await libraries.compile(library).catch((error: unknown) => {
    if (error instanceof FhirError && error.status < 500) return error
    throw error
  })
  if (compiled instanceof FhirError) {
    // Its header can be read whatever is wrong further down.
    const names = includesOf(text).map((each): NamedArtefact => {
      const canonical = formatIdentifier(each)
      return { type: 'Library', canonical, content, unknown: 'the library that includes it could not be read' }
    })
    return { names, issues: compiled.issues }
  }
  // By the header: the translator leaves out of its ELM what it does not find.
  const included = includesOf(text).map((wanted): NamedArtefact => {
    const found = includedLibrary(compiled, wanted)
    const named = { type: 'Library' as const, content }
    if (!found)
      return { ...named, canonical: formatIdentifier(wanted), unknown: 'no Library of this server has that name' }
    const isGenerated = generated.some((each) => each.canonical === found.canonical)
    return { ...named, canonical: found.canonical, ...(isGenerated ? { isGenerated } : {}) }
  })
  const names = [...included, ...modelNames(text, compiled, content), ...terminologyNames(compiled.elm, content)]
  return { names, issues: compiled.issues }
}

/** StructureDefinitions of the logical models that a text uses; those of a model that is shipped are known wherever this software runs. */
function modelNames(text: LibraryText, { models }: CompiledLibrary, content: number): NamedArtefact[] {
  const used = text.cql === undefined ? undefined : readHeader(text.cql).usings.map(({ id }) => id)
  return models
    .filter(({ name }) => used === undefined || used.includes(name))
    .flatMap((model) => {
      const isGenerated = model === ddccModel()
      return model.made.map((canonical): NamedArtefact => {
        const named = { type: 'StructureDefinition' as const, canonical, content }
        return isGenerated ? { ...named, isGenerated } : named
      })
    })
}

/** The library that an include of another one means. */
const includedLibrary = (
  { includes }: Pick<CompiledLibrary, 'includes'>,
  { id, version }: LibraryIdentifier,
): CompiledLibrary | undefined =>
  includes.find(({ identifier }) => identifier.id === id && (version === undefined || identifier.version === version))

/** Value sets and code systems that a library declares. */
function terminologyNames(elm: Elm, content: number): NamedArtefact[] {
  const valueSets = valueSetReferences(elm).map(({ canonical }) => canonical)
  const systems = definitions(elm, 'codeSystems').flatMap(({ id, version }) =>
    typeof id === 'string' ? [formatCanonical(id, typeof version === 'string' ? version : undefined)] : [],
  )
  return [
    ...[...new Set(valueSets)].map((canonical): NamedArtefact => ({ type: 'ValueSet', canonical, content })),
    ...[...new Set(systems)].map((canonical): NamedArtefact => ({ type: 'CodeSystem', canonical, content })),
    ...conceptMapNames(elm, content),
  ]
}

/** Concept maps that a library translates by. */
export function conceptMapNames(elm: Elm, content: number): NamedArtefact[] {
  if (!definitions(elm, 'includes').some(({ path }) => path === terminologyLibraryId)) return []
  return conceptMapsIn(literalTexts(elm)).map((canonical) => ({ type: 'ConceptMap', canonical, content }))
}
