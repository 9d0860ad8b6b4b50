/** A CQL text as the Library that publishes it. */
import { artefactCanonical } from '../../fhir/artefact.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { Issue, Library, Resource } from '../../fhir/types.ts'
import { readHeader } from '../../rules/cql/translate/cql-source.ts'

/**
 * Makes a Library of a CQL file: name and version from its `library` statement (of a qualified name the last part), the url
 * `<canonical>/Library/<name>`. It is active, so that the checks of publication judge it.
 * @param canonical base of canonical urls, e.g. `http://example.org/fhir`
 * @throws FhirError 422 for a text without name or version: nobody could say later by which rules was decided
 */
export function readCqlLibrary(text: string, canonical: string): { resource: Library; issues: Issue[] } {
  const { identifier } = readHeader(text)
  if (!identifier) throw headerMissing('a CQL file needs a library statement', 'MyRules')
  if (!/^[a-z][a-z0-9+.-]*:[^\s|]+$/i.test(canonical))
    throw unprocessable(`"${canonical.slice(0, 100)}" is no absolute url, as the base of canonicals must be`)
  const { id: name, version } = identifier
  if (version === undefined) throw headerMissing(`the library ${name} needs a version`, name)
  if (!/^[A-Za-z][\w.-]*$/.test(name))
    throw unprocessable(
      `"${name.slice(0, 60)}" cannot be the end of a url; name the library with letters, digits and _`,
    )
  const resource: Library = {
    resourceType: 'Library',
    id: `${name}-${version}`.replace(/[^A-Za-z0-9\-.]/g, '-').slice(0, 64),
    url: `${canonical.replace(/\/+$/, '')}/Library/${name}`,
    version,
    name,
    status: 'active',
    type: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/library-type',
          code: 'logic-library',
          display: 'Logic Library',
        },
      ],
    },
    content: [{ contentType: 'text/cql', data: Buffer.from(text).toString('base64') }],
  }
  return { resource, issues: [] }
}

const headerMissing = (what: string, name: string) =>
  unprocessable(`${what}, such as: library ${name} version '1.0.0'`, 'required')

/** The texts of CQL libraries that come as FHIR Libraries, by name and version. */
export function libraryTexts(resources: Resource[]): Set<string> {
  const names = resources.flatMap((each) => {
    if (each.resourceType !== 'Library') return []
    const { url = '', version } = artefactCanonical(each) ?? {}
    return version === undefined ? [] : [textName(url, version)]
  })
  return new Set(names)
}

/** By what a CQL text is the text of a Library: the end of its url, and its version. */
export const textName = (url: string, version: string): string => `${url.slice(url.lastIndexOf('/') + 1)}|${version}`
