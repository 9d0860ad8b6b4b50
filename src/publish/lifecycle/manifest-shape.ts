/** What makes a Library a manifest, that names each artefact of a collection in one version (http://hl7.org/fhir/uv/crmi/, version manifest). */
import { parseCanonical } from '../../fhir/canonical.ts'
import { isOfType } from '../../fhir/json.ts'
import type { Library, Parameters } from '../../fhir/types.ts'

/** Extensions that point to contained parameters of expansions, as HL7's extensions and CRMI spell them. */
const parametersUrls = [
  'http://hl7.org/fhir/StructureDefinition/cqf-expansionParameters',
  'http://hl7.org/fhir/uv/crmi/StructureDefinition/crmi-expansionParameters',
]

/** Whether a Library is of the type `asset-collection`. */
const isAssetCollection = ({ type }: Library): boolean =>
  type?.coding?.some(({ code }) => code === 'asset-collection') === true

/** The canonicals that a manifest names, with their places. */
export function manifestEntries({ relatedArtifact = [] }: Library): { canonical: string; path: string }[] {
  return relatedArtifact.flatMap(({ type, resource }, at) =>
    resource !== undefined && (type === 'composed-of' || type === 'depends-on')
      ? [{ canonical: resource, path: `Library.relatedArtifact[${at}].resource` }]
      : [],
  )
}

/**
 * The contained parameters of expansions that a manifest points to.
 * @returns undefined when it points to none, a text when it points to what is not there
 */
export function expansionParametersOf(library: Library): Parameters | undefined | string {
  const pointer = library.extension?.find(({ url }) => parametersUrls.includes(url))
  if (!pointer) return undefined
  const reference = pointer.valueReference?.reference ?? ''
  const contained = library.contained?.find((each) => `#${each.id}` === reference)
  if (isOfType(contained, 'Parameters')) return contained
  return `points to ${reference || 'nothing'} for its expansion parameters, which it does not contain`
}

/** Why a Library cannot be used as a manifest, as ends of sentences about it; empty when it can. */
export function manifestFaults(library: Library): string[] {
  const faults: string[] = []
  if (!isAssetCollection(library)) faults.push('is no manifest: its type is not asset-collection')
  if ((library.content ?? []).length > 0) faults.push('has content, and a manifest has none')
  const versions = new Map<string, string>()
  const entries = manifestEntries(library)
  if (entries.length === 0) faults.push('names no artefact (composed-of, depends-on)')
  for (const { canonical } of entries) {
    const { url, version } = parseCanonical(canonical)
    if (version === undefined) faults.push(`names ${canonical} without a version`)
    else if ((versions.get(url) ?? version) !== version)
      faults.push(`names ${url} in two versions, ${versions.get(url)} and ${version}`)
    else versions.set(url, version)
  }
  const parameters = expansionParametersOf(library)
  if (typeof parameters === 'string') faults.push(parameters)
  return faults
}
