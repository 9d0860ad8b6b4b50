/** What a folder of content holds, read as an import reads it; nothing is stored. */
import { parseCanonical } from '../../fhir/canonical.ts'
import { structureFaults } from '../../fhir/check/resource.ts'
import { isResourceId } from '../../fhir/elements.ts'
import { isError } from '../../fhir/error.ts'
import { searchableTypes } from '../../fhir/search/parse-search.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import { type OpenPackage, openFolder, openPackage, packageEntries } from '../../packages/read-package.ts'
import { parseMap, readR5 } from '../../structure-map/maps.ts'
import { derivedId, identityOf } from '../import/assign-ids.ts'
import { libraryTexts, readCqlLibrary, textName } from '../import/read-cql.ts'

/** One artefact of a folder. */
export interface FolderArtefact {
  /** Below the folder. */
  file: string
  resource: Resource
}

/** A folder, read. */
export interface FolderContent {
  name: string
  /** Canonical base, from its package.json or as it was said. */
  canonical: string | undefined
  artefacts: FolderArtefact[]
  /** Files that are content and cannot be read, with the place in the text. */
  faults: { file: string; text: string; issues?: Issue[] }[]
  /** Files that are none. */
  skipped: string[]
}

/**
 * Reads a folder, a package (`.tgz`) or a file.
 * @param said base of canonicals of `.cql` files where the folder has no package.json that says one
 * @throws FhirError 404 when it is not there, 413 when it is too big, 422 when an archive is damaged
 */
export async function readContent(path: string, said: string | undefined, isFolder: boolean): Promise<FolderContent> {
  const opened: OpenPackage[] = []
  let name = path
  if (isFolder) {
    const folder = await openFolder(path)
    name = folder.name
    for (const { bytes, name: file } of folder.archives) opened.push(await openPackage({ bytes, name: file }))
    if (folder.rest) opened.push(folder.rest)
  } else opened.push(await openPackage({ path }))
  const canonical = opened.at(-1)?.manifest?.canonical ?? said
  const content: FolderContent = { name, canonical, artefacts: [], faults: [], skipped: [] }
  for (const each of opened) await readInto(content, each, each.manifest?.canonical ?? said)
  return { ...content, artefacts: withoutTwins(withoutTexts(content.artefacts), content.faults) }
}

async function readInto(content: FolderContent, opened: OpenPackage, canonical: string | undefined): Promise<void> {
  if (opened.fault) content.faults.push({ file: 'package.json', text: opened.fault.details?.text ?? '' })
  const readers = {
    readMap: (text: string) => {
      const { map, warnings } = parseMap(text)
      return { resource: map, issues: warnings }
    },
    ...(canonical === undefined ? {} : { readCql: (text: string) => readCqlLibrary(text, canonical) }),
  }
  for await (const { file, content: read } of packageEntries(opened, readers)) {
    if ('skipped' in read) {
      // A rule without a base for its url would be left out in silence.
      if (/\.cql$/i.test(file.name)) content.faults.push({ file: file.name, text: noBase })
      else content.skipped.push(file.name)
    } else if ('failed' in read) content.faults.push({ file: file.name, text: read.failed })
    else if ('resource' in read) takeIn(content, file.name, read.resource)
  }
}

const noBase = 'a CQL file needs the base of canonicals: "canonical" in package.json, or --canonical'

function takeIn(content: FolderContent, file: string, given: Resource): void {
  const resource = given.resourceType === 'StructureMap' && Array.isArray(given.group) ? readR5(given) : given
  const fault = (text: string, issues?: Issue[]) => content.faults.push({ file, text, ...(issues ? { issues } : {}) })
  const type = resource.resourceType
  if (!searchableTypes.includes(type) || type === 'AuditEvent') {
    fault(`resources of the type ${type} are not published`)
    return
  }
  const identity = identityOf(resource)
  const named = withId(resource, identity)
  if (!named) {
    fault('it has no id that FHIR lets be one, and no url to make one of')
    return
  }
  const issues = structureFaults(named).filter(isError)
  if (issues.length > 0) fault(issues[0]?.details?.text ?? 'it is no resource of FHIR R4', issues)
  else content.artefacts.push({ file, resource: named })
}

function withId(resource: Resource, identity: string | undefined): Resource | undefined {
  if (typeof resource.id === 'string' && isResourceId(resource.id)) return resource
  if (resource.id !== undefined || identity === undefined) return undefined
  const tail = parseCanonical(identity).url.split(/[/:]/).pop() ?? ''
  return { ...resource, id: derivedId(tail, identity) }
}

/** A library whose text lies beside it comes once: as the Library. */
function withoutTexts(artefacts: FolderArtefact[]): FolderArtefact[] {
  const isText = ({ file }: FolderArtefact) => /\.cql$/i.test(file)
  const published = libraryTexts(artefacts.filter((each) => !isText(each)).map(({ resource }) => resource))
  return artefacts.filter((each) => {
    const { url = '', version = '' } = each.resource.resourceType === 'Library' ? each.resource : {}
    return !isText(each) || !published.has(textName(url, version))
  })
}

/** Of two files that would be stored under one id, or are one canonical, nobody knows which is meant. */
function withoutTwins(artefacts: FolderArtefact[], faults: FolderContent['faults']): FolderArtefact[] {
  const seen = new Map<string, string>()
  return artefacts.filter(({ file, resource }) => {
    const names = [`${resource.resourceType}/${resource.id}`]
    const identity = identityOf(resource)
    if (identity !== undefined) names.push(`${resource.resourceType} ${identity}`)
    const twin = names.find((each) => seen.has(each))
    if (twin !== undefined) faults.push({ file, text: `${twin} stands in ${seen.get(twin)}, too` })
    else for (const each of names) seen.set(each, file)
    return twin === undefined
  })
}
