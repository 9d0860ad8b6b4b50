import { brokenSignature, mirroredFrom } from '../../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../../fhir/canonical.ts'
import { FhirError, unprocessable } from '../../../fhir/error.ts'
import { parseJson } from '../../../fhir/json.ts'
import type { Library } from '../../../fhir/types.ts'
import { formatIdentifier, type LibraryIdentifier, readHeader } from './cql-source.ts'
import { type Elm, isElm } from './elm.ts'

/** A stored or supplied library by its CQL identity, not yet translated. */
export interface LibraryText {
  canonical: string
  identifier: LibraryIdentifier
  cql: string | undefined
  elm: Elm | undefined
  /** Publication status of the Library. */
  status?: string | undefined
  /** Why it must not be run. */
  broken?: string
  /** The participant of whose Library it is a copy. */
  publisher?: string | undefined
}

/** Content and CQL identity of a Library resource. @throws FhirError 422 without CQL or ELM content */
export function readLibrary(library: Library): LibraryText {
  const version = library.version ?? parseCanonical(library.url ?? '').version
  const name = libraryCanonical(library)
  const cql = contentText(library, 'text/cql', name)
  const elmText = contentText(library, 'application/elm+json', name)
  if (cql === undefined && elmText === undefined)
    throw unprocessable({
      text: `Library ${name} has neither text/cql nor application/elm+json content`,
      expression: 'Library.content',
    })
  const elm = elmText === undefined ? undefined : parseElm(elmText, name, cql !== undefined)
  const identifier = (cql === undefined ? elmIdentifier(elm) : readHeader(cql).identifier) ?? elmIdentifier(elm)
  const known: LibraryIdentifier = { id: identifier?.id ?? library.name ?? '' }
  const ownVersion = identifier?.version ?? version
  if (ownVersion !== undefined) known.version = ownVersion
  if (identifier?.namespace !== undefined) known.namespace = identifier.namespace
  const { status } = library
  const broken = brokenSignature(library)
  const text = {
    ...{ canonical: name, identifier: known, cql, elm: cql === undefined ? elm : undefined, status },
    ...(broken === undefined ? {} : { broken }),
  }
  const publisher = mirroredFrom(library)
  return publisher === undefined ? text : { ...text, publisher }
}

/** `url|version` of a Library; WHO publishes urls that hold the version. */
export function libraryCanonical(library: Library): string {
  const { url, version } = parseCanonical(library.url ?? '')
  return formatCanonical(url || library.name || library.id || 'Library', library.version ?? version)
}

/**
 * In what a text and the Library around it part: the name in its header is the last path segment of the url, its version that of the
 * resource. An include finds a text by what it calls itself: what calls itself otherwise than it is published must not be found.
 */
export function identityFaults({ canonical, identifier }: LibraryText): { element: 'url' | 'version'; text: string }[] {
  const { url, version } = parseCanonical(canonical)
  const name = formatIdentifier(identifier)
  const segment = url.slice(url.lastIndexOf('/') + 1)
  const faults: { element: 'url' | 'version'; text: string }[] = []
  if (identifier.id !== segment)
    faults.push({ element: 'url', text: `the text calls itself ${name}, the url ends in ${segment}` })
  if (version !== undefined && identifier.version !== version)
    faults.push({ element: 'version', text: `the text calls itself ${name}, the resource has the version ${version}` })
  return faults
}

/** The ELM of a library that comes without its CQL. */
export function elmIn(text: LibraryText): Elm {
  if (text.elm) return text.elm
  throw new Error('a library has CQL or ELM')
}

function contentText(library: Library, type: string, name: string): string | undefined {
  const content = library.content?.find((each) => each.contentType?.split(';')[0]?.trim() === type)
  if (!content) return undefined
  // Also what is no text at all: an inline library is read before anybody has looked at it.
  if (typeof content.data !== 'string')
    throw unprocessable({
      text: `the ${content.contentType} content of Library ${name} has no data; content is not fetched from a url`,
      expression: 'Library.content.data',
    })
  return Buffer.from(content.data, 'base64')
    .toString('utf8')
    .replace(/^\uFEFF/, '')
}

/** ELM of a sum of a hundred terms nests three hundred deep. */
const deepestElm = 600

function parseElm(text: string, name: string, optional: boolean): Elm | undefined {
  try {
    const elm = parseJson(text, { depth: deepestElm })
    if (isElm(elm)) return elm
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
  }
  if (optional) return undefined
  throw unprocessable({
    text: `the application/elm+json content of Library ${name} is not ELM`,
    expression: 'Library.content',
  })
}

function elmIdentifier(elm: Elm | undefined): LibraryIdentifier | undefined {
  const { id, version } = elm?.library.identifier ?? {}
  if (typeof id !== 'string') return undefined
  return typeof version === 'string' ? { id, version } : { id }
}
