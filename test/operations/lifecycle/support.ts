import type { Bundle, Library, Parameters, Resource } from '../../../src/fhir/types.ts'
import { base, cqlLibrary, openPublishing, valueSet } from '../../publish/support.ts'

export const owned = { url: 'http://hl7.org/fhir/StructureDefinition/artifact-isOwned', valueBoolean: true }

/** A draft Library that owns others and depends on some. */
export function assetLibrary(id: string, components: string[], more: Partial<Library> = {}): Library {
  return {
    resourceType: 'Library',
    id,
    url: `${base}/Library/${id}`,
    version: '1.0.0',
    name: id.replace(/\W/g, ''),
    title: id,
    description: id,
    status: 'draft',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'asset-collection' }] },
    ...(components.length > 0 && {
      relatedArtifact: components.map((resource) => ({ type: 'composed-of' as const, resource, extension: [owned] })),
    }),
    ...more,
  }
}

/** In-parameters of primitive types, as a body. */
export function parametersOf(given: Record<string, string | boolean | object>): Parameters {
  const types: Record<string, string> = {
    versionBehavior: 'valueCode',
    experimentalBehavior: 'valueCode',
    artifactAssessmentType: 'valueCode',
    releaseDate: 'valueDateTime',
    approvalDate: 'valueDate',
    reviewDate: 'valueDate',
    source: 'valueCanonical',
    target: 'valueCanonical',
    url: 'valueUri',
    artifactAssessmentTarget: 'valueCanonical',
    artifactAssessmentRelatedArtifact: 'valueUri',
    artifactAssessmentAuthor: 'valueReference',
    resource: 'resource',
  }
  const parameter = Object.entries(given).map(([name, value]) => ({
    name,
    [typeof value === 'boolean' ? 'valueBoolean' : (types[name] ?? 'valueString')]: value,
  }))
  return { resourceType: 'Parameters', parameter } as Parameters
}

/** A server with calls of operations. */
export async function openLifecycle() {
  const opened = await openPublishing()
  const { post } = opened
  return {
    ...opened,
    call: (place: string, given: Record<string, string | boolean | object>, headers: object = {}) =>
      post(place, parametersOf(given), headers),
  }
}

/** Resources of a Bundle that was answered. */
export const resourcesOf = (body: unknown): Resource[] =>
  ((body as Bundle).entry ?? []).flatMap(({ resource }) => (resource as Resource) ?? [])

export { base, cqlLibrary, valueSet }
